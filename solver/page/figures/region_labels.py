"""Names of outlined regions in strips above and below a panel, with leader lines to the edges.

No name covers the picture. All lengths are in the panel's own units, of which it is 128 wide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from solver.text.bilingual import Pair

UNITS = 128
"""Width and height of a panel's picture."""

FONT, ROW, GAP = 7.5, 10.0, 3.0
"""Height of the letters, of a row of names, and the least room between two names of a row."""

_LATIN, _CHINESE = 0.62, 1.0
"""Width of a letter, as a share of its height."""


@dataclass(frozen=True)
class Outline:
    """The edge of a named region.

    Attributes:
        lines: closed lines as (N, 2) x and y in 0..128.
    """

    name: Pair
    colour: str
    lines: tuple[npt.NDArray[np.float64], ...]


@dataclass(frozen=True)
class Label:
    """A name and its leader line.

    Attributes:
        x: middle of the name.
        row: from 0, the row nearest to the picture.
        above: in the strip above the picture, else below it.
        end: the point of the edge that the leader line reaches.
    """

    outline: Outline
    x: float
    row: int
    above: bool
    end: tuple[float, float]

    @property
    def baseline(self) -> float:
        """The y of the name's letters: negative above the picture, over 128 below it."""
        away = self.row * ROW
        return -away - GAP if self.above else UNITS + away + FONT + GAP / 2

    @property
    def start(self) -> tuple[float, float]:
        """The point below (or above) the name where the leader line begins."""
        return self.x, self.baseline + (1.5 if self.above else -FONT)


def width_of(name: Pair) -> float:
    """Return the width of a name, of the longer of its two languages."""
    return FONT * max(_LATIN * len(name[0]), _CHINESE * len(name[1]))


def placed_labels(outlines: Sequence[Outline]) -> list[Label]:
    """Return a label for each outline, each in the strip its region is nearest to."""
    strips: dict[bool, list[tuple[Outline, tuple[float, float]]]] = {True: [], False: []}
    for outline in outlines:
        points = np.concatenate(outline.lines)
        ends = {True: points[points[:, 1].argmin()], False: points[points[:, 1].argmax()]}
        far = {True: float(ends[True][1]), False: UNITS - float(ends[False][1])}
        # A strip that holds a name already counts as farther, so that names are shared out.
        above = min(far, key=lambda side: far[side] + 2 * ROW * len(strips[side]))
        strips[above].append((outline, (float(ends[above][0]), float(ends[above][1]))))
    return [label for above in (True, False) for label in _in_rows(strips[above], above=above)]


def _in_rows(named: Sequence[tuple[Outline, tuple[float, float]]], *, above: bool) -> list[Label]:
    """Names as near to their points as they fit into a row; the widest go a row out, if need be."""
    ordered = sorted(named, key=lambda one: one[1][0])
    rows: list[list[tuple[Outline, tuple[float, float]]]] = [[]]
    for one in ordered:
        if rows[-1] and sum(width_of(each[0].name) + GAP for each in [*rows[-1], one]) > UNITS:
            rows.append([])
        rows[-1].append(one)
    return [
        Label(outline, x, row, above, end)
        for row, some in enumerate(rows)
        for (outline, end), x in zip(some, _spread(some), strict=True)
    ]


def _spread(named: Sequence[tuple[Outline, tuple[float, float]]]) -> list[float]:
    """The middles of names of one row, left to right, apart and within the panel."""
    halves = [min(width_of(outline.name), UNITS) / 2 for outline, _ in named]
    places, free = [], 0.0
    for half, (_, end) in zip(halves, named, strict=True):
        # Left to right: each at its own point, or as near as the names before it let it.
        places.append(max(end[0], free + half))
        free = places[-1] + half + GAP
    free = float(UNITS)
    for at in reversed(range(len(places))):  # pushed out on the right: come back
        places[at] = min(places[at], free - halves[at])
        free = places[at] - halves[at] - GAP
    return places


def strip_heights(labels: Sequence[Label]) -> tuple[float, float]:
    """Return the heights of the strips above and below that the labels take; 0 without any."""
    above, below = (
        max((label.row + 1 for label in labels if label.above is side), default=0)
        for side in (True, False)
    )
    return above * ROW + bool(above) * GAP / 2, below * ROW + bool(below) * GAP / 2


def labels_svg(labels: Sequence[Label]) -> Markup:
    """Return leader lines, their ends as dots, and the names in both languages."""
    lines = [
        Markup(
            '<path class="leader-edge" d="{0}"/><path class="leader" stroke="{1}" d="{0}"/>'
            '<circle class="leader-end" fill="{1}" cx="{2}" cy="{3}" r="1.6"/>'
        ).format(
            f"M{short(label.start[0])} {short(label.start[1])}"
            f"L{short(label.end[0])} {short(label.end[1])}",
            label.outline.colour,
            short(label.end[0]),
            short(label.end[1]),
        )
        for label in labels
    ]
    return Markup("").join([*lines, *(_name(label) for label in labels)])


def _name(label: Label) -> Markup:
    english, chinese = label.outline.name
    said = Markup("{}").format(english) if english == chinese else _tspans(english, chinese)
    return Markup('<text class="name" x="{}" y="{}" text-anchor="middle">{}</text>').format(
        short(label.x), short(label.baseline), said
    )


def _tspans(english: str, chinese: str) -> Markup:
    return Markup('<tspan lang="en">{}</tspan><tspan lang="zh-Hant">{}</tspan>').format(
        english, chinese
    )


def short(value: float) -> str:
    """Return a coordinate with one decimal: the same on every machine."""
    return f"{value:.1f}".removesuffix(".0")
