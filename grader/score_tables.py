"""The tables of a run: scores.csv, rejects.csv, late.csv."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from grader.csv_columns import decimal_cell, joined_cells, plain_cells, text_cells
from grader.csv_text import cell, defused, write_lines, write_table
from grader.row_heads import table_moment
from grader.submissions import GradedClass, Student, Submission
from grader.used_columns import UsedColumns, used_columns

PERSON = ("student", "name", "section", "sis_id")
PERSON_FIELDS = ("id", "name", "section", "sis_id")
REJECT_COLUMNS = ("file", "line", "student", "question", "text", "reason")
LATE_COLUMNS = (*PERSON, "attempt", "submitted", "late", "used")


@dataclass
class ScoreCounts:
    """How many of the students used are not complete, and how many came late."""

    incomplete: int = 0
    late: int = 0


def write_score_tables(
    graded: GradedClass, out: Path, *, watch: Callable[[UsedColumns], None] | None = None
) -> ScoreCounts:
    """Write scores.csv and rejects.csv, and late.csv where a deadline was given.

    scores.csv: a row a student, ordered by id: person, attempt, time, points of each question
    (empty: not shown or not readable), total, what was possible, whether complete, Canvas' score,
    `fudge` (what Canvas' fudge field must hold) and `difference` (total - Canvas' score, which is
    the same unless a fudge was entered before).

    Args:
        graded: the class.
        out: folder.
        watch: is shown the students in passing, to spare going over them all again.

    Raises:
        OutputError: a table cannot be written.
    """
    ids = [question.id for question in graded.questions]
    header = [*PERSON, "attempt", "attempts_averaged", "submitted", "late", *ids, "total"]
    header += ["possible", "complete", "canvas_score", "fudge", "difference", "note"]
    counts = ScoreCounts()
    write_lines(out / "scores.csv", header, _score_rows(graded, counts, watch))
    write_table(out / "rejects.csv", REJECT_COLUMNS, _reject_rows(graded))
    if graded.deadline is not None:
        write_table(out / "late.csv", LATE_COLUMNS, _late_rows(graded, graded.deadline))
    return counts


def _score_rows(
    graded: GradedClass, counts: ScoreCounts, watch: Callable[[UsedColumns], None] | None
) -> Iterator[list[bytes]]:
    for used in used_columns(graded.used, graded.questions):
        if watch is not None:
            watch(used)
        counts.incomplete += sum(used.doubts.spread(lambda doubt: not doubt[0]))
        counts.late += sum(late is not None for late in used.late)
        yield joined_cells(_score_columns(used))


def _score_columns(used: UsedColumns) -> list[Sequence[bytes]]:
    """Return the columns of scores.csv for some students, those of a person as one."""
    heads = used.heads.texts
    return [
        text_cells(heads.select(PERSON_FIELDS)),
        plain_cells(heads["attempt"]),
        [b"%d" % rows if rows > 1 else b"" for rows in used.rows],
        plain_cells(heads["submitted"]),
        [late_text(late).encode() if late else b"" for late in used.late],
        *(column.spread(lambda answer: decimal_cell(answer.points)) for column in used.answers),
        used.totals.spread(decimal_cell),
        used.possible.spread(decimal_cell),
        used.doubts.spread(lambda doubt: b"yes" if doubt[0] else b"no"),
        used.scores.spread(decimal_cell),
        used.fudge.spread(decimal_cell),
        used.difference.spread(decimal_cell),
        used.doubts.spread(lambda doubt: cell(doubt[1]).encode()),
    ]


def _person(student: Student) -> list[str]:
    return [defused(getattr(student, field)) for field in PERSON_FIELDS]


def late_text(late: timedelta) -> str:
    """Return how late something was, as ``1d 02:03:04``."""
    minutes, seconds = divmod(int(late.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    clock = f"{hours:02d}:{minutes:02d}:{seconds:02d}"
    return f"{days}d {clock}" if days else clock


def _reject_rows(graded: GradedClass) -> Iterator[list[str]]:
    for each in graded.rejects:
        yield [
            defused(each.source),
            str(each.line),
            defused(each.student),
            each.question,
            defused(each.text),
            each.reason,
        ]


def _late_rows(graded: GradedClass, deadline: datetime) -> Iterator[list[str]]:
    for graded_one in graded.used:
        yield from _late_row(graded_one.submission, deadline, "yes")
    for submission in graded.superseded:
        yield from _late_row(submission, deadline, "no")


def _late_row(submission: Submission, deadline: datetime, used: str) -> Iterator[list[str]]:
    if submission.submitted is not None and submission.submitted > deadline:
        late = late_text(submission.submitted - deadline)
        yield [
            *_person(submission.student),
            "" if submission.attempt is None else str(submission.attempt),
            table_moment(submission.submitted),
            late,
            used,
        ]
