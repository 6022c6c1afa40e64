"""Random questions, and the cells that Canvas writes of what was ticked in them.

Written from the description of what Canvas makes of an option on its way into a cell, not from the
reader: nothing of `grader` is imported here. Whether an option was kept as plain text or as HTML is
drawn for each; which readings a cell has is found by trying all, under every way of keeping.
"""

from __future__ import annotations

import html
import html.parser
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations, product

PLAIN = [
    "green on the food", "red, on the plate", "red", "on the plate", "紅色，食物", "x\\", "y",
    "x,y", "a, b", "a", "b", "1,000", "1", "000", "5 < 6", "5", "A & B", "R&D", "don't", "0.5",
    "0.44", "café", "caf", "bold", "one", "two", "two  blanks", "ab", "x", "=1+1", "10 %",
    '"quoted"', "6 > 5", " edge ",
]  # fmt: skip
MARKED = [
    "<b>bold</b>", "<p>one</p>", "<p>two</p>", "<p>three</p>", "<p>&lt; 0.5</p>", "<p>0.5</p>",
    "&gt; 0.5", "don&#39;t", "<p>caf&eacute;</p>", "caf&eacute;", "a<br>b",
    "<div>red, green</div>", "<p>x < y</p>", "<p>10&nbsp;%</p>", "<p>A &amp; B</p>", "2 &gt; 1",
    "<i>it</i>alic", "&lt;tag&gt;", "\n 1 &lt; 2\n", "<ul><li>one</li><li>two</li></ul>",
    "<p>the map</p>\n<p>of picture 3</p>", "<p>x&#178;</p>", "<img src='a.png' alt='a map'>",
    "<span>紅色，盤子</span>", "<p>1 &#60; 2</p>", "<h3>Layer 7</h3>",
]  # fmt: skip
BLOCKS = {"p", "div", "ul", "ol", "li", "h1", "h2", "h3", "table", "tr", "br"}
HAS_MARK = re.compile(r"<[A-Za-z/!][^>]*>|&#?\w+;")


@dataclass(frozen=True)
class Kept:
    """An option as Canvas has it: its text, and whether that is HTML."""

    text: str
    is_html: bool


@dataclass(frozen=True)
class Made:
    """A random question: `lists` has one list of texts, or of a *pair* one a drop-down.

    `ways` has for each text whether it is kept as HTML.
    """

    kind: str
    lists: tuple[tuple[str, ...], ...]
    ways: tuple[tuple[bool, ...], ...]


Ticks = frozenset[tuple[int, int]]
"""(list, place in it) of what was ticked."""


def strip_html(text: str) -> str:
    """What is left of an option kept as HTML: no tags, no named entities, numbered ones decoded."""
    shown, at = "", 0
    while at < len(text):
        if text[at] != "<":
            shown += text[at]
            at += 1
            continue
        at += 1  # a bare < takes everything with it, as a tag does
        while at < len(text) and text[at] not in "<>\n":
            at += 1
        at += at < len(text) and text[at] == ">"
    decoded = re.sub(r"&#(\d+);", lambda found: chr(int(found[1])), shown)
    return re.sub(r"&[a-zA-Z0-9]+;", "", decoded)


