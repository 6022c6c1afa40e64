"""Rows of an export as columns: what every reader delivers, and all that grading takes.

A reader that can be sure of a whole stretch of a file gives it as columns at once
(`grader.exports.analysis_columns`); whatever is read row by row is put into the same form here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice

import numpy as np

from grader.coded_columns import Coded, Codes, coded
from grader.row_cells import Cell, Columns
from grader.row_record import moment_text, person_text
from grader.submissions import ReadRow, Reject, Submission

BLOCK_ROWS = 2000
MOST_DIGITS = 17
UNKNOWN = -1
_SMALLEST = np.array([0, 0, *(10**places for places in range(1, MOST_DIGITS))], dtype=np.int64)
"""Of numbers with so many digits."""


@dataclass(frozen=True, slots=True)
class RowColumns:
    """Some of a block's rows, each with a submission: n of them.

    Attributes:
        places: int (n,), which rows of the block these are.
        students: their ids, as `student_number` gives them: int (n,), `UNKNOWN` for an id in
            `named`.
        named: ids that are no plain number, by their place among these n.
        persons: who it is, in UTF-8 as a record writes it (`grader.row_record.person_text`).
        attempts: int (n,), number of the attempt, `UNKNOWN` if the export does not say it.
        moments: when it was handed in, in UTF-8 as a record writes it.
        cells: for each question, in the order of the run, its cells.
        scores: Canvas' score.
        sources: the export's name.
        lines: int (n,), the line of the export it begins on.
        rejects: what was refused of a row, by its place among these n.
    """

    places: Codes
    students: Codes
    named: Mapping[int, str]
    persons: Sequence[bytes]
    attempts: Codes
    moments: Sequence[bytes]
    cells: tuple[Coded[Cell], ...]
    scores: Coded[Decimal | None]
    sources: Coded[str]
    lines: Codes
    rejects: Mapping[int, tuple[Reject, ...]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.places)


@dataclass(frozen=True, slots=True)
class RowBlock:
    """Rows that follow each other: `size` of them, each in one part or refused.

    Attributes:
        size: how many rows.
        parts: those with a submission, in columns.
        refused: the others, by their place in the block.
    """

    size: int
    parts: tuple[RowColumns, ...]
    refused: Mapping[int, tuple[Reject, ...]] = field(default_factory=dict)


def student_number(student: str) -> int:
    """Return a number that sorts ids of few digits as numbers, of which 7 is before 007.

    Returns:
        `UNKNOWN` for an id that is no such number.
    """
    if student.isascii() and student.isdigit() and len(student) <= MOST_DIGITS:
        return len(student) * 10**MOST_DIGITS + int(student)
    return UNKNOWN


def with_leading_zeros(students: Codes) -> Codes:
    """Return the numbers that begin with a zero, among those that `student_number` gives."""
    length, value = np.divmod(students, 10**MOST_DIGITS)
    return students[(length > 1) & (value < _SMALLEST[np.clip(length, 0, MOST_DIGITS)])]


def student_of(number: int) -> str:
    """Return the id that a number from `student_number` stands for."""
    length, value = divmod(number, 10**MOST_DIGITS)
    return f"{value:0{length}d}"


def block_of_rows(rows: Sequence[ReadRow], columns: Columns) -> RowBlock:
    """Return rows that were read one by one as a block.

    Args:
        rows: in their order.
        columns: the questions of the run.
    """
    refused = {place: row.rejects for place, row in enumerate(rows) if row.submission is None}
    kept = [place for place in range(len(rows)) if place not in refused]
    part = columns_of_rows([rows[place] for place in kept], kept, columns)
    return RowBlock(len(rows), (part,) if kept else (), refused)


def blocks_of_rows(rows: Iterable[ReadRow], columns: Columns) -> Iterator[RowBlock]:
    """Yield rows, however many, as blocks."""
    rows = iter(rows)
    while some := list(islice(rows, BLOCK_ROWS)):
        yield block_of_rows(some, columns)


def columns_of_rows(rows: Sequence[ReadRow], places: Sequence[int], columns: Columns) -> RowColumns:
    """Return rows with a submission as columns.

    Args:
        rows: none of them refused.
        places: of each in its block.
        columns: the questions of the run.
    """
    made = [row.submission for row in rows if row.submission is not None]
    cells = [columns.cells_of(each.responses, each.canvas_points) for each in made]
    students = [student_number(each.student.id) for each in made]
    return RowColumns(
        np.array(places, dtype=np.int64),
        np.array(students, dtype=np.int64),
        {n: made[n].student.id for n, number in enumerate(students) if number == UNKNOWN},
        [person_text(each.student) for each in made],
        np.array([_attempt(each) for each in made], dtype=np.int64),
        [moment_text(each.submitted) for each in made],
        tuple(map(coded, zip(*cells, strict=True))) if cells else (),
        coded([each.canvas_score for each in made], key=str),
        coded([each.source for each in made]),
        np.array([each.line for each in made], dtype=np.int64),
        {n: row.rejects for n, row in enumerate(rows) if row.rejects},
    )


def _attempt(submission: Submission) -> int:
    return UNKNOWN if submission.attempt is None else submission.attempt
