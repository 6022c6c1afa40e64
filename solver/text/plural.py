"""Pluralize a count: "1 row", "2 rows"."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal


def counted(number: int | Decimal, one: str, many: str = "") -> str:
    """Return a number with its noun in the singular or the plural.

    Args:
        number: the count.
        one: the noun in the singular.
        many: the noun in the plural; empty: `one` with an s.

    >>> counted(1, "row or cell", "rows or cells"), counted(2, "student"), counted(0, "row")
    ('1 row or cell', '2 students', '0 rows')
    """
    text = f"{number:f}" if isinstance(number, Decimal) else f"{number}"
    return f"{text} {one if text == '1' else many or one + 's'}"


def shortened(names: Sequence[str]) -> str:
    """Return names in a line, of many the first ones and how many more.

    >>> shortened(["a", "b", "c", "d"])
    'a, b and 2 more'
    """
    return (
        ", ".join(names) if len(names) <= 3 else f"{', '.join(names[:2])} and {len(names) - 2} more"
    )
