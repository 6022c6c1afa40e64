"""What is kept of every row to choose among a student's attempts, and to report the chosen one."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grader.coded_columns import Coded
from grader.row_columns import UNKNOWN, student_number
from grader.row_store import Numbers, StoredNumbers

MOST_SORTED = 1 << 18
"""Rows that are sorted in memory; of more, those of some students at a time."""
NAMED = 1 << 62
"""Numbers from here on are ids that are no plain number, in the order of their letters."""
SCORE_SIZE = 24
NO_SCORE = b""
LONG_SCORE = b"?"
"""In place of a score that is written with more signs than `SCORE_SIZE`."""
_SAMPLE = 1 << 16


INDEX = np.dtype(
    [
        ("student", np.int64),
        ("attempt", np.int64),
        ("total", np.int32),
        ("at_most", np.int32),
        ("person", np.int64),
    ]
)
"""What attempts are chosen by; `total` and `at_most` are numbers of `Totals`, and `person` is equal
where rows say the same of who it is."""


def details_kind(questions: int) -> np.dtype[Any]:
    """Return the type of what is reported of a row.

    `at` and `size` are its line's place; `cells` are numbers of a `CellTable`.
    """
    return np.dtype(
        [
            ("at", np.int64),
            ("size", np.int64),
            ("score", f"S{SCORE_SIZE}"),
            ("cells", np.uint16, (questions,)),
        ]
    )


def score_text(score: Decimal | None) -> bytes:
    """Return a score as the details of a row keep it."""
    text = NO_SCORE if score is None else str(score).encode()
    return text if len(text) <= SCORE_SIZE else LONG_SCORE


class StudentNumbers:
    """Numbers for ids that are no plain number: first as they come, in the end as they sort."""

    def __init__(self) -> None:
        self._met: dict[str, int] = {}

    def number(self, student: str) -> int:
        """Return the number of an id for now, below `UNKNOWN`."""
        return UNKNOWN - 1 - self._met.setdefault(student, len(self._met))

    def names(self) -> list[str]:
        """Return the ids in the order of students: longer numbers by their value, then others."""
        return sorted(self._met, key=sortable)

    def sorted_numbers(self) -> NDArray[np.int64]:
        """Return what each number for now becomes: by its distance from `UNKNOWN` - 1."""
        ranks = np.empty(len(self._met), dtype=np.int64)
        for rank, name in enumerate(self.names()):
            ranks[self._met[name]] = NAMED + rank
        return ranks

    def known(self, student: str) -> int:
        """Return the number that an id has in the end, `UNKNOWN` if it has none of these."""
        if student not in self._met:
            return student_number(student)
        return NAMED + self.names().index(student)


def sortable(student: str) -> str:
    """Return a text that sorts ids of digits by number, before all others."""
    if student.isascii() and student.isdigit():
        return f"{len(student):06d}{student}"
    return f"~{student}"


class Totals:
    """The distinct totals of a run, numbered."""

    def __init__(self) -> None:
        self._numbers: dict[Decimal, int] = {}

    def numbers(self, totals: Coded[Decimal]) -> NDArray[np.int32]:
        """Return the number of each row's total; equal totals have one."""
        known = self._numbers
        found = [known.setdefault(total, len(known)) for total in totals.values]
        return np.array(found, dtype=np.int32)[totals.codes]

    def ranks(self) -> NDArray[np.int64]:
        """Return, by its number, which place a total has from the smallest on."""
        ordered = sorted(self._numbers.items())
        ranks = np.empty(len(ordered), dtype=np.int64)
        ranks[[number for _, number in ordered]] = np.arange(len(ordered))
        return ranks


def by_student(index: StoredNumbers, named: StudentNumbers) -> Iterator[tuple[Numbers, Numbers]]:
    """Yield all rows, those of a student together, students in their order.

    Yields:
        Some rows, of whole students, and their numbers in the index; each student's in the order
        of reading.
    """
    final = named.sorted_numbers()
    for low, high in _ranges(index, final):
        rows, numbers, at = [], [], 0
        for piece in index.pieces():
            students = _final(piece["student"], final)
            chosen = np.flatnonzero((students >= low) & (students < high))
            some = piece[chosen]
            some["student"] = students[chosen]
            rows.append(some)
            numbers.append(chosen + at)
            at += len(piece)
        if rows:
            together, seq = np.concatenate(rows), np.concatenate(numbers)
            order = np.argsort(together["student"], kind="stable")
            yield together[order], seq[order]


def _final(students: Numbers, final: NDArray[np.int64]) -> Numbers:
    for_now = students < UNKNOWN
    if for_now.any():
        students = students.copy()
        students[for_now] = final[UNKNOWN - 1 - students[for_now]]
    return students


def _ranges(index: StoredNumbers, final: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return ranges of students' numbers, each of about as many rows as are sorted in memory."""
    parts = -(-len(index) // MOST_SORTED)
    edges = [0, np.iinfo(np.int64).max]
    if parts > 1:
        step = max(1, len(index) // _SAMPLE)
        some = [_final(piece["student"][::step], final) for piece in index.pieces()]
        sample = np.sort(np.concatenate(some))
        edges[1:1] = np.unique(sample[len(sample) * np.arange(1, parts) // parts]).tolist()
    return list(pairwise(edges))
