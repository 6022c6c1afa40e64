"""Scores of line drawings, many poses at a time, against the marks of a map.

A pose is scored by two shares: of its lines that lie on marks, and of the marks that lie on its
lines; its F score is their harmonic mean (Dice 1945, van Rijsbergen 1979).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Lines = tuple[Singles, Singles, Singles]
"""x and y, in 0..1, of the points of S candidates' lines (points, lines, S), and the weight of each
point of a line (lines, S): 0 for a line that is not seen."""

GRID = 64
"""Cells a side on which lines and marks are compared: one is 2 pixels of a 128-pixel map."""


@dataclass(frozen=True)
class Drawing:
    """A family of wireframes.

    Attributes:
        name: of the family, by which repeats find the places it was found at.
        wires: draws candidates, from their parameters (P, S).
        bounds: lowest and highest value of each parameter; the first two are x and y of the place.
        turns: parameters that wrap round, as their range is a whole turn or the drawing's symmetry.
        chance: the mean F score of its best member on noise. The more a family can be turned and
            stretched, the better it fits anything.
    """

    name: str
    wires: Callable[[Singles], Lines]
    bounds: tuple[tuple[float, float], ...]
    turns: tuple[int, ...] = ()
    chance: float = 0.0

    def points(self, pose: Singles) -> Floats:
        """Return the points (N, 2), x and y in 0..1, of the lines of one pose (P,) that are seen.

        They come line by line.
        """
        x, y, weights = self.wires(pose[:, None])
        seen = np.broadcast_to(weights > 0, x.shape)[..., 0].T
        points: Floats = np.stack([x[..., 0].T[seen], y[..., 0].T[seen]], -1).astype(np.float64)
        return points


class Marks:
    """Marked cells (64, 64), with the tables that candidates are looked up in.

    The outermost cells may not be marked: lines that leave the map are counted there.
    """

    def __init__(self, marks: Mask) -> None:
        self.count = int(marks.sum())
        self.cells = marks
        self.rows = _bit_rows(marks[None])[0]  # (64,): a row of cells is one integer
        # Kept from call to call: memory that is new each time costs more than the scores.
        self._drawn = np.zeros(_AT_ONCE * GRID * GRID, bool)
        self._cells = np.zeros(0, np.int32), np.zeros(0, np.int32)
        self._near = dict[int, Singles]()

    def near(self, reach: int) -> Singles:
        """1 for cells, flat, at most `reach` from a marked one, in rows and in columns; else 0."""
        from scipy import ndimage

        if reach not in self._near:
            square = np.ones((2 * reach + 1, 2 * reach + 1), bool)
            near = ndimage.binary_dilation(self.cells, structure=square)
            self._near[reach] = near.ravel().astype(np.float32)
        return self._near[reach]

    def cells_of(self, x: Singles, y: Singles) -> npt.NDArray[np.int32]:
        """As `cells_of`; points are used up, and the next call takes the cells back."""
        if self._cells[0].size < x.size:
            self._cells = np.zeros(x.size, np.int32), np.zeros(x.size, np.int32)
        cells, column = (each[: x.size].reshape(x.shape) for each in self._cells)
        return _into_cells(x, y, cells, column)

    def blank(self, count: int) -> Mask:
        """Cells (count x 64 x 64) to draw lines into, all false; the next call takes them back."""
        cells = self._drawn[: count * GRID * GRID]
        cells.fill(False)
        return cells


_AT_ONCE = 256
_FIRST_CELL = np.arange(_AT_ONCE, dtype=np.int32) * (GRID * GRID)


def scores(
    drawing: Drawing, parameters: Singles, marks: Marks, reach: int = 1
) -> tuple[Floats, Floats, Floats]:
    """Return F score, share of lines on marks, share of marks on lines: each (S,).

    A line and a mark meet when they are at most `reach` cells apart.
    """
    parts = [
        _scores(drawing, parameters[:, at : at + _AT_ONCE], marks, reach)
        for at in range(0, parameters.shape[1], _AT_ONCE)
    ]
    score, on_marks, covered = (np.concatenate(part) for part in zip(*parts, strict=True))
    return score, on_marks, covered


def _scores(
    drawing: Drawing, parameters: Singles, marks: Marks, reach: int
) -> tuple[Floats, Floats, Floats]:
    x, y, weights = drawing.wires(parameters.astype(np.float32, copy=False))
    count = parameters.shape[1]
    cells = marks.cells_of(x, y)  # (points, lines, S)
    # "wrap" wraps nothing here, but is the quickest.
    hits = marks.near(reach).take(cells, mode="wrap").sum(0)
    on_marks = (weights * hits).sum(0, dtype=np.float64)
    on_marks /= np.maximum(weights.sum(0, dtype=np.float64) * len(x), 1e-9)
    seen = weights > 0
    if not seen.all():
        cells *= seen.astype(np.int32)  # else in the frame, where nothing is marked
    cells += _FIRST_CELL[:count]
    drawn = marks.blank(count)
    drawn[cells.ravel().astype(np.intp)] = True  # of another type they take twice the time
    lines = _bit_rows(drawn.reshape(count, GRID, GRID))
    for _ in range(reach):
        lines = _wider(lines)
    covered = _set_bits(lines & marks.rows) / max(marks.count, 1)
    total = on_marks + covered
    score = np.where(total > 0, 2 * on_marks * covered / np.where(total > 0, total, 1), 0.0)
    return score, on_marks, covered


def cells_of(x: Singles, y: Singles) -> npt.NDArray[np.int32]:
    """Return the flat cells that points lie in; those beyond the map in its outermost."""
    return _into_cells(x.copy(), y.copy(), np.empty(x.shape, np.int32), np.empty(x.shape, np.int32))


def _into_cells(
    x: Singles, y: Singles, cells: npt.NDArray[np.int32], column: npt.NDArray[np.int32]
) -> npt.NDArray[np.int32]:
    for points, into in ((y, cells), (x, column)):
        np.multiply(points, np.float32(GRID), out=points)
        np.clip(points, 0, GRID - 1, out=points)
        np.copyto(into, points, casting="unsafe")
    cells *= GRID
    cells += column
    return cells


def _bit_rows(cells: Mask) -> npt.NDArray[np.uint64]:
    """Cells (S, 64, 64) to rows of 64 bits (S, 64): whole drawings are then widened at once."""
    packed = np.packbits(cells.reshape(len(cells), -1), axis=-1, bitorder="little")
    return packed.view("<u8")


def _wider(rows: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Each cell and the eight around it."""
    one = np.uint64(1)
    across = rows << one
    across |= rows
    across |= rows >> one
    wide = across.copy()
    wide[:, 1:] |= across[:, :-1]
    wide[:, :-1] |= across[:, 1:]
    return wide


_BITS_IN_BYTE = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(1, dtype="u1")


def _set_bits(rows: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """The number of bits that are set in rows (S, 64): (S,)."""
    if hasattr(np, "bitwise_count"):  # NumPy 2: an instruction of the processor
        bits = np.bitwise_count(rows)
    else:
        bits = _BITS_IN_BYTE[rows.view(np.uint8)]
    counts: npt.NDArray[np.int64] = bits.sum(1, dtype=np.int64)
    return counts
