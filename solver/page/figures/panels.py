"""A picture or a map as a panel: its pixels as a PNG, region outlines and marks drawn over it.

Lines and marks are SVG in the picture's own 128 units, so they are crisp at any size and names
switch language with the page. Pixels are kept at their own size; the browser enlarges them (nearest
neighbour for maps), and equal pixels give equal bytes.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from markupsafe import Markup
from PIL import Image
from scipy import ndimage
from skimage.measure import approximate_polygon, find_contours

from solver.page.figures.region_labels import (
    UNITS,
    Outline,
    labels_svg,
    placed_labels,
    short,
    strip_heights,
)
from solver.text.bilingual import Pair

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

COLOURS = ("#00c8ff", "#ff4fd8", "#ffffff", "#ff9a1f", "#8dff4f", "#b9a2ff")
"""Outlines of regions: light colours, told apart on dark maps and, by their dark edge, on light
ones."""

_SPECK = 10.0
"""Parts of a region smaller than this many pixels are not outlined where it has larger ones."""

_OUTLINE_TOLERANCE = 0.4


@dataclass(frozen=True)
class Panel:
    """Pixels with the lines drawn over them.

    Attributes:
        pixels: uint8 (h, w, 3), shown square.
        caption: under the panel.
        smooth: enlarge as a photograph, not as a map of cells.
        marks: SVG in 128 units.
        decisive: the panel to show where there is room for one alone.
    """

    pixels: Pixels
    caption: Markup
    spoken: Pair
    smooth: bool = False
    outlines: Sequence[Outline] = field(default_factory=tuple)
    marks: Sequence[Markup] = field(default_factory=tuple)
    decisive: bool = False


def data_uri(pixels: Pixels) -> str:
    """Return pixels uint8 (h, w, 3) as a PNG in a data URI; no date, no metadata."""
    buffer = io.BytesIO()
    # A fixed level: Pillow's own choice may change with its version, and the page's bytes with it.
    Image.fromarray(pixels, "RGB").save(buffer, "PNG", compress_level=6)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def outlines_of(regions: Iterable[tuple[Pair, Mask]]) -> list[Outline]:
    """Return the outlines of named masks, in colours that differ."""
    made: list[Outline] = []
    for index, (name, mask) in enumerate(regions):
        lines = _edges(mask)
        if not lines:
            continue
        made.append(Outline(name, COLOURS[index % len(COLOURS)], lines))
    return made


def _edges(mask: Mask) -> tuple[npt.NDArray[np.float64], ...]:
    """Closed lines along the border of a mask of any size, as x and y in 0..128."""
    scale = np.array([UNITS / mask.shape[1], UNITS / mask.shape[0]])
    # Padded: a region at the picture's edge has a closed line too.
    found = find_contours(np.pad(mask, 1).astype(float), 0.5)
    lines = [approximate_polygon(line, _OUTLINE_TOLERANCE) for line in found]
    # Padding moved every pixel by one, and a pixel's middle is half a pixel from its corner.
    placed = [np.clip((line[:, ::-1] - 0.5) * scale, 0, UNITS) for line in lines]
    whole = [line for line in placed if _area(line) >= _SPECK]
    # A region of specks alone is outlined all the same.
    return tuple(whole or placed)


def _area(line: npt.NDArray[np.float64]) -> float:
    """Area within a closed line (the shoelace formula)."""
    x, y = line.T
    return abs(float(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))) / 2


def middle_of(mask: Mask) -> tuple[float, float]:
    """Return the point (x, y) in 0..128 that lies deepest inside a mask."""
    # Padded, so that the picture's edge counts as one: a number there would be cut.
    deep = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    row, column = np.unravel_index(int(deep.argmax()), mask.shape)
    return (float(column) + 0.5) * UNITS / mask.shape[1], (float(row) + 0.5) * UNITS / mask.shape[0]


def text_at(at: tuple[float, float], text: Pair, kind: str, colour: str = "") -> Markup:
    """Return a short text in both languages, centred at a point of the panel."""
    languages = ["en"] if text[0] == text[1] else ["en", "zh-Hant"]
    fill = Markup(' fill="{}"').format(colour) if colour else Markup()
    parts = [
        Markup('<text class="{}"{}{} x="{}" y="{}" text-anchor="middle">{}</text>').format(
            kind,
            Markup(' lang="{}"').format(language) if len(languages) > 1 else Markup(),
            fill,
            short(at[0]),
            short(at[1]),
            text[index],
        )
        for index, language in enumerate(languages)
    ]
    return Markup("").join(parts)


def path_of(lines: Iterable[npt.NDArray[np.float64]]) -> str:
    """Return closed lines (N, 2) as the data of an SVG path."""
    return " ".join(
        "M" + " ".join(f"{short(float(x))} {short(float(y))}" for x, y in line) + "Z"
        for line in lines
    )


def _outline_marks(outlines: Sequence[Outline]) -> list[Markup]:
    """Dark edges first, colours over all of them; every other colour is broken, so that where two
    regions share a border both are seen."""
    edges = [Markup('<path class="edge" d="{}"/>').format(path_of(o.lines)) for o in outlines]
    lines = [
        Markup('<path class="line{}" stroke="{}" d="{}"/>').format(
            " broken" if at % 2 else "", outline.colour, path_of(outline.lines)
        )
        for at, outline in enumerate(outlines)
    ]
    return [*edges, *lines]


def panel_html(panel: Panel, strips: tuple[float, float] = (0.0, 0.0)) -> Markup:
    """Return one panel as a figure; names of its regions stand in `strips` above and below it."""
    above, below = strips
    marks = [
        *_outline_marks(panel.outlines),
        *panel.marks,
        labels_svg(placed_labels(panel.outlines)),
    ]
    return Markup(
        '<figure class="panel"><svg{} viewBox="0 {} 128 {}" role="img" aria-label="{}">'
        '<image class="{}" width="128" height="128" preserveAspectRatio="none" href="{}"/>'
        "{}</svg><figcaption>{}</figcaption></figure>"
    ).format(
        Markup(' class="decisive"') if panel.decisive else "",
        short(-above) if above else "0",
        short(UNITS + above + below),
        " · ".join(dict.fromkeys(panel.spoken)),
        "photo" if panel.smooth else "cells",
        data_uri(panel.pixels),
        Markup("").join(marks),
        panel.caption,
    )


def panels_html(panels: Sequence[Panel], below: Markup | str = "") -> Markup:
    """Return panels side by side, their pictures level with each other, and a line below."""
    needed = [strip_heights(placed_labels(panel.outlines)) for panel in panels]
    strips = max(one for one, _ in needed), max(other for _, other in needed)
    rows = Markup("").join(panel_html(panel, strips) for panel in panels)
    return Markup('<div class="panels">{}</div>{}').format(rows, below)
