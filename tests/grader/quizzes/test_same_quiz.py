"""Exports of two quizzes, told by their question ids."""

from __future__ import annotations

from itertools import permutations

import pytest

from grader.quizzes.same_quiz import refuse_two_quizzes
from solver.errors import ExportError


def ids(low: int, high: int) -> list[str]:
    return [str(number) for number in range(low, high)]


@pytest.mark.parametrize(
    "exports",
    [
        [],
        [ids(0, 30)],
        [ids(0, 30), ids(0, 30)],
        [ids(0, 30), ids(1, 31)],  # one added, one taken out
        [ids(0, 30), [*ids(0, 29), "999"]],  # one made again
        [ids(0, 10), ids(5, 15), ids(10, 20)],  # drawn: the first and the last share none
        [ids(0, 30), [], ids(0, 30)],  # a format without ids
        [ids(0, 5), ids(4, 9)],  # one of five
        [ids(0, 3), ids(2, 5)],
    ],
)
def test_one_quiz(exports) -> None:
    for order in permutations(exports):
        refuse_two_quizzes([(f"{at}.csv", some) for at, some in enumerate(order)])


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        (ids(0, 30), ids(100, 130), "shares none of its 30 question ids with a.csv"),
        (ids(0, 30), ids(25, 60), "shares 5 of its 35 question ids"),
        (ids(0, 1), ids(1, 2), "shares none of its 1 question id with"),
    ],
)
def test_two_quizzes(one, other, said) -> None:
    with pytest.raises(ExportError) as caught:
        refuse_two_quizzes([("a.csv", one), ("b.csv", other)])
    assert str(caught.value).startswith(f"b.csv: {said}") and "--one-quiz" in str(caught.value)


def test_the_one_that_is_nearest_is_named() -> None:
    exports = [("a.csv", ids(0, 30)), ("b.csv", ids(0, 31)), ("c.csv", ids(30, 60))]
    with pytest.raises(ExportError, match=r"c\.csv: shares 1 of its 30 question ids with b.csv"):
        refuse_two_quizzes(exports)
