"""A stretch of a Student Analysis CSV read by polars.

Each rule is stated once, in `grader.exports.student_analysis`: what a pair of cells, an attempt, a
time or a score says is asked there, once for each distinct text. A row with an odd person, time,
attempt or score is given to `StudentAnalysis.row` as a whole. Where polars cannot be shown to have
read what the csv module would have read, nothing is returned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from grader.csv_files.records import Record
from grader.csv_files.regular import RegularStretch
from grader.exports.analysis_cells import AnalysisColumn, ReadCell
from grader.exports.fields import attempt_number, canvas_score, moment_of
from grader.quizzes.option_matching import LONGEST, MEMORY
from grader.submissions import NOT_SHOWN
from grader.table.answers import (
    NUMBER,
    PERSON,
    REJECTS,
    TEXT_SHOWN,
    Block,
    answer,
    block_of_rows,
    per_distinct,
    schema_of,
)

if TYPE_CHECKING:
    from grader.exports.student_analysis import StudentAnalysis
    from grader.table.cells import Cells

_ODD_TEXT = r"^\s|\s$|[\x00-\x1f]"
"""What of a person's text would be stripped."""
_NUMBER = r"^[0-9]{1,17}$"
_MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} UTC$"
_MOST_PLACES = 1 << 16
Codes = NDArray[np.integer[Any]]


