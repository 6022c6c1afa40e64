"""A table of pseudonyms: of one system of ids, and of one person a row."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.student_ids.pseudonyms import Pseudonyms
from grader.submissions import ReadRow, Reject, Student, Submission, Ticked
from grader.table.answers import AnswerTable, table_of_rows
from solver.errors import ExportError


def row(student: str, sis: str = "", name: str = "Lin") -> ReadRow:
    responses = {"q01": Ticked(frozenset("a"))}
    who = Student(student, name, sis_id=sis)
    return ReadRow(Submission(who, 1, None, responses, {"q01": None}, None, "a.csv", 2), ())


def table(*rows: ReadRow) -> AnswerTable:
    return table_of_rows(rows, ["q01"])


def test_a_table_is_of_one_system_of_ids(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    Pseudonyms(path, "canvas").over(table(row("101")))
    assert Pseudonyms(path, "canvas").name_of("101") == Pseudonyms(path).name_of("101")
    with pytest.raises(ExportError, match=r"students by Canvas' id, and the exports .* by login"):
        Pseudonyms(path, "login")
    now = path.read_bytes().decode("utf-8-sig")
    path.write_bytes(now.replace(",canvas,", ",,").encode())  # as it was written before
    assert Pseudonyms(path, "login").name_of("101").startswith("p")
    path.write_bytes(now.replace(",canvas,", ",moon,").encode())
    with pytest.raises(ExportError, match="is no table of pseudonyms"):
        Pseudonyms(path, "login")


@pytest.mark.parametrize("reread", [True, False])
def test_a_student_who_is_another_in_the_table_is_refused(tmp_path: Path, reread: bool) -> None:
    path = tmp_path / "table.csv"
    names = Pseudonyms(path)
    names.over(table(row("1", "b01"), row("2"), row("3", "=b03")))
    names = Pseudonyms(path) if reread else names
    again = names.over(table(row("1", "b01"), row("1"), row("2"), row("3", "=b03")))
    assert again.frame["student"].null_count() == 0 and len(again.rejects) == 0
    before = path.read_bytes()
    mixed = names.over(table(row("1", "b09"), row("2"), row("9", "b01"), row("1")))
    assert path.read_bytes() == before
    assert mixed.frame["student"].to_list() == [None, names.name_of("2"), None, None]
    reasons = [(each.line, each.reason) for each in mixed.each_reject()]
    assert [reason.split("has ")[1] for _, reason in reasons] == [
        "another SIS id for this student",
        "this student's SIS id beside another id",
        "another SIS id for this student",
    ]
    assert all(each.text == "" for each in mixed.each_reject())


def test_what_was_refused_before_stays_in_its_place(tmp_path: Path) -> None:
    names = Pseudonyms(tmp_path / "table.csv")
    names.over(table(row("1", "b01")))
    broken = ReadRow(None, (Reject("a.csv", 9, "", "", "Lin, broken", "has 3 cells"),))
    found = names.over(table(row("1", "b02"), broken, row("2")))
    assert [each.reason for each in found.each_reject()] == [
        "the table of pseudonyms has another SIS id for this student",
        "has 3 cells",
    ]
