"""The table of a run as a Parquet file, from which it can be graded again without the exports.

``rows.parquet``, a row a row of the exports, in the order of reading; readable by polars, pandas,
DuckDB (docs/runs.md):

    student, name, section, section_id, sis_id   text; null in a row that was refused as a whole
    attempt                                      int64; null where the export does not say it
    submitted                                    timestamp, UTC
    canvas_score                                 a decimal as text
    file, line                                   where the row begins
    answer:ID, canvas:ID                         a question's response (`encode_response`), and
                                                 Canvas' points for it as text, null if not known
    refused                                      list of {student, question, text, reason}: what
                                                 could not be read; question "" stands for the row
    corrected                                    list of {question, text, read_as, by, why}: what a
                                                 person has read (`grader.runs.corrections`)

Its metadata says the format and the hash of the exports.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import polars as pl
from polars.io.plugins import register_io_source

from grader.csv_files.spreadsheet import private_file
from grader.submissions import decode_response
from grader.table.answers import CORRECTIONS, NUMBER, PERSON, REJECTS, ROW, AnswerTable, answer
from grader.table.cells import Cell, Cells
from solver.errors import ExportError
from solver.files.atomic_write import sha256_of_all

FILE = "rows.parquet"
FORMAT = "hw9-rows/2"
GROUP = 1 << 17
"""Rows of a row group."""
MOST_POINTS = 1_000_000
"""The readers of exports take no number from here on."""
MOST_LINE = 1 << 40
_TEXTS = [name for name, kind in ROW.items() if isinstance(kind, pl.Categorical)]
_LISTS = {"refused": REJECTS, "corrected": CORRECTIONS}
MEND = "Grade the exports again."


def canvas(question: str) -> str:
    """Return the name of the column of Canvas' points."""
    return f"canvas:{question}"


def write_rows(table: AnswerTable, path: Path, made_from: str) -> None:
    """Write a table, for one's own eyes (0600).

    Args:
        table: of the run.
        path: a new file.
        made_from: hash of the exports, for the metadata.

    Raises:
        OutputError: it cannot be written.
    """
    made = _Recorded(table)
    # A part at a time: with every column of points beside the table a large class takes twice the
    # memory.
    parts = register_io_source(made.parts, schema=made.schema)
    with private_file(path) as file:
        parts.sink_parquet(
            file,
            compression="zstd",
            row_group_size=GROUP,
            metadata={"format": FORMAT, "made_from": made_from},
        )


class _Recorded:
    """The columns of a record, made of a table a group of rows at a time."""

    def __init__(self, table: AnswerTable) -> None:
        self._rows = table.frame
        self._listed = {
            "refused": _lists(table.rejects, "refused"),
            "corrected": _lists(table.corrections, "corrected"),
        }
        self._looked_up: list[tuple[str, str, pl.Series]] = []
        for name, known in zip(table.cells.names, table.cells.of, strict=True):
            cells = list(enumerate(known))
            # A stretch that was read again row by row may leave cells that no row has.
            met = set(table.frame[answer(name)].unique())
            for column, texts in (
                (answer(name), [cell.code if at in met else None for at, cell in cells]),
                (canvas(name), [cell.points_text if at in met else None for at, cell in cells]),
            ):
                # In the order of the texts: the same rows give the same bytes, however numbered.
                kind = pl.Enum(sorted({text for text in texts if text is not None}))
                self._looked_up.append((name, column, pl.Series(column, texts, dtype=kind)))
        # polars plans the file by it before any part is made.
        self.schema = self._part(0, 0).schema

    def parts(
        self,
        columns: list[str] | None,
        wanted: pl.Expr | None,
        rows: int | None,
        size: int | None,
    ) -> Iterator[pl.DataFrame]:
        """Yield every column and row; polars, which asks for a whole file, asks for no less."""
        for begin in range(0, len(self._rows), GROUP):
            yield self._part(begin, GROUP)

    def _part(self, begin: int, rows: int) -> pl.DataFrame:
        part = self._rows[begin : begin + rows]
        columns = [_listed(lists, name, begin, len(part)) for name, lists in self._listed.items()]
        for name, column, texts in self._looked_up:
            columns.append(texts.gather(part[answer(name)]).alias(column))
        return part.select(*ROW).with_columns(columns).cast(dict.fromkeys(_TEXTS, pl.String))


def _fields(column: str) -> list[str]:
    return [name for name in _LISTS[column] if name != "row"]


def _list_kind(column: str) -> pl.List:
    return pl.List(pl.Struct({name: _LISTS[column][name] for name in _fields(column)}))


def _lists(found: pl.DataFrame, column: str) -> pl.DataFrame:
    """Return for each row of which something was found a list of it."""
    lists = found.group_by("row", maintain_order=True).agg(pl.struct(_fields(column)).alias(column))
    return lists.cast({column: _list_kind(column)})


