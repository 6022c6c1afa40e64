"""Charts as inline SVG, coloured by the page's style sheet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from markupsafe import Markup

WIDTH, HEIGHT = 720.0, 260.0
LEFT, RIGHT, TOP, BOTTOM = 44.0, 8.0, 12.0, 34.0
MOST_BINS = 25  # a bar is then about 27 units wide: room for a number below every second one


@dataclass(frozen=True, slots=True)
class Bins:
    """Equal bins over totals, in points; the last one includes its upper edge."""

    low: Decimal
    width: Decimal
    number: int

    def of(self, total: Decimal) -> int:
        """Return the number of the bin of a total; one outside is in the first or the last bin."""
        place = int(((total - self.low) / self.width).to_integral_value(rounding=ROUND_FLOOR))
        return min(max(place, 0), self.number - 1)

    def edge(self, index: int) -> Decimal:
        """Return the lower edge of a bin (of `number`: the end)."""
        return self.low + self.width * index

    def title(self, index: int) -> str:
        """Return a bin as an interval: "[0.5, 1)"."""
        closing = "]" if index == self.number - 1 else ")"
        return f"[{_plain(self.edge(index))}, {_plain(self.edge(index + 1))}{closing}"


def bins_for(possible: Decimal, lowest: Decimal = Decimal(0)) -> Bins:
    """Return bins of a round width from 0 (or the lowest total, if below) to `possible`."""
    low = min(lowest, Decimal(0))
    # A test without points would have bins without width.
    span = max(possible - low, Decimal("0.1"))
    width = _round_step(span / MOST_BINS)
    start = (low / width).to_integral_value(rounding=ROUND_FLOOR) * width
    # Upwards: -(-a // b) rounds a quotient up without a float.
    number = int(-((start - low - span) // width))
    # The start was moved down to a whole width, by which the end may fall short.
    while start + width * number < possible:
        number += 1
    return Bins(start, width, max(number, 1))


def _round_step(least: Decimal) -> Decimal:
    """Return the smallest of 1, 2, 5 times a power of ten that is at least `least`."""
    power = Decimal(1).scaleb(least.adjusted())
    # 10 too: of .6, whose power is .1, none of the others is enough.
    return next(step * power for step in (1, 2, 5, 10) if step * power >= least)


def histogram_bins(totals: Iterable[Decimal], possible: Decimal) -> Bins:
    """Return the bins of a histogram of these totals and of the points possible."""
    known = [*totals, possible]
    return bins_for(max(known), min(known))


def bar_address(place: int) -> str:
    """Return the id of the list of students in a histogram's bar."""
    return f"bar-{place}"


