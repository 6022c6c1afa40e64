"""The published scatter plots of a folder, by model, item and layer in their file names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from solver.errors import EvidenceError
from solver.evidence import Record
from solver.notebook_evidence.figures.scatter_markers import learned_stamps
from solver.notebook_evidence.figures.scatter_plots import Plot, plot_record, read_plot

Floats = npt.NDArray[np.float64]
NAME = re.compile(r"model(\d+)_q(\d+)_layer(\d+)\.png")
LEARNED_FROM = 5
"""The stamps are learned from every fifth plot: some hundred markers that stand alone."""
SOURCE = "plots of a published run of the course's notebook, read by pixel"


def open_plot(path: Path) -> Floats:
    """Return a plot's pixels float (H, W, 3), 0 to 255, laid on white."""
    with Image.open(path) as image:
        plot = image.convert("RGBA")
    on_white = Image.alpha_composite(Image.new("RGBA", plot.size, "white"), plot)
    return np.asarray(on_white.convert("RGB")).astype(np.float64)


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
        record = plot_record(model, item, plots, SOURCE)
        yield replace(record, values={**record.values, "words_at_least": words_of(items[item - 1])})


def words_of(asked: dict[str, str]) -> dict[str, int]:
    """Return how many words and marks question and context have: BERT's tokens are no fewer."""
    return {part: len(re.findall(r"\w+|[^\w\s]", asked[part])) for part in ("question", "context")}
