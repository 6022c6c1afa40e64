"""The two cells of a question read together: the options ticked, and Canvas' points."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from grader.exports.analysis_columns import MatchedColumn
from grader.exports.fields import points_of
from grader.quizzes.damaged_text import Damage
from grader.quizzes.option_matching import LONGEST, MEMORY, CellReader
from grader.submissions import NOT_SHOWN, NotShown, Refused, Response, encode_response
from grader.table.cells import Cell


class ReadCell(Cell):
    """A cell of an export, with the text of points that are no number."""

    __slots__ = ("bad_points", "has_rejects")

    def __init__(self, response: Response, points: Decimal | None, bad_points: str) -> None:
        super().__init__(response, points)
        self.bad_points = bad_points
        self.has_rejects = bool(bad_points) or self.refused

    def rejects(self, question: str) -> Iterator[tuple[str, str, str]]:
        """Yield question, text and reason of each cell that could not be read."""
        if isinstance(self.response, Refused):
            yield question, self.response.text, self.response.reason
        if self.bad_points:
            yield question, self.bad_points, "Canvas' points are not a number"


def one_cell_each(met: Iterable[tuple[str, ReadCell]]) -> list[tuple[str, ReadCell]]:
    """Return one cell a question, of those that were made again the one that was shown.

    Args:
        met: question and cell, in the order of the columns.
    """
    cells: dict[str, list[ReadCell]] = {}
    for question, cell in met:
        cells.setdefault(question, []).append(cell)
    return [(question, _shown(some)) for question, some in cells.items()]


def _shown(cells: Sequence[ReadCell]) -> ReadCell:
    shown = [cell for cell in cells if not isinstance(cell.response, NotShown)]
    if len(shown) < 2:
        return (shown or cells)[0]
    # Both columns of a question filled in one row: which of the two counts, nobody says.
    texts = " | ".join(map(encode_response, (cell.response for cell in shown)))
    return ReadCell(Refused(texts, "is in two columns of one question"), None, "")


class AnalysisColumn:
    """One question's two columns, with the pairs of cells met so far; `promised`: its points."""

    def __init__(self, matched: MatchedColumn) -> None:
        self.question = matched.question
        self.promised = matched.column.points
        self.at = matched.column.at
        self.known: dict[tuple[str, str], ReadCell] = {}
        self._reader = CellReader(matched.wordings)

    def read(self, cell: str, points: str) -> ReadCell:
        """Return the response and points of the two cells."""
        pair = (cell, points)
        known = self.known.get(pair)
        if known is None:
            known = self._decide(cell, points)
            # A long text is hardly met twice, and would fill the memory.
            if len(self.known) < MEMORY and len(cell) + len(points) <= LONGEST:
                self.known[pair] = known
        return known

    def damage(self, cell: str) -> Damage | None:
        """Return the damage done to a cell after Canvas wrote it, "" where none can be told."""
        return self._reader.damage(cell)

    def _decide(self, cell: str, points: str) -> ReadCell:
        # A question that was shown has points, be they 0.0; one that was not has none.
        if not points.strip():
            if not cell.strip():
                return ReadCell(NOT_SHOWN, None, "")
            return ReadCell(self._reader.read(cell), None, "")
        number = points_of(points)
        return ReadCell(self._reader.read(cell), number, "" if number is not None else points)
