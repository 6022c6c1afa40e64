"""Which rows of a table count, students weighed all at once or one by one."""

from __future__ import annotations

from unittest import mock

import polars as pl
import pytest

from grader.scoring.attempts import MAY_BE_HIGHER, REFUSED_ROW, UNREAD_CELL
from grader.scoring.policies import AllOrNothing
from grader.submissions import AttemptsRule
from grader.table import choice
from grader.table.answers import ROW
from grader.table.choice import ChosenRows, chosen_rows, in_order
from grader.table.sums import Points
from tests.grader.table.small_tables import table, two

NAMES = ["q1", "q2"]  # worth 0.3 and 0.4, both "a"


def chosen(rule: AttemptsRule, *rows: str) -> ChosenRows:
    """Choose in both ways, which must agree."""
    made = table(NAMES, *rows)
    points = Points(made, two(), AllOrNothing())
    found = chosen_rows(made, points, rule)
    with mock.patch.object(choice, "_apart", lambda: pl.lit(value=False)):
        by_row = chosen_rows(made, points, rule)
    for name in ("used", "averaged", "superseded", "contrary"):
        one, other = (getattr(each, name).sort("place", "row") for each in (found, by_row))
        assert one.equals(other), name
    return found


def used(found: ChosenRows) -> list[tuple[int, str]]:
    return list(found.used.select("row", "doubt").iter_rows())


def superseded(found: ChosenRows) -> list[int]:
    return sorted(found.superseded["row"])


@pytest.mark.parametrize(
    ("rule", "row"), [("highest", 1), ("latest", 2), ("first", 0), ("average", 2)]
)
def test_each_rule_takes_its_attempt(rule: AttemptsRule, row: int) -> None:
    found = chosen(rule, "7 1 3 a b", "7 2 4 b a", "7 3 5 b b")
    assert used(found) == [(row, "")]
    average = rule == "average"
    assert superseded(found) == ([] if average else sorted({0, 1, 2} - {row}))
    assert list(found.averaged["row"]) == ([0, 1, 2] if average else [])
    assert list(found.used["rows"]) == [3 if average else 1]


@pytest.mark.parametrize("rule", ["highest", "latest", "first"])
def test_numbers_of_attempts_decide_and_not_the_order_of_rows(rule: AttemptsRule) -> None:
    found = chosen(rule, "7 3 3 a b", "7 1 5 a b", "7 2 4 a b")
    assert used(found) == [({"highest": 0, "latest": 0, "first": 1}[rule], "")]


def test_of_equal_totals_the_later_attempt_is_the_highest() -> None:
    assert used(chosen("highest", "7 2 3 a b", "7 1 4 a b")) == [(0, "")]
    assert used(chosen("highest", "7 1 3 a b", "7 2 4 a b")) == [(1, "")]


def test_a_higher_total_of_another_student_is_not_taken() -> None:
    found = chosen("highest", "7 1 3 b b", "8 1 3 a a", "7 2 4 b a", "8 2 4 b b")
    assert used(found) == [(2, ""), (1, "")]
    assert superseded(found) == [0, 3]


@pytest.mark.parametrize(
    ("rule", "rows", "doubt"),
    [
        ("highest", ["7 1 3 a ?", "7 2 4 b b"], UNREAD_CELL),
        ("highest", ["7 1 3 a a", "7 2 4 b ?"], ""),
        ("highest", ["7 1 3 b a", "7 2 4 b ?"], ""),  # at most as high
        ("highest", ["7 1 3 a b", "7 2 4 b ?"], MAY_BE_HIGHER),
        ("latest", ["7 1 3 b ?", "7 2 4 a b"], ""),
        ("latest", ["7 1 3 a b", "7 2 4 b ?"], UNREAD_CELL),
        ("first", ["7 1 3 a b", "7 2 4 b ?"], ""),
        ("first", ["7 1 3 b ?", "7 2 4 a b"], UNREAD_CELL),
        ("average", ["7 1 3 a b", "7 2 4 b ?"], UNREAD_CELL),
        ("average", ["7 1 3 a b", "7 2 4 b a"], ""),
        ("highest", ["7 1 3 a b", "7 2 4 b b", "cut 7"], REFUSED_ROW),
        ("latest", ["7 1 3 a b", "cut 8", "cut ."], ""),
        ("highest", ["7 1 3 a ?", "cut 7"], UNREAD_CELL),
    ],
)
def test_a_total_is_doubted_where_what_is_not_known_could_change_it(
    rule: AttemptsRule, rows: list[str], doubt: str
) -> None:
    ((_, found),) = used(chosen(rule, *rows))
    assert found == doubt


def test_doubt_of_one_student_is_not_anothers() -> None:
    found = chosen("highest", "7 1 3 a b", "8 1 3 a b", "8 2 4 b ?", "9 1 3 a ?", "cut 6")
    assert used(found) == [(0, ""), (1, MAY_BE_HIGHER), (3, UNREAD_CELL)]


def test_one_attempt_in_two_exports_counts_once_and_contradicting_ones_not_at_all() -> None:
    found = chosen("highest", "7 1 3 a a", "7 1 3 a a", "8 1 3 a a", "8 1 3 a b", "9 1 3 a a")
    assert used(found) == [(1, ""), (4, "")]
    assert superseded(found) == [0]
    assert list(found.contrary["row"]) == [2, 3]
    assert "the same attempt" in found.contrary["reason"][0]


def test_rows_without_numbers_are_told_apart_by_their_time() -> None:
    rows = ["7 . 4 a a", "7 . 3 b b"]
    assert used(chosen("latest", *rows)) == [(0, "")]
    assert used(chosen("first", *rows)) == [(1, "")]
    assert used(chosen("latest", "7 . . a a", "7 . . b b")) == []


def test_rows_that_differ_in_any_question_are_two_attempts() -> None:
    for other in ("7 . 3 b a", "7 . 3 a b", "7 . 3 a -", "7 . 3 _ a"):
        found = chosen("highest", "7 . 3 a a", other)
        assert used(found) == [(0, "")] and superseded(found) == [1]
        assert found.contrary.is_empty()


def test_students_stand_by_number_and_then_by_text() -> None:
    ids = pl.Series("student", ["b1", "10", "9", "009", "a2", "9", "٣"])
    for each in (ids, ids.cast(ROW["student"])):
        assert list(in_order(each)) == ["9", "10", "009", "a2", "b1", "٣"]
