"""What a run is made of: rows on disk, their record, pseudonyms, a folder whole or not at all."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.csv_files.spreadsheet import defused, write_table
from grader.runs.folder import check_target, folder_made_whole
from grader.runs.grading import Rules
from grader.runs.record import FORMAT, read_run, write_answers, write_run
from grader.runs.score_tables import late_text, write_score_tables
from grader.student_ids.pseudonyms import Pseudonyms
from grader.submissions import (
    NOT_SHOWN,
    UNANSWERED,
    Chosen,
    ReadRow,
    Refused,
    Reject,
    ScoredQuestion,
    Student,
    Submission,
    Ticked,
)
from grader.table.answers import AnswerTable, table_of_rows
from grader.table.record import read_rows, write_rows
from solver.errors import ExportError, OutputError
from tests.grader.made.made_classes import grade, made_bank, made_key

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
RESPONSES = st.one_of(
    st.frozensets(st.sampled_from("abc"), min_size=1).map(Ticked),
    st.just(UNANSWERED),
    st.just(NOT_SHOWN),
    st.builds(Refused, TEXT, TEXT),
    TEXT.map(lambda text: Chosen(frozenset({("x", text)}))),
)
POINTS = st.one_of(st.none(), st.decimals(0, 10, places=17))
REJECTS = st.builds(Reject, TEXT, st.integers(1, 1 << 39), TEXT, TEXT, TEXT, TEXT)
IDS = ("q01", "q02")


@st.composite
def rows(draw) -> ReadRow:
    if draw(st.booleans()):
        first = replace(draw(REJECTS), question="")  # the row's own reason
        return ReadRow(None, (first, *draw(st.lists(REJECTS, max_size=1))))
    rejects = tuple(draw(st.lists(REJECTS, max_size=2)))
    submission = Submission(
        Student(draw(TEXT), draw(TEXT), draw(TEXT), draw(TEXT), draw(TEXT)),
        draw(st.one_of(st.none(), st.integers(0, 99))),
        draw(st.one_of(st.none(), st.datetimes(timezones=st.just(UTC)))),
        {name: draw(RESPONSES) for name in IDS},
        {name: draw(POINTS) for name in IDS},
        draw(POINTS),
        draw(TEXT),
        draw(st.integers(1, 1 << 39)),
    )
    return ReadRow(submission, rejects)


def submissions_of(table: AnswerTable) -> list[Submission]:
    return list(table.submissions(table.frame))


def said_of(row: ReadRow) -> list[tuple[str, str, str]]:
    """Question, text and reason of a row's rejects, then of refused cells it did not tell."""
    told = [(each.question, each.text, each.reason) for each in row.rejects]
    cells = row.submission.responses.items() if row.submission else ()
    named = {question for question, _, _ in told}
    return told + [
        (name, cell.text, cell.reason)
        for name, cell in cells
        if isinstance(cell, Refused) and name not in named
    ]


@given(st.lists(rows(), max_size=4))
@settings(deadline=None)
def test_rows_survive_the_table_and_its_file(tmp_path_factory, read):
    table = table_of_rows(read, IDS)
    path = tmp_path_factory.mktemp("rows") / "rows.parquet"
    write_rows(table, path, "hash")
    again = read_rows(path, IDS, "hash")
    expected = [row.submission for row in read if row.submission is not None]
    assert submissions_of(table) == submissions_of(again) == expected
    assert list(table.each_reject()) == list(again.each_reject())
    assert [(each.question, each.text, each.reason) for each in again.each_reject()] == [
        told for row in read for told in said_of(row)
    ]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    other = path.with_name("again.parquet")
    write_rows(again, other, "hash")
    assert other.read_bytes() == path.read_bytes()


QUESTION = ScoredQuestion("q01", "single", Decimal("0.3"), (Ticked(frozenset("a")),), ("a", "b"))


def submission(student: str, attempt: int | None, tick: str, line: int = 2, **more) -> ReadRow:
    response = Ticked(frozenset(tick)) if tick else UNANSWERED
    if tick == "?":
        response = Refused("?", "fits none")
    read = Submission(
        Student(student, "Name " + student),
        attempt,
        more.get("submitted"),
        {"q01": response},
        {"q01": None},
        None,
        "f.csv",
        line,
    )
    return ReadRow(read, (Reject("f.csv", line, student, "q01", "?", "x"),) if tick == "?" else ())


