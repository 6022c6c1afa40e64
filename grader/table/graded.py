"""A graded class: all that a run found, and where each of its rows went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from grader.submissions import (
    AttemptsRule,
    ManyNames,
    PolicyName,
    Refused,
    Reject,
    ScoredQuestion,
    UnreadCause,
)
from grader.table.answers import AnswerTable, answer
from grader.table.choice import ChosenRows
from grader.table.used import TableRows, UsedStudents
from grader.table.witness import CanvasDoubt


@dataclass(frozen=True, slots=True)
class RowCounts:
    """Where the rows went; they must add up before anything is written."""

    read: int
    graded: int
    superseded: int
    rejected: int

    @property
    def add_up(self) -> bool:
        """Whether no row was lost and none was made."""
        return self.read == self.graded + self.superseded + self.rejected


class Rejects:
    """The refused rows and cells, in the order of reading, then rows that contradict.

    Attributes:
        contrary: how many rows contradict each other.
    """

    def __init__(self, table: AnswerTable, chosen: ChosenRows) -> None:
        self._table = table
        self._contrary = chosen.contrary
        self.contrary = len(chosen.contrary)

    def __len__(self) -> int:
        return len(self._table.rejects) + self.contrary

    def __iter__(self) -> Iterator[Reject]:
        yield from self._table.each_reject()
        for row, reason in self._contrary.select("row", "reason").iter_rows():
            made = self._table.submission(row)
            number = "" if made.attempt is None else f"attempt {made.attempt}"
            yield Reject(made.source, made.line, made.student.id, "", number, reason)


@dataclass(frozen=True, slots=True)
class GradedClass:
    """Everything a run found; reports are made of this alone.

    `used` is ordered by student id (numbers as numbers). `rejects` holds refused rows and cells;
    `counts.rejected` counts rows only.
    """

    questions: tuple[ScoredQuestion, ...]
    used: UsedStudents
    superseded: TableRows
    rejects: Rejects
    counts: RowCounts
    policy: PolicyName = "all-or-nothing"
    attempts: AttemptsRule = "highest"
    deadline: datetime | None = None
    left_out: tuple[str, ...] = ()
    """Ids of questions the key leaves open, which were not graded."""
    alike: tuple[tuple[str, str], ...] = ()
    """Pairs of ids that differ only in how they are written (`grader.student_ids.look_alikes`)."""
    many_names: tuple[ManyNames, ...] = ()
    """Ids that stand with more than one name."""
    canvas_doubts: tuple[CanvasDoubt, ...] = ()
    """Contradictions of Canvas' own points to the key (`grader.table.witness`)."""

    def shown_and_unread(self) -> tuple[int, dict[str, Counter[UnreadCause]]]:
        """Return how many cells were put to students, and by question those unread by cause."""
        table = self.used.table
        rows = table.frame
        if rows["student"].null_count():  # a filter copies the table
            rows = rows.filter(pl.col("student").is_not_null())
        shown = 0
        unread: dict[str, Counter[UnreadCause]] = {}
        for name, cells in zip(table.cells.names, table.cells.of, strict=True):
            times = np.bincount(rows[answer(name)].to_numpy(), minlength=len(cells)).tolist()
            for cell, n in zip(cells, times, strict=True):
                shown += n * cell.shown
                if n and isinstance(cell.response, Refused):
                    unread.setdefault(name, Counter())[cell.response.cause] += n
        return shown, unread
