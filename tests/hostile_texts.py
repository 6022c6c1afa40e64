"""Texts that would run, load, close or turn something if a page did not write them as text.

`Texts` hands them out with a number each; `check_tags` and `shown_by` hold a page against them.
"""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from solver.banks.bank import Bank
from solver.text.html_tags import without_tags

HOSTILE = [
    "<script>window.ran=1</script>", "<img src=x onerror='window.ran=1'>",
    "\"><svg onload=window.ran=1>", "' onmouseover='window.ran=1", "<a href=javascript:ran=1>x</a>",
    "</style><style>body{display:none}</style>", "</title><script>ran=1</script>", "{{ 7 * 7 }}",
    "{% for x in y %}", "{0.__class__}", "${7*7}", "<base href=//evil.example/>", "<!--", "]]>",
    "<meta http-equiv=refresh content=0;url=//evil.example>", "<form action=//evil.example><input>",
    "<link rel=stylesheet href=//evil.example/x.css>", "&lt;b&gt;", "\u202egnp.exe", "a\u2066b",
    "<iframe src=//evil.example></iframe>", "`<i onclick=ran=1>`", "<textarea>", "\x1b[2J",
]  # fmt: skip


class Texts:
    """Hands out hostile texts in turn; each has a number, by which it is found on the page."""

    def __init__(self) -> None:
        self.given: list[str] = []

    def __call__(self, _: str) -> str:
        text = f"{HOSTILE[len(self.given) % len(HOSTILE)]}#{len(self.given)}."
        self.given.append(text)
        return text


def hostile_bank(bank: Bank, texts: Texts) -> Bank:
    """The bank with other wordings: in memory, as no file could hold some of them."""
    topics = []
    for topic in bank.topics:
        title = topic.title.model_copy(update={"en": texts(""), "zh_hant": texts("")})
        questions = [_reworded(each, texts) for each in topic.questions]
        topics.append(replace(topic, title=title, questions=tuple(questions)))
    title = bank.header.title.model_copy(update={"en": texts(""), "zh_hant": texts("")})
    header = bank.header.model_copy(update={"title": title, "edition": texts("")})
    return replace(bank, topics=tuple(topics), header=header)


def _reworded(model: Any, texts: Texts) -> Any:
    """A part of a question with every Wording in it swapped."""
    if type(model).__name__ == "Wording":
        return model.model_copy(update={"en": texts(""), "zh_hant": texts("")})
    if hasattr(model, "model_fields_set"):
        parts = {name: _reworded(getattr(model, name), texts) for name in type(model).model_fields}
        return model.model_copy(update=parts)
    if isinstance(model, list):
        return [_reworded(each, texts) for each in model]
    return model


class Tags(HTMLParser):
    """Every tag of a page with its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))


LINK = re.compile(
    r"#.*|students/index\.html#bar-\d+|\.\./class\.html|[\w.~-]+\.html", re.ASCII | re.DOTALL
)
"""Where a link may lead: within the page, or to another page of the same run."""


def check_tags(page: str, scripts: int = 0) -> None:
    """Raise AssertionError where a page has an element, handler or address out of a text.

    `scripts` is how many scripts of its own the page has.
    """
    reader = Tags()
    reader.feed(page)
    names = [name for name, _ in reader.found]
    assert names.count("script") == scripts
    for name in ("iframe", "object", "embed", "form", "base", "link", "textarea"):
        assert name not in names, name
    assert names.count("style") == 1
    for name, attributes in reader.found:
        handlers = [each for each in attributes if each.startswith("on")]
        assert not handlers, (name, handlers)
        assert attributes.get("http-equiv", "Content-Security-Policy") == "Content-Security-Policy"
        address = attributes.get("href", "#")
        assert LINK.fullmatch(address) if name == "a" else address.startswith(("#", "data:image/"))
        assert attributes.get("src", "data:image/").startswith("data:image/"), attributes


def bare(path: Path, folder: Path) -> Path:
    """Return a copy without its policy: what that would stop must not be there to begin with."""
    page = re.sub(r"<meta http-equiv=[^>]*>", "", path.read_text("utf-8"))
    (folder / "bare.html").write_text(page, "utf-8")
    return folder / "bare.html"


def shown_by(browser: Any, path: Path) -> str:
    """Return all that a browser shows of a page in both languages.

    Raises:
        AssertionError: it ran, asked for or complained of something.
    """
    page = browser.new_context(viewport={"width": 1200, "height": 900}).new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: said.append(request.url))
    page.goto(path.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(e => { e.open = true })")
    page.mouse.move(400, 300)
    page.mouse.wheel(0, 3000)
    assert [each for each in said if not each.startswith("data:")] == [path.as_uri()]
    assert page.evaluate("window.ran === undefined")
    assert page.evaluate("getComputedStyle(document.body).display") == "block"
    shown = str(page.inner_text("body"))
    page.click("label[for=zh]")
    shown += str(page.inner_text("body"))
    page.close()
    return shown


def check_shown(shown: str, given: list[str], least: int) -> None:
    """Raise AssertionError if a kind of text, or many of those given, are not there as given."""
    plain = " ".join(shown.split())
    there = []
    for text in given:
        literal = re.sub("[\u202a-\u202e\u2066-\u2069]", lambda m: f"\\u{ord(m[0]):04x}", text)
        literal = " ".join(literal.split())
        as_wording = " ".join(without_tags(literal).split())
        # Backticks set a text as code; a wording's HTML is shown as plain text.
        if any(each in plain for each in (literal, literal.replace("`", ""), as_wording)):
            there.append(text.rsplit("#", 1)[0])
    assert set(there) >= set(HOSTILE), set(HOSTILE) - set(there)
    assert "49#" not in plain and len(there) > least, len(there)
