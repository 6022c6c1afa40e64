"""Records of a CSV file with the lines they stand on; a broken record does not end the file.

A stray quote makes everything up to the next quote one record. So a record that cannot be right
and spans several lines is given back: its first line is refused, and reading goes on at the
second.
"""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from solver.errors import ExportError

FIELD_LIMIT = 1 << 20
MOST_HEADER_LINES = 5000
DELIMITERS = (",", ";", "\t")
_WRONG = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its cells, or the reason why there are none.

    Attributes:
        line: the file's line it begins on, from 1.
        cells: the cells, None if the record was refused.
        text: the refused line's text.
        reason: why it was refused.
    """

    line: int
    cells: list[str] | None
    text: str = ""
    reason: str = ""


class CsvRecords:
    """A CSV file read record by record, in memory that does not grow with the file."""

    def __init__(self, path: Path, delimiter: str) -> None:
        self.path = path
        self.delimiter = delimiter

    def read(self, fits: Callable[[list[str]], str]) -> Iterator[Record]:
        """Yield every record that is not empty, the header among them.

        Args:
            fits: says what is wrong with a record's cells, "" if nothing.
        """
        csv.field_size_limit(FIELD_LIMIT)
        with open_text(self.path) as file:
            lines = _Lines(file)
            lines.skip_separator_line()
            while True:
                record = self._next(lines, fits)
                if record is None:
                    return
                if record.cells is None or any(record.cells):
                    yield record

    def _next(self, lines: _Lines, fits: Callable[[list[str]], str]) -> Record | None:
        lines.begin()
        start = lines.number + 1
        try:
            cells = next(csv.reader(lines, delimiter=self.delimiter, strict=True), None)
        except csv.Error as problem:
            first = lines.give_back_all_but_first()
            return Record(start, None, _printable(first), f"is not readable as CSV ({problem})")
        if cells is None:
            return None
        if not any(cells):
            return Record(start, cells)
        wrong = fits(cells)
        if not wrong and any(map(_WRONG.search, lines.taken)):
            wrong = _wrong_characters(cells)
        if not wrong:
            return Record(start, cells)
        many = len(lines.taken) > 1
        first = lines.give_back_all_but_first() if many else lines.taken[0]
        return Record(start, None, _printable(first), wrong)


def _printable(line: str) -> str:
    text = line.rstrip("\r\n").replace("\x00", "\ufffd")
    return text.encode("utf-8", "replace").decode()


def open_text(path: Path) -> io.TextIOBase:
    """Open a CSV for reading; bytes that are not UTF-8 come through as lone surrogates.

    Raises:
        ExportError: no such file, a folder, or a spreadsheet's own format.
    """
    try:
        with path.open("rb") as file:
            start = file.read(4)
        if start.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise ExportError(
                "is UTF-16 text", path=path, mend='Save it again as "CSV UTF-8" or export it again.'
            )
        if start.startswith(b"PK\x03\x04") or start.startswith(b"\xd0\xcf\x11\xe0"):
            raise ExportError(
                "is a spreadsheet or an archive, not a CSV", path=path, mend="Export it as CSV."
            )
        return path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")
    except FileNotFoundError:
        raise ExportError("there is no such file", path=path) from None
    except IsADirectoryError:
        raise ExportError("is a folder where a file was expected", path=path) from None
    except OSError as problem:
        raise ExportError(f"cannot be read ({problem.strerror})", path=path) from None


def read_header(path: Path, delimiter: str) -> list[str]:
    """Return the cells of the first record, [] if there is none to be had with this delimiter.

    Raises:
        ExportError: the file cannot be opened, is empty, or its header is not UTF-8.
    """
    csv.field_size_limit(FIELD_LIMIT)
    with open_text(path) as file:
        lines = _Lines(file, most=MOST_HEADER_LINES)
        lines.skip_separator_line()
        try:
            cells = next(csv.reader(lines, delimiter=delimiter), None)
        except csv.Error:
            return []
    if not cells:
        raise ExportError("is empty", path=path, mend="Export it again.")
    if _wrong_characters(cells):
        raise ExportError(
            "is not UTF-8 text (a spreadsheet may have saved it in Big5)",
            path=path,
            place="line 1",
            mend='Export it again, or save it as "CSV UTF-8".',
        )
    while len(cells) > 1 and not cells[-1].strip():
        cells.pop()
    return cells


def _wrong_characters(cells: list[str]) -> str:
    for index, cell in enumerate(cells):
        found = _WRONG.search(cell)
        if found:
            what = "holds a zero byte" if found[0] == "\x00" else "is not UTF-8"
            return f"{what} in column {index + 1}"
    return ""


class _Lines:
    """Lines of a file that can be given back."""

    def __init__(self, file: io.TextIOBase, most: int | None = None) -> None:
        self._file = file
        self._most = most
        self._back: deque[str] = deque()
        self.taken: list[str] = []
        self.number = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._back.popleft() if self._back else self._file.readline(FIELD_LIMIT)
        if not line or (self._most is not None and self.number >= self._most):
            raise StopIteration
        self.taken.append(line)
        self.number += 1
        return line

    def begin(self) -> None:
        """Forget the lines of the record before."""
        self.taken.clear()

    def give_back_all_but_first(self) -> str:
        """Return the first line taken; the others will be read again."""
        self._back.extendleft(reversed(self.taken[1:]))
        self.number -= len(self.taken) - 1
        first = self.taken[0] if self.taken else ""
        del self.taken[1:]
        return first

    def skip_separator_line(self) -> None:
        """Skip the line ``sep=;`` that Excel understands."""
        line = self._file.readline(FIELD_LIMIT)
        if line.strip().lower() in {"sep=,", "sep=;", "sep=\t", "sep="}:
            self.number = 1
        elif line:
            self._back.append(line)
