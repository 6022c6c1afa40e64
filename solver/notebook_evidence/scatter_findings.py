"""Findings on scatter plots: which item and model a cell's plots are of, read as one record."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np

from solver.errors import EvidenceError
from solver.notebook_evidence.figures.panels import POINTS, Bytes
from solver.notebook_evidence.figures.scatter_markers import QUESTION, learned_stamps
from solver.notebook_evidence.figures.scatter_plots import Plot, plot_record, read_plot
from solver.notebook_evidence.findings import Finding, ReadingSettings
from solver.notebook_evidence.notebook_file import NotebookFigure

LAYERS = 12
MOST_DOTS = 220  # an inch; work on markers grows with the square of their pixels
MOST_PIXELS = 8_000_000
"""Of a plot; the course's has 4.8 million at 200 dots an inch."""
QUESTION_TOKENS = {"detention": (10, 12), "emily": (6, 6), "tesla": (7, 9)}
"""Least and largest number of tokens of the items' questions: words and marks, and a few that a
tokenizer cuts."""
ITEMS = {"2021": ("detention", "emily", "tesla")}
LATER_ITEMS = ("tesla", "detention", "emily")
"""Order of the items in 2021, and in the editions since."""
SOURCE = "plots of an executed notebook, read by pixel"


def read_scatters(
    number: int,
    figures: Sequence[tuple[NotebookFigure, Bytes, float]],
    settings: ReadingSettings,
    own: str,
) -> list[Finding]:
    """Return a finding for the plots of each cell.

    Args:
        number: of the notebook.
        figures: its plots, with pixels and dots an inch.
        settings: of the reading.
        own: the notebook's own edition.
    """
    return [
        _of_cell(number, [one for _, one in group], settings, own)
        # Sorted already: figures come in the order of the notebook's cells.
        for _, group in groupby(enumerate(figures), key=lambda pair: pair[1][0].cell)
    ]


def _of_cell(
    number: int,
    plots: Sequence[tuple[NotebookFigure, Bytes, float]],
    settings: ReadingSettings,
    own: str,
) -> Finding:
    first = plots[0][0]
    finding = Finding(number, first.where, figures=len(plots))
    finding.handed_out = all(one.sha256 in settings.handed_out for one, *_ in plots)
    if len(plots) > 1:
        finding.where = f"cell {first.cell}, figures {first.place} to {plots[-1][0].place}"
    if len(plots) != LAYERS:
        finding.remarks.append(f"{len(plots)} plots, not one for each of {LAYERS} layers: not read")
        return finding
    # A PNG holds dots a metre: 72 an inch come back as 71.98.
    dots = round(plots[0][2])
    if dots > MOST_DOTS:
        finding.remarks.append(f"plots at {dots} dots an inch, and up to {MOST_DOTS} are read")
        return finding
    if max(rgb.shape[0] * rgb.shape[1] for _, rgb, _ in plots) > MOST_PIXELS:
        finding.remarks.append(
            f"plots of more than {MOST_PIXELS // 1_000_000} million pixels: not read"
        )
        return finding
    scale = dots / POINTS
    pixels = [rgb.astype(np.float64) for _, rgb, _ in plots]
    try:
        # Four plots of the twelve show every role's marker; all of them would take three times as
        # long.
        stamps = learned_stamps(pixels[::3], scale)
        read = [read_plot(one, stamps, scale) for one in pixels]
    # ValueError: a role without a single marker has no commonest one.
    except (EvidenceError, ValueError) as problem:
        reason = problem.message if isinstance(problem, EvidenceError) else "it holds no markers"
        finding.remarks.append(f"not read: {reason}")
        return finding
    _name_them(finding, read, first.settings, settings.edition, own)
    return finding


def _name_them(
    finding: Finding, read: list[Plot], said: dict[str, Any], edition: str, own: str
) -> None:
    markers = max(int((plot.roles == QUESTION).sum()) for plot in read)
    name = next((n for n, (low, high) in QUESTION_TOKENS.items() if low <= markers <= high), None)
    if name is None:
        finding.what = f"hidden states of {LAYERS} layers, {markers} question markers"
        finding.remarks.append("its question is none of the three items': not carried")
        return
    item = item_number(name, edition)
    # A notebook with one reading model names none: it is the first.
    model = int(said.get("model", 1))
    finding.what = f"hidden states of {LAYERS} layers: model {model}, item {item}"
    likeness = min(min(plot.axes.x.likeness, plot.axes.y.likeness) for plot in read)
    finding.sure = f"item by its {markers} question markers, axes by their numbers ({likeness:.2f})"
    # A notebook numbers the items as its own edition does, the record as the bank's.
    expected = item_number(name, own)
    if said.get("item", expected) != expected:
        finding.remarks.append(
            f"its cell says item {said['item']}; the markers are those of {own}'s item {expected}"
        )
    finding.records.append(plot_record(model, item, read, SOURCE))


def item_number(name: str, edition: str) -> int:
    """Return the number that an edition gives a reading item."""
    return ITEMS.get(edition, LATER_ITEMS).index(name) + 1
