"""A large table of ours read back: some columns of it, some thousand rows at a time."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import polars as pl

from grader.exports.csv_blocks import regular_stretch

STRETCH = 1 << 22
"""Bytes that are read together."""
ROWS = 1 << 12
"""Rows that are read together where one of them is broken across lines."""


class TableError(Exception):
    """The file is not a table: says why."""


def table_batches(
    path: Path, header: Sequence[str], names: Sequence[str]
) -> Iterator[pl.DataFrame]:
    """Yield the texts of some columns, row after row.

    Args:
        path: a CSV as `grader.csv_text` writes it.
        header: names of its columns; no cell of it is broken across lines.
        names: of the columns that are asked for.

    Raises:
        TableError: a row has more or fewer cells than the header.
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        at = len(file.readline())
        while True:
            file.seek(at)
            data = file.read(STRETCH)
            if not data:
                return
            stretch = regular_stretch(data, ",", last=len(data) < STRETCH)
            if stretch is None:
                file.seek(at)
                yield from _row_by_row(file, header, names)
                return
            at += stretch.size
            yield _checked(_at_once(stretch.data, header).select(names))


def _at_once(data: bytes, header: Sequence[str]) -> pl.DataFrame:
    try:
        return pl.read_csv(
            data,
            has_header=False,
            schema=dict.fromkeys(header, pl.String),
            empty_string_is_null=False,
            extra_columns="raise",
        )
    except pl.exceptions.PolarsError as problem:
        raise TableError(str(problem).partition("\n")[0]) from None


def _row_by_row(
    file: BinaryIO, header: Sequence[str], names: Sequence[str]
) -> Iterator[pl.DataFrame]:
    """Yield what is left of a file in which a text has a line's end in it."""
    places = [header.index(name) for name in names]
    with io.TextIOWrapper(file, encoding="utf-8", newline="") as text:
        rows = csv.reader(text, strict=True)
        try:
            while some := list(islice(rows, ROWS)):
                if any(len(row) != len(header) for row in some):
                    raise TableError("a row has more or fewer cells than there are columns")
                taken = [[row[place] for place in places] for row in some]
                schema = dict.fromkeys(names, pl.String)
                yield pl.DataFrame(taken, schema=schema, orient="row")
        except csv.Error as problem:
            raise TableError(str(problem)) from None


def _checked(table: pl.DataFrame) -> pl.DataFrame:
    if any(column.null_count() for column in table):
        raise TableError("a row has fewer cells than there are columns")
    return table
