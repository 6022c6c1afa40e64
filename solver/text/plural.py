"""Numbers with what they count, in English."""

from __future__ import annotations

from decimal import Decimal


def counted(number: int | Decimal, one: str, many: str = "") -> str:
    """Return a number with what it counts.

    Args:
        number: of things.
        one: what one of them is called.
        many: what several are called; empty: `one` with an s.

    >>> counted(1, "row or cell", "rows or cells"), counted(2, "student"), counted(0, "row")
    ('1 row or cell', '2 students', '0 rows')
    """
    text = f"{number:f}" if isinstance(number, Decimal) else f"{number}"
    return f"{text} {one if text == '1' else many or one + 's'}"
