"""The tables of a run: scores.csv, rejects.csv, late.csv."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl

from grader.csv_files.spreadsheet import FORMULA, decimal_text, defused, private_file, write_table
from grader.scoring.attempts import DOUBTS
from grader.table.answers import MOMENT, per_distinct
from grader.table.graded import GradedClass
from grader.table.sums import points_of
from grader.table.used import UsedStudents

_NOTES = {doubt: reason.en for doubt, reason in DOUBTS.items()}
PERSON = ("student", "name", "section", "sis_id")
REJECT_COLUMNS = ("file", "line", "student", "question", "text", "reason")
TOGETHER = 1 << 16
"""Rows that are written together."""


@dataclass(frozen=True, slots=True)
class ScoreCounts:
    """How many of the students used are not complete, and how many came late."""

    incomplete: int = 0
    late: int = 0


def write_score_tables(graded: GradedClass, out: Path) -> ScoreCounts:
    """Write scores.csv and rejects.csv, and late.csv where a deadline was given.

    scores.csv: a row a student, ordered by id: person, attempt, time, points of each question
    (empty: not shown or not readable), total, points possible, whether complete, Canvas' score,
    `fudge` (for Canvas' fudge field) and `difference` (total - Canvas' score, which is
    the same unless a fudge was entered before).

    Raises:
        OutputError: a table cannot be written.
    """
    used = graded.used
    write_frames(out / "scores.csv", _score_rows(graded))
    write_table(out / "rejects.csv", REJECT_COLUMNS, _reject_rows(graded))
    if graded.deadline is not None:
        write_frames(out / "late.csv", iter([_late_rows(graded)]))
    return ScoreCounts(used.frame.filter(pl.col("doubt") != "").height, used.frame["late"].count())


def write_frames(path: Path, frames: Iterator[pl.DataFrame]) -> None:
    """Write frames of text, one under the other, as a CSV for people
    (`grader.csv_files.spreadsheet`).

    Args:
        path: a new file, for one's own eyes (0600).
        frames: at least one; null for an empty cell, formulas defused.

    Raises:
        OutputError: it cannot be written.
    """
    with private_file(path) as file:
        for number, frame in enumerate(frames):
            first = number == 0
            # Excel takes a CSV without a BOM for text of the system's code page, here Big5.
            frame.write_csv(file, include_bom=first, include_header=first, line_terminator="\r\n")


def _score_rows(graded: GradedClass) -> Iterator[pl.DataFrame]:
    used = graded.used
    for begin in range(0, max(len(used), 1), TOGETHER):  # one at least, for the header
        yield _score_columns(used, used.frame[begin : begin + TOGETHER])


def _score_columns(used: UsedStudents, part: pl.DataFrame) -> pl.DataFrame:
    points = used.point_texts(part)
    names = used.table.cells.names
    late = part.select(per_distinct(part.select("late"), _late_text, pl.String).alias("late"))
    # In plain digits: read from a record, ten is written 1E+1.
    scores = per_distinct(part.select("canvas_score"), _plain, pl.String)
    return part.select(
        *_person(),
        pl.col("attempt").cast(pl.String),
        # Empty for one attempt: the column is there in every run, so that scripts find it.
        pl.when(pl.col("rows") > 1).then(pl.col("rows").cast(pl.String)).alias("attempts_averaged"),
        _moment(),
        late["late"],
        *(points[points_of(name)].alias(name) for name in names),
        pl.col("total", "possible"),
        pl.when(pl.col("doubt") == "")
        .then(pl.lit("yes"))
        .otherwise(pl.lit("no"))
        .alias("complete"),
        scores.alias("canvas_score"),
        pl.col("fudge", "difference"),
        _filled(pl.col("doubt").replace(_NOTES)).alias("note"),
    )


def _person() -> list[pl.Expr]:
    """Return the columns of a person, so that no spreadsheet runs a name as a formula."""
    # Between brackets a bare "-" would be a range of signs.
    formula = rf"^[{FORMULA}]".replace("-", r"\-")
    return [
        pl.when(text.str.contains(formula))
        .then(pl.lit("'") + text)
        .otherwise(_filled(text))
        .alias(name)
        for name in PERSON
        for text in [pl.col(name).cast(pl.String)]
    ]


def _filled(column: pl.Expr) -> pl.Expr:
    """Return null for an empty text, which would be written between quotation marks."""
    return pl.when(column != "").then(column)


def _moment() -> pl.Expr:
    return pl.col("submitted").dt.strftime("%Y-%m-%d %H:%M:%S UTC")


def _plain(text: str | None) -> str | None:
    return None if text is None else decimal_text(Decimal(text))


def _late_text(late: timedelta | None) -> str | None:
    return None if late is None else late_text(late)


def late_text(late: timedelta) -> str:
    """Return how late a submission was, as ``1d 02:03:04``."""
    minutes, seconds = divmod(int(late.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    clock = f"{hours:02d}:{minutes:02d}:{seconds:02d}"
    return f"{days}d {clock}" if days else clock


def _reject_rows(graded: GradedClass) -> Iterator[list[str]]:
    for each in graded.rejects:
        yield [
            defused(each.source),
            str(each.line),
            defused(each.student),
            each.question,
            defused(each.text),
            each.reason,
        ]


def _late_rows(graded: GradedClass) -> pl.DataFrame:
    """Return every late attempt: of students used, then of those that another one stands for."""
    # Late attempts that do not count are listed too: a person may have to explain them.
    both = ((graded.used, "yes"), (graded.superseded, "no"))
    return pl.concat([_late_of(rows.frame, graded, used) for rows, used in both])


def _late_of(frame: pl.DataFrame, graded: GradedClass, used: str) -> pl.DataFrame:
    after = pl.col("submitted") - pl.lit(graded.deadline).cast(MOMENT)
    late = frame.with_columns(after=after).filter(pl.col("after") > pl.duration())
    return late.select(
        *_person(),
        pl.col("attempt").cast(pl.String),
        _moment(),
        per_distinct(late.select("after"), _late_text, pl.String).alias("late"),
        pl.lit(used).alias("used"),
    )
