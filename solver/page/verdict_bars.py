"""Bars of the measured values of a question's options on one scale, with the value each was held
against."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from solver.key import OptionVerdict

_ROOM = 1.04
"""The scale ends a little beyond its longest bar, so that a mark at the end is seen."""


@dataclass(frozen=True)
class Scale:
    """From `low` (at most 0) to `high` (at least 0), as percent of the bar's width."""

    low: float
    high: float

    def percent(self, value: float) -> float:
        """Return where a value lies, 0..100."""
        return 100 * (value - self.low) / (self.high - self.low)


def scales_of(verdicts: Sequence[OptionVerdict]) -> dict[str, Scale]:
    """Return the scale of each unit in which something was measured."""
    scales = {}
    for unit in dict.fromkeys(verdict.unit for verdict in verdicts):
        values = [value for v in verdicts if v.unit == unit for value in _numbers(v)]
        low, high = min([0.0, *values]), max([0.0, *values])
        if high > low:
            scales[unit] = Scale(low * _ROOM, high * _ROOM)
    return scales


def bars_of(verdicts: Sequence[OptionVerdict]) -> list[Markup]:
    """Return a bar for each verdict, in order; nothing where no number was measured."""
    scales = scales_of(verdicts)
    return [_bar(verdict, scales.get(verdict.unit)) for verdict in verdicts]


def _numbers(verdict: OptionVerdict) -> list[float]:
    both = (verdict.value, verdict.threshold)
    return [float(v) for v in both if isinstance(v, int | float) and math.isfinite(v)]


def _bar(verdict: OptionVerdict, scale: Scale | None) -> Markup:
    value, threshold = verdict.value, verdict.threshold
    if scale is None or not isinstance(value, int | float) or not math.isfinite(value):
        return Markup()
    zero, end = scale.percent(0), scale.percent(float(value))
    parts = [
        Markup('<rect class="ground" width="100%" height="16"/>'),
        Markup('<rect class="{}" x="{}%" y="2" width="{}%" height="12"/>').format(
            "held" if verdict.holds else "unheld", _at(min(zero, end)), _at(abs(end - zero))
        ),
    ]
    if zero > 0:
        parts.append(_upright(zero, "zero"))
    if isinstance(threshold, int | float) and math.isfinite(threshold):
        where = scale.percent(float(threshold))
        parts += [_upright(where, "halo"), _upright(where, "mark")]
    return Markup('<svg class="bar" width="100%" height="16" aria-hidden="true">{}</svg>').format(
        Markup("").join(parts)
    )


def _upright(where: float, kind: str) -> Markup:
    return Markup('<line class="{}" x1="{x}%" x2="{x}%" y1="0" y2="16"/>').format(
        kind, x=_at(where)
    )


def _at(percent: float) -> str:
    return f"{percent:.2f}".rstrip("0").rstrip(".") or "0"
