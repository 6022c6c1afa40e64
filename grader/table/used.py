"""The students of a run with their points, as one frame or one by one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from functools import cached_property, lru_cache

import polars as pl

from grader.csv_files.spreadsheet import decimal_text
from grader.submissions import CorrectedCell, GradedSubmission, Submission
from grader.table.answers import BLOCK_ROWS, MOMENT, AnswerTable, per_distinct
from grader.table.averages import with_averages
from grader.table.choice import ChosenRows
from grader.table.sums import Points, decimals, points_of

FUDGE_PLACES = Decimal("0.0001")
_decimal = lru_cache(maxsize=1 << 14)(Decimal)


class TableRows:
    """Rows of a table, as submissions that can be gone over again.

    Args:
        table: of the run.
        rows: their places.
    """

    def __init__(self, table: AnswerTable, rows: pl.Series) -> None:
        self._table = table
        self._rows = rows

    @cached_property
    def frame(self) -> pl.DataFrame:
        """The rows, taken out of the table when they are asked for."""
        return self._table.frame[self._rows]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Submission]:
        yield from self._table.submissions(self.frame)


class UsedStudents:
    """Every student who has a grade, in the order of students.

    Args:
        table, points: the rows, and the points of their cells.
        chosen: which rows count.
        deadline: after which a submission is late.

    Attributes:
        averaged: whether a grade is made of several rows.
        frame: a row a student: the columns of the row used (`grader.table.answers.ROW` and the
            numbers of its cells), ``row`` (its place in the table), ``rows`` (attempts it is made
            of), ``doubt``, ``total``, ``possible``, ``fudge``, ``difference`` (decimals as text,
            null for none) and ``late`` (a duration, null if in time). Where `averaged` also
            ``points:ID``, as text, for each question, and ``alike``: whether all its attempts
            have points for the same questions.
    """

    def __init__(
        self,
        table: AnswerTable,
        points: Points,
        chosen: ChosenRows,
        deadline: datetime | None = None,
    ) -> None:
        self.table = table
        self.points = points
        self.averaged = len(chosen.averaged) > 0
        self._corrections: dict[int, list[CorrectedCell]] = {}
        for row, *told in table.corrections.drop("text").iter_rows():
            self._corrections.setdefault(row, []).append(CorrectedCell(*told))
        used = chosen.used
        frame = table.frame[used["row"]].with_columns(used["row"], used["rows"], used["doubt"])
        frame = frame.with_columns(_totals(frame, points))
        if len(chosen.averaged):
            frame = with_averages(frame, table, points, chosen)
        self.frame = frame.with_columns(*_differences(frame, points), _late(frame, deadline))

    def alike(self) -> pl.Series:
        """Return for each student whether its attempts have points for the same questions."""
        if self.averaged:
            return self.frame["alike"]
        return pl.repeat(value=True, n=len(self), eager=True)

    def __len__(self) -> int:
        return len(self.frame)

    def __iter__(self) -> Iterator[GradedSubmission]:
        yield from self.some(self.frame)

    def some(self, frame: pl.DataFrame) -> Iterator[GradedSubmission]:
        """Yield some of the students, given as rows of `frame`."""
        names = self.table.cells.names
        told = ["row", "rows", "doubt", "total", "possible", "fudge", "difference", "late"]
        # A block at a time: submissions as objects are many times the size of their rows.
        for begin in range(0, len(frame), BLOCK_ROWS):
            part = frame[begin : begin + BLOCK_ROWS]
            texts = self.point_texts(part).iter_rows()
            rows = part.select(told).iter_rows()
            for made, points, row in zip(self.table.submissions(part), texts, rows, strict=True):
                of = {name: _number(text) for name, text in zip(names, points, strict=True)}
                place, count, doubt, total, possible, fudge, difference, late = row
                yield GradedSubmission(
                    made,
                    of,
                    Decimal(total),
                    # Cached, as nearly all students share it; totals are too many to be worth it.
                    _decimal(possible),
                    not doubt,
                    doubt,
                    count,
                    _number(fudge),
                    _number(difference),
                    late,
                    tuple(self._corrections.get(place, ())),
                )

    def point_texts(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return a column ``points:ID`` for each question: points as text, null for none."""
        if not self.averaged:
            return pl.DataFrame(self.points.texts(frame))
        return frame.select(map(points_of, self.table.cells.names))

    def point_units(self) -> pl.DataFrame:
        """Return a column ``points:ID`` a question: points in units, null for none."""
        if not self.averaged:
            return pl.DataFrame(self.points.units_of(self.frame))

        scale = self.points.scale

        def units(text: str | None) -> int | None:
            return None if text is None else scale.units(Decimal(text))

        texts = self.point_texts(self.frame)
        return texts.select(
            per_distinct(texts.select(name), units, scale.kind).alias(name)
            for name in texts.columns
        )


def _number(text: str | None) -> Decimal | None:
    return None if text is None else _decimal(text)


def _totals(frame: pl.DataFrame, points: Points) -> list[pl.Series]:
    """Return the columns ``total`` and ``possible`` of rows that are used as they are."""
    least = decimals(points.all)
    sums = pl.DataFrame({"units": points.earned(frame), "places": points.total_places(frame)})
    shown = points.possible(frame).to_frame()

    def total(units: int, places: int) -> str:
        return decimal_text(points.scale.decimal(units, places))

    def possible(units: int) -> str:
        return decimal_text(points.scale.decimal(units, least))

    return [
        per_distinct(sums, total, pl.String).alias("total"),
        per_distinct(shown, possible, pl.String).alias("possible"),
    ]


def _differences(frame: pl.DataFrame, points: Points) -> list[pl.Series]:
    """Return ``fudge`` and ``difference``, null where a total is not certain or is an average."""
    # Canvas' score in a row is that of one attempt, with which no average is compared.
    compared = frame.select((pl.col("doubt") == "") & (pl.col("rows") == 1)).to_series()
    given = pl.DataFrame({"total": frame["total"], "canvas": points.canvas(frame), "is": compared})
    scores = pl.DataFrame({"total": frame["total"], "score": frame["canvas_score"], "is": compared})

    def fudge(total: str, canvas: int | None, told: bool) -> str | None:
        if canvas is None or not told:
            return None
        return _difference(total, points.canvas_scale.decimal(canvas))

    def left(total: str, score: str | None, told: bool) -> str | None:
        return _difference(total, Decimal(score)) if score is not None and told else None

    return [
        per_distinct(given, fudge, pl.String).alias("fudge"),
        per_distinct(scores, left, pl.String).alias("difference"),
    ]


def _difference(total: str, canvas: Decimal) -> str:
    """Return total - canvas without the dust of Canvas' floats (to four decimals)."""
    rounded = (Decimal(total) - canvas).quantize(FUDGE_PLACES)
    plain = rounded.normalize()
    # + 0 makes 0 of -0, which is what is left of -0.00001.
    plain = plain.quantize(Decimal(1)) if plain == plain.to_integral() else plain
    return decimal_text(plain + 0)


def _late(frame: pl.DataFrame, deadline: datetime | None) -> pl.Series:
    # Nulls of the same type as times, so that readers of the column need no second case.
    if deadline is None:
        return pl.Series("late", [None] * len(frame), dtype=pl.Duration("us"))
    late = pl.col("submitted") - pl.lit(deadline).cast(MOMENT)
    return frame.select(pl.when(late > pl.duration()).then(late).alias("late"))["late"]
