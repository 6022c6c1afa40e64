"""Nothing lost and nothing made: a run's tables, read back and added up before anybody sees them.

rows      read = graded + superseded + rejected, by the record's lines and the tables' rows
points    of every student: the sum of the questions' cells is the total; of the class: the sum over
          the students is the sum over the questions, in the table, in what was graded, and in
          ``items.csv``

Only the files are believed. A difference is a fault of this program, and stops the run.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NoReturn

import numpy as np
import polars as pl

from grader.attempts import AVERAGE_DECIMALS
from grader.class_tally import ClassTally
from grader.coded_columns import Coded, Codes, together
from grader.exact_sums import ExactSums
from grader.run_record import ROWS
from grader.submissions import GradedClass
from grader.table_batches import TableError, table_batches
from grader.used_columns import UsedColumns
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

    def add(self, used: UsedColumns) -> None:
        """Count some students."""
        self.students += len(used)
        self.rows += sum(used.rows)
        times = np.bincount(used.totals.codes, minlength=len(used.totals.values))
        for total, number in zip(used.totals.values, times.tolist(), strict=True):
            self.points += total * number


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
        counted = tally.points(question.id)
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
        self._numbers: list[Decimal] = []
        self._sums, self._summed = ExactSums(()), 0
        self._kind = pl.Enum([])
        columns = [ZERO] * len(self._ids)
        header = next(_rows(path), [])
        first = header.index(self._ids[0]) if self._ids else 0
        if header[first : first + len(self._ids)] != self._ids:
            _fault("scores.csv has other columns than the questions")
        try:
            for batch in table_batches(path, header, [*self._ids, "total", "attempts_averaged"]):
                *cells, total = self._codes(batch.drop("attempts_averaged"))
                self._add(cells, total, batch["attempts_averaged"])
                sums = map(self._sum, cells)
                columns = [so_far + more for so_far, more in zip(columns, sums, strict=True)]
        except TableError as problem:
            _fault(f"{path.name} cannot be read back: {problem}")
        self.points = dict(zip(self._ids, columns, strict=True))
        if not self._averaged:
            _same("points over students and over questions", sum(self.points.values()), self.total)

    def _codes(self, table: pl.DataFrame) -> list[Codes]:
        """Return for each number of each column its place in `_numbers`; an empty cell is 0."""
        found = table.cast(self._kind, strict=False)
        lacking = [column for column in found if column.null_count()]
        if lacking:
            met = [table[column.name].filter(column.is_null()) for column in lacking]
            new = pl.concat([column.alias("") for column in met]).unique(maintain_order=True)
            self._numbers += map(_number, new)
            self._kind = pl.Enum([*self._kind.categories, *new])
            found = table.cast(self._kind)
        return [column.to_physical().to_numpy() for column in found]

    def _sum(self, codes: Codes) -> Decimal:
        times = np.bincount(codes, minlength=len(self._numbers)).tolist()
        return sum((n * number for number, n in zip(self._numbers, times, strict=True) if n), ZERO)

    def _add(self, cells: Sequence[Codes], totals: Codes, rows: pl.Series) -> None:
        """Add some students, whose cells must sum up to their totals."""
        for text, times in rows.value_counts().iter_rows():
            self.rows += int(text or 1) * times
        self.total += self._sum(totals)
        if len(self._numbers) != self._summed:
            self._summed = len(self._numbers)
            self._sums = ExactSums([self._numbers] * len(cells))
        sums = self._sums.of(cells, len(rows))
        leeway = self._leeway if self._averaged else 0
        both = together(sums, Coded(self._numbers, totals))
        for place, (points, known) in enumerate(both.values):
            if abs(points - known) > leeway:
                student = self.students + 1 + int(np.argmax(both.codes == place))
                _fault(f"student {student} of scores.csv has {points} points in all, not {known}")
        self.students += len(rows)


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


def _number(text: str) -> Decimal:
    try:
        return Decimal(text or 0)
    except InvalidOperation:
        _fault(f"scores.csv has {text!r} where a number must be")


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
