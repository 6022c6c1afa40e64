"""Which attempts count, for every student of a table.

A student with one row, or whose rows each have an attempt's number of their own, is decided by a
largest or smallest number, all such students at once. Everybody else is weighed one by one by
`grader.scoring.attempts.choose`, with which this agrees.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import polars as pl

from grader.scoring.attempts import (
    CERTAIN,
    MAY_BE_HIGHER,
    REFUSED_ROW,
    UNREAD_CELL,
    Candidate,
    choose,
    told_apart,
)
from grader.submissions import AttemptsRule
from grader.table.answers import AnswerTable, answer
from grader.table.sums import Points

_USED = {"place": pl.Int64, "row": pl.Int64, "rows": pl.Int64, "doubt": pl.String}
_LISTED = {"place": pl.Int64, "row": pl.Int64}
_CONTRARY = {**_LISTED, "reason": pl.String}


@dataclass(frozen=True, slots=True)
class ChosenRows:
    """The fate of every row with a submission, students in their order.

    Attributes:
        used: of each student with a grade: its place, the row used (of an average: the latest),
            how many rows it is made of, and why its total is not certain ("" if it is).
        averaged: the rows that averages of several are made of.
        superseded: rows that another one stands for.
        contrary: rows that contradict each other, and why.
    """

    used: pl.DataFrame
    averaged: pl.DataFrame
    superseded: pl.DataFrame
    contrary: pl.DataFrame


def chosen_rows(table: AnswerTable, points: Points, rule: AttemptsRule) -> ChosenRows:
    """Apply an attempts rule to every student."""
    total = points.earned(table.frame)
    # In the order of reading: every sort below keeps it among equals.
    rows = (
        pl.DataFrame([_places(table.frame["student"]), table.frame["attempt"]])
        .with_columns(total=total, at_most=total + points.open(table.frame))
        .with_row_index("row")
        # `with_row_index` counts in UInt32, which would not concat with the rows `choose` gives.
        .with_columns(pl.col("row").cast(pl.Int64))
        .filter(pl.col("place").is_not_null())
    )
    apart = rows.group_by("place").agg(plain=_apart())
    # Few: those with two rows of one attempt, or with attempts that have no number.
    others = apart.filter(~pl.col("plain"))["place"]
    other = pl.col("place").is_in(others.implode())
    plain = rows.filter(~other) if len(others) else rows
    parts = [_averages(plain) if rule == "average" else _picked(plain, rule)]
    parts.append(_weighed(rows.filter(other), table, rule))
    used, *rest = (
        pl.concat([getattr(part, name) for part in parts]).sort("place", maintain_order=True)
        for name in ("used", "averaged", "superseded", "contrary")
    )
    return ChosenRows(_with_refused_rows(used, table), *rest)


def _with_refused_rows(used: pl.DataFrame, table: AnswerTable) -> pl.DataFrame:
    """Doubt the total of those of whom another row seems to be, which was refused as a whole."""
    # A reject is of a whole row where that row has no student, and else of one of its cells.
    whole = table.frame["student"].gather(table.rejects["row"]).is_null()
    refused = table.rejects["student"].filter(whole)
    student = table.frame["student"].gather(used["row"])
    doubted = student.is_in(refused.unique().implode()) & (used["doubt"] == CERTAIN)
    return used.with_columns(
        doubt=pl.when(doubted).then(pl.lit(REFUSED_ROW)).otherwise(pl.col("doubt"))
    )


def in_order(students: pl.Series) -> pl.Series:
    """Return each id once, in the order of students: numbers first, shorter ones before longer."""
    ids = pl.DataFrame({"student": students.unique().drop_nulls()})
    text = pl.col("student").cast(pl.String)
    number = text.str.contains("^[0-9]+$")
    # By length, then by digits: the order of numbers, and none is too large for an integer.
    return ids.sort(~number, pl.when(number).then(text.str.len_bytes()), text)["student"]


def _places(students: pl.Series) -> pl.Series:
    """Return for each row the place of its student in their order, null where there is none."""
    ordered = in_order(students).to_physical().to_numpy()
    # The categories' own numbers are the places of an array: no text is compared.
    place = np.zeros(int(ordered.max(initial=0)) + 1, dtype=np.int64)
    place[ordered] = np.arange(len(ordered))
    return pl.Series("place", place).gather(students.to_physical())


def _apart() -> pl.Expr:
    """Say of a student's rows whether they are told apart by the numbers of attempts."""
    attempt = pl.col("attempt")
    return (pl.len() == 1) | ((attempt.n_unique() == pl.len()) & (attempt.null_count() == 0))


