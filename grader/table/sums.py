"""Points of each distinct cell, and sums over rows: whole units of one scale, never floats.

A sum is a number of units of 10**-places, where `places` is as many as key, policy and Canvas'
points need.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

import polars as pl

from grader.csv_files.spreadsheet import decimal_text
from grader.scoring.attempts import AVERAGE_DECIMALS
from grader.scoring.policies import Policy
from grader.submissions import ScoredQuestion
from grader.table.answers import AnswerTable, answer
from grader.table.cells import Cell

ZERO = Decimal(0)
MOST_PLACES = 24
"""Decimals that are summed; Canvas' floats have up to 17 digits, and a sum is told to four."""
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
_SMALL = 1 << 62


class Scale:
    """The units that some decimals are counted in: 10**-places each.

    Args:
        terms: the numbers to add.
        most: how many of them at once.

    Attributes:
        places: as many as the terms have, at least those of an average.
        kind: type of a column of units, in which no sum overflows.
    """

    def __init__(self, terms: Iterable[Decimal], most: int) -> None:
        terms = list(terms)
        self.places = min(MOST_PLACES, max([AVERAGE_DECIMALS, *map(decimals, terms)]))
        largest = max((abs(self.units(term)) for term in terms), default=0)
        # Sums of 128 bits take twice as long.
        self.kind = pl.Int64 if largest * (most + 1) < _SMALL else pl.Int128

    def units(self, points: Decimal) -> int:
        """Return points as units; parts of a unit are rounded."""
        # In a context of its own: the default one rounds a number of more than 28 digits first.
        return int(points.scaleb(self.places, _EXACT).to_integral_value(context=_EXACT))

    def decimal(self, units: int, places: int | None = None) -> Decimal:
        """Return units as a decimal of so many places, which must be enough."""
        places = self.places if places is None else places
        return Decimal(units // 10 ** (self.places - places)).scaleb(-places, _EXACT)

    def lit(self, points: Decimal) -> pl.Expr:
        """Return points as a literal in units."""
        return pl.lit(self.units(points), self.kind)


def points_of(question: str) -> str:
    """Return the name of the column of a question's points."""
    return f"points:{question}"


class Points:
    """Points of the cells of a table.

    Args:
        table: whose cells are scored.
        questions: the answers that each question accepts, in the order of the table.
        policy: how a response becomes points.

    Attributes:
        names, cells: of the table: its questions, and the cells of each.
        of: for each question, the points of its cells; None where not shown or not readable.
        scale, canvas_scale: units of our points, and of Canvas'.
    """

    def __init__(
        self, table: AnswerTable, questions: Sequence[ScoredQuestion], policy: Policy
    ) -> None:
        self.questions = tuple(questions)
        self.cells = table.cells.of
        self.names = table.cells.names
        self._columns = list(map(answer, self.names))
        self.of: list[list[Decimal | None]] = [
            [policy.points(question, cell.response) for cell in cells]
            for question, cells in zip(self.questions, self.cells, strict=True)
        ]
        worth = [question.points for question in self.questions]
        own = [points for column in self.of for points in column if points is not None]
        canvas = [cell.points or ZERO for cells in self.cells for cell in cells]
        self.scale = Scale([*worth, *own], len(worth))
        self.canvas_scale = Scale(canvas, len(worth))
        self.all = sum(worth, ZERO)

    def earned(self, frame: pl.DataFrame) -> pl.Series:
        """Return the known points of rows, in units: int (n,)."""
        return self._sum(frame, [[points or ZERO for points in column] for column in self.of])

    def open(self, frame: pl.DataFrame) -> pl.Series:
        """Return the points that unread cells may add, in units."""
        return self._sum(frame, self._of_cells(self._open))

    def possible(self, frame: pl.DataFrame) -> pl.Series:
        """Return the points of the questions that were shown, in units."""
        hidden = self._sum(frame, self._of_cells(self._hidden))
        return pl.select(possible=self.scale.lit(self.all) - hidden)["possible"]

    def canvas(self, frame: pl.DataFrame) -> pl.Series:
        """Return the sum of Canvas' points in units; null where one of them is not known."""
        scale = self.canvas_scale
        terms = [[scale.units(cell.points or ZERO) for cell in cells] for cells in self.cells]
        sums = self._added(frame, terms, scale.kind)
        known = self.count(frame, lambda cell: cell.points is not None)
        unknown = self.count(frame, lambda cell: cell.shown and cell.points is None)
        # Null too where no cell has points at all, as in a plain CSV.
        told = pl.DataFrame({"sums": sums, "told": (known > 0) & (unknown == 0)})
        return told.select(pl.when("told").then("sums"))["sums"]

    def texts(self, frame: pl.DataFrame) -> list[pl.Series]:
        """Return a column ``points:ID`` a question: the points of its cells, null for none."""
        return self._looked_up(frame, [list(map(_text, own)) for own in self.of], pl.String)

    def units_of(self, frame: pl.DataFrame) -> list[pl.Series]:
        """Return a column ``points:ID`` a question, in units, null for none."""
        units = [
            [None if each is None else self.scale.units(each) for each in own] for own in self.of
        ]
        return self._looked_up(frame, units, self.scale.kind)

    def scored(self, frame: pl.DataFrame) -> pl.Series:
        """Return which questions were shown and could be read, as text: a digit a question."""
        digits = [[str(int(each is not None)) for each in own] for own in self.of]
        columns = pl.DataFrame(self._looked_up(frame, digits, pl.String))
        return columns.select(scored=pl.concat_str(pl.all()))["scored"]

    def _looked_up(
        self, frame: pl.DataFrame, values: Sequence[Sequence[Any]], dtype: type[pl.DataType]
    ) -> list[pl.Series]:
        """Return a column ``points:ID`` a question: for each row the value of its cell."""
        return [
            pl.Series(column, dtype=dtype).gather(frame[answer(name)]).alias(points_of(name))
            for name, column in zip(self.names, values, strict=True)
        ]

    def count(self, frame: pl.DataFrame, of: Callable[[Cell], bool]) -> pl.Series:
        """Return how many cells of each row are such."""
        return self._added(
            frame, [[int(of(cell)) for cell in cells] for cells in self.cells], pl.Int32
        )

    def total_places(self, frame: pl.DataFrame) -> pl.Series:
        """Return with how many decimals the known points of rows are written."""
        # As `Decimal` adds: 0.3 + 0.70 is 1.00.
        return self._most(
            frame, [[decimals(points or ZERO) for points in each] for each in self.of]
        )

    def _worth(self, at: int) -> Decimal:
        return self.questions[at].points

    def _open(self, at: int, number: int) -> Decimal:
        lacking = self.cells[at][number].refused and self.of[at][number] is None
        return self._worth(at) if lacking else ZERO

    def _hidden(self, at: int, number: int) -> Decimal:
        return ZERO if self.cells[at][number].shown else self._worth(at)

    def _of_cells(self, term: Callable[[int, int], Decimal]) -> list[list[Decimal]]:
        return [
            [term(at, number) for number in range(len(cells))]
            for at, cells in enumerate(self.cells)
        ]

    def _sum(self, frame: pl.DataFrame, terms: Iterable[Sequence[Decimal]]) -> pl.Series:
        return self._added(
            frame, [list(map(self.scale.units, column)) for column in terms], self.scale.kind
        )

    def _added(
        self, frame: pl.DataFrame, terms: Sequence[Sequence[int]], dtype: type[pl.DataType]
    ) -> pl.Series:
        total = pl.zeros(len(frame), dtype, eager=True)
        for name, column in zip(self._columns, terms, strict=True):
            if any(column):  # of most questions nothing is open or hidden
                total = total + pl.Series(column, dtype=dtype).gather(frame[name])
        return total

    def _most(self, frame: pl.DataFrame, terms: Sequence[Sequence[int]]) -> pl.Series:
        most = pl.zeros(len(frame), pl.Int32, eager=True)
        for name, column in zip(self._columns, terms, strict=True):
            if any(column):
                more = pl.Series("more", column, dtype=pl.Int32).gather(frame[name])
                both = pl.DataFrame({"most": most, "more": more})
                most = both.select(pl.max_horizontal("most", "more"))["most"]
        return most


def _text(points: Decimal | None) -> str | None:
    return None if points is None else decimal_text(points)


def decimals(points: Decimal) -> int:
    """Return with how many decimals a number is written: 2 for 0.30, 0 for 1E+2."""
    exponent = points.as_tuple().exponent
    return max(0, -int(exponent))
