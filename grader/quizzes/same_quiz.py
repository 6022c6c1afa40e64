"""Check that exports are of one quiz, by Canvas' ids of their questions.

Canvas numbers the questions of every quiz anew, copies of a quiz too. Exports of one quiz share
their ids but for questions that were added, made again or drawn from a pool between the two.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fractions import Fraction

from solver.errors import ExportError
from solver.text.plural import counted

LEAST_SHARED = Fraction(1, 5)
"""Share of the smaller export's ids. A choice: Canvas shares none between quizzes, and --one-quiz
is there for a quiz of which four fifths were made again between two exports."""


def refuse_two_quizzes(exports: Sequence[tuple[str, Collection[str]]]) -> None:
    """Raise an error for exports that share hardly a question id.

    Args:
        exports: name of each, and Canvas' ids of its questions; none where a format has no ids.

    Raises:
        ExportError: names two of the files, and the way out.
    """
    asked = [(name, frozenset(ids)) for name, ids in exports if ids]
    if len(asked) < 2:
        return

    def share(ids: frozenset[str]) -> bool:
        """Say whether an export of the quiz shares enough of these ids."""
        return any(len(ids & one) >= LEAST_SHARED * min(len(ids), len(one)) for _, one in of_one)

    # One after another: questions drawn from a pool may leave two exports nothing in common, and
    # a third much with both.
    of_one, left = [asked[0]], asked[1:]
    while joined := [each for each in left if share(each[1])]:
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
        mend="Grade each quiz by itself; if they are one quiz whose questions were created "
        "again, say --one-quiz.",
    )
