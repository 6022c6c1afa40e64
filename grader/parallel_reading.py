"""Large exports read and scored by several processes at once, in the order of the file.

A file is cut at ends of lines. Where a piece truly begins is known only when the one before it was
read, since a quoted cell may run over the cut; then the piece is read again from there. So every
row comes out as if one process had read the whole file (`grader.exports.csv_records.RecordBlock`),
and nobody reads a row but the export's own reader.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import pairwise
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Any, NamedTuple

from grader.exports import Export
from grader.exports.csv_records import FIELD_LIMIT
from grader.exports.student_analysis import StudentAnalysis
from grader.scored_rows import Batch, RowScorer, ScoredRow, ScoringRules
from grader.submissions import Reject
from solver.errors import Hw9Error, OutputError

PIECE = 2 << 20
"""Bytes of a piece: some thousand rows."""
LEAST = 24 << 20
"""Bytes of a file below which starting another process costs more than it saves."""


class _Piece(NamedTuple):
    """What a piece gave: its rows as plain tuples, its lines, and the bytes of a record's begin."""

    rows: list[tuple[Any, ...]]
    lines: int
    left: int


def cores() -> int:
    """Return how many processes can run at once here."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def scored_batches(exports: Sequence[Export], rules: ScoringRules, jobs: int) -> Iterator[Batch]:
    """Yield all rows of some exports, scored, in their order.

    Args:
        exports: opened already.
        rules: questions and policy.
        jobs: how many processes may read; 1: this one alone.

    Raises:
        ExportError: a file cannot be read any more.
        OutputError: a process was stopped from outside.
    """
    alone = RowScorer(rules)
    for export in exports:
        if jobs > 1 and isinstance(export, StudentAnalysis):
            cuts = _cuts(export.path, LEAST)
            if len(cuts) > 2:
                yield from _read_by_many(export, cuts, rules, min(jobs, len(cuts) - 1))
                continue
        yield Batch(0, alone.scored(export.rows()))


def _cuts(path: Path, least: int) -> list[int]:
    """Return where pieces begin and the last one ends; [] where the file is not to be cut."""
    if not path.is_file() or path.stat().st_size < least:
        return []
    size = path.stat().st_size
    cuts = [0]
    with path.open("rb") as file:
        for wanted in range(PIECE, size - PIECE // 2, PIECE):
            file.seek(wanted)
            if not file.readline(FIELD_LIMIT).endswith(b"\n"):
                return []  # lines that end otherwise, or have no end: one process takes them all
            if file.tell() > cuts[-1]:
                cuts.append(file.tell())
    return [*cuts, size] if cuts[-1] < size else cuts


def _read_by_many(
    export: StudentAnalysis, cuts: list[int], rules: ScoringRules, jobs: int
) -> Iterator[Batch]:
    context = get_context("spawn")  # a fork of a process that has threads may hang
    pool = ProcessPoolExecutor(
        jobs, mp_context=context, initializer=_begin, initargs=(export, rules)
    )
    try:
        yield from _in_order(pool, cuts, jobs)
    except BrokenProcessPool:
        raise OutputError(
            "a process that was reading was stopped from outside, perhaps for want of memory. "
            "Nothing was written; try again with --jobs 1."
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _in_order(pool: ProcessPoolExecutor, cuts: list[int], jobs: int) -> Iterator[Batch]:
    """Take the pieces in order; one that did not begin where the last one ended is read again."""
    pieces = list(pairwise(cuts))
    waiting: deque[Future[_Piece]] = deque()
    sent, at, before = 0, 0, 0
    for begin, end in pieces:
        while sent < len(pieces) and len(waiting) <= 2 * jobs:
            waiting.append(pool.submit(_read, *pieces[sent], cuts[-1]))
            sent += 1
        piece = waiting.popleft().result()
        if begin != at:
            piece = pool.submit(_read, at, end, cuts[-1]).result()
        yield Batch(before, map(_row, piece.rows))
        before += piece.lines
        at = end - piece.left
    if at != cuts[-1]:
        raise Hw9Error(
            f"{cuts[-1] - at} bytes of an export were not read. Nothing was written; this is a "
            "fault of the program, please report it."
        )


def _row(row: tuple[Any, ...]) -> ScoredRow:
    if row[-1]:
        row = (*row[:-1], tuple(Reject(*each) for each in row[-1]))
    return ScoredRow._make(row)


_export: StudentAnalysis
_scorer: RowScorer


def _begin(export: StudentAnalysis, rules: ScoringRules) -> None:
    """Set a reading process up: it leaves Ctrl-C to its parent, and does not outlive it."""
    global _export, _scorer
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _export, _scorer = export, RowScorer(rules)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _read(begin: int, end: int, size: int) -> _Piece:
    piece = _export.piece(begin, end, last=end == size)
    rows = [_plain(row) for row in _scorer.scored(piece.rows())]
    return _Piece(rows, piece.lines, piece.left)


def _plain(row: ScoredRow) -> tuple[Any, ...]:
    if not row.rejects:
        return tuple(row)
    listed = [(e.source, e.line, e.student, e.question, e.text, e.reason) for e in row.rejects]
    return (*row[:-1], listed)
