"""Stretches of a CSV of which it is certain how they divide into records, found without reading.

Where every quotation mark opens a cell, closes it, or stands doubled inside it (RFC 4180), any two
readers of CSV agree. That can be seen from the places of the marks alone. A stretch in which one
stands elsewhere, or which holds a zero byte or a carriage return inside a line, is left to the
reader that knows what to do with damage (`grader.csv_files.records`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grader.csv_files.records import FIELD_LIMIT
from grader.csv_files.spans import BOM

_QUOTE, _LF, _CR = 0x22, 0x0A, 0x0D
_MOST_STEPS = 100
_CACHED = 1 << 17

Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RegularStretch:
    """Bytes from the beginning of a record to the end of another.

    Attributes:
        data: with every line's end written as LF.
        size: bytes of the file that these are.
        doubled: pairs of marks that stand for one inside a cell.
        marks: quotation marks in all.
        lines: ends of lines, those inside cells too.
        starts: int (records,), how many lines stand before each record; None: a line a record.
    """

    data: bytes
    size: int
    doubled: int
    marks: int
    lines: int
    starts: Places | None


def regular_stretch(data: bytes, delimiter: str, *, last: bool) -> RegularStretch | None:
    """Return as much of `data` as are whole, regular records; None where that is not certain.

    Args:
        data: begins where a record begins.
        delimiter: one letter.
        last: whether the file ends here, so that the last line needs no end.
    """
    if not data or data.startswith(BOM) or b"\x00" in data:
        return None
    array = np.frombuffer(data, np.uint8)
    marks = _places(array, _QUOTE)
    size = len(data) if last and len(marks) % 2 == 0 else _end_of_records(data, marks)
    if not size:
        return None
    marks = marks[: np.searchsorted(marks, size)]
    doubled = _doubled(array[:size], marks, ord(delimiter))
    if doubled is None:
        return None
    return _with_lines(data[:size], size, marks, doubled)


def _places(array: NDArray[np.uint8], letter: int) -> Places:
    """Return where a letter stands; by pieces that stay in the processor's cache."""
    pieces = range(0, len(array), _CACHED)
    found = [np.flatnonzero(array[at : at + _CACHED] == letter) + at for at in pieces]
    return np.concatenate(found)


def _end_of_records(data: bytes, marks: Places) -> int:
    """Return where the last whole record ends: after a line's end with all cells closed."""
    at = len(data)
    for _ in range(_MOST_STEPS):
        at = data.rfind(b"\n", 0, at)
        inside = np.searchsorted(marks, at)
        if at < 0 or inside % 2 == 0:
            return at + 1
        at = int(marks[inside - 1])
    return 0


def _doubled(array: NDArray[np.uint8], marks: Places, delimiter: int) -> int | None:
    """Return how many marks are doubled, None if one is neither that nor at a cell's edge."""
    opening, closing = marks[0::2], marks[1::2]
    again = opening[1:] == closing[:-1] + 1
    before = array[opening - 1]
    begins = (before == delimiter) | (before == _LF)
    if len(begins):
        begins[0] |= opening[0] == 0
        begins[1:] |= again
    after = array[np.minimum(closing + 1, len(array) - 1)]
    ends = (after == delimiter) | (after == _LF) | (after == _CR) | (closing + 1 == len(array))
    ends[:-1] |= again
    return int(np.count_nonzero(again)) if begins.all() and ends.all() else None


def _with_lines(data: bytes, size: int, marks: Places, doubled: int) -> RegularStretch | None:
    returns = b"\r" in data
    if returns and data.count(b"\r\n") != data.count(b"\r"):
        return None
    ends = _places(np.frombuffer(data, np.uint8), _LF)
    inside = np.searchsorted(marks, ends) % 2 == 1
    if np.diff(ends[~inside], prepend=0, append=size).max() > FIELD_LIMIT:
        return None  # perhaps a cell that is too long to be read
    starts = None
    if inside.any():
        if returns:
            return None  # a cell keeps its line ends as they are
        begun = np.flatnonzero(~inside) + 1
        starts = np.concatenate([[0], begun[: len(begun) - data.endswith(b"\n")]])
    if returns:
        data = data.replace(b"\r\n", b"\n")
    return RegularStretch(data, size, doubled, len(marks), len(ends), starts)