def _picked(rows: pl.DataFrame, rule: AttemptsRule) -> ChosenRows:
    """Take one row of each student, by the largest or smallest number."""
    # Of equal totals the later attempt is used.
    by = ["total", "attempt"] if rule == "highest" else ["attempt"]
    used = _last(rows.sort("place", *by, maintain_order=True), first=rule == "first")
    others = rows.filter(~pl.col("row").is_in(used["row"].implode()))
    # The highest total is above all others, so that only what is open can lift one above it.
    lifted = others.filter(pl.col("at_most") > pl.col("total")) if rule == "highest" else used[:0]
    beside = lifted.select("place", "at_most").join(used.select("place", "total"), on="place")
    higher = beside.filter(pl.col("at_most") > pl.col("total"))["place"].unique()
    may_be_higher = pl.col("place").is_in(higher.implode())
    unread = pl.when(pl.col("at_most") > pl.col("total")).then(pl.lit(UNREAD_CELL))
    doubt = unread.when(may_be_higher).then(pl.lit(MAY_BE_HIGHER)).otherwise(pl.lit(CERTAIN))
    used = used.select("place", "row", pl.lit(1, pl.Int64).alias("rows"), doubt.alias("doubt"))
    none = pl.DataFrame(schema=_LISTED)
    return ChosenRows(used, none, others.select(*_LISTED), pl.DataFrame(schema=_CONTRARY))


def _last(ordered: pl.DataFrame, *, first: bool) -> pl.DataFrame:
    """Return the last row of each place, or the first, of rows in the order of places."""
    # Where the next row is another student's: a group for each takes ten times as long.
    beside = pl.col("place").shift(1 if first else -1)
    return ordered.filter(pl.col("place").ne_missing(beside))


def _averages(rows: pl.DataFrame) -> ChosenRows:
    """Count every row of each student, the latest for who and when it was."""
    ordered = rows.sort("place", "attempt", maintain_order=True)
    unread = (pl.col("at_most") > pl.col("total")).any()
    used = ordered.group_by("place", maintain_order=True).agg(
        pl.col("row").last(),
        pl.len().cast(pl.Int64).alias("rows"),
        pl.when(unread).then(pl.lit(UNREAD_CELL)).otherwise(pl.lit(CERTAIN)).alias("doubt"),
    )
    several = used.filter(pl.col("rows") > 1)["place"]
    averaged = ordered.filter(pl.col("place").is_in(several.implode())).select(*_LISTED)
    return ChosenRows(used, averaged, pl.DataFrame(schema=_LISTED), pl.DataFrame(schema=_CONTRARY))


def _weighed(rows: pl.DataFrame, table: AnswerTable, rule: AttemptsRule) -> ChosenRows:
    """Weigh students one by one by all that is known of their rows."""
    used, averaged, superseded, contrary = [], [], [], []
    for mine in rows.partition_by("place", maintain_order=True):
        place = mine["place"][0]
        choice = choose(list(_candidates(mine, table)), rule)
        superseded += [(place, row) for row in choice.superseded]
        contrary += [(place, row, choice.reason) for row in choice.rejected]
        if choice.counted:
            used.append((place, choice.counted[-1], len(choice.counted), choice.doubt))
        if len(choice.counted) > 1:
            averaged += [(place, row) for row in choice.counted]
    return ChosenRows(
        pl.DataFrame(used, schema=_USED, orient="row"),
        pl.DataFrame(averaged, schema=_LISTED, orient="row"),
        pl.DataFrame(superseded, schema=_LISTED, orient="row"),
        pl.DataFrame(contrary, schema=_CONTRARY, orient="row"),
    )


def _candidates(mine: pl.DataFrame, table: AnswerTable) -> Iterator[Candidate]:
    # Answers are compared only where two rows may be one attempt, which few are.
    apart = told_apart(mine["attempt"].to_list())
    moments = table.frame["submitted"].gather(mine["row"]).dt.replace_time_zone(None)
    columns = mine.select("row", "attempt", "total", "at_most").iter_rows()
    for (row, attempt, total, at_most), moment in zip(columns, moments, strict=True):
        digest = "" if apart else _digest(table, row)
        when = moment.isoformat() if moment else ""
        yield Candidate(row, attempt, when, Decimal(total), Decimal(at_most), digest)


def _digest(table: AnswerTable, row: int) -> str:
    numbers = table.frame.select(map(answer, table.cells.names)).row(row)
    codes = [cells[n].code for cells, n in zip(table.cells.of, numbers, strict=True)]
    # No code holds a "\0" (JSON escapes it), so that other rows of cells are other texts.
    return hashlib.blake2b("\0".join(codes).encode(), digest_size=8).hexdigest()
