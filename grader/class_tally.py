"""Counts that are enough for every statistic of a class.

A student enters as one case a question: (response, points, points earned in all, points there were
in all). Equal cases are counted.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

import polars as pl

from grader.scoring import Policy
from grader.submissions import Refused, Response, ScoredQuestion, encode_response
from grader.table.answers import answer, per_distinct
from grader.table.sums import UNITS, Points, decimals, points_of
from grader.table.used import UsedStudents

ZERO = Decimal(0)
REFUSED = "?"
UNANSWERED = ""
NOT_SHOWN = "-"

_GROUP = ["earned", "available"]


class Case(NamedTuple):
    """How one question went for one student.

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
        questions: all that were graded, void ones too.
        used: the students.
        canvas: Canvas' own partial credit.

    Attributes:
        questions, counted: all, and those whose points say something of a student.
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
        self._cells = dict(zip(used.table.cells.names, used.table.cells.of, strict=True))
        self._points = used.point_texts(used.frame)
        self._codes: dict[Response | None, str] = {}
        self._groups = self._grouped()

    def _grouped(self) -> pl.DataFrame:
        """Return for each student the units earned and available, and how many were right."""
        self._scale = max(map(decimals, self._all_points()), default=0)
        sums = {"earned": UNITS, "available": UNITS, "right": pl.Int32}
        total = pl.DataFrame({n: pl.zeros(self.n, kind, eager=True) for n, kind in sums.items()})
        for question in self.counted:
            texts = self._points.select(points_of(question.id))
            own, worth = pl.col("own"), pl.lit(self._units(question.points), UNITS)
            total = total.with_columns(own=per_distinct(texts, self._units_of, UNITS)).select(
                pl.col("earned") + own.fill_null(0),
                pl.col("available") + pl.when(own.is_not_null()).then(worth).otherwise(0),
                pl.col("right") + (own == worth).fill_null(value=False).cast(pl.Int32),
            )
        return total

    def _all_points(self) -> set[Decimal]:
        own = {Decimal(each) for column in self._points for each in column.unique().drop_nulls()}
        return own | {question.points for question in self.questions}

    def _units(self, points: Decimal) -> int:
        return int(points.scaleb(self._scale))

    def _units_of(self, text: str | None) -> int | None:
        return None if text is None else self._units(Decimal(text))

    def _decimal(self, units: int) -> Decimal:
        return Decimal(units).scaleb(-self._scale)

    @cached_property
    def overall(self) -> Counter[tuple[Decimal, Decimal]]:
        """How many students have each (earned, available), of all students."""
        found = self._groups.group_by(_GROUP, maintain_order=True).len()
        return Counter(
            {(self._decimal(one), self._decimal(two)): n for one, two, n in found.iter_rows()}
        )

    @cached_property
    def rights(self) -> Counter[int]:
        """Students who were shown all counted questions, by how many they had right."""
        whole = self._groups.filter(pl.col("available") == pl.lit(self._units(self.available), UNITS))
        return Counter(dict(whole.group_by("right", maintain_order=True).len().iter_rows()))

    @cached_property
    def pairs(self) -> Counter[tuple[Decimal, Decimal]]:
        """Complete submissions by (total, total under Canvas' partial credit)."""
        frame, canvas = self._used.frame, Points(self._used.table, self.questions, self._canvas)
        sums = frame.select("total", "doubt").with_columns(
            units=canvas.earned(frame), places=canvas.total_places(frame)
        )
        known = sums.filter(pl.col("doubt") == "").drop("doubt")
        found: Counter[tuple[Decimal, Decimal]] = Counter()
        for total, units, places, n in (
            known.group_by(pl.all(), maintain_order=True).len().iter_rows()
        ):
            found[Decimal(total), canvas.decimal(units, places)] += n
        return found

    def cases(self, question: str) -> Counter[Case]:
        """Return how many students have each case of a question."""
        columns = self._groups.select(_GROUP).with_columns(
            self._used.frame[answer(question)].alias("cell"),
            self._points[points_of(question)].alias("points"),
        )
        cells = self._cells[question]
        found: Counter[Case] = Counter()
        for earned, available, cell, points, n in (
            columns.group_by(pl.all(), maintain_order=True).len().iter_rows()
        ):
            code = self.code_of(cells[cell].response)
            own = None if points is None else Decimal(points)
            found[Case(code, own, self._decimal(earned), self._decimal(available))] += n
        return found

    def points(self, question: str) -> Decimal:
        """Return the points that all students together earned on a question."""
        texts = self._points[points_of(question)].drop_nulls()
        return sum((Decimal(text) * n for text, n in texts.value_counts().iter_rows()), ZERO)

    def canvas_points(self, question: ScoredQuestion, response: Response) -> Decimal:
        """Points under Canvas' partial credit; 0 where it was not shown or not readable."""
        return self._canvas.points(question, response) or ZERO

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


def counts(question: ScoredQuestion) -> bool:
    """Whether the points of a question say something of a student: not void, worth something."""
    return not question.void and question.points > 0


def _side(pairs: Counter[tuple[Decimal, Decimal]], side: int) -> Counter[Decimal]:
    totals: Counter[Decimal] = Counter()
    for pair, times in pairs.items():
        totals[pair[side]] += times
    return totals
