"""Reads a page back as a browser would: its elements, its attributes, its texts by language."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

EMPTY = {"meta", "input", "br"}
ELEMENTS = {"html", "head", "meta", "title", "style", "body", "input", "div", "label", "section"}
ELEMENTS |= {"h1", "h2", "h3", "p", "span", "b", "i", "br", "a", "ul", "li", "dl", "dt", "dd"}
ELEMENTS |= {"table", "thead", "tbody", "tr", "th", "td", "svg", "rect", "line", "text", "path"}
ELEMENTS |= {"h4", "code", "details", "summary"}
LINK = re.compile(r"#[\w-]+|students/index\.html#bar-\d+|\.\./class\.html|[\w.~-]+\.html", re.ASCII)
"""Where a link of the pages may lead: within the page, or to another page of the same run."""


@dataclass
class Page(HTMLParser):
    """What stands in a page; `en` and `zh` hold the texts one language's reader sees."""

    source: str
    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    en: str = ""
    zh: str = ""
    style: str = ""
    script: str = ""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[tuple[str, str | None]] = []
        self.feed(self.source)
        self.close()
        assert not self._open, f"never closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append((tag, given))
        if tag not in EMPTY:
            self._open.append((tag, given.get("lang") if tag != "html" else None))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open and self._open[-1][0] == tag, f"</{tag}> closes {self._open[-1:]}"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        within = {language for _, language in self._open if language}
        if any(tag == "style" for tag, _ in self._open):
            self.style += data
            return
        if any(tag == "script" for tag, _ in self._open):
            self.script += data
            return
        self.en += data if "zh-Hant" not in within else ""
        self.zh += data if "en" not in within else ""

    def attributes(self, name: str) -> list[str]:
        return [given[name] or "" for _, given in self.tags if name in given]


def check_harmless(source: str, script: str = "") -> Page:
    """Fail if a page runs, loads or styles anything but its own; return it.

    `script` is the one script that it may have; its policy must name it by its hash.
    """
    page = Page(source)
    assert {tag for tag, _ in page.tags} <= ELEMENTS | ({"script"} if script else set())
    assert page.script == script
    for _, given in page.tags:
        assert not [name for name in given if name.startswith("on") or name in ("style", "src")]
    links = page.attributes("href")
    assert all(LINK.fullmatch(link) for link in links), links
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)
    policies = [
        given["content"] or ""
        for tag, given in page.tags
        if tag == "meta" and given.get("http-equiv") == "Content-Security-Policy"
    ]
    assert len(policies) == 1
    assert "default-src 'none'" in policies[0]
    assert f"style-src '{digest(page.style)}'" in policies[0]
    assert "unsafe" not in policies[0]
    allowed = re.findall(r"script-src ([^;]*);", policies[0])
    assert allowed == ([f"'{digest(script)}'"] if script else [])
    assert not re.search(r"url\(|@import|https?:", page.style)
    return page


def digest(text: str) -> str:
    """A text's hash as a policy names it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