class AnalysisFrames:
    """Reads stretches of one export, one after another.

    Args:
        export: opened already.
        cells: of the run; new ones are added.
    """

    def __init__(self, export: StudentAnalysis, cells: Cells) -> None:
        self._export = export
        self._cells = cells
        self._schema = {f"{place}": pl.String for place in range(export.layout.width)}
        places = [place for column in export.columns for place in (column.at, column.at + 1)]
        self._texts = _KnownTexts([f"{place}" for place in places])
        self._columns = [_NumberedColumn(column, cells) for column in export.columns]

    def block(self, stretch: RegularStretch, before: int, *, header: bool) -> Block | None:
        """Return the rows of a stretch of the file, None if they are not surely these.

        Args:
            stretch: whole records.
            before: how many lines of the file stand before it.
            header: whether its first record is the header.
        """
        table = self._table(stretch)
        if table is None:
            return None
        lines = np.arange(len(table)) if stretch.starts is None else stretch.starts
        table = table.with_columns(line=pl.Series(lines + (before + 1), dtype=pl.Int64))
        if header:
            table = table[1:]
        if (table[f"{self._export.person_at[0]}"] == "").any():
            filled = pl.any_horizontal(pl.all().exclude("line").cast(pl.String) != "")
            table = table.filter(filled)
        return self._rows(table)

    def _table(self, stretch: RegularStretch) -> pl.DataFrame | None:
        """Return all cells as text, None if these are not surely those that the bytes hold."""
        for schema in (self._schema | self._texts.schema, self._schema):
            try:
                table = pl.read_csv(
                    stretch.data,
                    has_header=False,
                    schema=schema,
                    separator=self._export.delimiter,
                    empty_string_is_null=False,
                    extra_columns="raise",
                )
            except pl.exceptions.PolarsError:
                continue  # with texts that were not met before, or no table at all
            filled = self._texts.filled(table)
            if filled is not None:
                return filled if self._is_whole(filled, stretch) else None
        return None

    def _is_whole(self, table: pl.DataFrame, stretch: RegularStretch) -> bool:
        """Say whether every byte is in a cell, between two, or a mark.

        So no row was short, and none was skipped.
        """
        records = stretch.lines + (not stretch.data.endswith(b"\n"))
        if stretch.starts is not None:
            records = len(stretch.starts)
        texts = [column for column in table if column.dtype == pl.String]
        cells = sum(int(column.str.len_bytes().cast(pl.Int64).sum()) for column in texts)
        cells += self._texts.bytes_in(table)
        ends = records - (not stretch.data.endswith(b"\n"))
        between = len(table) * (table.width - 1) + ends + stretch.marks - stretch.doubled
        return len(table) == records and cells + between == len(stretch.data)

    def _rows(self, table: pl.DataFrame) -> Block:
        export = self._export
        places = {name: f"{at}" for name, at in zip(PERSON, export.person_at, strict=False)}
        person = [pl.col(at).alias(name) for name, at in places.items()]
        person += [pl.lit("").alias(name) for name in PERSON if name not in places]
        odd = ~pl.col(places["student"]).str.contains(_NUMBER) | pl.any_horizontal(
            pl.col(list(places.values())).str.contains(_ODD_TEXT)
        )
        fields = table.select(*person, "line", odd=odd)
        moments, odd_moments = self._moments(table)
        columns = {
            "attempt": self._asked(table, export.attempt_at, attempt_number, pl.Int64),
            "canvas_score": self._asked(table, export.layout.score, _score_text, pl.String),
        }
        numbers, rejects = self._numbers(table)
        frame = fields.with_columns(
            pl.lit(export.source).alias("file"),
            moments.alias("submitted"),
            *(said.struct.field("value").alias(name) for name, said in columns.items()),
            *numbers,
            odd=fields["odd"]
            | odd_moments
            | pl.any_horizontal(said.struct.field("wrong") for said in columns.values()),
        )
        rows = frame.select(*schema_of(self._cells.names))
        if not frame["odd"].any():
            return Block(rows, rejects)
        return self._with_odd(rows, rejects, table, frame["odd"])

    def _with_odd(
        self, rows: pl.DataFrame, rejects: pl.DataFrame, table: pl.DataFrame, odd: pl.Series
    ) -> Block:
        """Return the block with some rows read one by one."""
        places = odd.arg_true().cast(pl.Int64)
        records = table[places].cast(pl.String)
        read = [
            self._export.row(Record(int(line), list(cells))) for *cells, line in records.iter_rows()
        ]
        block = block_of_rows(read, self._cells)
        own = pl.Series("place", range(len(rows)))
        together = pl.concat([
            rows.with_columns(place=own).filter(~odd),
            block.frame.with_columns(place=places),
        ])  # fmt: skip
        again = block.rejects.with_columns(row=places.gather(block.rejects["row"]))
        kept = rejects.filter(~pl.col("row").is_in(places.implode()))
        return Block(
            together.sort("place").drop("place"),
            pl.concat([kept, again]).sort("row", maintain_order=True),
        )

    def _asked(
        self,
        table: pl.DataFrame,
        at: int | None,
        what: Callable[[str], tuple[Any, str]],
        dtype: Any,
    ) -> pl.Series:
        """Ask what each distinct text of a column says: value, and whether it says nothing."""
        kind = pl.Struct({"value": dtype, "wrong": pl.Boolean})

        def said(text: str) -> dict[str, Any]:
            value, wrong = what(text)
            return {"value": value, "wrong": bool(wrong)}

        if at is None:  # an export without this column
            return pl.Series([{"value": None, "wrong": False}], dtype=kind).new_from_index(
                0, len(table)
            )
        return per_distinct(table.select(f"{at}"), said, kind)

    def _moments(self, table: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
        """Return the times, and which of them are to be looked at."""
        column = table[f"{self._export.submitted_at}"]
        clock = column.str.slice(0, 19).str.to_datetime(
            "%Y-%m-%d %H:%M:%S", time_unit="us", time_zone="UTC", strict=False
        )
        plain = column.str.contains(_MOMENT) & clock.is_not_null()
        moments: list[datetime | None] = []
        odd = pl.zeros(len(column), pl.Boolean, eager=True)
        others = (~plain).arg_true()
        if len(others):
            said = [moment_of(text) for text in column[others]]
            moments = [moment for moment, _ in said]
            found = pl.Series(moments, dtype=clock.dtype)
            clock = clock.scatter(others, found)
            odd = odd.scatter(others, pl.Series([bool(wrong) for _, wrong in said]))
        return clock, odd

    def _numbers(self, table: pl.DataFrame) -> tuple[list[pl.Series], pl.DataFrame]:
        """Return a column of cells' numbers for each question, and what could not be read."""
        texts = self._texts.coded(table)
        without = {name: kind for name, kind in REJECTS.items() if name != "student"}
        columns, rejects = [], [pl.DataFrame(schema={**without, "at": pl.Int64})]
        for column in self._columns:
            at = column.source.at
            numbers, wrong = column.read(texts[f"{at}"], texts[f"{at + 1}"])
            columns.append(numbers)
            rejects += wrong
        read = {column.source.question for column in self._columns}
        for place, name in enumerate(self._cells.names):
            if name not in read:
                number = self._cells.number_of(place, NOT_SHOWN, None)
                none = pl.Series(answer(name), [number], dtype=NUMBER)
                columns.append(none.new_from_index(0, len(table)))
        together = pl.concat(rejects).sort("row", "at", maintain_order=True)
        students = table[f"{self._export.person_at[0]}"].gather(together["row"])
        return columns, together.with_columns(student=students).select(*REJECTS)


def _score_text(text: str) -> tuple[str | None, str]:
    score, wrong = canvas_score(text)
    return None if score is None else str(score), wrong


class _Coded:
    """A column of texts: the distinct ones, and for each row which one it has."""

    def __init__(self, texts: Sequence[str], codes: Codes) -> None:
        self.texts = texts
        self.codes = codes


class _NumberedColumn:
    """A question's two columns, as numbers of what they say together."""

    def __init__(self, source: AnalysisColumn, cells: Cells) -> None:
        self.source = source
        self._cells = cells
        self._place = cells.place[source.question]

    def read(self, answers: _Coded, points: _Coded) -> tuple[pl.Series, list[pl.DataFrame]]:
        """Return the number of each row's cell, and what could not be read."""
        across = max(len(points.texts), 1)
        joint = answers.codes.astype(np.int64) * across + points.codes
        distinct, which = _distinct(joint, len(answers.texts) * across)
        numbers = np.empty(len(distinct), dtype=np.uint32)
        rejects: list[pl.DataFrame] = []
        for n, pair in enumerate(distinct.tolist()):
            cell = self.source.read(answers.texts[pair // across], points.texts[pair % across])
            numbers[n] = self._cells.number(self._place, cell)
            if cell.has_rejects:
                rejects += self._rejects(cell, np.flatnonzero(joint == pair))
        return pl.Series(answer(self.source.question), numbers[which], dtype=NUMBER), rejects

    def _rejects(self, cell: ReadCell, rows: Codes) -> Iterator[pl.DataFrame]:
        for question, text, reason in cell.rejects(self.source.question):
            yield pl.DataFrame({"row": rows}).with_columns(
                question=pl.lit(question),
                text=pl.lit(text[:TEXT_SHOWN]),
                reason=pl.lit(reason),
                at=pl.lit(self.source.at, pl.Int64),
            )


def _distinct(numbers: Codes, end: int) -> tuple[Codes, Codes]:
    """Return what `np.unique` does of numbers from 0 to below `end`, faster where they are few."""
    if end > _MOST_PLACES:
        return np.unique(numbers, return_inverse=True)
    found = np.flatnonzero(np.bincount(numbers, minlength=end))
    place = np.zeros(end, dtype=np.int64)
    place[found] = np.arange(len(found))
    return found, place[numbers]


class _KnownTexts:
    """The distinct texts of some columns, as far as they were met.

    Args:
        names: of the columns.

    Attributes:
        schema: with which polars reads them as numbers of these texts; empty as long as new ones
            are met, since it reads none that it does not know.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._texts: dict[str, list[str]] = {name: [] for name in names}
        self._kinds = {name: pl.Enum([]) for name in names}
        self.schema: dict[str, pl.Enum] = {}

    def coded(self, table: pl.DataFrame) -> dict[str, _Coded]:
        """Return the texts of each column, and which row has which."""
        kinds, texts = dict(self._kinds), dict(self._texts)
        found = table.select(pl.col(name).cast(kind, strict=False) for name, kind in kinds.items())
        new = [column.name for column in found if column.null_count()]
        for name in new:
            met = table[name].filter(found[name].is_null()).unique(maintain_order=True).to_list()
            texts[name] = [*texts[name], *met]
            kinds[name] = pl.Enum(texts[name])
            if len(texts[name]) <= MEMORY and max(map(len, met)) <= LONGEST:
                self._texts[name], self._kinds[name] = texts[name], kinds[name]
        self.schema = {} if new else self._kinds
        found = found.with_columns(table[name].cast(kinds[name]) for name in new)
        return {column.name: _Coded(texts[column.name], _numbers(column)) for column in found}

    def filled(self, table: pl.DataFrame) -> pl.DataFrame | None:
        """Return a table read with `schema`, with its empty cells; None if "" was not met before.

        Of a text that it is to know, polars takes an empty one for none at all.
        """
        lacking = [column.name for column in _known(table) if column.null_count()]
        if any("" not in self._texts[name] for name in lacking):
            return None
        return table.with_columns(pl.col(lacking).fill_null("")) if lacking else table

    def bytes_in(self, table: pl.DataFrame) -> int:
        """Return how many bytes the cells have that were read as numbers of texts."""
        total = 0
        for column in _known(table):
            sizes = [len(text.encode()) for text in self._texts[column.name]]
            times = np.bincount(_numbers(column), minlength=len(sizes))
            total += int(times @ np.array(sizes, dtype=np.int64))
        return total


def _known(table: pl.DataFrame) -> list[pl.Series]:
    return [column for column in table if column.dtype == pl.Enum]


def _numbers(column: pl.Series) -> Codes:
    """Return the number of each text of a column, of which none is null."""
    return column.to_physical().to_numpy()