@given(
    st.lists(
        st.one_of(
            st.builds(
                submission,
                st.sampled_from(["1", "2", "10", "b09"]),
                st.one_of(st.none(), st.integers(1, 2)),
                st.sampled_from(["a", "b", "", "?"]),
            ),
            st.just(ReadRow(None, (Reject("f.csv", 3, "", "", "x", "broken"),))),
        ),
        max_size=8,
    ),
    st.sampled_from(["highest", "latest", "first", "average"]),
)
def test_rows_in_are_rows_out(read, rule):
    graded = grade(read, (QUESTION,), Rules(attempts=rule))
    counts = graded.counts
    assert counts.read == len(read)
    assert counts.read == counts.graded + counts.superseded + counts.rejected
    assert sum(each.rows for each in graded.used) == counts.graded
    assert len(list(graded.superseded)) == len(graded.superseded) == counts.superseded
    whole = [each for each in graded.rejects if not each.question]
    assert len(whole) == counts.rejected
    assert list(graded.used) == list(graded.used)


def test_students_stand_by_number_then_by_name(tmp_path):
    read = [submission(student, 1, "a") for student in ("b09", "10", "2", "a1")]
    graded = grade(read, (QUESTION,))
    assert [each.student.id for each in graded.used] == ["2", "10", "a1", "b09"]
    counts = write_score_tables(graded, tmp_path)
    assert (counts.incomplete, counts.late) == (0, 0)
    assert not (tmp_path / "late.csv").exists()
    assert stat.S_IMODE((tmp_path / "scores.csv").stat().st_mode) == 0o600


def test_late_rows_are_listed_used_or_not(tmp_path):
    deadline = datetime(2026, 4, 9, tzinfo=UTC)
    read = [
        submission("1", 1, "a", submitted=datetime(2026, 4, 8, 23, 59, tzinfo=UTC)),
        submission("1", 2, "b", submitted=datetime(2026, 4, 10, 1, 2, 3, tzinfo=UTC)),
        submission("2", 1, "a", submitted=datetime(2026, 4, 9, 0, 0, 1, tzinfo=UTC)),
    ]
    graded = grade(read, (QUESTION,), Rules(deadline=deadline))
    assert [late_text(each.late) if each.late else "" for each in graded.used] == ["", "00:00:01"]
    assert write_score_tables(graded, tmp_path).late == 1
    lines = (tmp_path / "late.csv").read_text("utf-8-sig").splitlines()
    assert lines[1].endswith("00:00:01,yes") and lines[2].endswith("1d 01:02:03,no")


def test_a_record_that_was_changed_is_not_believed(tmp_path):
    key = made_key(made_bank(2))
    data = {
        "format": FORMAT, "questions": ["q01"], "left_out": [], "policy": "all-or-nothing",
        "attempts": "latest", "deadline": datetime(2026, 4, 9, tzinfo=UTC),
        "exports": [{"name": "f.csv", "sha256": "0" * 64}], "bank_sha256": "0" * 64,
        "pseudonyms": False, "notes": ["陳"],
    }  # fmt: skip
    table = table_of_rows([submission("1", 1, "a")], ["q01"])
    write_run(tmp_path, data, key, write_answers(tmp_path, data["exports"], table))
    run = read_run(tmp_path)
    assert run.data == {**data, "rows_sha256": run.data["rows_sha256"]}
    assert run.rules.attempts == "latest" and run.key == key
    assert submissions_of(run.table()) == submissions_of(table)
    path = tmp_path / "rows.parquet"
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(ExportError, match=r"rows.parquet: was changed since the run wrote it"):
        run.table()
    path.unlink()
    with pytest.raises(ExportError, match=r"rows.parquet: there is no such file"):
        run.table()
    (tmp_path / "run.json").write_text(json.dumps({"format": "hw9-run/9"}))
    with pytest.raises(ExportError, match="is not a run's record"):
        read_run(tmp_path)
    (tmp_path / "run.json").unlink()
    with pytest.raises(ExportError, match="is not a folder that hw9 grade wrote"):
        read_run(tmp_path)


