"""CSV for people: a text that a spreadsheet would take for a formula is defused.

UTF-8 with a byte-order mark, so that Excel reads Chinese; lines end in CR LF, as RFC 4180 says.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from solver.errors import OutputError

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def defused(text: str) -> str:
    """Return the text so that no spreadsheet runs it: ``'`` before ``= + - @``, tab and CR."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def decimal_text(value: Decimal | None) -> str:
    """Return a decimal as plain digits, "" for none.

    >>> decimal_text(Decimal("1E+1"))
    '10'
    """
    return "" if value is None else format(value, "f")


@contextmanager
def private_text(path: Path) -> Iterator[io.TextIOBase]:
    """Open a new file for one's own eyes (0600) to be written bit by bit.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            yield file
    except OSError as problem:
        raise OutputError(
            f"{path}: cannot be written ({problem.strerror}). Give another folder, or make room."
        ) from problem


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a CSV row by row; its texts must have been defused.

    Raises:
        OutputError: it cannot be written.
    """
    with private_text(path) as file:
        file.write("\ufeff")
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(header)
        writer.writerows(rows)
