"""Ids that differ only in how they are written: told, and never merged.

``b09901`` and ``B09901``, an é of one sign or of two, full-width digits, marks that do not show,
and the numbers of a spreadsheet (``101.0`` and ``0101`` beside ``101``): each is graded as a
student of its own, and the person who grades is told, since two halves of one student's attempts
may stand behind it.
"""

from __future__ import annotations

import re
import unicodedata

from grader.plurals import counted

MOST = 500
"""Pairs that are kept; a class with more has another fault, and is told of these."""


_NUMBER = re.compile(r"(?=[0-9])0*+([0-9]*)(?:[.,]0{0,2})?")
"""A whole number as a spreadsheet may write it; 1,000 is none."""


def folded(text: str) -> str:
    """Return a text as it reads: one case, one form of each letter, no marks that do not show."""
    one_case = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(
        sign for sign in one_case if unicodedata.category(sign) != "Cf" and not sign.isspace()
    )


def plain_form(student: str) -> str:
    """Return an id as it reads; of a number, without leading zeros and zeros after its point.

    >>> plain_form(" B09901 "), plain_form("101.0"), plain_form("0101"), plain_form("1.5")
    ('b09901', '101', '101', '1.5')
    """
    form = folded(student)
    number = _NUMBER.fullmatch(form)
    return (number[1] or "0") if number else form


def is_plain_number(student: str) -> bool:
    """Say whether an id is a number written as numbers are, so that no other one reads like it."""
    digits = student.isascii() and student.isdigit()
    return digits and (student == "0" or student[0] != "0")


class AlikeIds:
    """Watches the ids of a class go by, each once; memory grows with those that are no number.

    A number with zeros before it is none here.
    """

    def __init__(self) -> None:
        self._first: dict[str, str] = {}
        self._pairs: list[tuple[str, str]] = []

    def add(self, student: str) -> None:
        """Take an id that is no plain number."""
        form = plain_form(student)
        first = self._first.setdefault(form, student)
        if first != student and len(self._pairs) < MOST:
            self._pairs.append((first, student))

    def numbers(self) -> dict[str, str]:
        """Return the ids that read as a plain number, by that number."""
        found = {
            form: first
            for form, first in self._first.items()
            if form != first and form.isascii() and form.isdigit()
        }
        return dict(list(found.items())[:MOST])

    def pairs(self, numbers: set[str]) -> tuple[tuple[str, str], ...]:
        """Return the pairs; `numbers` are those of `numbers()` that are ids of the class too."""
        both = self.numbers()
        return (*((form, both[form]) for form in sorted(numbers)), *self._pairs)


def said_of(pairs: tuple[tuple[str, str], ...]) -> str:
    """Return the sentence for the person who grades."""
    shown = "; ".join(f"{one!r} and {two!r}" for one, two in pairs[:5])
    more = f" and {counted(len(pairs) - 5, 'more pair')}" if len(pairs) > 5 else ""
    return (
        f"ids that differ only in how they are written, each graded by itself: {shown}{more}. "
        "Where they are one student, write the id in one way in the export and grade again"
    )