def _listed(lists: pl.DataFrame, column: str, begin: int, rows: int) -> pl.Series:
    """Return a list for each of some rows that follow each other, null for nothing."""
    if not len(lists):
        return pl.Series(column, [None], dtype=_list_kind(column)).new_from_index(0, rows)
    places = pl.DataFrame({"row": pl.int_range(begin, begin + rows, eager=True)})
    return places.join(lists, on="row", how="left", maintain_order="left")[column]


def _unlisted(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """Return the rows that `_listed` put into a column."""
    rows = frame.select(pl.col(column)).with_row_index("row").cast({"row": pl.Int64})
    # By default nulls and empty lists become rows of nulls: rejects of nothing.
    rows = rows.explode(column, empty_as_null=False, keep_nulls=False)
    return rows.unnest(column).select(*_LISTS[column])


def read_rows(path: Path, questions: Sequence[str], made_from: str) -> AnswerTable:
    """Read a table back.

    Args:
        path: a file of `write_rows`.
        questions: ids of the run's questions, in their order.
        made_from: the hash that must stand in its metadata.

    Raises:
        ExportError: it is not such a file, or not of this run.
    """
    try:
        told = pl.read_parquet_metadata(path)
        # A folder's name may hold * or [.
        frame = pl.read_parquet(path, glob=False)
    except FileNotFoundError:
        raise ExportError("there is no such file", path=path, mend=MEND) from None
    except (pl.exceptions.PolarsError, OSError, ValueError) as problem:
        why = str(problem).partition("\n")[0][:200]
        raise ExportError(f"cannot be read ({why})", path=path, mend=MEND) from None
    if told.get("format") != FORMAT or told.get("made_from") != made_from:
        raise ExportError("was not written by this run", path=path, mend=MEND)
    _check_columns(frame, questions, path)
    try:
        return _table(frame, questions, path)
    except (ValueError, TypeError, KeyError, ArithmeticError, RecursionError):
        raise ExportError("has content that no run writes", path=path, mend=MEND) from None


def _check_columns(frame: pl.DataFrame, questions: Sequence[str], path: Path) -> None:
    expected: dict[str, Any] = {**ROW, **dict.fromkeys(_TEXTS, pl.String)}
    expected |= {name: _list_kind(name) for name in _LISTS}
    for name in questions:
        expected |= {answer(name): pl.Enum, canvas(name): pl.Enum}
    for name, kind in expected.items():
        found = frame.schema.get(name)
        if found != kind:
            what = "lacks the column" if found is None else f"has {found} in the column"
            raise ExportError(f"{what} {name!r}", path=path, mend=MEND)


def _table(frame: pl.DataFrame, questions: Sequence[str], path: Path) -> AnswerTable:
    cells = Cells(questions)
    columns = []
    for place, name in enumerate(questions):
        pair = frame.select(code=answer(name), points=canvas(name))
        distinct = pair.unique(maintain_order=True)
        numbers = [
            cells.number(place, Cell(decode_response(code), points_of_text(points)))
            for code, points in distinct.cast(pl.String).iter_rows()
        ]
        known = distinct.with_columns(pl.Series(answer(name), numbers, dtype=NUMBER))
        found = pair.join(
            known, on=["code", "points"], how="left", nulls_equal=True, maintain_order="left"
        )
        columns.append(found[answer(name)].shrink_dtype())
    _check_rows(frame, path)
    rows = frame.select(*ROW).cast({name: ROW[name] for name in _TEXTS}).with_columns(columns)
    return AnswerTable(rows, cells, _unlisted(frame, "refused"), _unlisted(frame, "corrected"))


def points_of_text(text: str | None) -> Decimal | None:
    """Return points that a record holds as text.

    Raises:
        ValueError: they are none that an export has.
    """
    if text is None:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError from None
    if not number.is_finite() or number.copy_abs() >= MOST_POINTS:
        raise ValueError
    return number


def _check_rows(frame: pl.DataFrame, path: Path) -> None:
    for score in frame["canvas_score"].unique():
        points_of_text(score)
    # Tables and sums rest on this: a row says whose it is, or why it is refused.
    number = {"attempt": pl.col("attempt").fill_null(0), "line": pl.col("line")}
    refused = pl.col("student").is_null()
    wrong = frame.select(
        *(~each.is_between(0, MOST_LINE).fill_null(value=False) for each in number.values()),
        odd=refused & (pl.col("refused").list.len().fill_null(0) == 0),
        half=~refused & pl.any_horizontal(pl.col(PERSON[1:]).is_null()),
        file=pl.col("file").is_null(),
    )
    for row in wrong.select(pl.any_horizontal(pl.all())).to_series().arg_true()[:1]:
        raise ExportError(
            "has content that no run writes", path=path, place=f"row {row + 1}", mend=MEND
        )


def made_from(hashes: Sequence[tuple[str, str]]) -> str:
    """Return one hash of the exports a table was made of."""
    return sha256_of_all({f"{n} {name}": digest for n, (name, digest) in enumerate(hashes)})
