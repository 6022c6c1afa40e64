"""A grading run: rows in, one graded class out, every row accounted for.

Rows are scored as they come and wait on disk (`grader.kept_rows`); then each student's attempts are
weighed (`grader.chosen_rows`), and what counts is had again for the reports (`grader.used_rows`).
Memory holds a block of rows at a time, whatever the size of the class.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from grader.chosen_rows import ChosenRows
from grader.kept_rows import KeptRows, unpacked
from grader.row_cells import Columns
from grader.row_columns import RowBlock, blocks_of_rows
from grader.row_store import StoredLines
from grader.scoring import POLICIES, Scorer
from grader.submissions import (
    AttemptsRule,
    GradedClass,
    PolicyName,
    ReadRow,
    Reject,
    RowCounts,
    ScoredQuestion,
)
from grader.used_rows import Submissions, UsedRows
from solver.errors import Hw9Error


@dataclass(frozen=True, slots=True)
class Rules:
    """How a run grades."""

    policy: PolicyName = "all-or-nothing"
    attempts: AttemptsRule = "highest"
    deadline: datetime | None = None


def grade(
    rows: Iterable[ReadRow],
    questions: tuple[ScoredQuestion, ...],
    rules: Rules | None = None,
    *,
    left_out: tuple[str, ...] = (),
    record: Path | None = None,
) -> GradedClass:
    """Grade rows, however many.

    Args:
        rows: of any number of exports, each yielded once.
        questions: what each question accepts.
        rules: policy, attempts and deadline.
        left_out: ids of questions that are not graded, to be said in reports.
        record: a new file for every row as a line of JSON (`grader.row_record`), to grade again.

    Raises:
        Hw9Error: rows were lost or doubled on the way, which would be a fault of this program.
        OutputError: no room for temporary files.
    """
    columns = Columns([question.id for question in questions])
    blocks = blocks_of_rows(rows, columns)
    return grade_blocks(blocks, questions, rules or Rules(), left_out=left_out, record=record)


def grade_blocks(
    blocks: Iterable[RowBlock],
    questions: tuple[ScoredQuestion, ...],
    rules: Rules,
    *,
    left_out: tuple[str, ...] = (),
    record: Path | None = None,
) -> GradedClass:
    """Grade rows that are in columns already, of these questions in this order.

    Arguments and errors are those of `grade`.
    """
    kept = KeptRows(Scorer(questions, POLICIES[rules.policy]), record)
    for block in blocks:
        kept.add(block)
    chosen = ChosenRows(kept, rules.attempts)
    return GradedClass(
        questions,
        UsedRows(kept, chosen, rules.deadline),
        Submissions(kept, chosen.superseded),
        Rejects(kept.rejects),
        _counts(kept, chosen),
        rules.policy,
        rules.attempts,
        rules.deadline,
        left_out,
        chosen.alike,
        chosen.many_names,
    )


class Rejects:
    """What was refused: rows and cells in the order of reading, then rows that contradict."""

    def __init__(self, lines: StoredLines) -> None:
        self._lines = lines

    def __len__(self) -> int:
        return len(self._lines)

    def __iter__(self) -> Iterator[Reject]:
        yield from map(unpacked, self._lines)


def _counts(kept: KeptRows, chosen: ChosenRows) -> RowCounts:
    rejected = kept.refused + chosen.contrary
    counts = RowCounts(kept.read, chosen.graded, len(chosen.superseded), rejected)
    if not counts.add_up:
        raise Hw9Error(
            f"rows read: {counts.read}, but {counts.graded} graded, {counts.superseded} "
            f"superseded and {counts.rejected} rejected. Nothing was written; this is a fault "
            "of the program, please report it."
        )
    return counts
