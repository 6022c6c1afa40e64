"""Ids that differ only in how they are written: told, and never merged.

``b09901`` and ``B09901``, an é of one sign or of two, full-width digits, marks that do not show:
each is graded as a student of its own, and the person who grades is told, since two halves of one
student's attempts may stand behind it.
"""

from __future__ import annotations

import unicodedata

from grader.plurals import counted

MOST = 500
"""Pairs that are kept; a class with more has another fault, and is told of these."""


def plain_form(student: str) -> str:
    """Return an id as it reads: one case, one form of each letter, no marks that do not show."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", student).casefold())
    return "".join(
        sign for sign in folded if unicodedata.category(sign) != "Cf" and not sign.isspace()
    )


class AlikeIds:
    """Watches the ids of a class go by, each once; memory grows with those that are no number."""

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
    return f"ids that differ only in how they are written, each graded by itself: {shown}{more}"
