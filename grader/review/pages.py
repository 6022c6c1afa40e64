"""The environment of the local pages: their words, style sheets and modules."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment

from grader.reports.environment import decimals_of, points, signed
from solver.files.resources import data_folder
from solver.key import lacks_named
from solver.text.bilingual import Words, both, template_environment, without_turning, worded
from solver.text.bilingual import words as page_words

SHEETS = ("class/report.css", "key/key.css", "review/review.css")
MODULES = {
    "review": ("key.js", "figures.js", "page.js"),
    "regions": ("draw.js", "sheet.js"),
}
"""The modules of the pages, by their folder."""


def words() -> Words:
    """Return the texts of these pages."""
    return page_words("key", "review")


@cache
def environment() -> Environment:
    """Return the environment of their templates, made once."""
    made = template_environment()
    made.filters.update(
        both=both,
        worded=worded,
        points=points,
        signed=signed,
        fixed=decimals_of,
        label=label,
        in_words=lacks_named,
    )
    made.globals.update(say=words().say, label=label)
    return made


def label(name: str) -> str:
    """Return a text in both languages in one, for attributes that cannot hold two."""
    return " · ".join(dict.fromkeys(words().pair(name)))


def rendered(template: str, **values: object) -> str:
    """Return a page or a part of one; every text is escaped."""
    return without_turning(environment().get_template(template).render(**values))


@cache
def static_file(name: str) -> tuple[bytes, str] | None:
    """Return the bytes and kind of a file that ships, None where there is none of this name."""
    folder: Path = data_folder("templates")
    if name == "style.css":
        texts = [(folder / each).read_text(encoding="utf-8") for each in SHEETS]
        return "\n".join(texts).encode(), "text/css"
    # By a list, never by joining the name to a folder: "..%2f" is a name too.
    for place, names in MODULES.items():
        if name in names:
            return (folder / place / name).read_bytes(), "text/javascript"
    return None
