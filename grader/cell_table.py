"""The distinct cells of a run, numbered, so that a row's answers are a few small numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from grader.coded_columns import Coded
from grader.exact_sums import ExactSums
from grader.row_cells import MOST_KNOWN, Cell

OTHER = np.iinfo(np.uint16).max
"""The number of a cell that came when there were `MOST_KNOWN` already."""

Numbers = NDArray[np.uint16]


class CellTable:
    """Numbers the cells of each question, in the order in which they are met.

    Attributes:
        cells: for each question, its cells; a cell's number is its place.
    """

    def __init__(self, questions: int) -> None:
        self.cells: list[list[Cell]] = [[] for _ in range(questions)]
        self._numbers: list[dict[Cell, int]] = [{} for _ in range(questions)]

    @property
    def size(self) -> int:
        """How many cells there are."""
        return sum(map(len, self.cells))

    def numbers(self, columns: Sequence[Coded[Cell]], rows: int) -> Numbers:
        """Return the numbers of rows' cells: (rows, questions)."""
        found = np.empty((rows, len(self.cells)), dtype=np.uint16, order="F")
        for place, column in enumerate(columns):
            numbers = [self._number(place, cell) for cell in column.values]
            found[:, place] = np.array(numbers, dtype=np.uint16)[column.codes]
        return found

    def _number(self, place: int, cell: Cell) -> int:
        known, cells = self._numbers[place], self.cells[place]
        number = known.get(cell)
        if number is None:
            if len(cells) >= MOST_KNOWN:
                return OTHER
            number = known[cell] = len(cells)
            cells.append(cell)
        return number


class TableSums:
    """Sums over the cells of rows, for one way of making a cell a number of points.

    Args:
        table: may grow while this is in use.
        term: what the cell of a question (its place) adds.
    """

    def __init__(self, table: CellTable, term: Callable[[int, Cell], Decimal]) -> None:
        self._table = table
        self._term = term
        self._size = -1
        self._sums = ExactSums(())

    def of(self, numbers: Numbers) -> Coded[Decimal]:
        """Return the sum of every row of known cells: (rows, questions)."""
        if self._table.size != self._size:
            self._size = self._table.size
            self._sums = ExactSums(
                [
                    [self._term(place, cell) for cell in cells]
                    for place, cells in enumerate(self._table.cells)
                ]
            )
        return self._sums.of(list(numbers.T), len(numbers))
