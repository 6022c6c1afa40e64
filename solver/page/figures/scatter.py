"""Scatter plots of tokens, a panel a layer, each token named and coloured by its role.

At 120 tokens names would lie on one another: each is put into the free place nearest to its point,
with a thin line where that is not beside it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from solver.evidence import Evidence
from solver.page.figures.maps import record_of
from solver.page.figures.region_labels import short
from solver.page.figures.registry import figure_kind
from solver.text.bilingual import Pair, both

Floats = npt.NDArray[np.float64]
WIDTH, HEIGHT, EDGE = 900.0, 640.0, 30.0
FONT, LETTER = 12.0, 6.6
"""Size of the names and the width a letter takes, in units of the drawing."""
COLOURS = {1: "#e03131", 2: "#2f9e44", 3: "#1c5bff"}
ROLES = {1: ("question", "問題"), 2: ("context", "文章"), 3: ("answer", "答案")}
# Tried one after another; names stand to the right or left first, where they read best.
_RADII = (9.0, 16.0, 26.0, 38.0, 52.0, 70.0, 92.0, 120.0, 155.0, 195.0, 240.0, 300.0)
_ANGLES = (0.0, 180.0, 315.0, 45.0, 225.0, 135.0, 270.0, 90.0, 340.0, 20.0, 160.0, 200.0)
_STEPS = [
    (radius * across, radius * down, 1.0 if across < -0.1 else 0.0 if across > 0.1 else 0.5)
    for radius in _RADII
    for across, down in ((math.cos(turn), math.sin(turn)) for turn in np.radians(_ANGLES).tolist())
]
"""From a point to its name, across and down, and the share of the name left of there."""

Box = tuple[float, float, float, float]


@figure_kind("bert_scatter")
def scatter_by_layer(evidence: Evidence, parameters: Mapping[str, Any]) -> Markup:
    """Tokens by their first two principal components.

    Parameters: record; layers (from 1; all where there are none); open, the layers that stand open
    where there are several. A record read off plots may have no `pieces`, so its points have no
    names, and other roles in each layer.
    """
    record = record_of(evidence, parameters["record"])
    points, roles = record.array("points", 3), record.array("roles")
    # (tokens,), or (layers, tokens) where it was read off plots, whose markers have no names.
    roles = np.broadcast_to(roles, points.shape[:2])
    pieces = [str(piece) for piece in record.values.get("pieces") or [""] * points.shape[1]]
    wanted = parameters.get("layers") or range(1, len(points) + 1)
    panels = []
    for layer in wanted:
        several = len(wanted) > 1
        caption = Markup("<figcaption>{}</figcaption>").format(both(_name(layer)))
        panel = _panel(
            np.asarray(points[layer - 1], np.float64),
            roles[layer - 1],
            pieces,
            layer,
            Markup() if several else caption,
            decisive=layer in parameters.get("open", ()),
        )
        if several:
            state = " open" if layer in parameters.get("open", ()) else ""
            panel = Markup("<details{}><summary>{}</summary>{}</details>").format(
                Markup(state), both(_name(layer)), panel
            )
        panels.append(panel)
    return Markup('{}<div class="layers">{}</div>').format(_legend(), Markup("").join(panels))


def _name(layer: int) -> Pair:
    return f"Layer {layer}", f"第 {layer} 層"


def _legend() -> Markup:
    parts = []
    for at, role in enumerate(ROLES):
        parts.append(_marker(8 + 110 * at, 9, role))
        parts += [
            Markup(
                '<text x="{}" y="14" font-size="13" fill="currentColor" lang="{}">{}</text>'
            ).format(short(20 + 110 * at), language, text)
            for language, text in zip(("en", "zh-Hant"), ROLES[role], strict=True)
        ]
    return Markup('<svg viewBox="0 0 330 20" width="330" aria-hidden="true">{}</svg>').format(
        Markup("").join(parts)
    )


def _marker(x: float, y: float, role: int) -> Markup:
    colour = COLOURS.get(role, "#888888")
    if role == 3:
        return Markup('<path d="M{} {}l5 6l-5 6l-5-6z" fill="{}"/>').format(
            short(x), short(y - 6), colour
        )
    return Markup('<circle cx="{}" cy="{}" r="4" fill="{}"/>').format(short(x), short(y), colour)


def _panel(
    points: Floats,
    roles: npt.NDArray[Any],
    pieces: Sequence[str],
    layer: int,
    caption: Markup,
    *,
    decisive: bool,
) -> Markup:
    shown = [at for at in range(len(pieces)) if int(roles[at]) in COLOURS]
    places = _placed(points[shown])
    names = [pieces[at] for at in shown]
    spots = name_places(places, names)
    marks = []
    for (x, y), (left, top), name in zip(places, spots, names, strict=True):
        # A line leads to a name that found its place farther off.
        if name and (abs(left - x) > 24 or abs(top - y) > 24):
            marks.append(
                Markup(
                    '<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="currentColor" '
                    'stroke-opacity=".35" stroke-width=".7"/>'
                ).format(short(x), short(y), short(left), short(top + FONT / 2))
            )
    for (x, y), (left, top), at in zip(places, spots, shown, strict=True):
        marks.append(_marker(x, y, int(roles[at])))
        if not pieces[at]:
            continue
        marks.append(
            Markup('<text x="{}" y="{}" font-size="{}" fill="currentColor"{}>{}</text>').format(
                short(left),
                short(top + FONT - 2),
                short(FONT),
                Markup(' font-weight="bold"') if int(roles[at]) == 3 else Markup(),
                pieces[at],
            )
        )
    return Markup(
        '<figure><svg{} viewBox="0 0 {} {}" width="100%" role="img" aria-label="{}">{}</svg>'
        "{}</figure>"
    ).format(
        Markup(' class="decisive"') if decisive else "",
        short(WIDTH),
        short(HEIGHT),
        f"layer {layer}",
        Markup("").join(marks),
        caption,
    )


def _placed(points: Floats) -> Floats:
    """Points brought into the drawing, (n, 2)."""
    low, high = points.min(0), points.max(0)
    share = (points - low) / np.maximum(high - low, 1e-12)
    # Upwards in a plot, downwards in an SVG.
    share[:, 1] = 1 - share[:, 1]
    # 60 less in width, for the name of a token at the right edge.
    placed: Floats = EDGE + share * (np.array([WIDTH - 60, HEIGHT]) - 2 * EDGE)
    return placed


def name_places(points: Floats, names: Sequence[str]) -> list[tuple[float, float]]:
    """Return the left upper corner of each name: free of points and of the names before it.

    Names that find no free place stand beside their point all the same.
    """
    # Every point first: no name may cover a marker, drawn before or after it.
    at = [(float(x), float(y)) for x, y in points]
    taken = [(x - 4, y - 4, x + 4, y + 4) for x, y in at]
    corners = []
    for (x, y), name in zip(at, names, strict=True):
        width = LETTER * len(name) + 2
        box = next(
            (box for box in _candidates(x, y, width) if _free(box, taken)),
            (x + 6, y - FONT / 2, x + 6 + width, y + FONT / 2),
        )
        taken.append(box)
        corners.append(box[:2])
    return corners


def _candidates(x: float, y: float, width: float) -> Iterator[Box]:
    for across, down, share in _STEPS:
        left, top = x + across - share * width, y + down - FONT / 2
        yield left, top, left + width, top + FONT


def _free(box: Box, taken: Sequence[Box]) -> bool:
    left, top, right, bottom = box
    if left < 0 or top < 0 or right > WIDTH or bottom > HEIGHT:
        return False
    return not any(right > a and c > left and bottom > b and d > top for a, b, c, d in taken)
