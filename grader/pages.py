"""The Jinja environment of the reports: both languages, a strict policy, no network, no script.

A page carries its texts in English and in Traditional Chinese; two radio buttons and a rule of
the style sheet show one of them, so that the switch needs no script. The only style a page may
apply is its own style sheet, by hash; nothing may be loaded from anywhere.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from typing import Any, Protocol

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from grader.estimates import Estimate
from solver.errors import OutputError
from solver.resources import data_folder

ENGLISH, CHINESE = "en", "zh-Hant"
MINUS = "−"


class InTwoLanguages(Protocol):
    """A wording of the bank or a sentence of the key."""

    @property
    def en(self) -> str:
        """English."""

    @property
    def zh_hant(self) -> str:
        """Traditional Chinese."""


def both(text: InTwoLanguages) -> Markup:
    """Return a text in both languages, of which the page shows one."""
    if text.en == text.zh_hant:
        return escape(text.en)
    return _spans(escape(text.en), escape(text.zh_hant))


def _spans(english: Markup, chinese: Markup) -> Markup:
    return Markup('<span lang="en">{}</span><span lang="zh-Hant">{}</span>').format(
        english, chinese
    )


class Words:
    """The pages' own texts, by name, from a ``words.yaml``."""

    def __init__(self, texts: Mapping[str, Mapping[str, str]]) -> None:
        self._texts = {
            name: (Markup(text[ENGLISH]), Markup(text[CHINESE])) for name, text in texts.items()
        }

    def say(self, name: str, **values: object) -> Markup:
        """Return the text called `name` in both languages, its places filled and escaped."""
        english, chinese = self._texts[name]
        return _spans(english.format(**values), chinese.format(**values))

    def plain(self, name: str, language: str) -> str:
        """Return the text in one language, for a title or a label that cannot hold two."""
        return str(self._texts[name][language == CHINESE])


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
    made = Environment(
        loader=FileSystemLoader(data_folder("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters.update(
        points=points, signed=signed, number=number, percent=percent, both=both, fixed=decimals_of
    )
    style = _style()
    made.globals.update(
        say=words().say,
        both=both,
        style=Markup(style),
        policy=Markup(_policy(style)),
    )
    return made


@cache
def words() -> Words:
    """Return the texts of the report pages."""
    path = data_folder("templates") / "class" / "words.yaml"
    try:
        data: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise OutputError(
            f"{path}: the pages' texts cannot be read ({error.strerror}). Install hw9 again."
        ) from None
    return Words(data)


def _style() -> str:
    return (data_folder("templates") / "class" / "report.css").read_text(encoding="utf-8")


def _policy(style: str) -> str:
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