def histogram(
    totals: Mapping[Decimal, int],
    other: Mapping[Decimal, int],
    possible: Decimal,
    label: str,
    link: Callable[[int], str] | None = None,
) -> Markup:
    """Return a histogram: a distribution as bars, and another one over it as an outline.

    Args:
        totals: students by total, drawn as bars.
        other: students by total under another policy, drawn as a line of steps.
        possible: points of the whole test: the right end of the axis.
        label: the chart in words, for readers who cannot see it.
        link: gives the address that a bar leads to, by the bar's number.
    """
    bins = histogram_bins(totals, possible)
    first, second = _binned(totals, bins), _binned(other, bins)
    top = max([*first, *second, 1])
    step = max(1, int(_round_step(Decimal(top) / 5)))
    # Up to a whole step, so that the highest bar has a line above it.
    top = -(-top // step) * step
    scale = (HEIGHT - TOP - BOTTOM) / top
    wide = (WIDTH - LEFT - RIGHT) / bins.number
    parts = [_horizontal(value, scale) for value in range(0, top + 1, step)]
    for index, count in enumerate(first):
        if count:
            bar = _bar(index, count, wide, scale, bins)
            around = Markup('<a href="{}" aria-label="{}">{}</a>')
            parts.append(around.format(link(index), bins.title(index), bar) if link else bar)
    parts += _edges(bins, wide)
    # An outline that is the bars' own would say that there are two results.
    if any(second) and second != first:
        parts.append(_outline(second, wide, scale))
    return _svg(WIDTH, HEIGHT, label, parts, role="group" if link else "img")


def _binned(totals: Mapping[Decimal, int], bins: Bins) -> list[int]:
    counts = [0] * bins.number
    for total, count in totals.items():
        counts[bins.of(total)] += count
    return counts


def _bar(index: int, count: int, wide: float, scale: float, bins: Bins) -> Markup:
    title = f"{bins.title(index)}: n = {count}"
    x, height = LEFT + index * wide, count * scale
    y = HEIGHT - BOTTOM - height
    return Markup(
        '<rect class="bar" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>'
    ).format(_at(x + 1), _at(y), _at(wide - 2), _at(height), title)


def _horizontal(value: int, scale: float) -> Markup:
    y = HEIGHT - BOTTOM - value * scale
    return Markup(
        '<line class="grid" x1="{}" x2="{}" y1="{y}" y2="{y}"/>'
        '<text class="tick" x="{}" y="{}" text-anchor="end">{}</text>'
    ).format(_at(LEFT), _at(WIDTH - RIGHT), _at(LEFT - 6), _at(y + 4), value, y=_at(y))


def _edges(bins: Bins, wide: float) -> list[Markup]:
    # Numbers below more than twelve bars would touch.
    every = 2 if bins.number > 12 else 1
    return [
        Markup('<text class="tick" x="{}" y="{}" text-anchor="middle">{}</text>').format(
            _at(LEFT + index * wide), _at(HEIGHT - BOTTOM + 18), _plain(bins.edge(index))
        )
        for index in range(0, bins.number + 1, every)
    ]


def _outline(counts: Sequence[int], wide: float, scale: float) -> Markup:
    base = HEIGHT - BOTTOM
    used = [index for index, count in enumerate(counts) if count]
    path = [f"M{_at(LEFT + used[0] * wide)} {_at(base)}"]
    for index in range(used[0], used[-1] + 1):
        path += [f"V{_at(base - counts[index] * scale)}", f"H{_at(LEFT + (index + 1) * wide)}"]
    path.append(f"V{_at(base)}")
    return Markup('<path class="outline" d="{}"/>').format(" ".join(path))


def share_bars(overall: float | None, upper: float | None, lower: float | None) -> Markup:
    """Return an option's shares as three thin bars: overall, upper group, lower group.

    Args:
        overall, upper, lower: 0 to 1; None is left out.
    """
    named = (("all", overall), ("upper", upper), ("lower", lower))
    rows = [(name, value) for name, value in named if value is not None]
    if not rows:
        return Markup("")
    height = 6 * len(rows) + 2
    parts = [
        Markup('<rect class="{}" x="0" y="{}" width="{}" height="5"/>').format(
            name, _at(1.0 + 6 * row), _at(160 * value)
        )
        for row, (name, value) in enumerate(rows)
    ]
    ground = Markup('<rect class="ground" x="0" y="0" width="160" height="{}"/>').format(height)
    return _svg(160, float(height), "", [ground, *parts])


def _svg(
    width: float, height: float, label: str, parts: Sequence[Markup], role: str = "img"
) -> Markup:
    named = (
        Markup('role="{}" aria-label="{}"').format(role, label)
        if label
        else Markup('aria-hidden="true"')
    )
    return Markup('<svg viewBox="0 0 {} {}" width="{}" height="{}" {}>{}</svg>').format(
        _at(width), _at(height), _at(width), _at(height), named, Markup("").join(parts)
    )


def _at(value: float) -> str:
    # Rounded, so that the same numbers give the same bytes everywhere.
    return f"{value:.1f}".removesuffix(".0")


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
