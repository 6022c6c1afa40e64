"""Figures of numbers: points against the diagonal, and tables."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from solver.evidence import Evidence
from solver.page.figures.maps import scrolled
from solver.page.figures.region_labels import short
from solver.page.figures.registry import figure_kind
from solver.text.bilingual import Pair, as_pair, both, words
from solver.text.numbers import MINUS, number

_LEFT, _TOP, _SIDE, _BELOW = 88.0, 8.0, 300.0, 52.0
_MOST_TICKS = 5


@dataclass(frozen=True)
class Axis:
    """An axis from `low` to `high` over 300 units, linear or in powers of ten."""

    low: float
    high: float
    log: bool

    def at(self, value: float) -> float:
        """Return how far along a value lies, 0..300."""
        low, high = self._scaled(self.low), self._scaled(self.high)
        return _SIDE * (self._scaled(value) - low) / (high - low)

    def _scaled(self, value: float) -> float:
        return math.log10(value) if self.log else value

    def ticks(self) -> list[float]:
        """Return at most six round values within the axis."""
        if self.log:
            first, last = math.ceil(math.log10(self.low)), math.floor(math.log10(self.high))
            # Rounded up: with more than five powers of ten, every second one.
            step = max(1, -(-(last - first) // _MOST_TICKS))
            return [10.0**power for power in range(first, last + 1, step)]
        width = _round_step((self.high - self.low) / _MOST_TICKS)
        first, last = math.ceil(self.low / width), math.floor(self.high / width)
        # By whole steps, since adding up a width adds up its rounding.
        return [index * width for index in range(first, last + 1)]


def _round_step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    # A hair below: 0.30000000000000004 is 0.3 to a reader.
    return next(times * power for times in (1, 2, 5, 10) if times * power >= least * (1 - 1e-9))


def axis_over(values: Sequence[float], log: bool) -> Axis:
    """Return an axis over values, a twentieth wider at both ends."""
    low, high = min(values), max(values)
    if log:
        low, high = math.log10(low), math.log10(high)
    # Of one single value any width will do.
    margin = (high - low) / 20 or abs(high) / 20 or 0.5
    low, high = low - margin, high + margin
    return Axis(10**low, 10**high, True) if log else Axis(low, high, False)


@figure_kind("scatter", opens="anywhere")
def scatter(evidence: Evidence, parameters: Mapping[str, Any]) -> Markup:
    """Points with the diagonal. Parameters: x, y; x_label, y_label (en, zh-Hant); log."""
    log = bool(parameters.get("log", False))
    pairs = [(float(x), float(y)) for x, y in zip(parameters["x"], parameters["y"], strict=True)]
    # A logarithm has no place for 0 and below; the note says how many were left out.
    shown = [
        pair
        for pair in pairs
        if all(math.isfinite(value) and (value > 0 or not log) for value in pair)
    ]
    if not shown:
        return Markup('<p class="note">{}</p>').format(words().say("no_points"))
    axis = axis_over([value for pair in shown for value in pair], log)  # one for both: a diagonal
    labels = as_pair(parameters["x_label"]), as_pair(parameters["y_label"])
    note = Markup()
    if len(shown) < len(pairs):
        text = words().say("points_left_out", n=len(pairs) - len(shown))
        note = Markup('<p class="hint">{}</p>').format(text)
    return _plot(axis, shown, labels) + note


def _plot(axis: Axis, shown: Sequence[tuple[float, float]], labels: tuple[Pair, Pair]) -> Markup:
    right, bottom = _LEFT + _SIDE, _TOP + _SIDE
    ticks = Markup("").join(_tick(value, axis.at(value)) for value in axis.ticks())
    points = Markup("").join(
        Markup('<circle cx="{}" cy="{}" r="4"><title>{}, {}</title></circle>').format(
            short(_LEFT + axis.at(x)), short(bottom - axis.at(y)), number(x), number(y)
        )
        for x, y in shown
    )
    spoken = " · ".join(f"{y} / {x}" for x, y in dict.fromkeys(zip(*labels, strict=True)))
    return Markup(
        '<svg class="plot" viewBox="0 0 {} {}" role="img" aria-label="{}">{}'
        '<rect class="frame" x="{}" y="{}" width="{side}" height="{side}"/>'
        '<path class="diagonal" d="M{left} {bottom}L{right} {top}"/>{}{}{}</svg>'
    ).format(
        short(right + 14),
        short(bottom + _BELOW),
        spoken,
        ticks,
        short(_LEFT),
        short(_TOP),
        points,
        _texts(labels[0], f'x="{short(_LEFT + _SIDE / 2)}" y="{short(bottom + 42)}"'),
        _texts(labels[1], f'transform="translate(14 {short(_TOP + _SIDE / 2)}) rotate(-90)"'),
        side=short(_SIDE),
        left=short(_LEFT),
        bottom=short(bottom),
        right=short(right),
        top=short(_TOP),
    )


def _texts(label: Pair, place: str) -> Markup:
    return Markup("").join(
        Markup('<text class="label" lang="{}" {} text-anchor="middle">{}</text>').format(
            language, Markup(place), text
        )
        for language, text in zip(("en", "zh-Hant"), label, strict=True)
    )


def _tick(value: float, along: float) -> Markup:
    right, bottom = _LEFT + _SIDE, _TOP + _SIDE
    text = number(value)
    if value and not 1e-3 <= abs(value) < 1e4:  # 10⁻⁴, not 1×10⁻⁴
        text = text.removeprefix("1×")
    return Markup(
        '<path class="grid" d="M{x} {top}V{bottom}M{left} {y}H{right}"/>'
        '<text class="tick" x="{x}" y="{under}" text-anchor="middle">{text}</text>'
        '<text class="tick" x="{beside}" y="{level}" text-anchor="end">{text}</text>'
    ).format(
        x=short(_LEFT + along),
        y=short(bottom - along),
        top=short(_TOP),
        bottom=short(bottom),
        left=short(_LEFT),
        right=short(right),
        under=short(bottom + 17),
        beside=short(_LEFT - 6),
        level=short(bottom - along + 4),
        text=text,
    )


@figure_kind("table", opens="never")
def table(evidence: Evidence, parameters: Mapping[str, Any]) -> Markup:
    """A table. Parameters: columns, texts (en, zh-Hant); rows of text, numbers, bools or texts."""
    columns = [as_pair(column) for column in parameters["columns"]]
    rows = [list(row) for row in parameters["rows"]]
    numeric = [
        bool(rows) and all(_is_number(row[at]) for row in rows if at < len(row))
        for at in range(len(columns))
    ]
    head = Markup("").join(
        Markup('<th scope="col"{}>{}</th>').format(_align(right), both(column))
        for column, right in zip(columns, numeric, strict=True)
    )
    body = Markup("").join(
        Markup("<tr>{}</tr>").format(
            Markup("").join(
                Markup("<td{}>{}</td>").format(_align(right), _cell(cell))
                for cell, right in zip(row, numeric, strict=True)
            )
        )
        for row in rows
    )
    return scrolled(
        Markup('<table class="numbers"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>').format(
            head, body
        )
    )


def _is_number(cell: object) -> bool:
    """Numbers are set to the right, also those a rule has rounded to text itself."""
    if isinstance(cell, str):
        return re.fullmatch(r"[-−+]?[\d.,]+(e[-+]?\d+)?", cell) is not None
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def _align(right: bool) -> Markup:
    return Markup(' class="n"') if right else Markup()


def _cell(cell: Any) -> Markup | str:
    if isinstance(cell, bool):
        return words().say("yes" if cell else "no")
    if isinstance(cell, list | tuple):
        return both(as_pair(cell))
    if isinstance(cell, str) and _is_number(cell) and "e" in cell:
        # A rule's own text "9.6e-05" is set as 9.6×10⁻⁵ like any other number.
        return number(float(cell.replace(MINUS, "-")))
    return number(cell)
