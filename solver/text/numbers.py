"""Numbers for people: three digits, a real minus sign, powers of ten written out."""

from __future__ import annotations

import math
from decimal import Decimal

MINUS = "−"
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float | int | str | Decimal | None) -> str:
    """Return a measured value for reading; text stays as it is, None is a dash.

    >>> number(0.61234), number(-2), number(6.9e-14), number(12345.6), number("Conv2d")
    ('0.612', '−2', '6.9×10⁻¹⁴', '12,346', 'Conv2d')
    """
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if isinstance(value, bool):  # before int, which every bool is
        return str(value)
    if isinstance(value, int | Decimal):
        return f"{value:,}".replace("-", MINUS)
    return _of_float(value)


def _of_float(value: float) -> str:
    if not math.isfinite(value):
        return {"inf": "∞", "-inf": MINUS + "∞"}.get(str(value), "–")
    size = abs(value)
    if value == 0:
        return "0"
    # Three digits would make 12,345.6 into 1.23e+04.
    if 1000 <= size < 1e6:
        text = f"{value:,.0f}"
    elif 1e-4 <= size < 1e6:
        text = f"{value:.3g}"
    else:
        digits, power = f"{value:.2g}".split("e") if "e" in f"{value:.2g}" else (f"{value:.2g}", "")
        text = f"{digits}×10{str(int(power)).translate(_RAISED)}" if power else digits
    return text.replace("-", MINUS)


def percent(share: float | None) -> str:
    """Return a share as percent: one decimal under ten, none above, and a dash for None.

    >>> percent(0.0312), percent(0.74), percent(44.0), percent(None)
    ('3.1%', '74%', '>999%', '–')
    """
    if share is None:
        return "–"
    if share >= 10:
        return ">999%"
    return f"{100 * share:.1f}%" if share < 0.1 else f"{100 * share:.0f}%"


def about(chance: float) -> str:
    """Return an estimated chance in whole percent.

    >>> about(0.337), about(0.004)
    ('34%', '<1%')
    """
    return f"{100 * chance:.0f}%" if chance >= 0.01 else "<1%"


def roughly(chance: float) -> tuple[str, str]:
    """Return an estimated chance for a sentence (en, zh-Hant).

    >>> roughly(0.337), roughly(0.004)
    (('about 34%', '約 34%'), ('under 1%', '不到 1%'))
    """
    if chance < 0.01:
        return "under 1%", "不到 1%"
    return f"about {about(chance)}", f"約 {about(chance)}"


RARE_CHANCE = 0.1
"""A smaller chance is said as one in so many."""


def chance_of(share: float, things: tuple[str, str]) -> tuple[str, str]:
    """Return a chance as one in so many things (en, zh-Hant); of a hundred where it is not small.

    Args:
        share: 0..1.
        things: (en plural, zh-Hant with its measure word).

    >>> chance_of(1 / 217, ("random placements", "種隨機擺放"))
    ('1 in 217 random placements', '每 217 種隨機擺放有 1 種')
    >>> chance_of(0.31, ("random placements", "種隨機擺放"))[0]
    '31 in 100 random placements'
    """
    # 0 too: "1 in infinity" is no number.
    if not 0 < share < RARE_CHANCE:
        some, of = round(100 * share), 100
    else:
        some, of = 1, round(1 / share)
    # The first letter is the measure word, which Chinese says again with the count.
    measure = things[1][:1]
    return (
        f"{some:,} in {of:,} {things[0]}",
        f"每 {of:,} {things[1]}有 {some:,} {measure}",
    )