class _Text(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in BLOCKS:
            self.parts.append("\n")
        if tag == "li":
            self.parts.append("* ")
        if tag == "img":
            known = dict(attrs)
            self.parts.append(f"[{known['alt']}] ({known['src']})")

    def handle_endtag(self, tag: str) -> None:
        if tag in BLOCKS:
            self.parts.append("\n")


def html_to_text(text: str) -> str:
    parser = _Text()
    parser.feed(text)
    parser.close()
    return " ".join("".join(parser.parts).split())


def one_answer(option: Kept) -> str:
    return html_to_text(strip_html(option.text) if option.is_html else option.text)


def several(options: list[Kept]) -> str:
    texts = [strip_html(option.text) if option.is_html else option.text for option in options]
    return html_to_text(",".join(text.replace(",", "\\,") for text in texts))


def random_question(rng: random.Random, *, most: int = 10) -> Made:
    kind = rng.choice(["single", "several", "several", "pair"])
    marked = rng.choice([0.0, 0.3, 1.0])  # no option has a tag, some have, all have
    if kind == "pair":
        lists = [_texts(rng, rng.randint(2, 5), marked) for _ in range(rng.randint(1, 3))]
    else:
        lists = [_texts(rng, rng.randint(2, most), marked)]
    keeping = rng.choice(["plain", "html", "mixed"])
    ways = [
        tuple(
            bool(HAS_MARK.search(text))
            and (keeping == "html" or (keeping == "mixed" and rng.random() < 0.5))
            for text in texts
        )
        for texts in lists
    ]  # fmt: skip
    return Made(kind, tuple(lists), tuple(ways))


def _texts(rng: random.Random, count: int, marked: float) -> tuple[str, ...]:
    drawn: dict[str, None] = {}
    while len(drawn) < count:
        drawn[rng.choice(MARKED if rng.random() < marked else PLAIN)] = None
    return tuple(drawn)


def random_ticks(rng: random.Random, question: Made) -> Ticks:
    if question.kind == "pair":
        return frozenset(
            (number, rng.randrange(len(texts)))
            for number, texts in enumerate(question.lists)
            if rng.random() < 0.8
        )
    count = len(question.lists[0])
    most = 1 if question.kind == "single" else count
    return frozenset((0, place) for place in rng.sample(range(count), rng.randint(0, most)))


def edited(rng: random.Random, question: Made) -> Made:
    """The question after somebody changed an option's words, or let two options change places."""
    lists, ways = [list(each) for each in question.lists], [list(each) for each in question.ways]
    at = rng.randrange(len(lists))
    if rng.random() < 0.5:
        place = rng.randrange(len(lists[at]))
        lists[at][place], ways[at][place] = f"{lists[at][place]} now", ways[at][place]
    else:
        one, other = rng.sample(range(len(lists[at])), 2)
        for each in (lists[at], ways[at]):
            each[one], each[other] = each[other], each[one]
    return Made(question.kind, tuple(map(tuple, lists)), tuple(map(tuple, ways)))


def cell(rng: random.Random, question: Made, ticks: Ticks) -> str:
    """What Canvas writes: of several, in any order."""
    options = [Kept(question.lists[n][at], question.ways[n][at]) for n, at in sorted(ticks)]
    rng.shuffle(options)
    if question.kind == "single":
        return one_answer(options[0]) if options else ""
    return several(options)


def readings(question: Made, written: str) -> set[Ticks]:
    """Everything that could have been ticked for this cell, under every way of keeping.

    Each part of a cell is one option's text, so all that can stand first is tried, then all that
    can stand next.
    """
    found: set[Ticks] = set()
    if question.kind == "single":
        for place, text in enumerate(question.lists[0]):
            if written in {one_answer(each) for each in ways_of(text)}:
                found.add(frozenset({(0, place)}))
        return found | ({frozenset()} if not written else set())
    pieces = {
        (number, at): {_piece(each) for each in ways_of(text)}
        for number, texts in enumerate(question.lists)
        for at, text in enumerate(texts)
    }
    slots = question.kind == "pair"
    if slots:
        pieces |= {(number, None): {""} for number in range(len(question.lists))}
    if not written:
        found.add(frozenset())
    _go_on(written, pieces, slots, (), found)
    return found


def _go_on(rest: str, pieces: dict, slots: bool, used: tuple, found: set[Ticks]) -> None:
    for (number, at), texts in pieces.items():
        if any(each[0] == number if slots else each == (number, at) for each in used):
            continue
        now = (*used, (number, at))
        for text in texts:
            whole = text if used else text.lstrip()
            if rest == whole.rstrip():
                found.add(frozenset(each for each in now if each[1] is not None))
            if rest.startswith(f"{whole},"):
                _go_on(rest[len(whole) + 1 :], pieces, slots, now, found)


def _piece(option: Kept) -> str:
    """An option's part of a cell, with the blanks at its ends that a comma keeps."""
    text = strip_html(option.text) if option.is_html else option.text
    return html_to_text("|" + text.replace(",", "\\,") + "|")[1:-1]


def ways_of(text: str) -> list[Kept]:
    """How Canvas may have an option; line ends around it, which packages have, are there or not."""
    texts = dict.fromkeys([text, text.strip() if text != text.strip("\n") else text])
    return [
        Kept(each, is_html)
        for each in texts
        for is_html in ([False, True] if HAS_MARK.search(each) else [False])
    ]


def every_cell(question: Made) -> Iterator[tuple[str, Ticks]]:
    """Every cell of a small question that is not *single*: each set, order and way of keeping."""
    places = [[(n, at) for at in range(len(texts))] for n, texts in enumerate(question.lists)]
    slots = places if question.kind == "pair" else [[each] for each in places[0]]
    for chosen in product(*([None, *slot] for slot in slots)):
        ticked = [each for each in chosen if each]
        for order in permutations(ticked):
            for kept in product(*(ways_of(question.lists[n][at]) for n, at in order)):
                yield several(list(kept)), frozenset(ticked)
