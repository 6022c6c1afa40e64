"""The rows of a run, scored as they come, kept on disk, and had again one by one or by the number.

Memory holds a block of rows at a time and what is the same for many rows: cells, totals, and ids
that are no number.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from grader.cell_table import OTHER, CellTable, TableSums
from grader.coded_columns import Coded, coded, together
from grader.record_lines import block_lines
from grader.row_cells import Cell
from grader.row_columns import RowBlock, RowColumns
from grader.row_heads import HEAD_SIZE, Heads, heads_of_lines
from grader.row_index import INDEX, StudentNumbers, Totals, details_kind, score_text
from grader.row_record import RecordedRows
from grader.row_store import Numbers, StoredLines, StoredNumbers
from grader.scoring import ZERO, Scorer
from grader.submissions import Reject, Submission


class KeptRows:
    """Every row of a run.

    Args:
        scorer: questions and policy.
        record: a new file for the lines of the rows; None: one without a name.

    Attributes:
        read, refused: how many rows there were, and how many of them had no submission.
        index, details: numbers of each row with a submission, in the order of reading.
        table, named, totals: what those numbers stand for.
        earned: the known points of rows, by the numbers of their cells.
        rejects: what was refused, packed; more may be added.
    """

    def __init__(self, scorer: Scorer, record: Path | None) -> None:
        self.scorer = scorer
        self.read = self.refused = 0
        self.index = StoredNumbers(INDEX)
        self.details = StoredNumbers(details_kind(len(scorer.questions)))
        self.table = CellTable(len(scorer.questions))
        self.named = StudentNumbers()
        self.totals = Totals()
        self.rejects = StoredLines()
        self._lines = StoredLines(record)
        self._recorded = RecordedRows([question.id for question in scorer.questions])
        self.earned = TableSums(self.table, partial(_earned, scorer))
        self._open = TableSums(self.table, partial(_open, scorer))

    def add(self, block: RowBlock) -> None:
        """Take the next rows."""
        places = [self._lines.add(lines) for lines in block_lines(block)]
        rejects = dict(block.refused)
        for part in block.parts:
            rejects |= {int(part.places[row]): found for row, found in part.rejects.items()}
        self.rejects.add([packed(each) for place in sorted(rejects) for each in rejects[place]])
        index = np.empty(block.size, self.index.kind)
        details = np.empty(block.size, self.details.kind)
        if block.size:
            details["at"] = np.concatenate([at for at, _ in places])
            details["size"] = np.concatenate([size for _, size in places])
        kept = np.zeros(block.size, dtype=bool)
        for part in block.parts:
            kept[part.places] = True
            self._number(part, index, details)
        self.index.add(index[kept])
        self.details.add(details[kept])
        self.read += block.size
        self.refused += len(block.refused)

    def _number(self, part: RowColumns, index: Numbers, details: Numbers) -> None:
        """Write a part's numbers into those of its block."""
        students = part.students.copy()
        for row, name in part.named.items():
            students[row] = self.named.number(name)
        cells = self.table.numbers(part.cells, len(part))
        total, at_most = self._scored(part, cells)
        index["student"][part.places] = students
        index["attempt"][part.places] = part.attempts
        index["person"][part.places] = np.fromiter(map(hash, part.persons), np.int64, len(part))
        index["total"][part.places] = self.totals.numbers(total)
        index["at_most"][part.places] = self.totals.numbers(at_most)
        scores = np.array(
            [score_text(score) for score in part.scores.values], details["score"].dtype
        )
        details["score"][part.places] = scores[part.scores.codes]
        details["cells"][part.places] = cells

    def _scored(
        self, part: RowColumns, cells: NDArray[np.uint16]
    ) -> tuple[Coded[Decimal], Coded[Decimal]]:
        """Return the known points of rows, and what they would be if all refused were right."""
        if (cells == OTHER).any():
            rows = zip(*(column.spread(_same) for column in part.cells), strict=True)
            scored = [self.scorer.total(row) for row in rows]
            return coded([total for total, _ in scored]), coded([most for _, most in scored])
        total = self.earned.of(cells)
        both = together(total, self._open.of(cells))
        return total, Coded([known + lacking for known, lacking in both.values], both.codes)

    def heads(self, details: Numbers, *, dated: bool) -> Heads:
        """Return how rows begin, by their details; their times only if `dated`."""
        firsts = self._lines.firsts(details["at"], HEAD_SIZE)
        return heads_of_lines(firsts, lambda place: self._line(details[place]), dated=dated)

    def _line(self, detail: Numbers) -> str:
        return self._lines.read(int(detail["at"]), int(detail["size"]))

    def submissions(self, seqs: list[int]) -> Iterator[Submission]:
        """Yield rows again by their numbers."""
        for detail in self.details.at(np.asarray(seqs, dtype=np.int64)):
            yield self._recorded.submission(self._line(detail))

    def submission(self, seq: int) -> Submission:
        """Return a row again by its number."""
        (only,) = self.submissions([seq])
        return only


def _earned(scorer: Scorer, place: int, cell: Cell) -> Decimal:
    return scorer.points(place, cell) or ZERO


def _open(scorer: Scorer, place: int, cell: Cell) -> Decimal:
    """Return the points that a cell may be worth beyond those that are known."""
    refused = cell.refused and scorer.points(place, cell) is None
    return scorer.questions[place].points if refused else ZERO


def packed(each: Reject) -> bytes:
    """Return a reject as a line in UTF-8, with its end."""
    fields = [each.source, each.line, each.student, each.question, each.text, each.reason]
    return f"{json.dumps(fields, ensure_ascii=False)}\n".encode()


def unpacked(line: str) -> Reject:
    """Return the reject of a line."""
    return Reject(*json.loads(line))


def _same(cell: Cell) -> Cell:
    return cell
