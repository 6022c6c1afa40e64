"""Records of a CSV file with their line numbers; a broken record does not end the file."""

from __future__ import annotations

import csv
import io
import re
from codecs import BOM_UTF8
from collections.abc import Generator, Iterator, Sequence
from itertools import chain, repeat
from pathlib import Path
from typing import NamedTuple

from solver.errors import ExportError
from solver.files.encodings import START, wide_encoding
from solver.text.plural import counted

FIELD_LIMIT = 1 << 20
# Texts of questions hold line ends, so a header may span many lines.
MOST_HEADER_LINES = 5000
DELIMITERS = (",", ";", "\t")
LINE_LIMIT = 1 << 26
"""A line is kept whole up to here, so that what is wrong with it is said of it once."""
BLOCK = 1 << 20
UNFINISHED = "unexpected end of data"
"""The csv module's message on a quoted cell that the lines do not end."""
# Lone surrogates are bytes that were not UTF-8 (see `open_text`).
_WRONG = re.compile("[\x00\ud800-\udfff]")


class Record(NamedTuple):
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

    def read(self, width: int, begin: int = 0, before: int = 0) -> Iterator[Record]:
        """Yield every record that is not empty, the header among them.

        Args:
            width: how many cells a record has; more are let pass where they are empty.
            begin: byte where a record begins, 0 for the beginning of the file.
            before: how many lines stand before it.
        """
        number, wanted = before, 0
        lines: list[str] = []
        with open_text(self.path, begin) as file:
            for first, more in zip(chain((True,), repeat(False)), _blocks(file), strict=False):
                # Excel's "sep=;" is no record, but it is a line of the file and counts in line
                # numbers.
                if first and not begin and is_separator_line(more[0]):
                    del more[0]
                    number = 1
                lines += more
                if len(lines) < wanted:
                    continue
                block = RecordBlock(lines, self.delimiter, width)
                yield from block.records(number)
                number += block.taken
                lines = lines[block.taken :]
                # A record that goes on for many blocks is not begun again with each of them.
                wanted = 2 * len(lines)
        yield from RecordBlock(lines, self.delimiter, width, last=True).records(number)


class RecordBlock:
    """Some whole lines of a CSV, of which the first begins a record.

    Where one record ends the next begins, whatever stands before; so a file can be read in blocks
    of lines, by several processes at once, if each block begins where the one before it ended.

    Args:
        lines: with their ends.
        delimiter: one letter.
        width: how many cells a record has.
        last: whether the file ends here. If not, a record that the lines do not finish is left.

    Attributes:
        taken: after `records`, how many lines were read; those that follow belong to a record
            that goes on in the next block.
    """

    def __init__(self, lines: list[str], delimiter: str, width: int, *, last: bool = False) -> None:
        self.lines = lines
        self.taken = 0
        self._delimiter = delimiter
        self._width = width
        self._last = last
        text = "".join(lines)
        # Asked once for the whole block, so that most records need no search of their own.
        self._clean = "\x00" not in text and _is_utf8(text)

    def records(self, before: int = 0) -> Iterator[Record]:
        """Yield every record that is not empty.

        Args:
            before: how many lines of the file stand before these.
        """
        csv.field_size_limit(FIELD_LIMIT)
        while self.taken < len(self.lines):
            restart = yield from self._until_trouble(before)
            if not restart:
                return

    def _until_trouble(self, before: int) -> Generator[Record, None, bool]:
        """Yield records up to one that is refused, which only its first line is spent on.

        Returns:
            Whether to go on after it; False at the end of the lines.
        """
        start = begun = self.taken
        rest = map(self.lines.__getitem__, range(start, len(self.lines)))
        reader = csv.reader(rest, delimiter=self._delimiter, strict=True)
        width, clean = self._width, self._clean
        try:
            for cells in reader:
                end = start + reader.line_num
                if any(cells):
                    if not (clean and len(cells) == width) and (
                        wrong := self._wrong(cells, begun, end)
                    ):
                        break
                    self.taken = end
                    yield Record(before + begun + 1, cells)
                begun = self.taken = end
            else:
                return False
        except csv.Error as problem:
            if not self._last and str(problem) == UNFINISHED:
                return False  # it may end in the next block
            wrong = f"is not readable as CSV ({problem})"
        # A stray quote makes one record of everything up to the next quote: only its first line is
        # refused, and reading goes on at the second.
        self.taken = begun + 1
        text = self.lines[begun].rstrip("\r\n").replace("\x00", "\ufffd")
        shown = text.encode("utf-8", "replace").decode()
        yield Record(before + begun + 1, None, shown, wrong)
        return True

    def _wrong(self, cells: list[str], begun: int, end: int) -> str:
        """Return the fault of the cells of some lines, "" if there is none."""
        width = len(cells)
        # More cells than the header has are let pass where empty: spreadsheets pad rows.
        if width < self._width or any(cells[self._width :]):
            return f"has {counted(width, 'cell')} where the header has {self._width}"
        if any(map(_WRONG.search, self.lines[begun:end])):
            return _wrong_characters(cells)
        return ""


