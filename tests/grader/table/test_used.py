"""The students of a run: totals, what was possible, and how far Canvas' points are from them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from grader.runs.grading import Rules, grade_table
from grader.table.answers import AnswerTable
from grader.table.graded import GradedClass
from tests.grader.table.small_tables import question, table, two

NAMES = ["q1", "q2"]


def graded(*rows: str, **rules) -> GradedClass:
    return grade_table(table(NAMES, *rows), two(), Rules(**rules))


@pytest.mark.parametrize(
    ("row", "total", "possible"),
    [
        ("7 1 3 a a", "0.7", "0.7"),
        ("7 1 3 a b", "0.3", "0.7"),
        ("7 1 3 b _", "0", "0.7"),
        ("7 1 3 a -", "0.3", "0.3"),
        ("7 1 3 - -", "0", "0.0"),
        ("7 1 3 a ?", "0.3", "0.7"),
    ],
)
def test_totals(row: str, total: str, possible: str) -> None:
    (only,) = graded(row).used
    assert [str(only.total), str(only.possible)] == [total, possible]
    assert only.complete == ("?" not in row)


@pytest.mark.parametrize(
    ("row", "fudge"),
    [
        ("7 1 3 a=0.3 a=0.4", "0"),
        ("7 1 3 a=0.15 a=0.4", "0.15"),
        ("7 1 3 b=0.15 a=0.4", "-0.15"),
        ("7 1 3 a=0.30004 a=0.4", "0"),
        ("7 1 3 a=0.30006 a=0.4", "-0.0001"),
        ("7 1 3 a=0.3 -", "0"),
        ("7 1 3 a=0.3 a", None),
        ("7 1 3 a a", None),
        ("7 1 3 a=0.3 ?=0.4", None),
        ("7 1 3 b=5 a=5.4", "-10"),
    ],
)
def test_the_fudge_is_what_canvas_lacks(row: str, fudge: str | None) -> None:
    (only,) = graded(row).used
    assert (None if only.fudge is None else str(only.fudge)) == fudge


@pytest.mark.parametrize(
    ("score", "difference"), [("0.7", "0"), ("1.0", "-0.3"), ("0.55", "0.15"), (None, None)]
)
def test_the_difference_is_from_canvas_own_score(score: str | None, difference: str | None) -> None:
    made = table(NAMES, "7 1 3 a a")
    frame = made.frame.with_columns(canvas_score=pl.lit(score, pl.String))
    (only,) = grade_table(AnswerTable(frame, made.cells, made.rejects), two(), Rules()).used
    assert (None if only.difference is None else str(only.difference)) == difference


@pytest.mark.parametrize(
    ("rule", "rows"), [("highest", ["7 1 3 a ?"]), ("average", ["7 1 3 a a", "7 2 4 a b"])]
)
def test_a_total_that_is_open_or_a_mean_has_no_difference(rule: str, rows: list[str]) -> None:
    made = table(NAMES, *rows)
    frame = made.frame.with_columns(canvas_score=pl.lit("0.7"))
    rules = Rules(attempts=rule)
    (only,) = grade_table(AnswerTable(frame, made.cells, made.rejects), two(), rules).used
    assert only.difference is None and only.canvas_score == Decimal("0.7")


def test_late_is_what_came_after_the_deadline() -> None:
    deadline = datetime(2026, 4, 9, 3, tzinfo=UTC)
    found = graded("7 1 3 a a", "8 1 4 a a", "9 1 2 a a", "6 1 . a a", deadline=deadline)
    assert [(each.student.id, each.late) for each in found.used] == [
        ("6", None), ("7", None), ("8", timedelta(hours=1)), ("9", None),
    ]  # fmt: skip
    assert [each.late for each in graded("8 1 4 a a").used] == [None]


def test_a_void_question_is_earned_wherever_it_was_shown_and_read_or_not() -> None:
    questions = (question("q1", void=True), question("q2", points="0.4"))
    made = table(NAMES, "7 1 3 b a", "8 1 3 - a", "9 1 3 ? a", "6 1 3 _ a")
    found = list(grade_table(made, questions, Rules()).used)
    assert [str(each.total) for each in found] == ["0.7", "0.7", "0.4", "0.7"]
    assert [str(each.possible) for each in found] == ["0.7", "0.7", "0.4", "0.7"]
    assert all(each.complete for each in found)


def test_rows_can_be_gone_over_again() -> None:
    found = graded("7 1 3 a a", "7 2 4 b a", "8 1 3 a b")
    assert len(found.used) == 2 and list(found.used) == list(found.used)
    assert [each.submission.attempt for each in found.used] == [1, 1]
    assert [each.attempt for each in found.superseded] == [2]
    second = found.used.frame[1:]
    assert [each.total for each in found.used.some(second)] == [Decimal("0.3")]
    assert found.used.averaged is False and list(found.used.alike()) == [True, True]


def test_points_are_texts_and_units_of_each_question() -> None:
    found = graded("7 1 3 a -", "8 1 3 b ?").used
    assert found.point_texts(found.frame).rows() == [("0.3", None), ("0", None)]
    assert found.point_units().rows() == [(found.points.scale.units(Decimal("0.3")), None),
                                          (0, None)]  # fmt: skip
