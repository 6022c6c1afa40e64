"""A stretch of a Student Analysis CSV read as columns, by polars.

Each rule is stated once, in `grader.exports.student_analysis`: what a pair of cells, an attempt, a
time or a score says is asked there, once for each distinct text. A row of which anything is odd (a
cell that is refused, a name with a quotation mark) is given to `StudentAnalysis.row` as a whole.
Where polars cannot be shown to have read what the csv module would have read, nothing is returned.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from grader.coded_columns import Coded, Codes, together
from grader.exports.csv_blocks import RegularStretch
from grader.exports.csv_records import Record
from grader.exports.question_cells import AnalysisColumn, ReadCell
from grader.exports.row_fields import attempt_number, canvas_score, moment_of
from grader.exports.times import read_time
from grader.option_matching import LONGEST, MEMORY
from grader.row_cells import Cell
from grader.row_columns import (
    MOST_DIGITS,
    UNKNOWN,
    RowBlock,
    RowColumns,
    block_of_rows,
    columns_of_rows,
)
from grader.row_record import moment_text

if TYPE_CHECKING:
    from grader.exports.student_analysis import StudentAnalysis

_ODD_TEXT = r'^\s|\s$|["\\\x00-\x1f]'
"""What of a person's text would be stripped, or escaped in a record."""
_NUMBER = rf"^[0-9]{{1,{MOST_DIGITS}}}$"
_MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2} (?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9] UTC$"
_PERSON = ("id", "name", "section", "section_id", "sis_id")
Odd = NDArray[np.bool_]
Said = TypeVar("Said")


class RecordTable(NamedTuple):
    """Some records of an export: (n, columns) texts, and the line each begins on, int (n,)."""

    texts: pl.DataFrame
    lines: Codes


