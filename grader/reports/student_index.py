"""`students/index.html`: every student of a run in a table that can be searched and sorted.

It names people, so that `class.html` need not: a bar of its histogram leads here, to the list of
the students in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from markupsafe import Markup

from grader.reports.charts import bar_address, histogram, histogram_bins
from grader.reports.environment import environment, style, words
from grader.submissions import Student
from solver.files.resources import data_folder
from solver.key import Sentence
from solver.text.bilingual import policy_for, without_turning

NAME = "index.html"


@dataclass(frozen=True, slots=True)
class IndexRow:
    """A student's row in the table.

    Attributes:
        page: file name of the student's page, in the same folder.
        student: the person.
        total: points earned.
        fudge: points to enter in Canvas, None where not known.
        doubt: why the total is not certain, None where it is.
        late: time after the deadline as text, "" if in time.
    """

    page: str
    student: Student
    total: Decimal
    fudge: Decimal | None
    doubt: Sentence | None
    late: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of the histogram with its students, those with the fewest points first."""

    address: str
    title: str
    rows: tuple[IndexRow, ...]


def index_page(
    rows: Sequence[IndexRow], possible: Decimal, title: Any, language: str = "en"
) -> str:
    """Return the index of students as HTML.

    Args:
        rows: in the order of students.
        possible: points of the whole test.
        title: of the bank, in both languages.
        language: shown first ("en" or "zh-Hant").
    """
    certain = [row for row in rows if row.doubt is None]
    totals = Counter(row.total for row in certain)
    label = words().plain("distribution", language)
    html = (
        environment()
        .get_template("student/index.html")
        .render(
            language=language,
            title=title,
            rows=rows,
            possible=possible,
            chart=histogram(totals, {}, possible, label, link=lambda at: f"#{bar_address(at)}"),
            bars=_bars(certain, possible),
            uncertain=[row for row in rows if row.doubt is not None],
            script=Markup(_script()),
            # The policy allows this one script by its hash; without it the table is in the order of
            # students.
            policy=Markup(policy_for(style(), _script())),
        )
    )
    return without_turning(html)


def _bars(rows: Sequence[IndexRow], possible: Decimal) -> list[Bar]:
    """Return the bars with at least one student; they are those of `class.html`."""
    # Of the certain totals and the points possible, as class.html makes them: only then do its bars
    # lead to the right lists.
    bins = histogram_bins((row.total for row in rows), possible)
    within: dict[int, list[IndexRow]] = {}
    for row in sorted(rows, key=lambda row: row.total):
        within.setdefault(bins.of(row.total), []).append(row)
    return [
        Bar(bar_address(place), bins.title(place), tuple(found))
        for place, found in sorted(within.items())
    ]


@cache
def _script() -> str:
    return (data_folder("templates") / "student" / "index.js").read_text(encoding="utf-8")
