"""A row as it was read, made into what grading needs to keep of it.

This is the part of a run that looks at one row at a time, so it can be done wherever the row was
read: in this process, or in another (`grader.parallel_reading`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from grader.row_record import row_head
from grader.scoring import POLICIES, Scorer
from grader.submissions import PolicyName, ReadRow, Reject, ScoredQuestion


class ScoredRow(NamedTuple):
    """One row, scored.

    Attributes:
        student: a text that sorts students by id, "" for a refused row.
        attempt, submitted: which and when (sortable, UTC), None and "" if unknown.
        total, at_most: the known points, and with every refused cell taken as right.
        head: the row's record without the number of its line (`grader.row_record`).
        line: of the export.
        rejects: what was refused of it.
    """

    student: str
    attempt: int | None
    submitted: str
    total: str
    at_most: str
    head: str
    line: int
    rejects: Sequence[Reject]


class Batch(NamedTuple):
    """Rows that follow each other; `before` is to be added to the numbers of their lines."""

    before: int
    rows: Iterable[ScoredRow]


@dataclass(frozen=True, slots=True)
class ScoringRules:
    """What is needed to score rows, small enough to be sent to another process."""

    questions: tuple[ScoredQuestion, ...]
    policy: PolicyName


class RowScorer:
    """Scores rows one by one."""

    def __init__(self, rules: ScoringRules) -> None:
        self.scorer = Scorer(rules.questions, POLICIES[rules.policy])

    def scored(self, rows: Iterable[ReadRow]) -> Iterator[ScoredRow]:
        """Yield each row, scored."""
        for row in rows:
            submission = row.submission
            if submission is None:
                line = row.rejects[0].line if row.rejects else 0
                yield ScoredRow("", None, "", "0", "0", "", line, row.rejects)
                continue
            cells = self.scorer.columns.cells_of(submission.responses, submission.canvas_points)
            total, at_most = self.scorer.total(cells)
            moment = submission.submitted.isoformat() if submission.submitted else ""
            total_text = str(total)
            yield ScoredRow(
                _sortable(submission.student.id),
                submission.attempt,
                moment,
                total_text,
                total_text if at_most is total else str(at_most),
                row_head(submission, cells, moment),
                submission.line,
                row.rejects,
            )


def _sortable(student: str) -> str:
    """Return a text that sorts ids of digits by number, before all others."""
    if student.isascii() and student.isdigit():
        return f"{len(student):06d}{student}"
    return f"~{student}"
