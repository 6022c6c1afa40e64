"""Exports of two systems of ids are not graded together."""

from __future__ import annotations

import pytest

from grader.exports import ReadingContext
from grader.exports.open import open_exports
from grader.quizzes.texts import wordings_by_question
from grader.student_ids.id_systems import one_system
from grader.submissions import ScoredQuestion, Ticked
from solver.errors import ExportError

QUESTION = ScoredQuestion("q01", "single", "0.3", (Ticked(frozenset("a")),), ("a", "b"))


def test_one_system_is_told() -> None:
    assert one_system([]) == "canvas"
    assert one_system([("a.csv", "login"), ("b.csv", "login")]) == "login"
    with pytest.raises(ExportError) as caught:
        one_system([("a.csv", "canvas"), ("b.csv", "own")])
    said = str(caught.value)
    assert said.startswith("b.csv: names its students by a name or number of its own, and a.csv by")
    assert "a column id" in said


@pytest.mark.parametrize(
    ("header", "system"),
    [
        ("student,q01", "own"),
        ("id,q01", "canvas"),
        ("login,sis_id,q01", "login"),
        ("sis_id,name,q01", "sis"),
    ],
)
def test_a_plain_csv_says_it_in_its_header(tmp_path, header, system) -> None:
    path = tmp_path / "plain.csv"
    cells = ["7" if each != "q01" else "a" for each in header.split(",")]
    path.write_text(f"{header}\n{','.join(cells)}\n")
    (export,) = open_exports([path], ReadingContext((QUESTION,), wordings_by_question([])))
    (row,) = export.rows()
    assert (export.id_system, row.submission.student.id) == (system, "7")
    assert row.submission.student.sis_id == ("7" if "login" in header else "")
    other = tmp_path / "other.csv"
    other.write_text("student,q01\n7,b\n")
    context = ReadingContext((QUESTION,), wordings_by_question([]))
    if system == "own":
        assert len(open_exports([path, other], context)) == 2
    else:
        with pytest.raises(ExportError, match="their students cannot be matched"):
            open_exports([path, other], context)


@pytest.mark.parametrize("header", ["student,id,q01", "id,login,q01"])
def test_two_columns_that_say_who_are_refused(tmp_path, header) -> None:
    path = tmp_path / "plain.csv"
    path.write_text(f"{header}\n1,2,a\n")
    with pytest.raises(ExportError, match="in 2 columns who a student is"):
        open_exports([path], ReadingContext((QUESTION,), {}))


def test_a_csv_without_any_question_is_none(tmp_path) -> None:
    path = tmp_path / "plain.csv"
    path.write_text("id,name\n1,Wang\n")
    with pytest.raises(ExportError, match="no column for any question of the key"):
        open_exports([path], ReadingContext((QUESTION,), {}, allow_missing=True))


def test_a_column_id_that_holds_other_ids_is_refused_row_by_row(tmp_path) -> None:
    path = tmp_path / "plain.csv"
    path.write_text("id,q01\n7,a\nb099,a\n1.01E+15,a\n")
    (export,) = open_exports([path], ReadingContext((QUESTION,), {}))
    one, *others = export.rows()
    assert one.submission.student.id == "7"
    assert all("is no id of Canvas" in each.rejects[0].reason for each in others)
