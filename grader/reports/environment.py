"""Jinja environment of the reports: both languages, a strict policy, no network.

A page carries its texts in English and in Traditional Chinese; two radio buttons and a rule of
the style sheet show one of them, so that the switch needs no script. The only style a page may
apply is its own style sheet, by hash; nothing may be loaded from anywhere.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache

from jinja2 import Environment

from grader.items.estimates import Estimate, rounded
from solver.files.resources import data_folder
from solver.text.bilingual import (
    CHINESE,
    InTwoLanguages,
    Pair,
    Words,
    as_pair,
    both,
    page_environment,
)
from solver.text.bilingual import words as page_words

# U+2212, as long as a plus; "-" is a hyphen, and breaks off at a line's end.
MINUS = "−"
STYLE = "class/report.css"


def points(value: Decimal | float | None) -> str:
    """Return points as text: at most four decimals, rounded half up, no needless zeros.

    >>> points(Decimal("9.70")), points(Decimal("-0.150")), points(Decimal("0"))
    ('9.7', '−0.15', '0')
    """
    if value is None:
        return "–"
    text = f"{rounded(value, 4):f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else minus(text)


def minus(text: str) -> str:
    """Return a number with a minus sign as long as a plus, not a hyphen."""
    return text.replace("-", MINUS)


def decimals_of(value: float, decimals: int = 2) -> str:
    """Return a number with so many decimals; never a negative zero."""
    exact = rounded(value, decimals)
    # A zero may come out of -0.001, with its sign.
    return minus(f"{exact if exact else abs(exact):f}")


def signed(value: Decimal | float | None) -> str:
    """Return points with their sign, as for points to be added."""
    text = points(value)
    return text if text.startswith((MINUS, "–")) or text == "0" else f"+{text}"


def number(estimate: Estimate | None, decimals: int = 2) -> str:
    """Return a statistic with so many decimals, or a dash where it is not given."""
    if estimate is None or estimate.value is None:
        return "–"
    return decimals_of(estimate.value, decimals)


def percent(estimate: Estimate | None) -> str:
    """Return a share as whole percent, or a dash where it is not given."""
    if estimate is None or estimate.value is None:
        return "–"
    return whole_percent(estimate.value)


def whole_percent(share: float) -> str:
    """Return a number from 0 to 1 as whole percent.

    >>> whole_percent(0.145)
    '15%'
    """
    return f"{rounded(share, 2) * 100:.0f}%"


def in_language(text: InTwoLanguages | Pair | list[str] | str, language: str) -> str:
    """Return a text in one language ("en" or "zh-Hant"), for a title that cannot hold two."""
    return as_pair(text)[language == CHINESE]


@cache
def environment() -> Environment:
    """Return the environment of all report templates."""
    made = page_environment(words(), [STYLE])
    made.filters.update(
        points=points,
        signed=signed,
        number=number,
        percent=percent,
        whole_percent=whole_percent,
        in_language=in_language,
        fixed=decimals_of,
    )
    made.globals.update(both=both)
    return made


def words() -> Words:
    """Return the texts of the class's page and of students' pages."""
    return page_words("class", "student")


def style() -> str:
    """Return the style sheet of the report pages."""
    return (data_folder("templates") / STYLE).read_text(encoding="utf-8")
