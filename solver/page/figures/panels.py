"""A picture or a map as a panel: its pixels as a PNG, region outlines and marks drawn over it.

What is drawn over the pixels is SVG in the picture's own 128 units, so it is crisp at any size and
its names switch language with the page. Pixels are kept at their own size; the browser enlarges
them (nearest neighbour for maps), and equal pixels give equal bytes.
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

from solver.text.bilingual import Pair, as_pair, both

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

UNITS = 128
"""Width and height of a panel in its own units."""

COLOURS = ("#00c8ff", "#ff4fd8", "#ffffff", "#ff9a1f", "#8dff4f", "#b9a2ff")
"""Outlines of regions: light colours, told apart on dark maps and, by their dark edge, on light
ones."""

_NAME_HEIGHT = 7.0
_SPECK = 10.0
"""Parts of a region smaller than this many pixels are not outlined where it has larger ones."""

_OUTLINE_TOLERANCE = 0.4


@dataclass(frozen=True)
class Outline:
    """The edge of a named region.

    Attributes:
        lines: closed lines as (N, 2) x and y in 0..128.
        anchor: where its name stands.
    """

    name: Pair
    colour: str
    lines: tuple[npt.NDArray[np.float64], ...]
    anchor: tuple[float, float]


@dataclass(frozen=True)
class Panel:
    """Pixels with the lines drawn over them.

    Attributes:
        pixels: uint8 (h, w, 3), shown square.
        caption: under the panel.
        smooth: enlarge as a photograph, not as a map of cells.
        marks: SVG in 128 units.
    """

    pixels: Pixels
    caption: Markup
    spoken: Pair
    smooth: bool = False
    outlines: Sequence[Outline] = field(default_factory=tuple)
    marks: Sequence[Markup] = field(default_factory=tuple)


def data_uri(pixels: Pixels) -> str:
    """Return pixels uint8 (h, w, 3) as a PNG in a data URI; no date, no metadata."""
    buffer = io.BytesIO()
    Image.fromarray(pixels, "RGB").save(buffer, "PNG", compress_level=6)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def outlines_of(regions: Iterable[tuple[Pair, Mask]]) -> list[Outline]:
    """Return the outlines of named masks, in colours that differ, names apart where possible."""
    made: list[Outline] = []
    for index, (name, mask) in enumerate(regions):
        lines = _edges(mask)
        if not lines:
            continue
        anchor = _free_anchor(lines, name, made)
        made.append(Outline(name, COLOURS[index % len(COLOURS)], lines, anchor))
    return made


def _edges(mask: Mask) -> tuple[npt.NDArray[np.float64], ...]:
    """Closed lines along the border of a mask of any size, as x and y in 0..128."""
    scale = np.array([UNITS / mask.shape[1], UNITS / mask.shape[0]])
    found = find_contours(np.pad(mask, 1).astype(float), 0.5)
    lines = [approximate_polygon(line, _OUTLINE_TOLERANCE) for line in found]
    # Padding moved every pixel by one, and a pixel's middle is half a pixel from its corner.
    placed = [np.clip((line[:, ::-1] - 0.5) * scale, 0, UNITS) for line in lines]
    whole = [line for line in placed if _area(line) >= _SPECK]
    return tuple(whole or placed)


def _area(line: npt.NDArray[np.float64]) -> float:
    """Area within a closed line (the shoelace formula)."""
    x, y = line.T
    return abs(float(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))) / 2


def _free_anchor(
    lines: tuple[npt.NDArray[np.float64], ...], name: Pair, taken: Sequence[Outline]
) -> tuple[float, float]:
    """The extreme point of the outline whose name lies farthest from the names placed before."""
    longest = max(lines, key=len)
    x, y = longest.T
    width = max(len(name[0]) * 0.5, len(name[1])) * _NAME_HEIGHT
    candidates = [
        longest[y.argmin()] + [0, _NAME_HEIGHT],
        longest[y.argmax()] - [0, 2],
        longest[x.argmin()] + [width / 2, 0],
        longest[x.argmax()] - [width / 2, 0],
        longest.mean(0),
    ]
    inside = [
        (
            float(np.clip(at[0], width / 2 + 1, UNITS - width / 2 - 1)),
            float(np.clip(at[1], _NAME_HEIGHT, UNITS - 2)),
        )
        for at in candidates
    ]

    def room(at: tuple[float, float]) -> float:
        gaps = [max(abs(at[0] - o.anchor[0]) / 3, abs(at[1] - o.anchor[1])) for o in taken]
        return min(min(gaps, default=UNITS), 1.6 * _NAME_HEIGHT)

    return max(inside, key=room)  # the first of the best, so names keep their place


def middle_of(mask: Mask) -> tuple[float, float]:
    """Return the point (x, y) in 0..128 that lies deepest inside a mask."""
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


def short(value: float) -> str:
    """Return a coordinate with one decimal: the same on every machine."""
    return f"{value:.1f}".removesuffix(".0")


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


def panel_html(panel: Panel) -> Markup:
    """Return one panel as a figure."""
    marks = [
        *_outline_marks(panel.outlines),
        *panel.marks,
        *(text_at(o.anchor, o.name, "name", o.colour) for o in panel.outlines),
    ]
    return Markup(
        '<figure class="panel"><svg viewBox="0 0 128 128" role="img" aria-label="{}">'
        '<image class="{}" width="128" height="128" preserveAspectRatio="none" href="{}"/>'
        "{}</svg><figcaption>{}</figcaption></figure>"
    ).format(
        " · ".join(dict.fromkeys(panel.spoken)),
        "photo" if panel.smooth else "cells",
        data_uri(panel.pixels),
        Markup("").join(marks),
        panel.caption,
    )


def panels_html(panels: Sequence[Panel], below: Markup | str = "") -> Markup:
    """Return panels side by side, the legend of their outlines, and a line below."""
    named = {outline.name: outline.colour for panel in panels for outline in panel.outlines}
    rows = Markup("").join(panel_html(panel) for panel in panels)
    return Markup('<div class="panels">{}</div>{}{}').format(rows, legend_html(named), below)


def legend_html(named: dict[Pair, str]) -> Markup:
    """Return the colours of regions with their names."""
    if not named:
        return Markup()
    items = Markup("").join(
        Markup(
            '<li><svg class="swatch" viewBox="0 0 20 10" aria-hidden="true"><path class="edge" '
            'd="M1 5H19"/><path class="line" stroke="{}" d="M1 5H19"/></svg>{}</li>'
        ).format(colour, both(as_pair(name)))
        for name, colour in named.items()
    )
    return Markup('<ul class="legend">{}</ul>').format(items)
