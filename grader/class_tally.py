"""Counts that are enough for every statistic of a class, and do not grow with it.

A student enters as one case a question: (response, points, points earned in all, points there
were in all). Equal cases are counted, so a class of a million takes the memory of its distinct
cases: answers times totals.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from grader.row_cells import MOST_KNOWN, Cell, Columns
from grader.submissions import (
    GradedSubmission,
    Refused,
    Response,
    ScoredQuestion,
    encode_response,
)

ZERO = Decimal(0)
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
        self._columns = Columns([question.id for question in questions])
        self._known: dict[Cell, _Facts] = {}
        self._shared: dict[tuple[int, str, Decimal | None], _Facts] = {}
        self._groups: dict[tuple[Decimal, Decimal], list[dict[_Facts, int]]] = {}
        self._codes: dict[Response | None, str] = {}

    def add(self, graded: GradedSubmission) -> None:
        """Count one student."""
        self.n += 1
        self.late += graded.late is not None
        submission = graded.submission
        cells = self._columns.cells_of(submission.responses, submission.canvas_points)
        own = list(map(graded.points.get, self._columns.names))
        known = self._known
        try:
            facts = [known[cell] for cell in cells]
        except KeyError:
            facts = self._facts(cells, own)
        if [each.own for each in facts] != own:  # an average, or points given by hand
            facts = list(map(self._fact, range(len(own)), cells, own))
        earned = sum([each.earned for each in facts], ZERO)
        available = self.available - sum([each.lacking for each in facts], ZERO)
        self._count(earned, available, facts)
        if graded.complete:
            self.pairs[graded.total, sum([each.canvas for each in facts], ZERO)] += 1
        if available == self.available:
            self.rights[sum([each.right for each in facts])] += 1

    def _count(self, earned: Decimal, available: Decimal, facts: list[_Facts]) -> None:
        self.overall[earned, available] += 1
        group = self._groups.get((earned, available))
        if group is None:
            group = self._groups[earned, available] = [{} for _ in self.questions]
        for times, each in zip(group, facts, strict=True):
            times[each] = times.get(each, 0) + 1

    def _facts(self, cells: Sequence[Cell], own: Sequence[Decimal | None]) -> list[_Facts]:
        facts = []
        for place, (cell, points) in enumerate(zip(cells, own, strict=True)):
            fact = self._known.get(cell)
            if fact is None:
                fact = self._fact(place, cell, points)
                if len(self._known) < MOST_KNOWN * len(self.questions):
                    self._known[cell] = fact
            facts.append(fact)
        return facts

    def _fact(self, place: int, cell: Cell, own: Decimal | None) -> _Facts:
        case = (place, self.code_of(cell.response), own)
        fact = self._shared.get(case)
        if fact is None:
            question = self.questions[place]
            canvas = self.canvas_points(question, cell.response)
            fact = self._shared[case] = _Facts(question, case[1], own, canvas)
        return fact

    def cases(self, question: str) -> Counter[Case]:
        """Return how many students have each case of a question."""
        place = self._columns.place[question]
        found: Counter[Case] = Counter()
        for (earned, available), columns in self._groups.items():
            for each, times in columns[place].items():
                found[Case(each.code, each.own, earned, available)] += times
        return found

    def add_all(self, used: Iterable[GradedSubmission]) -> ClassTally:
        """Count every student of `used`; return this tally."""
        for graded in used:
            self.add(graded)
        return self

    def canvas_points(self, question: ScoredQuestion, response: Response) -> Decimal:
        """Points under Canvas' partial credit; 0 where it was not shown or not readable."""
        return self._canvas(question, response) or Decimal(0)

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


class _Facts:
    """What a cell adds to the counts; one object for all cells of a question that add the same.

    code, own: what it is counted under, and the points it earned; earned, lacking: the points it
    adds to those earned and takes from those available; canvas: points under partial credit;
    right: 1 if it earned all.
    """

    __slots__ = ("canvas", "code", "earned", "lacking", "own", "right")

    def __init__(
        self, question: ScoredQuestion, code: str, own: Decimal | None, canvas: Decimal
    ) -> None:
        counted = counts(question)
        self.code = code
        self.own = own
        self.earned = own if counted and own is not None else ZERO
        self.lacking = question.points if counted and own is None else ZERO
        self.canvas = canvas
        self.right = int(counted and own == question.points)


def counts(question: ScoredQuestion) -> bool:
    """Whether the points of a question say something of a student: not void, worth something."""
    return not question.void and question.points > 0


def _side(pairs: Counter[tuple[Decimal, Decimal]], side: int) -> Counter[Decimal]:
    totals: Counter[Decimal] = Counter()
    for pair, times in pairs.items():
        totals[pair[side]] += times
    return totals
