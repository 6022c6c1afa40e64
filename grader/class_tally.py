"""Counts that are enough for every statistic of a class, and do not grow with it.

A student enters as one case a question: (response, points, points earned in all, points there
were in all). Equal cases are counted, so a class of a million takes the memory of its distinct
cases: answers times totals.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import NamedTuple

from grader.submissions import (
    GradedSubmission,
    Refused,
    Response,
    ScoredQuestion,
    encode_response,
)

REFUSED = "?"
UNANSWERED = ""
NOT_SHOWN = "-"

PointsRule = Callable[[ScoredQuestion, Response], Decimal | None]
"""Points of a response under some policy; None where it was not shown or not readable."""


class Case(NamedTuple):
    """What one question looked like for one student.

    `response` is its code ("a,c", "" unanswered, "-" not shown, "?" refused); `earned` and
    `available` are the student's points over all counted questions that were read.
    """

    response: str
    points: Decimal | None
    earned: Decimal
    available: Decimal


class ClassTally:
    """Adds up graded submissions.

    Attributes:
        questions: all that were graded, void ones too.
        overall: how many students have each (earned, available), of all students.
        pairs: complete submissions by (total, total under Canvas' partial credit).
        rights: complete submissions by the number of counted questions with full points.
        n, late: all students, and those whose used attempt came after the deadline.
    """

    def __init__(self, questions: tuple[ScoredQuestion, ...], canvas: PointsRule) -> None:
        self.questions = questions
        self.counted = tuple(question for question in questions if counts(question))
        self.available = sum((question.points for question in self.counted), Decimal(0))
        self.overall: Counter[tuple[Decimal, Decimal]] = Counter()
        self.pairs: Counter[tuple[Decimal, Decimal]] = Counter()
        self.rights: Counter[int] = Counter()
        self.n = 0
        self.late = 0
        self._canvas = canvas
        self._columns = tuple(_Column(question) for question in questions)
        self._codes: dict[Response | None, str] = {}

    def add(self, graded: GradedSubmission) -> None:
        """Count one student."""
        self.n += 1
        self.late += graded.late is not None
        responses, points, codes = graded.submission.responses, graded.points, self._codes
        earned, available, canvas, rights = Decimal(0), self.available, Decimal(0), 0
        row = []
        for column in self._columns:  # the innermost loop of a class of a million
            response, own = responses.get(column.id), points.get(column.id)
            code = codes.get(response)
            if code is None:
                code = self.code_of(response)
            row.append((code, own))
            given = column.canvas.get(code)
            canvas += self._canvas_of(column, code, response) if given is None else given
            if not column.counts:
                continue
            if own is None:
                available -= column.worth
            else:
                earned += own
                rights += own == column.worth
        for column, (code, own) in zip(self._columns, row, strict=True):
            cell = (code, own, earned, available)
            column.cells[cell] = column.cells.get(cell, 0) + 1
        self.overall[earned, available] += 1
        if graded.complete:
            self.pairs[graded.total, canvas] += 1
        if available == self.available:
            self.rights[rights] += 1

    def cases(self, question: str) -> Counter[Case]:
        """Return how many students have each case of a question."""
        column = next(column for column in self._columns if column.id == question)
        return Counter({Case(*cell): times for cell, times in column.cells.items()})

    def add_all(self, used: Iterable[GradedSubmission]) -> ClassTally:
        """Count every student of `used`; return this tally."""
        for graded in used:
            self.add(graded)
        return self

    def canvas_points(self, question: ScoredQuestion, response: Response) -> Decimal:
        """Points under Canvas' partial credit; 0 where it was not shown or not readable."""
        return self._canvas(question, response) or Decimal(0)

    def _canvas_of(self, column: _Column, code: str, response: Response | None) -> Decimal:
        given = Decimal(0) if response is None else self.canvas_points(column.question, response)
        column.canvas[code] = given
        return given

    @property
    def complete(self) -> int:
        """Students whose total is certain."""
        return sum(self.pairs.values())

    @property
    def totals(self) -> Counter[Decimal]:
        """Certain totals under the run's policy."""
        return _side(self.pairs, 0)

    @property
    def canvas_totals(self) -> Counter[Decimal]:
        """The same students' totals under Canvas' partial credit."""
        return _side(self.pairs, 1)

    def code_of(self, response: Response | None) -> str:
        """Return the code a response is counted under."""
        if isinstance(response, Refused):  # its text may be one student's alone
            return REFUSED
        if response not in self._codes:
            code = NOT_SHOWN if response is None else encode_response(response)
            self._codes[response] = code
        return self._codes[response]


class _Column:
    """The counts of one question: cells of (response, points, earned, available)."""

    __slots__ = ("canvas", "cells", "counts", "id", "question", "worth")

    def __init__(self, question: ScoredQuestion) -> None:
        self.question = question
        self.id = question.id
        self.worth = question.points
        self.counts = counts(question)
        self.cells: dict[tuple[str, Decimal | None, Decimal, Decimal], int] = {}
        self.canvas: dict[str, Decimal] = {}


def counts(question: ScoredQuestion) -> bool:
    """Whether the points of a question say something of a student: not void, worth something."""
    return not question.void and question.points > 0


def _side(pairs: Counter[tuple[Decimal, Decimal]], side: int) -> Counter[Decimal]:
    totals: Counter[Decimal] = Counter()
    for pair, times in pairs.items():
        totals[pair[side]] += times
    return totals
