"""Plain text of a wording in which somebody wrote HTML."""

from __future__ import annotations

import html
import re

_BLOCK = (
    "blockquote|br|dd|div|dl|dt|figcaption|figure|h[1-6]|hr|li|ol|p|pre|table|tbody|td|tfoot|th|"
    "thead|tr|ul"
)
_INLINE = (
    "a|abbr|b|big|cite|code|del|em|font|i|ins|kbd|mark|q|samp|small|span|strike|strong|sub|sup|tt|"
    "u|var"
)
# An attribute needs its "=": "a<b and c>d" holds no tag, though b is an element of HTML.
_ATTRIBUTES = r"""(?:\s+[\w:-]+\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'<>=]+))*\s*/?"""
_BLOCK_TAG = re.compile(rf"</?(?:{_BLOCK}){_ATTRIBUTES}>", re.IGNORECASE)
_INLINE_TAG = re.compile(rf"</?(?:{_INLINE}){_ATTRIBUTES}>", re.IGNORECASE)
_UNSEEN = re.compile(r"<!--.*?-->|<(script|style)\b[^>]*>.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_PICTURE = re.compile(rf"<img{_ATTRIBUTES}>", re.IGNORECASE)
_NAME = re.compile(r"""\b(alt|src)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>=]+))""", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d+|#x[0-9a-f]+|[a-z]\w*);", re.IGNORECASE)
_CODE = re.compile(r"(`{1,2}[^`]+`{1,2})")


def without_tags(text: str) -> str:
    """Return a text without the tags of HTML, its entities decoded; it is still to be escaped.

    A picture stands as its alternative text or file name. Text in backticks stays as it is, and so
    does every ``<`` that opens no element of HTML, such as ``<mask>`` or ``x < y``.

    >>> without_tags("<p>Is 1 &lt; 2 in <code>cnn</code>?</p>"), without_tags("x<y, `<b>`, <mask>")
    ('Is 1 < 2 in cnn?', 'x<y, `<b>`, <mask>')
    """
    if "<" not in text and "&" not in text:
        return text
    # The odd pieces are in backticks, which code with "<" needs to be shown as it is.
    pieces = _CODE.split(text)
    pieces[::2] = map(_plain, pieces[::2])
    return "".join(pieces).strip()


def _plain(text: str) -> str:
    shown = _PICTURE.sub(_picture_name, _UNSEEN.sub("", text))
    # A block's tag parts words, one within a line does not: "H<sub>2</sub>O" is one.
    shown = _INLINE_TAG.sub("", _BLOCK_TAG.sub(" ", shown))
    # Entities last: "&lt;b&gt;" is the text "<b>", no tag.
    return _ENTITY.sub(lambda found: html.unescape(found[0]), shown)


def _picture_name(tag: re.Match[str]) -> str:
    named = {
        each[1].lower(): "".join(filter(None, each.groups()[1:])) for each in _NAME.finditer(tag[0])
    }
    name = named.get("alt") or named.get("src", "").split("?")[0].rsplit("/", 1)[-1]
    return f"[{name}]" if name else ""