class AnalysisColumns:
    """Reads stretches of one export, one after another.

    Args:
        export: opened already.
    """

    def __init__(self, export: StudentAnalysis) -> None:
        self._export = export
        width = export.layout.width
        self._schema = {f"{place}": pl.String for place in range(width)}
        cells = [place for column in export.columns for place in (column.at, column.at + 1)]
        self._texts = _KnownTexts([f"{place}" for place in cells])

    def table(self, stretch: RegularStretch, before: int, *, header: bool) -> RecordTable | None:
        """Return the records of a stretch of the file, None if they are not surely these.

        Args:
            stretch: whole records.
            before: how many lines of the file stand before it.
            header: whether its first record is the header.
        """
        table = self._table(stretch)
        if table is None:
            return None
        lines = np.arange(len(table)) if stretch.starts is None else stretch.starts
        lines = lines + (before + 1)
        if header:
            table, lines = table[1:], lines[1:]
        if (table[f"{self._export.person_at[0]}"] == "").any():
            filled = table.select(pl.any_horizontal(pl.all().cast(pl.String) != "")).to_series()
            table, lines = table.filter(filled), lines[filled.to_numpy()]
        return RecordTable(table, lines)

    def block(self, records: RecordTable) -> RowBlock:
        """Return records as rows."""
        table, lines = records
        count = len(table)
        odd = np.zeros(count, dtype=bool)
        students, persons = self._persons(table, odd)
        attempts = self._attempts(table, odd)
        moments = self._moments(table, odd)
        scores = self._scores(table, odd)
        cells = self._cells(table, odd)
        rows = RowColumns(
            np.arange(count),
            students,
            {},
            persons,
            attempts,
            moments,
            cells,
            scores,
            Coded([self._export.source], np.zeros(count, dtype=np.int64)),
            lines,
        )
        if not odd.any():
            return RowBlock(count, (rows,))
        return self._with_odd(rows, table, np.flatnonzero(odd))

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
            if filled is None:
                continue
            table = filled
            return table if self._is_whole(table, stretch) else None
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

    def _with_odd(self, rows: RowColumns, table: pl.DataFrame, odd: Codes) -> RowBlock:
        """Return the block with some rows read one by one; with all, where most are odd."""
        count = len(rows)
        if 2 * len(odd) > count:
            odd = np.arange(count)
        read = [
            self._export.row(Record(int(rows.lines[place]), list(table.row(int(place)))))
            for place in odd
        ]
        if len(odd) == count:
            return block_of_rows(read, self._export.row_columns)
        plain = np.setdiff1d(np.arange(count), odd, assume_unique=True)
        refused = {
            int(place): row.rejects
            for place, row in zip(odd, read, strict=True)
            if row.submission is None
        }
        others = [int(place) for place in odd if place not in refused]
        kept = [row for row in read if row.submission is not None]
        parts = [_taken(rows, plain)]
        if kept:
            parts.append(columns_of_rows(kept, others, self._export.row_columns))
        return RowBlock(count, tuple(parts), refused)

    def _persons(self, table: pl.DataFrame, odd: Odd) -> tuple[Codes, list[bytes]]:
        places = self._export.person_at
        fields = [pl.col(f"{place}") for place in places]
        texts = [*fields, *[pl.lit("")] * (len(_PERSON) - len(fields))]
        form = ",".join(['"{}"'] * len(_PERSON))
        number = pl.col(f"{places[0]}")
        found = table.select(
            person=pl.format(f"[{form}]", *texts).cast(pl.Binary),
            student=number.str.len_bytes().cast(pl.Int64) * 10**MOST_DIGITS
            + number.cast(pl.Int64, strict=False),
            odd=~number.str.contains(_NUMBER)
            | pl.any_horizontal(*(field.str.contains(_ODD_TEXT) for field in fields)),
        )
        odd |= found["odd"].to_numpy()
        return found["student"].fill_null(UNKNOWN).to_numpy(), found["person"].to_list()

    def _attempts(self, table: pl.DataFrame, odd: Odd) -> Codes:
        at = self._export.attempt_at
        if not at:
            return np.full(len(table), UNKNOWN)
        attempts, codes = self._asked(table[f"{at}"], attempt_number, odd)
        numbers = [UNKNOWN if attempt is None else attempt for attempt in attempts]
        return np.array(numbers, dtype=np.int64)[codes]

    def _scores(self, table: pl.DataFrame, odd: Odd) -> Coded[Decimal | None]:
        column = table[f"{self._export.layout.score}"]
        return Coded(*self._asked(column, canvas_score, odd))

    def _asked(
        self, column: pl.Series, what: Callable[[str], tuple[Said, str]], odd: Odd
    ) -> tuple[list[Said], Codes]:
        """Ask what each distinct text says; rows with a text that says nothing are odd."""
        texts = _distinct(column)
        said = [what(text) for text in texts.values]
        odd |= np.array([bool(wrong) for _, wrong in said], dtype=bool)[texts.codes]
        return [answer for answer, _ in said], texts.codes

    def _moments(self, table: pl.DataFrame, odd: Odd) -> list[bytes]:
        column = table[f"{self._export.submitted_at}"]
        day = _distinct(column.str.slice(0, 10))
        known = np.array([_is_day(text) for text in day.values], dtype=bool)[day.codes]
        regular = known & column.str.contains(_MOMENT).to_numpy()
        form = pl.format('"{}T{}+00:00"', column.str.slice(0, 10), column.str.slice(11, 8))
        moments: list[bytes] = table.select(form.cast(pl.Binary)).to_series().to_list()
        for row in np.flatnonzero(~regular).tolist():
            moment, wrong = moment_of(column[row])
            moments[row] = moment_text(moment)
            odd[row] |= bool(wrong)
        return moments

    def _cells(self, table: pl.DataFrame, odd: Odd) -> tuple[Coded[Cell], ...]:
        columns: list[Coded[Cell]] = []
        texts = self._texts.coded(table)
        for column in self._export.columns:
            read = _pairs(column, texts[f"{column.at}"], texts[f"{column.at + 1}"])
            refused = np.array([cell.has_rejects for cell in read.values], dtype=bool)
            if refused.any():
                odd |= refused[read.codes]
            columns.append(Coded(read.values, read.codes))
        none = np.zeros(len(table), dtype=np.int64)
        columns += [Coded([cell], none) for cell in self._export.missing]
        return self._export.in_order(columns)


def _pairs(column: AnalysisColumn, answer: Coded[str], points: Coded[str]) -> Coded[ReadCell]:
    """Return the column of what a question's two cells say together."""
    return together(answer, points).made(lambda pair: column.read(*pair))


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

    def coded(self, table: pl.DataFrame) -> dict[str, Coded[str]]:
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
        return {column.name: Coded(texts[column.name], _numbers(column)) for column in found}

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
            total += int(np.array(sizes, dtype=np.int64)[_numbers(column)].sum())
        return total


def _known(table: pl.DataFrame) -> list[pl.Series]:
    return [column for column in table if column.dtype == pl.Enum]


def _numbers(column: pl.Series) -> Codes:
    """Return the number of each text of a column, of which none is null."""
    return column.to_physical().to_numpy()


def _distinct(column: pl.Series) -> Coded[str]:
    texts = column.unique(maintain_order=True)
    codes = _numbers(column.cast(pl.Enum(texts)))
    return Coded(texts.to_list(), codes)


def _is_day(text: str) -> bool:
    try:
        read_time(f"{text} 00:00:00 UTC")
    except ValueError:
        return False
    return True


def _taken(rows: RowColumns, which: Codes) -> RowColumns:
    """Return some of the rows, none of which has a reject."""
    listed = which.tolist()
    return replace(
        rows,
        places=rows.places[which],
        students=rows.students[which],
        persons=[rows.persons[row] for row in listed],
        attempts=rows.attempts[which],
        moments=[rows.moments[row] for row in listed],
        cells=tuple(column.taken(which) for column in rows.cells),
        scores=rows.scores.taken(which),
        sources=rows.sources.taken(which),
        lines=rows.lines[which],
    )