def test_pseudonyms_stay_and_tell_nothing(tmp_path):
    path = tmp_path / "table.csv"
    read = [submission("1", 1, "a"), submission("2", 1, "?"), ReadRow(None, (
        Reject("f.csv", 9, "", "", "Name 1, 1, broken", "has 3 cells"),))]  # fmt: skip
    first = Pseudonyms(path).over(table_of_rows(read, ["q01"]))
    second = Pseudonyms(path).over(table_of_rows([*read, submission("3", 1, "a")], ["q01"]))
    made = submissions_of(second)
    assert made[:2] == submissions_of(first)
    names = [each.student for each in made]
    assert all(name == Student(name.id) and name.id.startswith("p") for name in names)
    assert len({name.id for name in names}) == 3
    cell, row = first.each_reject()
    assert cell.student == names[1].id and cell.text == "" == row.text == row.student
    assert made[1].responses["q01"] == Refused("", "fits none")
    table = path.read_text("utf-8-sig").splitlines()
    assert len(table) == 2 + 3 and table[2] == f"{names[0].id},1,Name 1,,"
    other = Pseudonyms(tmp_path / "other.csv")
    assert other.name_of("1") != names[0].id
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text("student,name\n")
    with pytest.raises(ExportError, match="is no table of pseudonyms"):
        Pseudonyms(path)


def test_a_folder_is_there_whole_or_not_at_all(tmp_path):
    out = tmp_path / "out"
    with pytest.raises(RuntimeError), folder_made_whole(out) as folder:
        (folder / "half").write_text("x")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    with folder_made_whole(out) as folder:
        (folder / "run.json").write_text("1")
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    with pytest.raises(RuntimeError), folder_made_whole(out) as folder:
        raise RuntimeError
    assert (out / "run.json").read_text() == "1"
    with folder_made_whole(out) as folder:
        (folder / "run.json").write_text("2")
    assert (out / "run.json").read_text() == "2" and len(list(tmp_path.iterdir())) == 1
    with pytest.raises(OutputError, match="holds a run already"):
        check_target(out, replace=False)
    check_target(out, replace=True)
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="is a file"):
        check_target(tmp_path / "file", replace=True)
    with (
        pytest.raises(OutputError, match="cannot be made"),
        folder_made_whole(tmp_path / "file" / "out"),
    ):
        pass


@given(st.text(max_size=5))
def test_no_text_of_ours_begins_like_a_formula(text):
    assert not defused(text).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert defused(text).endswith(text)


def test_tables_are_for_excel_too(tmp_path):
    write_table(tmp_path / "t.csv", ["a", "b"], [["王", 'x "y"'], ["1,2", "z\nz"]])
    assert (tmp_path / "t.csv").read_bytes() == (
        '\ufeffa,b\r\n王,"x ""y"""\r\n"1,2","z\nz"\r\n'.encode()
    )
    with pytest.raises(OutputError, match="cannot be written"):
        write_table(tmp_path / "none" / "t.csv", [], [])


def test_a_table_of_pseudonyms_that_was_damaged_is_refused(tmp_path):
    path = tmp_path / "table.csv"
    ids = ["1", "=2", "'3", "a\u2028b", "x" * 200_000]
    one = submission("1", 1, "a").submission
    rows = [ReadRow(replace(one, student=Student(each)), ()) for each in ids]
    hidden = Pseudonyms(path).over(table_of_rows(rows, ["q01"]))
    shown = [each.student.id for each in submissions_of(hidden)]
    whole = path.read_bytes().decode()
    assert [Pseudonyms(path).name_of(each) for each in ids] == shown  # read back, however odd
    key = whole.splitlines()[1].split(",")[1]
    for bad, says in (
        (whole.replace(key, ""), "no table of pseudonyms"),  # a key that anybody could guess
        (whole.replace(key, key[:-2]), "no table of pseudonyms"),
        (whole.replace(key, "0" * 32), r"row 3: .*not the pseudonym of the student"),
        (whole.replace(f"{shown[0]},1,", f"{shown[1]},1,"), r"row 3: .*not the pseudonym"),
        (whole.replace(f"{shown[0]},1,", f"{shown[0]},9,"), r"row 3: .*not the pseudonym"),
        (whole.replace(f"{shown[0]},1,", f"{shown[0]}"), r"row 3: .*not the pseudonym"),
    ):
        path.write_bytes(bad.encode())
        with pytest.raises(ExportError, match=says):
            Pseudonyms(path)


def test_a_cell_that_a_reader_refuses_is_a_reject_even_where_it_does_not_say_so():
    made = submission("1", 1, "?").submission
    (reject,) = table_of_rows([ReadRow(made)], ["q01"]).each_reject()
    assert (reject.source, reject.student, reject.question) == ("f.csv", "1", "q01")
    assert (reject.text, reject.reason) == ("?", "fits none")
