"""The tables of a run: scores.csv, rejects.csv, late.csv."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from grader.csv_text import decimal_text, defused, write_table
from grader.submissions import GradedClass, GradedSubmission, Student, Submission

MOST_TEXTS = 1 << 12
PERSON = ("student", "name", "section", "sis_id")
REJECT_COLUMNS = ("file", "line", "student", "question", "text", "reason")
LATE_COLUMNS = (*PERSON, "attempt", "submitted", "late", "used")


@dataclass
class ScoreCounts:
    """How many of the students used are not complete, and how many came late."""

    incomplete: int = 0
    late: int = 0


def write_score_tables(
    graded: GradedClass, out: Path, *, watch: Callable[[GradedSubmission], None] | None = None
) -> ScoreCounts:
    """Write scores.csv and rejects.csv, and late.csv where a deadline was given.

    scores.csv: a row a student, ordered by id: person, attempt, time, points of each question
    (empty: not shown or not readable), total, what was possible, whether complete, Canvas' score,
    `fudge` (what Canvas' fudge field must hold) and `difference` (total - Canvas' score, which is
    the same unless a fudge was entered before).

    Args:
        graded: the class.
        out: folder.
        watch: is shown each student in passing, to spare going over them all again.

    Raises:
        OutputError: a table cannot be written.
    """
    ids = [question.id for question in graded.questions]
    header = [*PERSON, "attempt", "attempts_averaged", "submitted", "late", *ids, "total"]
    header += ["possible", "complete", "canvas_score", "fudge", "difference", "note"]
    counts = ScoreCounts()
    write_table(out / "scores.csv", header, _score_rows(graded, ids, counts, watch))
    write_table(out / "rejects.csv", REJECT_COLUMNS, _reject_rows(graded))
    if graded.deadline is not None:
        write_table(out / "late.csv", LATE_COLUMNS, _late_rows(graded, graded.deadline))
    return counts


def _score_rows(
    graded: GradedClass,
    ids: list[str],
    counts: ScoreCounts,
    watch: Callable[[GradedSubmission], None] | None,
) -> Iterator[list[str]]:
    texts = _PointTexts()
    for each in graded.used:
        counts.incomplete += not each.complete
        counts.late += each.late is not None
        if watch is not None:
            watch(each)
        yield _score_row(each, ids, texts)


class _PointTexts:
    """Texts of points by the object: a question gives the same few to a whole class.

    By value would not do, since 0.3 and 0.30 are equal and are written otherwise.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[Decimal | None, str]] = {}

    def of(self, points: Iterable[Decimal | None]) -> list[str]:
        known = self._known
        values = list(points)
        try:
            return [known[id(value)][1] for value in values]
        except KeyError:
            return [self._text(value) for value in values]

    def _text(self, value: Decimal | None) -> str:
        text = decimal_text(value)
        if len(self._known) < MOST_TEXTS:
            self._known[id(value)] = value, text  # kept, so that no other can be at its place
        return text


def _person(student: Student) -> list[str]:
    fields = (student.id, student.name, student.section, student.sis_id)
    return [defused(field) for field in fields]


def _score_row(each: GradedSubmission, ids: list[str], texts: _PointTexts) -> list[str]:
    submission = each.submission
    return [
        *_person(submission.student),
        _attempt(submission),
        str(each.rows) if each.rows > 1 else "",
        _moment(submission),
        late_text(each.late) if each.late else "",
        *texts.of(map(each.points.__getitem__, ids)),
        decimal_text(each.total),
        decimal_text(each.possible),
        "yes" if each.complete else "no",
        decimal_text(submission.canvas_score),
        decimal_text(each.fudge),
        decimal_text(each.difference),
        each.doubt,
    ]


def _attempt(submission: Submission) -> str:
    return "" if submission.attempt is None else str(submission.attempt)


def _moment(submission: Submission) -> str:
    moment = submission.submitted
    return f"{moment.astimezone(UTC).isoformat(' ', 'seconds')[:19]} UTC" if moment else ""


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
            _attempt(submission),
            _moment(submission),
            late,
            used,
        ]
