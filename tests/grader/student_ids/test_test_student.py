"""Canvas' test student: told by its name in either language, and left out unless asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.student_ids.test_student import LEFT_OUT, is_test_student, without_test_student
from tests.grader.cases.small_quiz import Asked, SmallQuiz
from tests.grader.table.small_tables import table

NAMES = ["Test Student", "Student, Test", "測試學生", "學生, 測試", " test student "]
OTHERS = ["Test Students", "Student", "Tester", "", "測試"]


@pytest.mark.parametrize("name", NAMES)
def test_its_names(name: str) -> None:
    assert is_test_student(name)


@pytest.mark.parametrize("name", OTHERS)
def test_other_names(name: str) -> None:
    assert not is_test_student(name)


def test_every_row_of_its_id_is_refused_and_nobody_elses() -> None:
    made = table(["q1"], "7 1 3 a", "9 1 3 b", "9 2 4 a", "8 1 3 a")
    named = made.frame["student"].replace({"7": "Lin", "8": "Mei", "9": "測試學生"}).alias("name")
    left = without_test_student(
        type(made)(made.frame.with_columns(named), made.cells, made.rejects)
    )
    assert [each.student.id for each in left.submissions(left.frame)] == ["7", "8"]
    told = [(each.line, each.student, each.reason) for each in left.each_reject()]
    assert told == [(3, "9", LEFT_OUT), (4, "9", LEFT_OUT)]
    assert without_test_student(made) is made


@pytest.mark.parametrize("name", NAMES)
def test_it_is_in_no_score_and_no_count_unless_it_is_asked_for(tmp_path: Path, name: str) -> None:
    made = SmallQuiz(tmp_path, [Asked("q01", "single", "Which?", ["x", "y"], [0])])
    export = made.export([[("x", "0.3")], [("y", "0.0")]])
    export.write_text(export.read_text("utf-8").replace("S12", f'"{name}"'), "utf-8")
    said = made.grade(export)
    assert said.totals == {"11": "0.3"}
    (told,) = said.table("unscored.csv")
    assert told["student"] == "12" and "--test-student" in told["reason"]
    (item,) = said.table("items.csv")
    assert item["read"] == "1"
    taken = made.grade(export, "--test-student", out="taken")
    assert taken.totals == {"11": "0.3", "12": "0"}
