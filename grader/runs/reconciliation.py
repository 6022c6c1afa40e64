"""Nothing lost and nothing made: a run's tables, read back and added up before anybody sees them.

rows      read = graded + superseded + rejected, by the record's lines and the tables' rows
points    of every student: the sum of the questions' cells is the total; of the class: the sum over
          the students is the sum over the questions, in the table, in the class graded, and in
          ``items.csv``

Only the files are believed. A difference is a fault of this program, and stops the run.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NoReturn

import polars as pl

from grader.items.response_counts import ClassTally
from grader.scoring.attempts import AVERAGE_DECIMALS
from grader.table.graded import GradedClass
from grader.table.record import FILE
from grader.table.sums import Scale
from solver.errors import Hw9Error

ZERO = Decimal(0)
FIELD_LIMIT = 1 << 24
"""Letters of a cell of our own tables: more than any reader lets in."""


def check_tables(folder: Path, graded: GradedClass, tally: ClassTally) -> None:
    """Hold ``scores.csv``, ``rejects.csv`` and ``items.csv`` of a folder against the class graded.

    Raises:
        Hw9Error: something was lost or made on the way.
    """
    counts = graded.counts
    totals = graded.used.frame["total"].value_counts().iter_rows()
    # By distinct totals: a large class has few.
    total = sum((Decimal(text) * n for text, n in totals), ZERO)
    _same("rows superseded", len(graded.superseded), counts.superseded)
    scores = _Scores(folder / "scores.csv", graded)
    _same("students in scores.csv", scores.students, len(graded.used))
    _same("rows graded in scores.csv", scores.rows, counts.graded)
    _same("points in scores.csv", scores.total, total)
    for question in graded.questions:
        counted = tally.points(question.id)
        _same(f"points of {question.id} in scores.csv", scores.points[question.id], counted)
    # Read as a CSV: a text that could not be read may hold line ends.
    rejects = sum(1 for _ in _rows(folder / "rejects.csv")) - 1
    _same("rows in rejects.csv", rejects, len(graded.rejects))
    _check_items(folder / "items.csv", graded, scores)


def check_record(folder: Path, graded: GradedClass) -> None:
    """Hold a run's record against the rows that were read.

    Raises:
        Hw9Error: a row is missing from it, or stands there twice.
    """
    # One column alone: reading all of a large class back would double the memory of a run.
    rows = pl.scan_parquet(folder / FILE, glob=False)
    read, whole = rows.select(pl.len(), pl.col("student").count().alias("whole")).collect().row(0)
    counts = graded.counts
    _same(f"rows in {FILE}", read, counts.graded + counts.superseded + counts.rejected)
    kept = counts.graded + counts.superseded + graded.rejects.contrary
    _same(f"submissions in {FILE}", whole, kept)


BATCH = 1 << 15
"""Students whose rows are read back together."""


class _Scores:
    """``scores.csv`` added up: each student's row, and each question's column."""

    def __init__(self, path: Path, graded: GradedClass) -> None:
        ids = [question.id for question in graded.questions]
        header = next(_rows(path), [])
        first = header.index(ids[0]) if ids else 0
        if header[first : first + len(ids)] != ids:
            _fault("scores.csv has other columns than the questions")
        self.points = dict.fromkeys(ids, ZERO)
        self.total, self.students, self.rows = ZERO, 0, 0
        self._averaged, self._alike = graded.used.averaged, graded.used.alike()
        places = [f"{header.index(name)}" for name in (*ids, "total", "attempts_averaged")]
        # Each distinct text is looked at once; polars forgets those that no series needs.
        self._texts = pl.Categories.random()
        few = pl.Categorical(self._texts)
        self._kept = pl.Series(dtype=few)
        schema: dict[str, Any] = {f"{place}": pl.String for place in range(len(header))}
        schema |= dict.fromkeys(places[:-1], few)
        table = pl.scan_csv(
            path,
            has_header=False,
            skip_rows=1,
            schema=schema,
            raise_if_empty=False,
        )
        try:
            for batch in table.select(places).collect_batches(chunk_size=BATCH):
                self._add(batch)
        except pl.exceptions.PolarsError as problem:
            _fault(f"{path.name} cannot be read back: {str(problem).partition(chr(10))[0]}")

    def _add(self, batch: pl.DataFrame) -> None:
        """Add some students, whose cells must sum up to their totals."""
        *cells, totals, averaged = batch
        numbers = [ZERO, *map(_number, self._texts.to_series())]
        scale = Scale(numbers, len(cells))
        known = pl.Series([scale.units(number) for number in numbers], dtype=scale.kind)

        def units(column: pl.Series) -> pl.Series:
            # An empty cell is null in the table, and 0 here.
            return known.gather((column.to_physical() + 1).fill_null(0))

        sums = pl.zeros(len(batch), scale.kind, eager=True)
        for name, column in zip(self.points, cells, strict=True):
            own = units(column)
            # Of 128 bits: polars' sums of 64 go round at their end, and say nothing.
            self.points[name] += scale.decimal(int(own.cast(pl.Int128).sum()))
            sums = sums + own
        whole = units(totals)
        self._hold(sums, whole, scale, len(cells))
        self.total += scale.decimal(int(whole.cast(pl.Int128).sum()))
        self.rows += int(averaged.fill_null("1").cast(pl.Int64).sum())
        self.students += len(batch)

    def _hold(self, sums: pl.Series, totals: pl.Series, scale: Scale, cells: int) -> None:
        """Hold the sums of students' cells against their totals."""
        off, leeway = (sums - totals).abs(), 0
        if self._averaged:
            # Cells of an average are rounded each, and so is the total; where its attempts have
            # points for different questions, means of cells do not add up to that of the totals.
            leeway = scale.units((cells + 1) * Decimal(5).scaleb(-AVERAGE_DECIMALS - 1))
            alike = self._alike.slice(self.students, len(off))
            off = pl.DataFrame([off.alias("off"), alike.alias("alike")]).select(
                pl.when("alike").then("off").otherwise(0)
            )["off"]
        # By their number, not by name: this sentence may be sent on to whoever mends the program.
        for student in (off > leeway).arg_true()[:1]:
            points, known = (scale.decimal(each[student]) for each in (sums, totals))
            number = self.students + student + 1
            _fault(f"student {number} of scores.csv has {points} points in all, not {known}")


def _check_items(path: Path, graded: GradedClass, scores: _Scores) -> None:
    rows = _rows(path)
    header = next(rows, [])
    found = [dict(zip(header, row, strict=True)) for row in rows]
    _same("questions in items.csv", len(found), len(graded.questions))
    # Else a question's points are no number of right answers times its worth.
    plain = graded.policy == "all-or-nothing" and graded.attempts != "average"
    for question, row in zip(graded.questions, found, strict=True):
        of = f"of {question.id} in items.csv"
        students = sum(int(row[name]) for name in ("read", "not_shown", "refused"))
        _same(f"students {of}", students, scores.students)
        if plain and not question.void:
            points = int(row["right"]) * question.points
            # A void question gives points to those who ticked nothing right, too.
            _same(f"points {of}", points, scores.points[question.id])


def _number(text: str | None) -> Decimal:
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
