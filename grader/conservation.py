"""Nothing lost and nothing made: a run's tables, read back and added up before anybody sees them.

rows      read = graded + superseded + rejected, by the record's lines and the tables' rows
points    of every student: the sum of the questions' cells is the total; of the class: the sum over
          the students is the sum over the questions, in the table, in what was graded, and in
          ``items.csv``

Only the files are believed. A difference is a fault of this program, and stops the run.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import NoReturn

from grader.attempts import AVERAGE_DECIMALS
from grader.class_tally import ClassTally
from grader.row_store import BATCH
from grader.run_record import ROWS
from grader.submissions import GradedClass, GradedSubmission
from solver.errors import Hw9Error

ZERO = Decimal(0)
FIELD_LIMIT = 1 << 24
"""Letters of a cell of our own tables: more than any reader lets in."""


class Ledger:
    """Adds up students as they are written, to be held against the tables.

    Attributes:
        students, rows: how many, and the rows of the exports they stand for.
        points: of all of them.
    """

    def __init__(self) -> None:
        self.students = self.rows = 0
        self.points = ZERO

    def add(self, graded: GradedSubmission) -> None:
        """Count one student."""
        self.students += 1
        self.rows += graded.rows
        self.points += graded.total


def check_tables(folder: Path, graded: GradedClass, ledger: Ledger, tally: ClassTally) -> None:
    """Hold ``scores.csv``, ``rejects.csv`` and ``items.csv`` of a folder against what was graded.

    Raises:
        Hw9Error: something was lost or made on the way.
    """
    counts = graded.counts
    _same("students", ledger.students, len(graded.used))
    _same("rows graded", ledger.rows, counts.graded)
    _same("rows superseded", len(graded.superseded), counts.superseded)
    scores = _Scores(folder / "scores.csv", graded)
    _same("students in scores.csv", scores.students, ledger.students)
    _same("rows graded in scores.csv", scores.rows, ledger.rows)
    _same("points in scores.csv", scores.total, ledger.points)
    for question in graded.questions:
        counted = sum(
            (case.points * n for case, n in tally.cases(question.id).items() if case.points), ZERO
        )
        _same(f"points of {question.id} in scores.csv", scores.points[question.id], counted)
    rejects = sum(1 for _ in _rows(folder / "rejects.csv")) - 1
    _same("rows in rejects.csv", rejects, len(graded.rejects))
    _check_items(folder / "items.csv", graded, scores)


def check_record(folder: Path, graded: GradedClass) -> None:
    """Hold the lines of a run's record against the rows that were read.

    Raises:
        Hw9Error: a row is missing from it, or stands there twice.
    """
    lines = 0
    with (folder / ROWS).open("rb") as file:
        while block := file.read(1 << 20):
            lines += block.count(b"\n")
    counts = graded.counts
    _same(f"rows in {ROWS}", lines, counts.graded + counts.superseded + counts.rejected)


class _Scores:
    """``scores.csv`` added up: each student's row, and each question's column."""

    def __init__(self, path: Path, graded: GradedClass) -> None:
        self.students = self.rows = 0
        self.total = ZERO
        self._ids = [question.id for question in graded.questions]
        self._averaged = graded.attempts == "average"
        # Cells of an average are rounded each, and so is the total.
        self._leeway = (len(self._ids) + 1) * Decimal(5).scaleb(-AVERAGE_DECIMALS - 1)
        self._numbers: dict[str, Decimal] = {"": ZERO}
        columns: list[Counter[str]] = [Counter() for _ in self._ids]
        rows = _rows(path)
        header = next(rows, [])
        first = header.index(self._ids[0]) if self._ids else 0
        cells = slice(first, first + len(self._ids))
        if header[cells] != self._ids:
            _fault("scores.csv has other columns than the questions")
        at_total, at_rows = header.index("total"), header.index("attempts_averaged")
        while batch := list(islice(rows, BATCH)):
            for row in batch:
                self._add(row[cells], row[at_total], row[at_rows])
            by_question = zip(*(row[cells] for row in batch), strict=True)
            for column, texts in zip(columns, by_question, strict=True):
                column.update(texts)
        self.points = {
            name: sum((self._numbers[text] * n for text, n in column.items()), ZERO)
            for name, column in zip(self._ids, columns, strict=True)
        }
        if not self._averaged:
            _same("points over students and over questions", sum(self.points.values()), self.total)

    def _add(self, cells: list[str], total: str, rows: str) -> None:
        self.students += 1
        self.rows += int(rows or 1)
        numbers = self._numbers
        try:
            points = sum(map(numbers.__getitem__, cells), ZERO)
        except KeyError:
            numbers.update({text: Decimal(text) for text in cells if text})
            points = sum(map(numbers.__getitem__, cells), ZERO)
        known = Decimal(total)
        self.total += known
        if abs(points - known) > (self._leeway if self._averaged else 0):
            _fault(f"student {self.students} of scores.csv has {points} points in all, not {known}")


def _check_items(path: Path, graded: GradedClass, scores: _Scores) -> None:
    rows = _rows(path)
    header = next(rows, [])
    found = [dict(zip(header, row, strict=True)) for row in rows]
    _same("questions in items.csv", len(found), len(graded.questions))
    plain = graded.policy == "all-or-nothing" and graded.attempts != "average"
    for question, row in zip(graded.questions, found, strict=True):
        of = f"of {question.id} in items.csv"
        students = sum(int(row[name]) for name in ("read", "not_shown", "refused"))
        _same(f"students {of}", students, scores.students)
        if plain and not question.void:
            points = int(row["right"]) * question.points
            _same(f"points {of}", points, scores.points[question.id])


def _rows(path: Path) -> Iterator[list[str]]:
    """Yield the rows of a table of ours, the header first."""
    csv.field_size_limit(FIELD_LIMIT)
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.reader(file, strict=True)


def _same(what: str, found: Decimal | int, expected: Decimal | int) -> None:
    if found != expected:
        _fault(f"{what}: {found} where there must be {expected}")


def _fault(what: str) -> NoReturn:
    raise Hw9Error(
        f"{what}. Nothing was written; this is a fault of the program, please report it."
    )
