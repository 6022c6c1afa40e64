"""The mean of the attempts' totals, and of each question's points where there are any."""

from __future__ import annotations

import pytest

from grader.runs.grading import Rules, grade_table
from grader.scoring.attempts import UNREAD_CELL
from grader.table.graded import GradedClass
from tests.grader.table.small_tables import table, two

NAMES = ["q1", "q2"]


def averaged(*rows: str) -> GradedClass:
    return grade_table(table(NAMES, *rows), two(), Rules(attempts="average"))


@pytest.mark.parametrize(
    ("rows", "total", "possible", "points", "alike"),
    [
        (["7 1 3 a a", "7 2 4 b a"], "0.55", "0.7", ["0.15", "0.4"], True),
        # A question that one attempt did not show: its mean is over those that showed it.
        (["7 1 3 a -", "7 2 4 b a"], "0.35", "0.5", ["0.15", "0.4"], False),
        (["7 1 3 - a", "7 2 4 - b", "7 3 5 - b"], "0.1333", "0.4", [None, "0.1333"], True),
        (["7 1 3 a -", "7 2 4 - a"], "0.35", "0.35", ["0.3", "0.4"], False),
        (["7 1 3 - -", "7 2 4 a a"], "0.35", "0.35", ["0.3", "0.4"], False),
        # One that could not be read in one attempt.
        (["7 1 3 a ?", "7 2 4 a a"], "0.5", "0.7", ["0.3", "0.4"], False),
        (["7 1 3 a ?", "7 2 4 b ?"], "0.15", "0.7", ["0.15", None], True),
        # One attempt alone is no average, and keeps the decimals of its points.
        (["7 1 3 a a"], "0.7", "0.7", ["0.3", "0.4"], True),
    ],
)
def test_means(
    rows: list[str], total: str, possible: str, points: list[str | None], alike: bool
) -> None:
    used = averaged(*rows, "8 1 3 a a", "8 2 4 a b").used
    first, other = used
    assert [str(first.total), str(first.possible)] == [total, possible]
    assert [None if each is None else str(each) for each in first.points.values()] == points
    assert first.rows == len(rows) and other.rows == 2
    assert [str(other.total), str(other.possible)] == ["0.5", "0.7"]
    assert list(used.alike()) == [alike, True]
    assert list(used.point_units()["points:q2"])[1] == used.points.scale.units(other.points["q2"])


def test_an_average_has_the_latest_attempts_time_and_no_difference_from_canvas() -> None:
    (only,) = averaged("7 2 4 b=0 a=0.4", "7 1 5 a=0.3 a=0.4").used
    assert only.submission.attempt == 2 and only.fudge is None
    assert only.complete


def test_a_doubtful_attempt_makes_the_mean_doubtful() -> None:
    (only,) = averaged("7 1 3 a ?", "7 2 4 a a").used
    assert not only.complete and only.doubt == UNREAD_CELL
    assert only.points["q2"] is not None
