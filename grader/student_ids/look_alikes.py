"""Look-alikes: ids that differ only in how they are written, and ids with more than one name.

Ids that look alike are ``b09901`` and ``B09901``, an é of one sign or of two, full-width digits,
marks that do not show, and a spreadsheet's numbers (``101.0`` and ``0101`` beside ``101``). Each is
graded as a student of its own, and an id with two names as one student. Either may be wrong, so
both are reported, and neither is changed.
"""

from __future__ import annotations

import re
import unicodedata

import polars as pl

from grader.submissions import ManyNames, NamedRow
from grader.table.answers import AnswerTable
from grader.table.choice import in_order
from solver.text.plural import counted

MOST = 500
"""Ids that are reported; a class with more has another fault."""
_SHOWN = 5


# Possessive (0*+): without it a long run of zeros would be tried at every split.
_NUMBER = re.compile(r"(?=[0-9])0*+([0-9]*)(?:[.,]0{0,2})?")
"""A whole number as a spreadsheet may write it; 1,000 is not one of them."""


def folded(text: str) -> str:
    """Return a text in one case and one form of each letter, without blanks and unseen marks."""
    # Twice: lower case of a compatibility form can be another compatibility form.
    one_case = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(
        sign for sign in one_case if unicodedata.category(sign) != "Cf" and not sign.isspace()
    )


def plain_form(student: str) -> str:
    """Return an id in the form of `folded`, a number without leading zeros and decimal zeros.

    >>> plain_form(" B09901 "), plain_form("101.0"), plain_form("0101"), plain_form("1.5")
    ('b09901', '101', '101', '1.5')
    """
    form = folded(student)
    number = _NUMBER.fullmatch(form)
    return (number[1] or "0") if number else form


def alike_ids(table: AnswerTable) -> tuple[tuple[str, str], ...]:
    """Return pairs of ids that look alike: first those with a plain number, then the others."""
    ids = table.frame["student"].unique().drop_nulls().cast(pl.String)
    plain = ids.str.contains("^(0|[1-9][0-9]*)$")
    first: dict[str, str] = {}
    pairs = []
    for student in in_order(ids.filter(~plain)):
        met = first.setdefault(plain_form(student), student)
        if met != student:
            pairs.append((met, student))
    numbers = set(ids.filter(plain & ids.is_in(list(first))))
    # Plain numbers are most ids of a class: they are not folded one by one, only looked up.
    both = sorted((form, student) for form, student in first.items() if form in numbers)
    return (*both[:MOST], *pairs[:MOST])


def many_names(table: AnswerTable) -> tuple[ManyNames, ...]:
    """Return the ids with more than one name, in the order of students.

    Names that differ only in how they are written, and empty ones, do not count.
    """
    pairs = table.frame.select("student", "name").unique().filter(pl.col("name") != "")
    several = pairs.filter(pairs["student"].is_duplicated())["student"].unique()
    rows = table.frame.lazy().select("student", "name", "file", "line")
    rows = rows.filter(pl.col("student").is_in(several.implode()) & (pl.col("name") != ""))
    firsts = rows.unique(["student", "name"], keep="first", maintain_order=True).collect()
    places = pl.DataFrame([in_order(firsts["student"])]).with_row_index("place")
    by_student: dict[str, dict[str, NamedRow]] = {}
    for student, name, file, line in (
        firsts.join(places, on="student")
        .sort("place", maintain_order=True)
        .drop("place")
        .iter_rows()
    ):
        # The names' first rows alone are folded in Python; polars has left out students with one
        # name.
        if form := folded(name):
            by_student.setdefault(student, {}).setdefault(form, NamedRow(name, file, line))
    found = [
        ManyNames(id_, tuple(rows.values())) for id_, rows in by_student.items() if len(rows) > 1
    ]
    return tuple(found[:MOST])


def said_of(pairs: tuple[tuple[str, str], ...]) -> str:
    """Return the warning on ids that look alike, for the person who grades."""
    shown = "; ".join(f"{one!r} and {two!r}" for one, two in pairs[:5])
    more = f" and {counted(len(pairs) - 5, 'more pair')}" if len(pairs) > 5 else ""
    return (
        f"ids that differ only in how they are written, each graded by itself: {shown}{more}. "
        "Where they are one student, write the id in one way in the export and grade again"
    )


def said_of_names(found: tuple[ManyNames, ...]) -> str:
    """Return the warning on ids with several names, for the person who grades."""

    def names(rows: tuple[NamedRow, ...]) -> str:
        shown = [f"{row.name!r} ({row.source}, line {row.line})" for row in rows[:_SHOWN]]
        more = len(rows) - _SHOWN
        return " and ".join([*shown, counted(more, "more name")] if more > 0 else shown)

    shown = "; ".join(f"{each.student!r} is {names(each.rows)}" for each in found[:_SHOWN])
    more = len(found) - _SHOWN
    also = f" and {counted(more, 'more id')}" if more > 0 else ""
    return (
        f"ids that stand with different names, each graded as one student: {shown}{also}. Where "
        "they are two students, correct the id in the export and grade again"
    )
