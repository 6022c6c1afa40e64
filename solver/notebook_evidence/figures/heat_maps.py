"""Matrices of similarities or distances, read from a heat map by its colours.

The cells are told by the lines where colours change, their values by the inverse colour map; which
measure it is, the diagonal says (1 and the largest for a cosine, 0 and the least for a distance).
The numbers beside the colour bar are read only for the scale.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from solver.notebook_evidence.figures.colours import ON_MAP, values_on
from solver.notebook_evidence.figures.panels import Box, Bytes, Panel, find_panels
from solver.notebook_evidence.figures.plot_axes import (
    CANVAS,
    CLEAR,
    DARK,
    LEAST_LEAD,
    LEAST_LIKENESS,
    around,
    drawn_label,
    label_field,
    label_text,
    middles,
    normalized,
)

Floats = npt.NDArray[np.float64]
Metric = Literal["euclidean", "cosine"]

MOST_CELLS = 64  # sentences; the course has ten
CHANGE = 6
"""Levels by which neighbours on either side of a line between cells differ."""
ON_DIAGONAL = 0.03  # of the range: a few levels of the colour map
WIDEST = 48  # pixels of a label at the colour bar, at 72 dots an inch
STEPS = (0.01, 0.02, 0.025, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 2.5, 5.0)
"""Steps that matplotlib takes along a colour bar of distances or cosines."""


@dataclass(frozen=True)
class HeatMap:
    """A matrix of a figure.

    Attributes:
        metric: by its diagonal; None where that is neither.
        shares: (n, n), places on the colour map from the least value, 0, to the largest, 1.
        scale: least and largest value, None where the colour bar could not be read.
    """

    metric: Metric | None
    shares: Floats
    scale: tuple[float, float] | None

    @property
    def values(self) -> Floats:
        """The matrix in its own units, or in shares of its range where the scale is not known."""
        if self.scale is None:
            return self.shares
        least, largest = self.scale
        return least + self.shares * (largest - least)


def read_heat_map(rgb: Bytes, boxes: list[Box], scale: float = 1.0) -> HeatMap | None:
    """Return the matrix that a figure shows, None where it shows none.

    Args:
        rgb: the figure.
        boxes: the boxes in it.
        scale: its dots an inch as a multiple of 72.
    """
    panels = [panel for row in find_panels(rgb, boxes) for panel in row]
    if len(panels) != 1:
        return None
    colours = _cells(panels[0].cut(rgb))
    if colours is None:
        return None
    shares, off = values_on("viridis", colours)
    # Similarities are the same both ways; a picture that happens to have cells is not.
    if off.max() > ON_MAP or np.abs(shares - shares.T).max() > ON_DIAGONAL:
        return None
    diagonal = np.diag(shares)
    metric: Metric | None = None
    if diagonal.min() >= 1 - ON_DIAGONAL:
        metric = "cosine"
    # A sentence is most like itself: the end of the map on the diagonal says which measure it is.
    elif diagonal.max() <= ON_DIAGONAL:
        metric = "euclidean"
    return HeatMap(metric, shares, _scale(rgb, boxes, panels[0], metric, scale) if metric else None)


def _cells(panel: Bytes) -> Bytes | None:
    """The colour of each cell (n, n, 3), or None where a panel is not made of even cells."""
    lines = [_lines(panel, axis) for axis in (0, 1)]
    side = len(panel)
    # Neighbours of one colour have no line between them, so the lines are some of a grid's.
    fits = (
        n
        for n in range(3, MOST_CELLS + 1)
        if all(
            np.abs((one * n / side + 0.5) % 1 - 0.5).max(initial=0) * side / n < 2 for one in lines
        )
    )
    n = next(fits, 0)
    if not n or min(map(len, lines)) < 2 or side < 8 * n:
        return None
    edges = np.linspace(0, len(panel), n + 1).astype(int)
    colours = np.zeros((n, n, 3), np.uint8)
    for i in range(n):
        for j in range(n):
            # Four pixels in: at its border a cell is mixed with its neighbour.
            inside = panel[edges[i] + 4 : edges[i + 1] - 4, edges[j] + 4 : edges[j + 1] - 4]
            # Digits cover a tenth of a cell: the median is its own colour.
            colours[i, j] = np.median(inside.reshape(-1, 3), axis=0)
    return colours


def _lines(panel: Bytes, axis: int) -> npt.NDArray[np.intp]:
    """Where cells meet along an axis: there many places change at once; along a letter few do."""
    change = np.abs(np.diff(panel.astype(int), axis=axis)).max(-1) > CHANGE
    lines = np.flatnonzero(change.mean(1 - axis) > 0.45) + 1
    # Not the panel's own frame.
    lines = lines[(lines > 5) & (lines < len(panel) - 5)]
    return lines[np.diff(lines, prepend=-10) > 3]


def _scale(
    rgb: Bytes, boxes: list[Box], panel: Panel, metric: Metric, scale: float
) -> tuple[float, float] | None:
    """Least and largest value along the colour bar to the right of a matrix."""
    bars = [box for box in boxes if box.left > panel.left + panel.width]
    # Two bars, or a legend: which numbers are the scale's is not told.
    if len(bars) != 1:
        return None
    bar = bars[0]
    beside = rgb[:, bar.right + 1 : bar.right + 4]
    marks = (beside.max(-1) < DARK).all(1)
    ticks = bar.top + middles(marks[bar.top : bar.bottom + 1])
    if len(ticks) < 3:
        return None
    grey = 255 - rgb[:, bar.right + round(CLEAR * scale) :].mean(-1)
    high, wide = round(CANVAS[0] // 2 * scale), round(WIDEST * scale)
    fields = [label_field(grey[around(at, high), :wide], scale) for at in ticks]
    return _best_scale(bar, ticks, fields, metric)


def _best_scale(
    bar: Box, ticks: Floats, fields: list[Floats], metric: Metric
) -> tuple[float, float] | None:
    """The scale whose labels are most like those drawn: one end of it is known, 0 or 1."""
    wanted = np.array([normalized(field.ravel()) for field in fields])
    spacing = float(np.polyfit(np.arange(len(ticks)), ticks, 1)[0])
    height = bar.bottom - bar.top
    readings = []
    for step in STEPS:
        per_pixel = step / spacing
        at = (bar.bottom - ticks) * per_pixel if metric == "euclidean" else None
        values = at if at is not None else 1 - (ticks - bar.top) * per_pixel
        # Ticks stand at multiples of their step, but are drawn at whole pixels.
        values = np.round(values / step) * step
        if metric == "cosine" and values.min() < -1:
            continue
        labels = [label_text(float(value), step) for value in values]
        like = [
            float((drawn_label(label) @ one).max())
            for label, one in zip(labels, wanted, strict=True)
        ]
        ends = (0.0, height * per_pixel) if at is not None else (1 - height * per_pixel, 1.0)
        readings.append((float(np.mean(like)), ends))
    readings.sort(reverse=True)
    if len(readings) < 2 or readings[0][0] < LEAST_LIKENESS:
        return None
    return readings[0][1] if readings[0][0] - readings[1][0] >= LEAST_LEAD else None
