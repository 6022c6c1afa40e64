"""How well a line drawing of a thing fits the bright points of a map.

A drawing is a family of wireframes with parameters (place, size, turn). Each is held against the
marks, the places of the map that stand out, by two shares: how much of its lines lies on marks,
and how many of the marks lie on its lines. Their harmonic mean (the F score of Dice 1945 and
van Rijsbergen 1979) is 1 only when the points are that thing's lines and nothing else. The best
member of the family is looked for by differential evolution (Storn, Price 1997), seeded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.optimize import differential_evolution
from skimage.filters import sato

Floats = npt.NDArray[np.float64]
Wires = Callable[[Floats], tuple[Floats, Floats]]
"""Parameters (P, S) of S candidates to (points (S, N, 2) as x and y in 0..1, weights (S, N))."""

GRID = 64
"""Cells a side on which lines and marks are compared: one is 2 pixels of a 128-pixel map."""

MARKED_SHARE = 0.10
"""The brightest tenth is what a person takes for the drawing: the outline of a thing that fills
half of a picture, drawn 3 pixels wide, covers 7 to 12 percent of it."""

SMOOTHING = 1.5
"""In pixels of a 128-pixel map: single bright pixels join into strokes."""


@dataclass(frozen=True)
class Drawing:
    """A family of wireframes.

    Attributes:
        wires: draws candidates.
        bounds: lowest and highest value of each parameter.
    """

    wires: Wires
    bounds: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Fit:
    """The best member of a family: its F score, the two shares, its parameters."""

    score: float
    on_marks: float
    marks_on_lines: float
    parameters: Floats


FRAME = 2
"""Cells at the edge of the map that are never marked: zero padding makes the frame itself glow."""


def bright_marks(brightness: Floats, share: float = MARKED_SHARE) -> npt.NDArray[np.bool_]:
    """Return the brightest `share` of a map as bool (64, 64), after light smoothing."""
    side = max(brightness.shape)
    return _top(ndimage.gaussian_filter(_wide(brightness), SMOOTHING * side / 128), share)


def stroke_marks(brightness: Floats, share: float = MARKED_SHARE) -> npt.NDArray[np.bool_]:
    """Return the clearest `share` of a map's strokes as bool (64, 64).

    A stroke is seen by its contrast with what lies on its two sides, whatever its brightness
    (Weber's law): the ridge filter of Sato et al. 1998 on the logarithm of the map, at widths of 2
    and 3 pixels of 128. So a faint handle counts beside a bright body.
    """
    scale = max(brightness.shape) / 128
    smooth = ndimage.gaussian_filter(_wide(brightness), scale)
    # A tenth of the mean keeps the logarithm from making strokes of differences in the dark.
    contrast = np.log(smooth + 0.1 * smooth.mean() + 1e-12)
    border = int(np.ceil(8 * scale))
    padded = np.pad(contrast, border, mode="edge")
    ridges = sato(padded, sigmas=[2 * scale, 3 * scale], black_ridges=False)
    return _top(ridges[border:-border, border:-border], share)


def _wide(brightness: Floats) -> Floats:
    return brightness.astype(np.float64)


def _top(values: Floats, share: float) -> npt.NDArray[np.bool_]:
    rows, columns = (GRID / length for length in values.shape)
    small = ndimage.zoom(values, (rows, columns), order=1, mode="nearest", grid_mode=True)
    inner = np.zeros(small.shape, bool)
    inner[FRAME:-FRAME, FRAME:-FRAME] = True
    # A constant map has no bright places: nothing is marked rather than everything.
    level = max(float(np.quantile(small[inner], 1 - share)), float(small[inner].min()))
    marked: npt.NDArray[np.bool_] = (small > level) & inner
    return marked


def fit(
    drawing: Drawing,
    marks: npt.NDArray[np.bool_],
    *,
    seed: int = 0,
    rounds: int = 100,
    restarts: int = 3,
) -> Fit:
    """Return the member of a family that fits the marks best; the same seed, the same member.

    One search of a family with eight parameters ends in a poor place every other time, hence
    `restarts` searches of `rounds` rounds each.
    """
    near = ndimage.binary_dilation(marks, structure=np.ones((3, 3), bool))

    def cost(parameters: Floats) -> Floats:
        columns = parameters if parameters.ndim == 2 else parameters[:, None]
        return -_scores(drawing, columns, marks, near)[0]

    found = [
        differential_evolution(
            cost,
            drawing.bounds,
            rng=np.random.default_rng([seed, again]),
            maxiter=rounds,
            popsize=14,
            recombination=0.9,
            tol=1e-4,
            polish=False,
            vectorized=True,
            updating="deferred",
        )
        for again in range(restarts)
    ]
    best = np.asarray(min(found, key=lambda search: float(search.fun)).x)
    score, on_marks, covered = _scores(drawing, best[:, None], marks, near)
    return Fit(float(score[0]), float(on_marks[0]), float(covered[0]), best)


def _scores(
    drawing: Drawing,
    parameters: Floats,
    marks: npt.NDArray[np.bool_],
    near: npt.NDArray[np.bool_],
) -> tuple[Floats, Floats, Floats]:
    """F score, share of lines on marks, share of marks on lines: each (S,)."""
    points, weights = drawing.wires(parameters)  # (S, N, 2), (S, N)
    cells = np.floor(points * GRID).astype(np.int64)
    inside = ((cells >= 0) & (cells < GRID)).all(-1)  # (S, N)
    column, row = np.clip(cells, 0, GRID - 1).transpose(2, 0, 1)
    hit = near[row, column] & inside
    on_marks = (weights * hit).sum(1) / np.maximum(weights.sum(1), 1e-9)
    count = len(points)
    drawn = np.zeros((count, GRID + 2, GRID + 2), bool)
    which, used = np.nonzero(inside & (weights > 0))
    drawn[which, row[which, used] + 1, column[which, used] + 1] = True
    tall = drawn[:, :-2] | drawn[:, 1:-1] | drawn[:, 2:]  # each line three cells wide,
    wide = tall[:, :, :-2] | tall[:, :, 1:-1] | tall[:, :, 2:]  # down and across: (S, GRID, GRID)
    covered = wide[:, marks].sum(1) / max(int(marks.sum()), 1)
    total = on_marks + covered
    score = np.where(total > 0, 2 * on_marks * covered / np.where(total > 0, total, 1), 0.0)
    return score, on_marks, covered


def share_on_marks(points: Floats, near: npt.NDArray[np.bool_]) -> Floats:
    """Return the share of points (S, N, 2) that lie in marked cells of `near` (64, 64): (S,)."""
    cells = np.floor(points * GRID).astype(np.int64)
    inside = ((cells >= 0) & (cells < GRID)).all(-1)
    column, row = np.clip(cells, 0, GRID - 1).transpose(2, 0, 1)
    shares: Floats = (near[row, column] & inside).mean(1)
    return shares


def segment_points(starts: Floats, ends: Floats, per_line: int) -> Floats:
    """Return points along lines: (S, E, 2) starts and ends to (S, E x per_line, 2)."""
    along = np.linspace(0, 1, per_line)[None, None, :, None]
    points = starts[:, :, None] * (1 - along) + ends[:, :, None] * along
    return points.reshape(len(starts), -1, 2)
