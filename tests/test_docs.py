"""Links and mentions of pages lead somewhere, and the README leads to every page of docs/."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCS = sorted((ROOT / "docs").rglob("*.md"))
PAGES = [*sorted(ROOT.glob("*.md")), ROOT / "fixtures" / "README.md", *DOCS]
LINK = re.compile(r"\]\(([^)\s]+)\)")
SPEAKS = ("solver", "grader", "tests", "fixtures", "templates", "questions", "scripts", "findings")
"""Folders whose files name pages of docs/ in comments, help and messages."""


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def links(page: Path) -> list[str]:
    found = LINK.findall(page.read_text(encoding="utf-8"))
    return [link for link in found if not link.startswith(("http:", "https:", "mailto:"))]


def headings(page: Path) -> set[str]:
    """The places of a page that a link can name."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_to_a_file_and_a_heading_that_are_there(page: Path) -> None:
    for link in links(page):
        path, _, place = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{name(page)} links to {link}"
        assert not place or place in headings(target), f"{name(page)} links to {link}"


def test_pages_that_are_named_are_there() -> None:
    files = [path for folder in SPEAKS for path in (ROOT / folder).rglob("*")]
    text = [path for path in files if path.suffix in (".py", ".md", ".yaml", ".html", ".js", "")]
    for path in [*PAGES, *(path for path in text if path.is_file())]:
        for named in re.findall(
            r"\bdocs/[\w./-]+\.(?:md|svg|png)\b", path.read_text("utf-8", errors="ignore")
        ):
            assert (ROOT / named).is_file(), f"{name(path)} names {named}"


def test_the_readme_leads_to_every_page() -> None:
    linked = {(ROOT / link.partition("#")[0]).resolve() for link in links(ROOT / "README.md")}
    assert {name(page) for page in DOCS} <= {name(p) for p in linked if p.is_relative_to(ROOT)}
