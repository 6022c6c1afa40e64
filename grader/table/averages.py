"""Means over several attempts, for students whose grade is an average.

A question's points are the mean over the attempts in which it was shown and could be read; total
and points possible are the means of the attempts' own.
"""

from __future__ import annotations

import polars as pl

from grader.csv_files.spreadsheet import decimal_text
from grader.scoring.attempts import mean
from grader.table.answers import AnswerTable, per_distinct
from grader.table.choice import ChosenRows
from grader.table.sums import Points, points_of


def with_averages(
    frame: pl.DataFrame, table: AnswerTable, points: Points, chosen: ChosenRows
) -> pl.DataFrame:
    """Return used rows with means in ``total``, ``possible`` and a column ``points:ID`` a question.

    Args:
        frame: (students, ...) the rows used, with ``total`` and ``possible`` as text, in the order
            of `chosen.used`.
        table, points, chosen: of the run.

    Returns:
        The frame, with a column ``alike`` more: whether all attempts have points for the
        same questions.
    """
    means = _means(table, points, chosen)
    frame = frame.with_columns(chosen.used["place"], *points.texts(frame))
    joined = frame.join(means, on="place", how="left", maintain_order="left", suffix=" mean")
    # Who has one attempt keeps its points as they were written (0.30), which a mean is not.
    several = pl.col("rows") > 1
    names = ["total", "possible", *map(points_of, points.names)]
    return joined.select(
        pl.all().exclude("place", "alike", *names, *(f"{name} mean" for name in names)),
        *(pl.when(several).then(f"{name} mean").otherwise(name).alias(name) for name in names),
        pl.col("alike").fill_null(value=True),  # of those with one attempt
    )


def _means(table: AnswerTable, points: Points, chosen: ChosenRows) -> pl.DataFrame:
    """Return the means of each place in the order of students, as text."""
    counted = table.frame[chosen.averaged["row"]]
    counted = pl.DataFrame([
        chosen.averaged["place"],
        points.earned(counted).alias("total"),
        points.possible(counted).alias("possible"),
        points.scored(counted).alias("scored"),
        *points.units_of(counted),
    ])  # fmt: skip
    names = ["total", "possible", *map(points_of, points.names)]
    sums = counted.group_by("place", maintain_order=True).agg(
        pl.col(names).sum(),
        pl.col(names).count().name.suffix(" n"),
        # Where attempts have points for different questions (drawn from a pool, or with a cell that
        # could not be read), the points of the questions need not add up to the total.
        (pl.col("scored").n_unique() == 1).alias("alike"),
    )

    def text(units: int, n: int) -> str | None:
        return decimal_text(mean(points.scale.decimal(units), n)) if n else None

    means = [
        per_distinct(sums.select(name, f"{name} n"), text, pl.String).alias(name) for name in names
    ]
    return sums.select("place", "alike").with_columns(means)
