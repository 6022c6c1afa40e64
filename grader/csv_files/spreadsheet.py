"""CSV for people: a text that a spreadsheet would take for a formula is defused."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from solver.errors import OutputError

FORMULA = "=+@\t\r-"
"""A text that begins with one of these is a formula to a spreadsheet."""
QUOTED = '",\r\n'
"""A text that holds one of these stands between quotation marks."""
_FORMULA = tuple(FORMULA)


def defused(text: str) -> str:
    """Return the text so that no spreadsheet runs it: ``'`` before ``= + - @``, tab and CR."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def cell(text: str) -> str:
    """Return a text as a cell, between quotation marks where it needs them, as `csv` writes it.

    >>> cell("x,y")
    '"x,y"'
    """
    if any(letter in text for letter in QUOTED):
        return '"{}"'.format(text.replace('"', '""'))
    return text


def decimal_text(value: Decimal | None) -> str:
    """Return a decimal as plain digits, "" for none.

    >>> decimal_text(Decimal("1E+1"))
    '10'
    """
    return "" if value is None else format(value, "f")


@contextmanager
def private_file(path: Path) -> Iterator[io.BufferedWriter]:
    """Open a new file for one's own eyes (0600) to be written bit by bit.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        # Made with its mode: between open and chmod others could read names and scores.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            yield file
    except OSError as problem:
        reason = problem.strerror or problem  # polars raises one without a number
        raise OutputError(
            f"{path}: cannot be written ({reason}). Give another folder, or make room."
        ) from problem


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a CSV row by row; its texts must have been defused.

    Raises:
        OutputError: it cannot be written.
    """
    with private_file(path) as file, io.TextIOWrapper(file, encoding="utf-8", newline="") as text:
        text.write("\ufeff")  # without it Excel takes UTF-8 for the system's own code page
        writer = csv.writer(text, lineterminator="\r\n")  # as RFC 4180 has it
        writer.writerow(header)
        writer.writerows(rows)
