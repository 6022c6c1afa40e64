"""The distinct cells of each question, numbered: a class repeats few, so each is decided once."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from grader.submissions import NotShown, Refused, Response, encode_response


class Cell:
    """One question's cell: the response, and the points Canvas gave.

    Attributes:
        response: the options ticked.
        points: Canvas' points, None if not known.
        code: the response as short text (`grader.submissions.encode_response`).
        points_text: the points as they were written, None if not known.
        refused: whether the response could not be read.
        shown: whether the question was put to the student.
    """

    __slots__ = ("code", "points", "points_text", "refused", "response", "shown")

    def __init__(self, response: Response, points: Decimal | None) -> None:
        self.response = response
        self.points = points
        self.code = encode_response(response)
        self.points_text = None if points is None else str(points)
        self.refused = isinstance(response, Refused)
        self.shown = not isinstance(response, NotShown)


class Cells:
    """The distinct cells of a run's questions.

    Args:
        names: ids of the questions, in the order of the run.

    Attributes:
        names, place: as given, and the place of each among them.
        of: for each question, its cells; a cell's number is its place among them.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self.place = {name: place for place, name in enumerate(self.names)}
        self.of: list[list[Cell]] = [[] for _ in self.names]
        self._numbers: list[dict[tuple[str, str | None], int]] = [{} for _ in self.names]
        self._answers: list[dict[tuple[Response, str], int]] = [{} for _ in self.names]

    def number(self, place: int, cell: Cell) -> int:
        """Return the number of a cell of the question at `place`."""
        # Points that are equal may be written otherwise (0.30), and the record keeps how.
        known, cells = self._numbers[place], self.of[place]
        number = known.setdefault((cell.code, cell.points_text), len(cells))
        if number == len(cells):
            cells.append(cell)
        return number

    def number_of(self, place: int, response: Response, points: Decimal | None) -> int:
        """Return the number of the cell that says this."""
        known = self._answers[place]
        # As text: 0.3 and 0.30 are one key of a dict, and two cells.
        said = (response, str(points))
        number = known.get(said)
        if number is None:
            number = known[said] = self.number(place, Cell(response, points))
        return number
