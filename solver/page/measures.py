"""What a rule measures, as a page says it: in Chinese a sentence, below it the whole in English."""

from __future__ import annotations

from functools import cache
from typing import Literal

import yaml
from markupsafe import Markup

from solver.errors import OutputError
from solver.files.resources import data_folder
from solver.text.bilingual import with_code

Part = Literal["rule", "cross_check"]


def measure_html(rule: str, part: Part, text: str) -> Markup:
    """Return what a rule or its cross-check measures.

    Args:
        rule: its name.
        part: the rule, or its cross-check.
        text: the docstring.
    """
    short = _in_chinese().get(rule, {}).get(part, "")
    chinese = Markup('<p lang="zh-Hant">{}</p>').format(short) if short else Markup()
    return chinese + Markup('<div lang="en-GB">{}</div>').format(prose(text))


def prose(text: str) -> Markup:
    """Return a docstring as HTML: its paragraphs, and its code marked as code."""
    paragraphs = [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]
    return Markup("").join(Markup("<p>{}</p>").format(with_code(part)) for part in paragraphs)


@cache
def _in_chinese() -> dict[str, dict[str, str]]:
    path = data_folder("templates") / "key" / "measures.yaml"
    try:
        found: dict[str, dict[str, str]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise OutputError(
            f"{path}: the page's texts cannot be read ({error.strerror}). Install hw9 again."
        ) from None
    return found
