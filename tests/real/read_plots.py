"""The scatter plots of hidden states, as records: role and place of every token that can be seen.

A plot is one layer's first two principal components. Its markers are told apart exactly
(`read_markers`) and set at whole pixels, so a place is known to half a pixel, about a hundredth of
a unit; the axes are read from their ticks (`read_axes`). Not in a plot: [CLS] and [SEP], the
hidden states themselves, and tokens whose marker lies wholly under another.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from solver.errors import EvidenceError
from solver.evidence import Record, record_id
from tests.real.read_axes import Axes, read_axes
from tests.real.read_markers import ANSWER, CONTEXT, QUESTION, learned_stamps, read_markers

Floats = npt.NDArray[np.float64]
NAME = re.compile(r"model(\d+)_q(\d+)_layer(\d+)\.png")
ROLE_NAMES = {QUESTION: "question", CONTEXT: "context", ANSWER: "answer"}
LEARNED_FROM = 5
"""The stamps are learned from every fifth plot: some hundred markers that stand alone."""
LEGEND_GREY = (195.0, 225.0)
"""The legend's frame: grey .8, most of it opaque."""


@dataclass(frozen=True)
class Plot:
    """One plot, read.

    Attributes:
        points: (n, 2) in the units of the axes.
        roles: (n,).
        axes: what the points were read by.
        markers: by role the pixels (row, column) of the markers, in the order of the points.
    """

    points: Floats
    roles: npt.NDArray[np.int64]
    axes: Axes
    markers: dict[int, list[tuple[int, int]]]


def open_plot(path: Path) -> Floats:
    """Return a plot's pixels float (H, W, 3), 0 to 255, laid on white."""
    with Image.open(path) as image:
        plot = image.convert("RGBA")
    on_white = Image.alpha_composite(Image.new("RGBA", plot.size, "white"), plot)
    return np.asarray(on_white.convert("RGB")).astype(np.float64)


def legend_box(rgb: Floats, axes: Axes) -> tuple[slice, slice]:
    """Return rows and columns of the legend, whose frame is the only long grey line inside.

    Raises:
        EvidenceError: there is none.
    """
    (top, bottom), (left, right) = axes.rows, axes.columns
    inner = rgb[top + 1 : bottom, left + 1 : right]
    grey = (np.ptp(inner, axis=-1) < 3) & (inner.mean(-1) > LEGEND_GREY[0])
    grey &= inner.mean(-1) < LEGEND_GREY[1]
    rows = np.flatnonzero(grey.sum(1) > 40)
    beside = grey[rows.min(initial=0) : rows.max(initial=0)]
    columns = np.flatnonzero(beside.mean(0) > 0.7) if len(beside) else rows
    if len(rows) < 2 or len(columns) < 2:
        raise EvidenceError("no legend was found in a plot")
    return (
        slice(top + 1 + int(rows[0]), top + 2 + int(rows[-1])),
        slice(left + 1 + int(columns[0]), left + 2 + int(columns[-1])),
    )


def read_plot(rgb: Floats, stamps: dict[int, Floats]) -> Plot:
    """Return the points of a plot in the units of its axes.

    Raises:
        EvidenceError: the axes or the legend cannot be read.
    """
    axes = read_axes(rgb)
    inside = np.full_like(rgb, 255)
    (top, bottom), (left, right) = axes.rows, axes.columns
    inside[top + 1 : bottom, left + 1 : right] = rgb[top + 1 : bottom, left + 1 : right]
    inside[legend_box(rgb, axes)] = 255
    markers = read_markers(inside, stamps)
    roles = np.array([role for role, some in sorted(markers.items()) for _ in some])
    places = np.array([place for _, some in sorted(markers.items()) for place in some])
    points = np.stack([axes.x.values(places[:, 1]), axes.y.values(places[:, 0])], 1)
    return Plot(points, roles, axes, markers)


def read_folder(folder: Path) -> dict[tuple[int, int], list[Plot]]:
    """Return the plots of every (model, item) of a folder, by layer from 1.

    Raises:
        EvidenceError: no plots, or layers are missing.
    """
    paths: dict[tuple[int, int], dict[int, Path]] = {}
    for path in sorted(folder.glob("*.png")):
        match = NAME.fullmatch(path.name)
        if match:
            model, item, layer = map(int, match.groups())
            paths.setdefault((model, item), {})[layer] = path
    if not paths:
        raise EvidenceError("holds no plots named model1_q1_layer01.png", path=folder)
    for pair, layers in paths.items():
        if sorted(layers) != list(range(1, len(layers) + 1)):
            raise EvidenceError(f"layers of model and item {pair} are missing", path=folder)
    every = [path for one in paths.values() for path in one.values()]
    stamps = learned_stamps(map(open_plot, every[::LEARNED_FROM]))
    return {
        pair: [read_plot(open_plot(layers[n]), stamps) for n in sorted(layers)]
        for pair, layers in sorted(paths.items())
    }


def plot_records(real: Path) -> Iterator[Record]:
    """Yield ``hidden_states/m/q`` of every model and item that plots are there of."""
    text = (real / "reading_comprehension.json").read_text("utf-8")
    items = json.loads(text)["items"]
    for (model, item), plots in read_folder(real / "hidden_state_plots").items():
        yield plot_record(model, item, plots, items[item - 1])


def plot_record(model: int, item: int, plots: list[Plot], asked: dict[str, str]) -> Record:
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
        "source": "plots of a published run of the course's notebook, read by pixel",
        "lacks": ["the hidden states", "[CLS] and [SEP]", "which token a point is"],
        "markers": counts,
        "words_at_least": words_of(asked),
        "lost": [most - len(plot.points) for plot in plots],
        "units_a_pixel": [
            [round(abs(1 / axis.per_unit), 5) for axis in (plot.axes.x, plot.axes.y)]
            for plot in plots
        ],
    }
    return Record(
        record_id("hidden_states", model, item), {"points": points, "roles": roles}, values
    )


def words_of(asked: dict[str, str]) -> dict[str, int]:
    """Return how many words and marks question and context have: BERT's tokens are no fewer."""
    return {part: len(re.findall(r"\w+|[^\w\s]", asked[part])) for part in ("question", "context")}