def lines_of(data: bytes) -> list[str]:
    """Return the lines of a part of a CSV, with their ends."""
    text = data.decode("utf-8", "surrogateescape")
    return _lines_of(text) if text else []


def size_of(lines: Sequence[str]) -> int:
    """Return how many bytes of a file lines are."""
    return len("".join(lines).encode("utf-8", "surrogateescape"))


def first_record(path: Path) -> tuple[int, int]:
    """Return the byte where a CSV's first record begins, and how many lines stand before it.

    A byte-order mark comes before it, and perhaps the line ``sep=;``.
    """
    with path.open("rb") as file:
        mark = len(BOM_UTF8) if file.read(len(BOM_UTF8)) == BOM_UTF8 else 0
    with open_text(path) as text:
        line = text.readline(FIELD_LIMIT)
    return (mark + size_of([line]), 1) if is_separator_line(line) else (mark, 0)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _blocks(file: io.TextIOBase) -> Iterator[list[str]]:
    """Yield a text's lines, some thousands at a time; none is longer than `LINE_LIMIT`."""
    tail = ""
    while text := file.read(BLOCK):
        text = tail + text
        # A line's end may be one letter further on: of what follows the last LF nothing is sure.
        cut = text.rfind("\n") + 1
        if not cut and len(text) <= LINE_LIMIT:
            tail = text
            continue
        lines = _lines_of(text[:cut] if cut else text)
        tail = text[cut:] if cut else lines.pop()
        if lines:
            yield lines
    if tail:
        yield _lines_of(tail)


def _lines_of(text: str) -> list[str]:
    # StringIO, not splitlines: that would also break at form feeds and Unicode's line separators.
    lines = list(io.StringIO(text, newline=""))
    if max(map(len, lines)) <= LINE_LIMIT:
        return lines
    return [line[at : at + LINE_LIMIT] for line in lines for at in range(0, len(line), LINE_LIMIT)]


def open_text(path: Path, begin: int = 0) -> io.TextIOBase:
    """Open a CSV for reading; bytes that are not UTF-8 come through as lone surrogates.

    Args:
        path: the file.
        begin: the first byte that is read; a byte-order mark is passed over only at 0.

    Raises:
        ExportError: no such file, a folder, a pipe, or a spreadsheet's own format.
    """
    start = first_bytes(path)
    wide = wide_encoding(start)
    if wide:
        raise ExportError(
            f"is {wide} text",
            path=path,
            mend='Save it again as "CSV UTF-8" or export it again.',
        )
    # The first bytes of a zip (.xlsx) and of the older .xls.
    if start.startswith(b"PK\x03\x04") or start.startswith(b"\xd0\xcf\x11\xe0"):
        raise ExportError(
            "is a spreadsheet or an archive, not a CSV", path=path, mend="Export it as CSV."
        )
    binary = path.open("rb")
    binary.seek(begin)
    encoding = "utf-8" if begin else "utf-8-sig"
    # newline="": the csv module must see line ends inside cells as they are.
    return io.TextIOWrapper(binary, encoding, "surrogateescape", newline="")


def first_bytes(path: Path) -> bytes:
    """Return the beginning of a file that can be read more than once.

    Raises:
        ExportError: no such file, a folder, or a pipe.
    """
    try:
        with path.open("rb") as file:
            start = file.read(START)
            again = file.seekable()  # the header is read first, and the hash apart
    except FileNotFoundError:
        raise ExportError("there is no such file", path=path) from None
    except IsADirectoryError:
        raise ExportError("is a folder where a file was expected", path=path) from None
    except OSError as problem:
        raise ExportError(f"cannot be read ({problem.strerror})", path=path) from None
    if not again:
        raise ExportError(
            "is a pipe, and it is read more than once",
            path=path,
            mend="Save it as a file first.",
        )
    return start


def read_header(path: Path, delimiter: str) -> list[str]:
    """Return the cells of the first record, [] if there is none to be had with this delimiter.

    Raises:
        ExportError: the file cannot be opened, is empty, or its header is not UTF-8.
    """
    csv.field_size_limit(FIELD_LIMIT)
    with open_text(path) as file:
        try:
            cells = next(csv.reader(_header_lines(file), delimiter=delimiter), None)
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
    # A spreadsheet that saved the file may have added empty columns at the end.
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


def is_separator_line(line: str) -> bool:
    """Say whether this is the line ``sep=;`` that Excel understands."""
    return line.strip().lower() in {"sep=,", "sep=;", "sep=\t", "sep="}


def _header_lines(file: io.TextIOBase) -> Iterator[str]:
    for number in range(MOST_HEADER_LINES):
        line = file.readline(FIELD_LIMIT)
        if not line:
            return
        if number or not is_separator_line(line):
            yield line
