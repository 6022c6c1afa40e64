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
        cases: for each question id, how many students have each case.
        overall: how many students have each (earned, available), of all students.
        totals: how many complete submissions have each total.
        canvas_totals: the same submissions under Canvas' partial credit.
        pairs: the same submissions by (total, total under Canvas' partial credit).
        rights: complete submissions by the number of counted questions with full points.
        n, late: all students, and those whose used attempt came after the deadline.
    """

    def __init__(self, questions: tuple[ScoredQuestion, ...], canvas: PointsRule) -> None:
        self.questions = questions
        self.counted = tuple(question for question in questions if counts(question))
        self.available = sum((question.points for question in self.counted), Decimal(0))
        self.cases: dict[str, Counter[Case]] = {question.id: Counter() for question in questions}
        self.overall: Counter[tuple[Decimal, Decimal]] = Counter()
        self.pairs: Counter[tuple[Decimal, Decimal]] = Counter()
        self.rights: Counter[int] = Counter()
        self.n = 0
        self.late = 0
        self._canvas = canvas
        self._canvas_points: dict[tuple[str, str], Decimal] = {}
        self._codes: dict[Response, str] = {}

    def add(self, graded: GradedSubmission) -> None:
        """Count one student."""
        self.n += 1
        self.late += graded.late is not None
        points = graded.points
        known = [q for q in self.counted if points.get(q.id) is not None]
        earned = sum((points[q.id] or Decimal(0) for q in known), Decimal(0))
        available = (
            self.available
            if len(known) == len(self.counted)
            else sum((q.points for q in known), Decimal(0))
        )
        self.overall[earned, available] += 1
        for question in self.questions:
            code = self.code_of(graded.submission.responses.get(question.id))
            case = Case(code, points.get(question.id), earned, available)
            self.cases[question.id][case] += 1
        if graded.complete:
            self.pairs[graded.total, self._under_canvas(graded)] += 1
        if available == self.available:
            self.rights[sum(points[q.id] == q.points for q in known)] += 1

    def add_all(self, used: Iterable[GradedSubmission]) -> ClassTally:
        """Count every student of `used`; return this tally."""
        for graded in used:
            self.add(graded)
        return self

    def canvas_points(self, question: ScoredQuestion, response: Response) -> Decimal:
        """Points under Canvas' partial credit; 0 where it was not shown or not readable."""
        place = (question.id, self.code_of(response))
        if place not in self._canvas_points:
            self._canvas_points[place] = self._canvas(question, response) or Decimal(0)
        return self._canvas_points[place]

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

    def _under_canvas(self, graded: GradedSubmission) -> Decimal:
        responses = graded.submission.responses
        given = (
            self.canvas_points(question, responses[question.id])
            for question in self.questions
            if question.id in responses
        )
        return sum(given, Decimal(0))

    def code_of(self, response: Response | None) -> str:
        """Return the code a response is counted under."""
        if response is None:
            return NOT_SHOWN
        if isinstance(response, Refused):
            return REFUSED
        code = self._codes.get(response)
        if code is None:
            code = self._codes[response] = encode_response(response)
        return code


def counts(question: ScoredQuestion) -> bool:
    """Whether the points of a question say something of a student: not void, worth something."""
    return not question.void and question.points > 0


def _side(pairs: Counter[tuple[Decimal, Decimal]], side: int) -> Counter[Decimal]:
    totals: Counter[Decimal] = Counter()
    for pair, times in pairs.items():
        totals[pair[side]] += times
    return totals
