"""Texts of pages in English and Traditional Chinese, and the pages' Content-Security-Policy.

A page carries both languages; a rule of its style sheet shows the one whose radio button is set,
so that the switch needs no script.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Protocol

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from solver.errors import OutputError
from solver.files.resources import data_folder
from solver.text.html_tags import without_tags

ENGLISH, CHINESE = "en", "zh-Hant"
Pair = tuple[str, str]
"""A text in English and in Traditional Chinese."""


class InTwoLanguages(Protocol):
    """A wording of the bank or a sentence of the key."""

    @property
    def en(self) -> str:
        """English."""

    @property
    def zh_hant(self) -> str:
        """Traditional Chinese."""


def as_pair(text: InTwoLanguages | Pair | list[str] | str) -> Pair:
    """Return a text as (English, Chinese), whichever way it is held; one text serves for both.

    A wording in which somebody wrote HTML is given as plain text.
    """
    if isinstance(text, str):
        return text, text
    if isinstance(text, tuple | list):
        english, chinese = text
        return str(english), str(chinese)
    return without_tags(text.en), without_tags(text.zh_hant)


def both(text: InTwoLanguages | Pair | list[str] | str) -> Markup:
    """Return a text in both languages, escaped, of which the page shows one."""
    english, chinese = as_pair(text)
    if english == chinese:
        return escape(english)
    return spans(escape(english), escape(chinese))


def worded(text: InTwoLanguages | Pair | list[str] | str) -> Markup:
    """Return a text in both languages, with text in backticks set as code."""
    english, chinese = as_pair(text)
    if english == chinese:
        return with_code(english)
    return spans(with_code(english), with_code(chinese))


def with_code(text: str) -> Markup:
    """Return a text escaped, with text in single or double backticks set as code."""
    pieces = re.split(r"`{1,2}([^`]+)`{1,2}", text)
    return Markup("").join(
        Markup("<code>{}</code>").format(piece) if at % 2 else escape(piece)
        for at, piece in enumerate(pieces)
    )


def spans(english: Markup, chinese: Markup) -> Markup:
    """Return two pieces of HTML, each marked with its language."""
    return Markup('<span lang="en">{}</span><span lang="zh-Hant">{}</span>').format(
        english, chinese
    )


_TURNING = {sign: f"\\u{sign:04x}" for sign in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}


def without_turning(page: str) -> str:
    """Return a page with bidirectional control characters escaped, such as ``\\u202e``.

    U+200E and U+200F, which only mark the direction of a character beside them, stay.
    """
    # One such character would let the rest of its line be read backwards. Looked for one by one:
    # a page without any, as nearly all are, takes a tenth of the time of a pattern.
    return page.translate(_TURNING) if any(chr(sign) in page for sign in _TURNING) else page


class Words:
    """A page's own texts by name: trusted HTML, into which values are put escaped."""

    def __init__(self, texts: Mapping[str, Mapping[str, str]]) -> None:
        self._texts = {
            name: (Markup(text[ENGLISH]), Markup(text[CHINESE])) for name, text in texts.items()
        }
        self._said: dict[str, Markup] = {}

    def __contains__(self, name: object) -> bool:
        return name in self._texts

    def say(self, name: str, **values: object) -> Markup:
        """Return the text called `name` in both languages, its places filled and escaped.

        A value that is a pair of texts is put in language by language.
        """
        # Most texts have no places, and a class of a thousand asks for them a thousand times.
        if not values:
            return self._said.get(name) or self._said.setdefault(name, self._filled(name))
        return self._filled(name, **values)

    def _filled(self, name: str, **values: object) -> Markup:
        english, chinese = (
            text.format(
                **{
                    key: value[at] if isinstance(value, tuple) else value
                    for key, value in values.items()
                }
            )
            for at, text in enumerate(self._texts[name])
        )
        return english if english == chinese else spans(english, chinese)

    def pair(self, name: str, **values: object) -> Pair:
        """Return the text called `name` as plain (English, Chinese), nothing escaped."""
        english, chinese = self._texts[name]
        return str(english).format(**values), str(chinese).format(**values)

    def plain(self, name: str, language: str) -> str:
        """Return the text in one language, for a title or a label that cannot hold two."""
        return str(self._texts[name][language == CHINESE])


@cache
def words(*folders: str) -> Words:
    """Return the texts of the pages of one or several kinds, ``templates/FOLDER/words.yaml``.

    Args:
        folders: of two texts with one name the later folder's counts; the key's page if none.

    Raises:
        OutputError: the installation lacks a file.
    """
    texts: dict[str, Any] = {}
    for folder in folders or ("key",):
        path = data_folder("templates") / folder / "words.yaml"
        try:
            texts |= yaml.safe_load(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise OutputError(
                f"{path}: the page's texts cannot be read ({error.strerror}). Install hw9 again."
            ) from None
    return Words(texts)


def template_environment() -> Environment:
    """Return a Jinja environment over ``templates/`` that escapes and refuses unknown names."""
    return Environment(
        loader=FileSystemLoader(data_folder("templates")),
        autoescape=True,
        # A misspelt name is an error in a test, not a gap on somebody's page.
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def page_environment(texts: Words, styles: Sequence[str], script: str = "") -> Environment:
    """Return the environment of one kind of page, with its texts, style sheet and policy.

    Args:
        texts: of the page.
        styles: its style sheets, in order, as paths in ``templates/``.
        script: its one script, likewise; "" for none.
    """
    folder = data_folder("templates")
    style = "\n".join((folder / name).read_text(encoding="utf-8") for name in styles)
    code = (folder / script).read_text(encoding="utf-8") if script else ""
    made = template_environment()
    made.filters.update(both=both, worded=worded)
    made.globals.update(
        say=texts.say,
        style=Markup(style),
        script=Markup(code),
        policy=Markup(policy_for(style, code)),
    )
    return made


def policy_for(style: str, script: str = "") -> str:
    """Return a Content-Security-Policy that allows this style sheet and data: pictures alone.

    Args:
        style: the page's style sheet.
        script: the page's one script; "": none runs.
    """
    # By hash: a script or style that gets into a page by way of somebody's text does not run.
    runs = f"script-src 'sha256-{_digest(script)}'; " if script else ""
    return (
        f"default-src 'none'; {runs}style-src 'sha256-{_digest(style)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
