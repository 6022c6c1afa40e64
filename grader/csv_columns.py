"""Columns of a CSV for people, as bytes: `grader.csv_text` for many rows at once."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import polars as pl

from grader.csv_text import FORMULA, QUOTED, cell, decimal_text, defused

_ODD = rf"^[{FORMULA}]|[{QUOTED}]"
"""What of a text would be defused, or needs quotation marks around it."""


def text_cells(texts: pl.DataFrame) -> list[bytes]:
    """Return each row of some columns of texts as cells with commas between, defused.

    Args:
        texts: (n, columns), none of them null.
    """
    found = texts.select(
        cells=pl.concat_str(pl.all(), separator=",").cast(pl.Binary),
        odd=pl.any_horizontal(pl.all().str.contains(_ODD)),
    )
    cells: list[bytes] = found["cells"].to_list()
    for row in found["odd"].arg_true().to_list():
        cells[row] = ",".join(cell(defused(text)) for text in texts.row(row)).encode()
    return cells


def plain_cells(texts: pl.Series) -> list[bytes]:
    """Return texts that the program made itself (numbers, times) as cells."""
    cells: list[bytes] = texts.cast(pl.Binary).to_list()
    return cells


def decimal_cell(value: Decimal | None) -> bytes:
    """Return a decimal as a cell of plain digits, an empty one for none."""
    return decimal_text(value).encode()


def joined_cells(columns: Sequence[Sequence[bytes]]) -> list[bytes]:
    """Return the lines of rows, with their ends.

    Args:
        columns: each of the n cells of all rows.
    """
    *others, last = columns
    ended = [each + b"\r\n" for each in last]
    return list(map(b",".join, zip(*others, ended, strict=True)))
