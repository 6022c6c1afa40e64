"""Exports as blocks of a table.

A large Student Analysis CSV is read in stretches of some ten thousand rows, each at once by polars
where it is certain how it divides into cells (`grader.csv_files.regular`). Any other stretch, and
any other file, is read row by row. So damage costs the time of the stretch it is in, and the rows
come out as if one reader had read them all one by one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from grader.csv_files.records import (
    CsvRecords,
    Record,
    RecordBlock,
    first_record,
    lines_of,
    size_of,
)
from grader.csv_files.regular import RegularStretch, regular_stretch
from grader.exports import Export
from grader.exports.student_analysis import StudentAnalysis
from grader.table.answers import Block, block_of_rows, blocks_of_rows

if TYPE_CHECKING:
    from grader.table.cells import Cells

STRETCH = 1 << 24
"""Bytes that are read together: some ten thousand rows."""
LEAST = 1 << 20
"""Bytes of a file below which reading it row by row is as fast."""


def cores() -> int:
    """Return how many threads can run at once here."""
    # The threads that a container or `taskset` leaves; `cpu_count` counts the machine's.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def read_blocks(exports: Sequence[Export], cells: Cells) -> Iterator[Block]:
    """Yield the rows of exports, in their order.

    Args:
        exports: opened already.
        cells: of the run; new ones are added.

    Raises:
        ExportError: a file cannot be read any more.
    """
    for export in exports:
        # A question with two columns is decided row by row, by which of the two is filled.
        if isinstance(export, StudentAnalysis) and not export.remade and _is_large(export):
            yield from _Stretches(export, cells).blocks()
        else:
            yield from blocks_of_rows(export.rows(), cells)


def _is_large(export: StudentAnalysis) -> bool:
    return export.path.is_file() and export.path.stat().st_size >= LEAST


class _Stretch(NamedTuple):
    """Bytes of a file, whether it ends with them, and how they divide where that is certain."""

    data: bytes
    last: bool
    found: RegularStretch | None


class _Stretches:
    """One file, stretch after stretch; each begins where the one before it ended."""

    def __init__(self, export: StudentAnalysis, cells: Cells) -> None:
        from grader.exports.analysis_frames import AnalysisFrames

        self._export = export
        self._cells = cells
        self._frames = AnalysisFrames(export, cells)
        self._at, self._lines = first_record(export.path)
        self._header = True

    def blocks(self) -> Iterator[Block]:
        """Yield every row under the header; the next stretch is looked at while one is parsed."""
        size = STRETCH
        with ThreadPoolExecutor(1) as pool:
            read = self._stretch_at(self._at, size)
            while read.data:
                # So long without a line feed: other line ends, or a quotation mark that is never
                # closed.
                if not read.last and b"\n" not in read.data:
                    yield from self._rest()
                    return
                begun, found = self._at, read.found
                following = -1 if found is None else begun + found.size
                ahead = pool.submit(self._stretch_at, following, STRETCH) if found else None
                yield self._at_once(found) or self._row_by_row(read.data, last=read.last)
                # A record that goes on for many stretches is not begun again with each of them.
                size = STRETCH if self._at > begun else 2 * size
                # Where polars could not be believed, the next stretch begins elsewhere.
                kept = ahead is not None and self._at == following
                read = ahead.result() if ahead and kept else self._stretch_at(self._at, size)

    def _stretch_at(self, at: int, size: int) -> _Stretch:
        with self._export.path.open("rb") as file:
            file.seek(at)
            data = file.read(size)
            last = len(data) < size or not file.read(1)  # a file may end just there
        found = regular_stretch(data, self._export.delimiter, last=last) if data else None
        return _Stretch(data, last, found)

    def _at_once(self, stretch: RegularStretch | None) -> Block | None:
        if stretch is None:
            return None
        block = self._frames.block(stretch, self._lines, header=self._header)
        if block is not None:
            self._at += stretch.size
            self._lines += stretch.lines
            self._header = False
        return block

    def _row_by_row(self, data: bytes, *, last: bool) -> Block:
        # The last line may go on in the next stretch.
        lines = lines_of(data if last else data[: data.rfind(b"\n") + 1])
        export = self._export
        records = RecordBlock(lines, export.delimiter, export.layout.width, last=last)
        rows = list(map(export.row, self._under_header(records.records(self._lines))))
        self._at += size_of(lines[: records.taken])
        self._lines += records.taken
        return block_of_rows(rows, self._cells)

    def _rest(self) -> Iterator[Block]:
        """Yield the rest of a file whose lines end otherwise, or not at all."""
        export = self._export
        reader = CsvRecords(export.path, export.delimiter)
        records = reader.read(export.layout.width, self._at, self._lines)
        yield from blocks_of_rows(map(export.row, self._under_header(records)), self._cells)

    def _under_header(self, records: Iterator[Record]) -> Iterator[Record]:
        first = next(records, None)
        if first is None:
            return iter(())
        header, self._header = self._header, False
        return records if header else chain((first,), records)
