"""The Jinja environment of the reports: both languages, a strict policy, no network.

A page carries its texts in English and in Traditional Chinese; two radio buttons and a rule of
the style sheet show one of them, so that the switch needs no script. The only style a page may
apply is its own style sheet, by hash; nothing may be loaded from anywhere.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache

from jinja2 import Environment
from markupsafe import Markup

from grader.items.estimates import Estimate
from solver.files.resources import data_folder
from solver.text.bilingual import Words, both, policy_for, template_environment, worded
from solver.text.bilingual import words as page_words

MINUS = "−"


def points(value: Decimal | float | None) -> str:
    """Return points for reading: at most four decimals, no needless zeros.

    >>> points(Decimal("9.70")), points(Decimal("-0.150")), points(Decimal("0"))
    ('9.7', '−0.15', '0')
    """
    if value is None:
        return "–"
    exact = Decimal(repr(value)) if isinstance(value, float) else value
    rounded = exact.quantize(Decimal("0.0001"), rounding=ROUND_HALF_EVEN)
    text = f"{rounded:f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else minus(text)


def minus(text: str) -> str:
    """Return a number with a minus sign as long as a plus, not a hyphen."""
    return text.replace("-", MINUS)


def decimals_of(value: float, decimals: int = 2) -> str:
    """Return a number with so many decimals; never a negative zero."""
    text = f"{value:.{decimals}f}"
    return minus(text[1:] if float(text) == 0 and text.startswith("-") else text)


def signed(value: Decimal | float | None) -> str:
    """Return points with their sign: what must be added."""
    text = points(value)
    return text if text.startswith((MINUS, "–")) or text == "0" else f"+{text}"


def number(estimate: Estimate | None, decimals: int = 2) -> str:
    """Return a statistic for reading, or a dash where it is not given."""
    if estimate is None or estimate.value is None:
        return "–"
    return decimals_of(estimate.value, decimals)


def percent(estimate: Estimate | None) -> str:
    """Return a share as whole percent, or a dash where it is not given."""
    if estimate is None or estimate.value is None:
        return "–"
    return f"{100 * estimate.value:.0f}%"


@cache
def environment() -> Environment:
    """Return the environment of all report templates, made once."""
    made = template_environment()
    made.filters.update(
        points=points,
        signed=signed,
        number=number,
        percent=percent,
        both=both,
        worded=worded,
        fixed=decimals_of,
    )
    sheet = style()
    made.globals.update(
        say=words().say,
        both=both,
        style=Markup(sheet),
        policy=Markup(policy_for(sheet)),
    )
    return made


def words() -> Words:
    """Return the texts of the report pages."""
    return page_words("class")


def style() -> str:
    """Return the style sheet of the report pages."""
    return (data_folder("templates") / "class" / "report.css").read_text(encoding="utf-8")
