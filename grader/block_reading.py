"""Every row of some exports, in blocks of columns.

A large Student Analysis CSV is read in stretches of some thousand rows, each at once where it is
certain how it divides into cells (`grader.exports.csv_blocks`). Any other stretch, and any other
file, is read row by row and put into the same form, and so is everything where polars is missing.
So damage costs the time of the stretch it is in, and the rows come out as if one reader had read
them all one by one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from grader.exports import Export
from grader.exports.csv_blocks import regular_stretch
from grader.exports.csv_records import (
    CsvRecords,
    Record,
    RecordBlock,
    first_record,
    lines_of,
    size_of,
)
from grader.exports.student_analysis import StudentAnalysis
from grader.one_ahead import one_ahead
from grader.row_cells import Columns
from grader.row_columns import RowBlock, block_of_rows, blocks_of_rows

if TYPE_CHECKING:
    from grader.exports.analysis_columns import RecordTable

BLOCK = 1 << 23
"""Bytes of a stretch: some thousand rows."""
LEAST = 1 << 20
"""Bytes of a file below which loading polars costs more than it saves."""


def cores() -> int:
    """Return how many threads can run at once here."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def read_blocks(
    exports: Sequence[Export], columns: Columns, threads: int = 1
) -> Iterator[RowBlock]:
    """Yield the rows of exports, in their order.

    Args:
        exports: opened already.
        columns: the questions of the run.
        threads: how many polars may use; what counts is the first call of a process.

    Raises:
        ExportError: a file cannot be read any more.
    """
    for export in exports:
        if isinstance(export, StudentAnalysis) and _is_large(export):
            os.environ.setdefault("POLARS_MAX_THREADS", str(threads))
            stretches = _Stretches(export)
            read = stretches.read()
            for each in one_ahead(read) if threads > 1 else read:
                yield each if isinstance(each, RowBlock) else stretches.columns.block(each)
        else:
            yield from blocks_of_rows(export.rows(), columns)


def _is_large(export: StudentAnalysis) -> bool:
    path = export.path
    return path.is_file() and path.stat().st_size >= LEAST


class _Stretches:
    """One file, stretch after stretch; each begins where the one before it ended.

    A thread may read ahead while another makes rows of what was read.
    """

    def __init__(self, export: StudentAnalysis) -> None:
        from grader.exports.analysis_columns import AnalysisColumns  # loads polars

        self._export = export
        self.columns = AnalysisColumns(export)
        self._at, self._lines = first_record(export.path)
        self._header = True

    def read(self) -> Iterator[RowBlock | RecordTable]:
        """Yield every row under the header, those that were read at once as their cells."""
        size = BLOCK
        with self._export.path.open("rb") as file:
            while True:
                file.seek(self._at)
                data = file.read(size)
                last = len(data) < size or not file.read(1)
                if not data:
                    return
                if not last and b"\n" not in data:
                    yield from self._rest()
                    return
                begun = self._at
                yield self._at_once(data, last=last) or self._row_by_row(data, last=last)
                # A record that goes on for many stretches is not begun again with each of them.
                size = BLOCK if self._at > begun else 2 * size

    def _at_once(self, data: bytes, *, last: bool) -> RecordTable | None:
        stretch = regular_stretch(data, self._export.delimiter, last=last)
        if stretch is None:
            return None
        table = self.columns.table(stretch, self._lines, header=self._header)
        if table is not None:
            self._at += stretch.size
            self._lines += stretch.lines
            self._header = False
        return table

    def _row_by_row(self, data: bytes, *, last: bool) -> RowBlock:
        lines = lines_of(data if last else data[: data.rfind(b"\n") + 1])
        export = self._export
        records = RecordBlock(lines, export.delimiter, export.layout.width, last=last)
        rows = list(map(export.row, self._under_header(records.records(self._lines))))
        self._at += size_of(lines[: records.taken])
        self._lines += records.taken
        return block_of_rows(rows, export.row_columns)

    def _rest(self) -> Iterator[RowBlock]:
        """Yield what is left of a file whose lines end otherwise, or not at all."""
        export = self._export
        reader = CsvRecords(export.path, export.delimiter)
        records = reader.read(export.layout.width, self._at, self._lines)
        rows = map(export.row, self._under_header(records))
        yield from blocks_of_rows(rows, export.row_columns)

    def _under_header(self, records: Iterator[Record]) -> Iterator[Record]:
        first = next(records, None)
        if first is None:
            return iter(())
        header, self._header = self._header, False
        return records if header else chain((first,), records)
