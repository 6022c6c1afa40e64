"""What the two cells of a question say together: what was ticked, and Canvas' points."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from grader.exports.question_columns import MatchedColumn
from grader.exports.row_fields import points_of
from grader.option_matching import LONGEST, MEMORY, CellReader
from grader.submissions import NOT_SHOWN, Refused, Response
from grader.table.cells import Cell


class ReadCell(Cell):
    """A cell of an export, with the text of points that are no number."""

    __slots__ = ("bad_points", "has_rejects")

    def __init__(self, response: Response, points: Decimal | None, bad_points: str) -> None:
        super().__init__(response, points)
        self.bad_points = bad_points
        self.has_rejects = bool(bad_points) or self.refused

    def rejects(self, question: str) -> Iterator[tuple[str, str, str]]:
        """Yield question, text and reason of what could not be read."""
        if isinstance(self.response, Refused):
            yield question, self.response.text, self.response.reason
        if self.bad_points:
            yield question, self.bad_points, "Canvas' points are not a number"


class AnalysisColumn:
    """One question's two columns, with the pairs of cells met so far."""

    def __init__(self, matched: MatchedColumn) -> None:
        self.question = matched.question
        self.at = matched.column.at
        self.known: dict[tuple[str, str], ReadCell] = {}
        self._reader = CellReader(matched.wordings)

    def read(self, cell: str, points: str) -> ReadCell:
        """Return what the two cells say."""
        pair = (cell, points)
        known = self.known.get(pair)
        if known is None:
            known = self._decide(cell, points)
            if len(self.known) < MEMORY and len(cell) + len(points) <= LONGEST:
                self.known[pair] = known
        return known

    def _decide(self, cell: str, points: str) -> ReadCell:
        # A question that was shown has points, be they 0.0; one that was not has none.
        if not points.strip():
            if not cell.strip():
                return ReadCell(NOT_SHOWN, None, "")
            return ReadCell(self._reader.read(cell), None, "")
        number = points_of(points)
        return ReadCell(self._reader.read(cell), number, "" if number is not None else points)
