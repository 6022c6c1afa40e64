"""Canvas' way from an option's text to a CSV cell.

An option kept as HTML is stripped of its tags and entities first (`stripped`). The commas of each
ticked option are escaped (not the backslashes), the options are joined by a comma, and the whole
passes an HTML-to-text step: tags go, entities are decoded, runs of white space become one blank,
ends are trimmed. Every function here goes in that direction only. A cell is read by a search for
the options that Canvas would have written so (`grader.quizzes.option_matching`).

Source: Canvas, student_analysis.rb and html_text_helper.rb.
"""

from __future__ import annotations

import html
import re
from functools import lru_cache
from itertools import product

_BLOCKS = (
    "address|article|aside|blockquote|br|dd|div|dl|dt|fieldset|figure|footer|form|h[1-6]|header|hr|"
    "li|main|nav|ol|p|pre|section|table|tbody|td|tfoot|th|thead|tr|ul"
)
_BLOCK = re.compile(rf"<\s*/?\s*(?:{_BLOCKS})\b[^>]*>", re.IGNORECASE)
_HIDDEN = re.compile(r"<!--.*?-->|<(script|style)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
# A "<" before a blank or a digit ("1 < 2") opens no tag.
_TAG = re.compile(r"<[A-Za-z/!?][^>]*>")
_OPENING = re.compile(r"<(?:!--|[A-Za-z/!?])")
_NAME = re.compile(r"<(/?[A-Za-z][A-Za-z0-9]*)")
_BLOCK_NAME = re.compile(rf"/?(?:{_BLOCKS})", re.IGNORECASE)
_ATTRIBUTE = r"""\b{}\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+))"""
_ALT = re.compile(_ATTRIBUTE.format("alt"), re.IGNORECASE)
_SRC = re.compile(_ATTRIBUTE.format("src"), re.IGNORECASE)
_PICTURE = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
_SPACE = re.compile(r"\s+")
_ENTITY = re.compile(r"&(?:#[0-9]+|#[xX][0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);")
_EDGE = re.compile(r"\A\s*\n|\n\s*\Z")
_BARE_ENTITY = re.compile(r"&(?:#[0-9]|#[xX][0-9a-fA-F]|[A-Za-z])")

# The parts Canvas deletes of a text kept as HTML: html_text_helper.rb, strip_tags.
_STRIPPED_TAG = re.compile(r"</?[^<>\n]*>?")
_NUMBERED = re.compile(r"&#([0-9]+);")
_NAMED = re.compile(r"&[A-Za-z0-9_]+;")

TEXT = ""
"""The state of a text that is not inside a tag, a comment or a script."""
_LITERAL = "never "
"""Prefix of a state: the tag is never closed, and its ``<`` is a plain sign."""


def collapsed(text: str) -> str:
    """Return the text with runs of white space as one blank and its ends trimmed."""
    return " ".join(text.split())


def without_tags(text: str, blocks: str = " ") -> str:
    """Return HTML without its tags; those that break a line become `blocks`."""
    text = _HIDDEN.sub("", text)
    return _TAG.sub("", _BLOCK.sub(blocks, text))


def stripped(text: str) -> str:
    """Return an option's HTML as Canvas strips it before it joins the options.

    A tag is deleted, and a bare ``<`` takes all with it up to the next ``<``, ``>`` or line end;
    numbered entities are decoded, named ones are deleted.

    >>> stripped("<p>&lt; 0.5</p>"), stripped("a<br>b"), stripped("don&#39;t")
    (' 0.5', 'ab', "don't")
    """

    def sign(entity: re.Match[str]) -> str:
        code = int(entity[1]) if len(entity[1]) < 8 else -1
        # 0xD800 to 0xDFFF are halves of characters, which no text can hold.
        return chr(code) if 0 < code < 0xD800 or 0xDFFF < code < 0x110000 else ""

    # In this order: a tag written as &#60;b&#62; is decoded and stays.
    return _NAMED.sub("", _NUMBERED.sub(sign, _STRIPPED_TAG.sub("", text)))


def ways_kept(text: str) -> tuple[str, ...]:
    """Return the texts that Canvas may join for an option: as plain text, and as HTML stripped."""
    # Packages of R/exams have line ends around a text; an import trims them or not.
    kept = dict.fromkeys((text, text.strip() if _EDGE.search(text) else text))
    # An export does not say which of the two Canvas kept.
    if _TAG.search(text) or _ENTITY.search(text):
        kept |= dict.fromkeys(map(stripped, kept))
    return tuple(kept)


def with_commas_escaped(text: str) -> str:
    """Return an option's text as it stands in a joined cell: "," as "\\\\,"."""
    return text.replace(",", "\\,")


def rendered(text: str) -> frozenset[str]:
    """Return the texts that the HTML-to-text step can make of `text`: one, rarely more."""
    return frozenset(shown.strip() for shown, _ in parsed(text))


# A search asks for the same few stretches at every place of a cell.
@lru_cache(maxsize=1 << 14)
def parsed(text: str, state: str = TEXT) -> tuple[tuple[str, str], ...]:
    """Return the texts that a stretch of HTML can show, each with the state at its end.

    Args:
        text: the stretch; more may follow it.
        state: at its begin: `TEXT`, or the state at another stretch's end.

    Returns:
        Pairs of a text, with runs of white space as one blank (also at its ends), and a state.
    """
    if "<" not in text and "&" not in text and state == TEXT:
        return ((_SPACE.sub(" ", text), TEXT),)
    found: dict[tuple[str, str], None] = {}
    for parts, end in _parts(text, state):
        for shown in product(*parts):
            found[_SPACE.sub(" ", "".join(shown)), end] = None
    return tuple(found)


Parts = list[tuple[str, ...]]
"""Stretches of shown text one after another, each with every form it can have."""


def _parts(text: str, state: str) -> list[tuple[Parts, str]]:
    if state.startswith(_LITERAL):
        return [] if state.removeprefix(_LITERAL) in text.lower() else [([_decoded(text)], state)]
    parts: Parts = []
    at = 0
    while True:
        if state != TEXT:
            close = text.lower().find(state, at)
            if close < 0:
                return [(parts, state)]
            at, state = close + len(state), TEXT
        opening = _OPENING.search(text, at)
        if opening is None:
            parts.append(_decoded(text[at:]))
            return [(parts, TEXT)]
        parts.append(_decoded(text[at : opening.start()]))
        at = opening.start()
        close_mark = "-->" if opening[0] == "<!--" else ">"
        end = text.find(close_mark, opening.end())
        if end < 0:
            # Parsers differ: the rest is swallowed, or the "<" is a plain sign.
            literal = [*parts, _decoded(text[at:])]
            return [(parts, close_mark), (literal, _LITERAL + close_mark)]
        tag = text[at : end + len(close_mark)]
        at = end + len(close_mark)
        parts.append(_shown(tag))
        name = _NAME.match(tag)
        if name and name[1].lower() in ("script", "style"):
            state = f"</{name[1].lower()}>"


def _decoded(text: str) -> tuple[str, ...]:
    """Return the texts that a text can be with its entities decoded."""
    # Parsers differ on an entity without a semicolon.
    if not _BARE_ENTITY.search(text):
        return (text,)
    whole = _ENTITY.sub(lambda found: html.unescape(found[0]), text)
    return tuple(dict.fromkeys((whole, html.unescape(text))))


def _shown(tag: str) -> tuple[str, ...]:
    """Return the texts that can stand in place of a tag."""
    found = _NAME.match(tag)
    name = found[1].lower() if found else ""
    if name == "li":
        return (" * ",)
    if name == "img":
        return _picture(tag)
    return (" ",) if _BLOCK_NAME.fullmatch(name) else ("",)


def _picture(tag: str) -> tuple[str, ...]:
    alt, src = _ALT.search(tag), _SRC.search(tag)
    if src is None:
        return ("",)
    if alt is not None:
        return (f"[{_value(alt)}] ({_value(src)})",)
    # Without an alternative text it is not established what is left.
    return tuple(dict.fromkeys(("", _value(src), f"[] ({_value(src)})")))


def _value(attribute: re.Match[str]) -> str:
    return html.unescape(next(filter(None, attribute.groups()), ""))


def readable(text: str) -> str:
    """Return HTML as people read it in one line, a picture by its alternative text or its file.

    >>> readable("<p>1 &lt; 2</p><img alt='a map' src='m.png'>")
    '1 < 2 [a map]'
    """

    def name(picture: re.Match[str]) -> str:
        alt, src = _ALT.search(picture[0]), _SRC.search(picture[0])
        named = (alt and _value(alt)) or (src and _value(src).split("?")[0].rsplit("/", 1)[-1])
        return f" [{html.escape(named or 'picture')}] "

    return collapsed(html.unescape(without_tags(_PICTURE.sub(name, _HIDDEN.sub("", text)))))


def fingerprint(text: str) -> str:
    """Return a question's text for comparison: without tags, entities and white space."""
    # Canvas keeps newlines in headers, spreadsheets change them, and between Chinese characters
    # a blank means nothing.
    return "".join(html.unescape(without_tags(text)).split())


def fingerprints(text: str) -> tuple[str, ...]:
    """Return the forms of a question's HTML in a header: entities decoded, or deleted with tags.

    >>> fingerprints("<p>Is 1 &lt; 2?</p>")
    ('Is1<2?', 'Is12?')
    """
    return tuple(dict.fromkeys((fingerprint(text), "".join(stripped(text).split()))))
