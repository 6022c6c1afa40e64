"""Scatter plots of hidden states, as records: role and place of every token that can be seen.

A plot is one layer's first two principal components. Its markers are told apart exactly
(`read_markers`) and set at whole pixels, so a place is known to half a pixel, about a hundredth of
a unit; the axes are read from their ticks (`read_axes`). Not in a plot: [CLS] and [SEP], the
hidden states themselves, and tokens whose marker lies wholly under another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from solver.errors import EvidenceError
from solver.evidence import Record, record_id
from solver.notebook_evidence.figures.colours import brightest, darkest, grey
from solver.notebook_evidence.figures.plot_axes import Axes, read_axes
from solver.notebook_evidence.figures.scatter_markers import ANSWER, CONTEXT, QUESTION, read_markers

Floats = npt.NDArray[np.float64]
ROLE_NAMES = {QUESTION: "question", CONTEXT: "context", ANSWER: "answer"}
LEGEND_GREY = (195.0, 225.0)
"""The legend's frame: grey .8, most of it opaque."""
LEGEND_SIDE = 40  # pixels at 72 dots an inch that its upper and lower edge are longer than


@dataclass(frozen=True)
class Plot:
    """One plot, read.

    Attributes:
        points: (n, 2) in the units of the axes.
        roles: (n,).
        axes: scales that the points were read by.
        markers: by role the pixels (row, column) of the markers, in the order of the points.
    """

    points: Floats
    roles: npt.NDArray[np.int64]
    axes: Axes
    markers: dict[int, list[tuple[int, int]]]


def legend_box(rgb: Floats, axes: Axes, scale: float = 1.0) -> tuple[slice, slice]:
    """Return rows and columns of the legend, whose frame is the only long grey line inside.

    Args:
        rgb: the plot.
        axes: its axes.
        scale: its dots an inch as a multiple of 72.

    Raises:
        EvidenceError: there is none.
    """
    (top, bottom), (left, right) = axes.rows, axes.columns
    inner = rgb[top + 1 : bottom, left + 1 : right]
    level = grey(inner)
    line = (brightest(inner) - darkest(inner) < 3) & (level > LEGEND_GREY[0])
    line &= level < LEGEND_GREY[1]
    rows = np.flatnonzero(line.sum(1) > LEGEND_SIDE * scale)
    beside = line[rows[0] : rows[-1]] if len(rows) else line[:0]
    columns = np.flatnonzero(beside.mean(0) > 0.7) if len(beside) else rows
    if len(columns) < 2:
        raise EvidenceError("no legend was found in a plot")
    return (
        slice(top + 1 + int(rows[0]), top + 2 + int(rows[-1])),
        slice(left + 1 + int(columns[0]), left + 2 + int(columns[-1])),
    )


def read_plot(rgb: Floats, stamps: dict[int, Floats], scale: float = 1.0) -> Plot:
    """Return the points of a plot in the units of its axes.

    Args:
        rgb: the plot.
        stamps: by role its marker.
        scale: dots an inch as a multiple of 72.

    Raises:
        EvidenceError: the axes or the legend cannot be read, or there are no markers.
    """
    axes = read_axes(rgb, scale)
    inside = np.full_like(rgb, 255)
    (top, bottom), (left, right) = axes.rows, axes.columns
    inside[top + 1 : bottom, left + 1 : right] = rgb[top + 1 : bottom, left + 1 : right]
    # The legend's own markers are no tokens.
    inside[legend_box(rgb, axes, scale)] = 255
    markers = read_markers(inside, stamps)
    if not any(markers.values()):
        raise EvidenceError("a plot holds no markers")
    roles = np.array([role for role, some in sorted(markers.items()) for _ in some])
    places = np.array([place for _, some in sorted(markers.items()) for place in some])
    points = np.stack([axes.x.values(places[:, 1]), axes.y.values(places[:, 0])], 1)
    return Plot(points, roles, axes, markers)


def plot_record(model: int, item: int, plots: list[Plot], source: str) -> Record:
    """Return the layers of one model and item; where a layer shows fewer markers than another, the
    rest of its points have no role."""
    most = max(len(plot.points) for plot in plots)
    points, roles = np.zeros((len(plots), most, 2)), np.zeros((len(plots), most), np.int64)
    for layer, plot in enumerate(plots):
        points[layer, : len(plot.points)] = plot.points
        roles[layer, : len(plot.roles)] = plot.roles
    counts = {
        name: [int((plot.roles == role).sum()) for plot in plots]
        for role, name in ROLE_NAMES.items()
    }
    values: dict[str, Any] = {
        "source": source,
        "lacks": ["the hidden states", "[CLS] and [SEP]", "which token a point is"],
        "markers": counts,
        "lost": [most - len(plot.points) for plot in plots],
        "units_a_pixel": [
            [round(abs(1 / axis.per_unit), 5) for axis in (plot.axes.x, plot.axes.y)]
            for plot in plots
        ],
    }
    return Record(
        record_id("hidden_states", model, item), {"points": points, "roles": roles}, values
    )
