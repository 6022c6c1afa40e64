"""Counts that are enough for every statistic of a class, and do not grow with it.

A student enters as one case a question: (response, points, points earned in all, points there
were in all). Equal cases are counted, so a class of a million takes the memory of its distinct
cases: answers times totals.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from operator import is_
from typing import NamedTuple, TypeVar

import numpy as np

from grader.coded_columns import Coded, Codes, together
from grader.exact_sums import ExactSums
from grader.row_cells import Cell
from grader.submissions import (
    GradedSubmission,
    Refused,
    Response,
    Rows,
    ScoredQuestion,
    encode_response,
)
from grader.used_columns import Answered, UsedColumns, used_columns

ZERO = Decimal(0)
REFUSED = "?"
UNANSWERED = ""
NOT_SHOWN = "-"

_MOST_FACTS = 1 << 32
Value = TypeVar("Value")
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
        self._place = {question.id: place for place, question in enumerate(questions)}
        self._shared: dict[tuple[int, str, Decimal | None], _Facts] = {}
        self._groups: dict[tuple[Decimal, Decimal], int] = {}
        self._met = [_Met() for _ in questions]
        self._codes: dict[Response | None, str] = {}
        self._last: tuple[list[Sequence[Answered]], list[list[_Facts]], _Sums] | None = None

    def add(self, used: UsedColumns) -> None:
        """Count some students."""
        self.n += len(used)
        self.late += sum(late is not None for late in used.late)
        facts, sums = self._facts(used)
        codes = [column.codes for column in used.answers]
        lacking = sums.lacking.of(codes, len(used))
        available = lacking.made(lambda points: self.available - points)
        groups = together(sums.earned.of(codes, len(used)), available)
        self._count(groups, codes, facts)
        totals = together(used.totals, sums.canvas.of(codes, len(used)))
        complete = used.doubts.made(lambda doubt: doubt[0])
        for (pair, certain), times in _counted(together(totals, complete)):
            if certain:
                self.pairs[pair] += times
        rights = together(sums.right.of(codes, len(used)), available)
        for (right, points), times in _counted(rights):
            if points == self.available:
                self.rights[int(right)] += times

    def _count(
        self,
        groups: Coded[tuple[Decimal, Decimal]],
        codes: Sequence[Codes],
        facts: Sequence[Sequence[_Facts]],
    ) -> None:
        for group, times in _counted(groups):
            self.overall[group] += times
        known = self._groups
        numbers = np.array([known.setdefault(group, len(known)) for group in groups.values])
        of_student = numbers[groups.codes]
        for met, column, of in zip(self._met, codes, facts, strict=True):
            met.add(of_student, column, of)

    def _facts(self, used: UsedColumns) -> tuple[list[list[_Facts]], _Sums]:
        """Return what every cell that these students gave adds to the counts."""
        values = [column.values for column in used.answers]
        if self._last is not None and all(map(is_, self._last[0], values)):
            return self._last[1:]
        facts = [
            [self._fact(place, each.cell, each.points) for each in column]
            for place, column in enumerate(values)
        ]
        sums = _Sums(facts)
        self._last = values, facts, sums
        return facts, sums

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
        met = self._met[self._place[question]]
        groups = list(self._groups)
        found: Counter[Case] = Counter()
        for group, fact, times in met.counts():
            found[Case(fact.code, fact.own, *groups[group])] += times
        return found

    def points(self, question: str) -> Decimal:
        """Return the points that all students together earned on a question."""
        counts = self._met[self._place[question]].counts()
        return sum((fact.own * times for _, fact, times in counts if fact.own), ZERO)

    def add_all(self, used: Rows[GradedSubmission]) -> ClassTally:
        """Count every student of `used`; return this tally."""
        for columns in used_columns(used, self.questions):
            self.add(columns)
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


class _Met:
    """How many students of each group gave which cells of one question."""

    def __init__(self) -> None:
        self._facts: dict[_Facts, int] = {}
        self._keys: Codes = np.empty(0, dtype=np.int64)
        self._times: Codes = np.empty(0, dtype=np.int64)

    def add(self, groups: Codes, codes: Codes, facts: Sequence[_Facts]) -> None:
        """Count students by the number of their group and the code of what they gave."""
        known = self._facts
        numbers = np.array([known.setdefault(fact, len(known)) for fact in facts], dtype=np.int64)
        keys, times = np.unique(groups * _MOST_FACTS + numbers[codes], return_counts=True)
        before = self._times
        self._keys, which = np.unique(np.concatenate([self._keys, keys]), return_inverse=True)
        self._times = np.zeros(len(self._keys), dtype=np.int64)
        np.add.at(self._times, which, np.concatenate([before, times]))

    def counts(self) -> Iterator[tuple[int, _Facts, int]]:
        """Yield groups by their numbers, with what was given there and how often."""
        facts = list(self._facts)
        for key, times in zip(self._keys.tolist(), self._times.tolist(), strict=True):
            yield key // _MOST_FACTS, facts[key % _MOST_FACTS], times


class _Sums:
    """Sums over what the cells of a student add."""

    def __init__(self, facts: Sequence[Sequence[_Facts]]) -> None:
        self.earned = ExactSums([[each.earned for each in column] for column in facts])
        self.lacking = ExactSums([[each.lacking for each in column] for column in facts])
        self.canvas = ExactSums([[each.canvas for each in column] for column in facts])
        self.right = ExactSums([[Decimal(each.right) for each in column] for column in facts])


def _counted(column: Coded[Value]) -> Iterator[tuple[Value, int]]:
    """Yield the values that some row has, with how many have each."""
    times = np.bincount(column.codes, minlength=len(column.values)).tolist()
    return ((value, n) for value, n in zip(column.values, times, strict=True) if n)


def counts(question: ScoredQuestion) -> bool:
    """Whether the points of a question say something of a student: not void, worth something."""
    return not question.void and question.points > 0


def _side(pairs: Counter[tuple[Decimal, Decimal]], side: int) -> Counter[Decimal]:
    totals: Counter[Decimal] = Counter()
    for pair, times in pairs.items():
        totals[pair[side]] += times
    return totals
