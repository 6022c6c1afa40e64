"""What Canvas makes of a text on its way into a CSV cell.

Canvas escapes the commas of each ticked option (not the backslashes), joins them by a comma, and
passes the whole through an HTML-to-text step: tags go, entities are decoded, runs of white space
become one blank, ends are trimmed. Every function here goes in that direction only; reading a
cell is searching for what would have been written like it (`grader.option_matching`).
"""

from __future__ import annotations

import html
import re

_BLOCK = re.compile(r"<\s*/?\s*(?:br|p|div|li|ul|ol|tr|td|h[1-6])\b[^>]*>", re.IGNORECASE)
_HIDDEN = re.compile(r"<!--.*?-->|<(script|style)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[A-Za-z/!?][^>]*>")
_UNCLOSED = re.compile(r"<[A-Za-z/!?][^>]*\Z")


def collapsed(text: str) -> str:
    """Return the text with runs of white space as one blank and its ends trimmed."""
    return " ".join(text.split())


def without_tags(text: str, blocks: str = " ") -> str:
    """Return HTML without its tags; those that break a line leave `blocks` behind."""
    text = _HIDDEN.sub("", text)
    return _TAG.sub("", _BLOCK.sub(blocks, text))


def rendered(text: str) -> frozenset[str]:
    """Return what the HTML-to-text step can make of `text`: one text, rarely two.

    Two, where parsers differ: a ``<`` that opens a tag and never closes it swallows the rest of
    the text or stands for itself.
    """
    if "<" not in text and "&" not in text:
        return frozenset({collapsed(text)})
    bare = without_tags(text)
    forms = {bare, _UNCLOSED.sub("", bare)}
    return frozenset(collapsed(html.unescape(form)) for form in forms)


def with_commas_escaped(text: str) -> str:
    """Return the text as Canvas puts it into a joined cell."""
    return text.replace(",", "\\,")


def fingerprint(text: str) -> str:
    """Return a question's text as it can be compared: no tags, entities, or white space.

    White space goes altogether: Canvas keeps newlines in headers, spreadsheets turn them into
    others, and between Chinese characters a blank means nothing.
    """
    return "".join(html.unescape(without_tags(text)).split())
