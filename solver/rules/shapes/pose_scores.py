"""Scores of line drawings, many poses at a time, against the marks of a map.

A pose is scored by two shares: of its lines that lie on marks, and of the marks that lie on its
lines; its F score is their harmonic mean (Dice 1945, van Rijsbergen 1979).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solver.rules.shapes.pose_kernels import GRID, Bits, Floats, Mask, Singles, score

Lines = tuple[Singles, Singles, Singles]
"""x and y, in 0..1, of the points of S candidates' lines (points, lines, S), and the weight of each
point of a line (lines, S): 0 for a line that is not seen."""


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
    """Marked cells (64, 64), as the rows of bits that candidates are compared with."""

    def __init__(self, marks: Mask) -> None:
        self.count = int(marks.sum())
        self.cells = marks
        self.rows = _bit_rows(marks)
        around = np.pad(marks, 1)
        across = around[:, :-2] | around[:, 1:-1] | around[:, 2:]
        self.near = _bit_rows(across[:-2] | across[1:-1] | across[2:])


def _bit_rows(cells: Mask) -> Bits:
    """Cells (64, 64) to rows of 64 bits (64,)."""
    packed = np.packbits(cells, axis=-1, bitorder="little").view("<u8")
    return packed[:, 0].astype(np.uint64)


_AT_ONCE = 256
"""Candidates drawn at once: their points then stay in the processor's cache."""


def scores(drawing: Drawing, parameters: Singles, marks: Marks) -> tuple[Floats, Floats, Floats]:
    """Return F score, share of lines on marks, share of marks on lines: each (S,).

    A line and a mark meet when they are at most one cell apart, in rows and in columns. Points
    beyond the map count in its outermost cells.
    """
    found = np.empty((3, parameters.shape[1]))
    for at in range(0, parameters.shape[1], _AT_ONCE):
        some = parameters[:, at : at + _AT_ONCE].astype(np.float32, copy=False)
        x, y, weights = map(np.ascontiguousarray, drawing.wires(some))
        part = np.empty((3, some.shape[1]))
        score(x, y, weights, marks.rows, marks.near, max(marks.count, 1), part)
        found[:, at : at + _AT_ONCE] = part
    return found[0], found[1], found[2]


def cells_of(x: Singles, y: Singles) -> npt.NDArray[np.int64]:
    """Return the flat cells that points lie in; those beyond the map in its outermost."""
    row, column = (
        np.clip(each * np.float32(GRID), 0, GRID - 1).astype(np.int64) for each in (y, x)
    )
    return row * GRID + column
