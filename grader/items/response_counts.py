"""Counts of a class's responses, from which every statistic is computed.

For each question a student is one case: (response, points, points earned in all, points available
in all). Equal cases are counted, so that a large class is as small as its distinct cases.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

import numpy as np
import polars as pl

from grader.scoring.policies import Policy
from grader.submissions import Refused, Response, ScoredQuestion, encode_response
from grader.table.answers import answer
from grader.table.sums import Points, points_of
from grader.table.used import UsedStudents

ZERO = Decimal(0)
REFUSED = "?"
UNANSWERED = ""
NOT_SHOWN = "-"

MOST_COUNTED = 1 << 22
"""Pairs of group and cell that are counted by their places."""
_GROUP = ["earned", "available"]


class Case(NamedTuple):
    """Outcome of one question for one student.

    `response` is its code ("a,c", "" unanswered, "-" not shown, "?" refused); `earned` and
    `available` are the student's points over all counted questions that were read.
    """

    response: str
    points: Decimal | None
    earned: Decimal
    available: Decimal


class ClassTally:
    """Counts of a graded class.

    Args:
        questions: all graded questions, void ones too.
        used: the students.
        canvas: Canvas' own partial credit.

    Attributes:
        questions, counted: all, and those whose points depend on the student (`counts`).
        available: points of the counted questions.
        n, late: all students, and those whose used attempt came after the deadline.
    """

    def __init__(
        self, questions: tuple[ScoredQuestion, ...], used: UsedStudents, canvas: Policy
    ) -> None:
        self.questions = questions
        self.counted = tuple(question for question in questions if counts(question))
        self.available = sum((question.points for question in self.counted), ZERO)
        self.n = len(used)
        self.late = used.frame["late"].count()
        self._canvas = canvas
        self._used = used
        self._points = used.points
        self._units = used.point_units()
        self._codes: dict[Response | None, str] = {}
        self._cases: dict[str, Counter[Case]] = {}
        sums = self._sums()
        groups = sums.group_by(_GROUP, maintain_order=True).agg(pl.len().alias("n"))
        self._groups = groups.with_row_index("group")
        self._students = sums.join(
            self._groups.drop("n"), on=_GROUP, how="left", maintain_order="left"
        )

    def _sums(self) -> pl.DataFrame:
        """Return for each student the units earned and available, and how many were right."""
        scale = self._points.scale
        kinds = {"earned": scale.kind, "available": scale.kind, "right": pl.Int32}
        # Whole units, not floats or decimals: sums are exact, and polars adds them a column at a
        # time.
        total = pl.DataFrame({n: pl.zeros(self.n, kind, eager=True) for n, kind in kinds.items()})
        own = pl.col("own")
        for question in self.counted:
            worth = scale.lit(question.points)
            total = total.with_columns(own=self._units[points_of(question.id)]).select(
                pl.col("earned") + own.fill_null(0),
                pl.col("available") + pl.when(own.is_not_null()).then(worth).otherwise(0),
                pl.col("right") + (own == worth).fill_null(value=False).cast(pl.Int32),
            )
        return total

    def _decimal(self, units: int) -> Decimal:
        return self._points.scale.decimal(units)

    @cached_property
    def overall(self) -> Counter[tuple[Decimal, Decimal]]:
        """Number of students by (earned, available)."""
        return Counter(dict(zip(self._pairs_of_groups, self._groups["n"], strict=True)))

    @cached_property
    def _pairs_of_groups(self) -> list[tuple[Decimal, Decimal]]:
        rows = self._groups.select(_GROUP).iter_rows()
        return [(self._decimal(one), self._decimal(two)) for one, two in rows]

    @cached_property
    def rights(self) -> Counter[int]:
        """Number of right answers: students who were shown all counted questions, by it."""
        # Of a student who was shown fewer the number of right answers says something else.
        units = self._points.scale.lit(self.available)
        whole = self._students.filter(pl.col("available") == units)
        return Counter(dict(whole.group_by("right", maintain_order=True).len().iter_rows()))

    @cached_property
    def pairs(self) -> Counter[tuple[Decimal, Decimal]]:
        """Students with a certain total, by (total, total under Canvas' partial credit)."""
        frame, canvas = self._used.frame, Points(self._used.table, self.questions, self._canvas)
        sums = frame.select("total", "doubt").with_columns(
            units=canvas.earned(frame), places=canvas.total_places(frame)
        )
        # A total that is not certain would be counted at its least.
        known = sums.filter(pl.col("doubt") == "").drop("doubt")
        found: Counter[tuple[Decimal, Decimal]] = Counter()
        for total, units, places, n in (
            known.group_by(pl.all(), maintain_order=True).len().iter_rows()
        ):
            found[Decimal(total), canvas.scale.decimal(units, places)] += n
        return found

    def cases(self, question: str) -> Counter[Case]:
        """Return the number of students by case of a question."""
        if question in self._cases:
            return self._cases[question]
        place = self._used.table.cells.place[question]
        codes = [self.code_of(cell.response) for cell in self._used.table.cells.of[place]]
        cells, units = self._used.frame[answer(question)], self._units[points_of(question)]
        found: Counter[Case] = Counter()
        for group, cell, own, n in self._met(cells, units):
            points = None if own is None else self._decimal(own)
            found[Case(codes[cell], points, *self._pairs_of_groups[group])] += n
        self._cases[question] = found
        return found

    def _met(
        self, cells: pl.Series, units: pl.Series
    ) -> Iterator[tuple[int, int, int | None, int]]:
        """Yield group, cell, units and how many students have these three."""
        groups = self._students["group"]
        across = int(cells.to_numpy().max(initial=0)) + 1
        # With averages a cell is that of the latest attempt, and the points are of all of them.
        if self._used.averaged or not 0 < len(self._groups) * across <= MOST_COUNTED:
            columns = pl.DataFrame({"group": groups, "cell": cells, "units": units})
            yield from columns.group_by(pl.all()).len().iter_rows()
            return
        # The points of a cell are its own, so that two numbers say all three.
        times = np.bincount(groups.to_numpy().astype(np.int64) * across + cells.to_numpy())
        met = np.flatnonzero(times)
        first = np.zeros(across, dtype=np.int64)
        first[cells.to_numpy()] = np.arange(len(cells))
        own = units.gather(first).to_list()
        for joint, n in zip(met.tolist(), times[met].tolist(), strict=True):
            group, cell = divmod(joint, across)
            yield group, cell, own[cell], n

    def points(self, question: str) -> Decimal:
        """Return the points that all students together earned on a question."""
        return self._decimal(int(self._units[points_of(question)].sum() or 0))

    def canvas_points(self, question: ScoredQuestion, response: Response) -> Decimal:
        """Return a response's points under Canvas' partial credit; 0 if not shown or refused."""
        return self._canvas.points(question, response) or ZERO

    @property
    def complete(self) -> int:
        """Number of students whose total is certain."""
        return sum(self.pairs.values())

    @property
    def totals(self) -> Counter[Decimal]:
        """Students by certain total under the run's policy."""
        return _side(self.pairs, 0)

    @property
    def canvas_totals(self) -> Counter[Decimal]:
        """The same students by total under Canvas' partial credit."""
        return _side(self.pairs, 1)

    def code_of(self, response: Response | None) -> str:
        """Return the code a response is counted under."""
        if isinstance(response, Refused):  # one code for all: a text may be one student's alone
            return REFUSED
        if response not in self._codes:
            code = NOT_SHOWN if response is None else encode_response(response)
            self._codes[response] = code
        return self._codes[response]


def counts(question: ScoredQuestion) -> bool:
    """Say whether a question's points depend on the student: not void, and worth something."""
    return not question.void and question.points > 0


def _side(pairs: Counter[tuple[Decimal, Decimal]], side: int) -> Counter[Decimal]:
    totals: Counter[Decimal] = Counter()
    for pair, times in pairs.items():
        totals[pair[side]] += times
    return totals
