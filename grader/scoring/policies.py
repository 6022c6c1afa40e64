"""Policies that give points for a response, an object each.

All points are `Decimal`, so that sums of 0.3 and 0.4 are exact.

Sources:
    all-or-nothing  the course: every right option and no other, else 0
    canvas-partial  Canvas, Classic Quizzes: for several answers points/k for each right option
                    ticked, minus points/k for each wrong one, not below 0 (k right options);
                    each drop-down its share
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Protocol, assert_never

from grader.submissions import (
    Answer,
    Chosen,
    NotShown,
    PolicyName,
    Refused,
    Response,
    ScoredQuestion,
    Ticked,
    Unanswered,
)

ZERO = Decimal(0)


class Policy(Protocol):
    """A way of giving points for a response."""

    name: PolicyName

    def points(self, question: ScoredQuestion, response: Response) -> Decimal | None:
        """Return the points earned; None where the question was not shown or not readable."""


class AllOrNothing:
    """The course's own rule: a response earns all the points or none.

    Each drop-down with points of its own is such a question by itself.
    """

    name: PolicyName = "all-or-nothing"

    def points(self, question: ScoredQuestion, response: Response) -> Decimal | None:
        """Return all of the points if the response is an accepted one, else 0.

        >>> from grader.submissions import ScoredQuestion, Ticked
        >>> right = (Ticked(frozenset({"a", "c"})),)
        >>> question = ScoredQuestion("q03", "several", Decimal("0.3"), right)
        >>> AllOrNothing().points(question, Ticked(frozenset({"a"})))
        Decimal('0')
        """
        if not counts(question, response):
            return None
        right = question.void or response in question.accepted
        return question.points if right else _of_blanks(question, response)


def counts(question: ScoredQuestion, response: Response) -> bool:
    """Say whether a response earns a number of points: it was shown, and its cell readable."""
    match response:
        case NotShown():
            return False
        case Refused():
            return question.void  # everybody has the points of a void question, read or not
        case Ticked() | Chosen() | Unanswered():
            return True
        case _:
            assert_never(response)


def _of_blanks(question: ScoredQuestion, response: Response) -> Decimal:
    """Return the points of those drop-downs that are right, of a question that is not."""
    if not isinstance(response, Chosen):
        return ZERO
    worth = dict(question.blank_points)
    right = (
        answer.choices & response.choices
        for answer in question.accepted
        if isinstance(answer, Chosen)
    )
    return max(
        (sum((worth.get(blank, ZERO) for blank, _ in one), ZERO) for one in right), default=ZERO
    )


class CanvasPartial:
    """Canvas' partial credit, for comparison with the course's rule."""

    name: PolicyName = "canvas-partial"

    def points(self, question: ScoredQuestion, response: Response) -> Decimal | None:
        """Return the points that Canvas gives for the response.

        >>> from grader.submissions import ScoredQuestion, Ticked
        >>> right = (Ticked(frozenset({"a", "c"})),)
        >>> question = ScoredQuestion("q03", "several", Decimal("0.3"), right)
        >>> CanvasPartial().points(question, Ticked(frozenset({"a"})))
        Decimal('0.15')
        """
        if not counts(question, response):
            return None
        if question.void:
            return question.points
        shares = [_share(answer, response) for answer in question.accepted]
        # Exact until the end: a third of 0.3 is 0.1, and in floats 0.09999.
        worth = Fraction(question.points) * max(shares, default=Fraction(0))
        # A fraction ends as a decimal where its denominator has no prime but 2 and 5.
        divisor = worth.denominator
        for prime in (2, 5):
            while divisor % prime == 0:
                divisor //= prime
        if divisor == 1:
            return Decimal(worth.numerator) / Decimal(worth.denominator)
        return Decimal(repr(float(worth)))  # Canvas computes with floats; this is the nearest


def _share(answer: Answer, response: Response) -> Fraction:
    if isinstance(answer, Ticked) and isinstance(response, Ticked):
        right = len(response.options & answer.options)
        wrong = len(response.options - answer.options)
        return max(Fraction(right - wrong, len(answer.options)), Fraction(0))
    if isinstance(answer, Chosen) and isinstance(response, Chosen):
        return Fraction(len(response.choices & answer.choices), len(answer.choices))
    return Fraction(0)


POLICIES: dict[PolicyName, Policy] = {
    policy.name: policy for policy in (AllOrNothing(), CanvasPartial())
}
