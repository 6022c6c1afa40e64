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
    if isinstance(value, bool):
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
