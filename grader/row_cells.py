"""The cells of a row as shared objects: a class repeats few of them, so each is worked on once.

Whatever is worked out of a cell alone (its response, its points, its text in a record) is kept with
it or looked up by it, so that a row costs a look-up a question and no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from json.encoder import encode_basestring
from operator import itemgetter
from typing import Any

from grader.submissions import NOT_SHOWN, NotShown, Refused, Response, encode_response

MOST_KNOWN = 4096
"""Distinct cells of one column that are remembered."""


class Cell:
    """What one question's cell says: the response, and the points Canvas gave.

    Cells are known by identity; the same cell of an export is the same object.

    Attributes:
        response: what was ticked.
        points: Canvas' points, None if not known.
        code, points_code: both as a record writes them (JSON).
        refused: whether the response could not be read.
        shown: whether the question was put to the student.
    """

    __slots__ = ("code", "points", "points_code", "refused", "response", "shown")

    def __init__(self, response: Response, points: Decimal | None) -> None:
        self.response = response
        self.points = points
        self.code = encode_basestring(encode_response(response))
        self.points_code = "null" if points is None else f'"{points}"'
        self.refused = type(response) is Refused
        self.shown = type(response) is not NotShown


class Columns:
    """The questions of a run, in order, with the cells that were made up for want of a column."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self.place = {name: place for place, name in enumerate(self.names)}
        self.not_shown = tuple(Cell(NOT_SHOWN, None) for _ in self.names)
        self._known: list[dict[tuple[int, Decimal | None], tuple[Response, Cell]]] = [
            {} for _ in self.names
        ]
        self._pick_of: tuple[Columns, Callable[[Sequence[Cell]], tuple[Cell, ...]]] | None = None

    def cells_of(
        self, responses: Mapping[str, Response], points: Mapping[str, Decimal | None]
    ) -> tuple[Cell, ...]:
        """Return the cells of a row, in the order of these questions, whatever it was read from."""
        if (
            isinstance(responses, Responses)
            and isinstance(points, CanvasPoints)
            and points.cells is responses.cells
        ):
            if responses.columns.names == self.names:
                return responses.cells
            return self._picked(responses.columns, responses.cells)
        return tuple(
            self._cell(place, responses.get(name, NOT_SHOWN), points.get(name))
            for place, name in enumerate(self.names)
        )

    def _picked(self, columns: Columns, cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
        if self._pick_of is None or self._pick_of[0] is not columns:
            self._pick_of = columns, picker([columns.place[name] for name in self.names])
        return self._pick_of[1](cells)

    def _cell(self, place: int, response: Response, points: Decimal | None) -> Cell:
        known = self._known[place]
        met = known.get((id(response), points))
        # Numbers that are equal may be written otherwise (0.30), and the record keeps how.
        if met is None or str(met[1].points) != str(points):
            met = response, Cell(response, points)  # the response is kept, so its id is its own
            if len(known) < MOST_KNOWN:
                known[id(response), points] = met
        return met[1]


class _OfRow(Mapping[str, Any]):
    """One side of a row's cells, by the questions' ids."""

    __slots__ = ("cells", "columns")

    def __init__(self, columns: Columns, cells: tuple[Cell, ...]) -> None:
        self.columns = columns
        self.cells = cells

    def __len__(self) -> int:
        return len(self.cells)

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns.names)


class Responses(_OfRow):
    """Question id to response."""

    __slots__ = ()

    def __getitem__(self, name: str) -> Response:
        return self.cells[self.columns.place[name]].response


class CanvasPoints(_OfRow):
    """Question id to Canvas' points."""

    __slots__ = ()

    def __getitem__(self, name: str) -> Decimal | None:
        return self.cells[self.columns.place[name]].points


def picker(places: Sequence[int]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    """Return what takes the items at `places` out of a sequence, as a tuple."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda items: tuple(items[place] for place in places)
