"""Where each cell of a CSV lies in its bytes, so that one can be replaced and the rest kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

BOM = b"\xef\xbb\xbf"
_LF, _CR = 0x0A, 0x0D


@dataclass(frozen=True, slots=True)
class CellSpan:
    """A cell: its bytes are data[start:end], quotes included."""

    start: int
    end: int
    text: str


def cell_spans(data: bytes, delimiter: bytes) -> Iterator[list[CellSpan]]:
    """Yield the cells of each record.

    Args:
        data: the whole file; a byte-order mark belongs to no cell.
        delimiter: one byte.

    Raises:
        ValueError: a quoted cell that does not end, or is followed by text; the message says on
            which line.
        UnicodeDecodeError: a cell is not UTF-8.
    """
    at = len(BOM) if data.startswith(BOM) else 0
    record: list[CellSpan] = []
    while at < len(data):
        end = _cell_end(data, at, delimiter)
        raw = data[at:end]
        if raw.startswith(b'"'):
            raw = raw[1:-1].replace(b'""', b'"')
        record.append(CellSpan(at, end, raw.decode("utf-8")))
        if end < len(data) and data[end : end + 1] == delimiter:
            at = end + 1
            if at < len(data):
                continue
            record.append(CellSpan(at, at, ""))  # the file ends in a delimiter: one more, empty
            break
        yield record
        record = []
        at = end + (2 if data[end : end + 2] == b"\r\n" else 1)
    if record:
        yield record


def _cell_end(data: bytes, start: int, delimiter: bytes) -> int:
    at = start
    if data[at : at + 1] == b'"':
        at += 1
        while True:
            at = data.find(b'"', at)
            if at < 0:
                raise ValueError(f"line {_line(data, start)}: a quoted cell does not end")
            if data[at + 1 : at + 2] != b'"':
                break
            at += 2
        at += 1
        if at < len(data) and data[at] not in (_LF, _CR) and data[at : at + 1] != delimiter:
            raise ValueError(f"line {_line(data, at)}: text follows a quoted cell")
        return at
    ends = [found for mark in (delimiter, b"\n", b"\r") if (found := _find(data, mark, at)) >= 0]
    return min(ends, default=len(data))


def _find(data: bytes, mark: bytes, at: int) -> int:
    # Looking no further than a cell can reasonably be keeps this linear in the file.
    window = 256
    while True:
        found = data.find(mark, at, at + window)
        if found >= 0 or at + window >= len(data):
            return found
        if mark != b"\n" and data.find(b"\n", at, at + window) >= 0:
            return -1
        window *= 4


def _line(data: bytes, at: int) -> int:
    return data.count(b"\n", 0, at) + 1


def replaced(data: bytes, new: dict[CellSpan, bytes]) -> bytes:
    """Return the bytes with some cells replaced and every other byte as it was."""
    parts, at = [], 0
    for span in sorted(new, key=lambda each: each.start):
        parts += [data[at : span.start], new[span]]
        at = span.end
    return b"".join([*parts, data[at:]])
