"""Exports of two quizzes given as one: told by Canvas' ids of their questions.

Canvas numbers the questions of every quiz anew, copies of a quiz too. Exports of one quiz share
their ids but for questions that were added, made again or drawn from a pool between the two; the
attempts of two quizzes are no attempts of each other, whatever their questions say.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fractions import Fraction

from solver.errors import ExportError
from solver.text.plural import counted

LEAST_SHARED = Fraction(1, 5)
"""Of the smaller export's ids. A choice: Canvas shares none between quizzes, and a quiz of which
four fifths were made again between two exports is told by its flag."""


def refuse_two_quizzes(exports: Sequence[tuple[str, Collection[str]]]) -> None:
    """Refuse exports that have hardly a question id in common.

    An export that shares its ids with any other of one quiz is of that quiz: questions drawn from
    a pool may leave two exports nothing in common, and a third much with both.

    Args:
        exports: name of each, and Canvas' ids of its questions; none where a format has no ids.

    Raises:
        ExportError: names two of the files, and what to do.
    """
    asked = [(name, frozenset(ids)) for name, ids in exports if ids]
    if len(asked) < 2:
        return
    of_one, left = [asked[0]], asked[1:]
    while joined := [each for each in left if any(_shares(each[1], one[1]) for one in of_one)]:
        of_one += joined
        left = [each for each in left if each not in joined]
    if not left:
        return
    name, ids = left[0]
    nearest, other = max(of_one, key=lambda one: len(one[1] & ids))
    raise ExportError(
        f"shares {len(ids & other) or 'none'} of its {counted(len(ids), 'question id')} with "
        f"{nearest}, so they are exports of two quizzes, and no attempts of each other",
        path=name,
        mend="Grade each quiz by itself; if they are one quiz whose questions were made anew, say "
        "--one-quiz.",
    )


def _shares(one: frozenset[str], other: frozenset[str]) -> bool:
    return Fraction(len(one & other), min(len(one), len(other))) >= LEAST_SHARED
