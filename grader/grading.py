"""A grading run: rows in, one graded class out, every row accounted for.

Rows are scored as they come and wait on disk; then each student's attempts are weighed. Memory
holds one student's rows at a time, whatever the size of the class.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

from grader.attempts import Candidate, Choice, average, choose
from grader.csv_text import private_text
from grader.row_record import response_codes, row_from_line, row_to_line
from grader.row_store import BATCH, RowStore, StoredRows
from grader.scoring import POLICIES, ZERO, Scorer
from grader.submissions import (
    AttemptsRule,
    GradedClass,
    GradedSubmission,
    NotShown,
    PolicyName,
    ReadRow,
    Refused,
    Reject,
    RowCounts,
    ScoredQuestion,
    Submission,
)
from solver.errors import Hw9Error

FUDGE_PLACES = Decimal("0.0001")
_INSERT = "INSERT INTO row VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


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
    with private_text(record) if record else nullcontext() as file:
        return _Run(questions, rules or Rules(), file).grade(rows, left_out)


class _Run:
    def __init__(
        self, questions: tuple[ScoredQuestion, ...], rules: Rules, record: io.TextIOBase | None
    ) -> None:
        self._record = record
        self._questions = questions
        self._ids = tuple(question.id for question in questions)
        self._all_points = sum((question.points for question in questions), ZERO)
        self._rules = rules
        self._scorer = Scorer(questions, POLICIES[rules.policy])
        self._store = RowStore()
        self._counts = {"read": 0, "graded": 0, "superseded": 0, "rejected": 0}

    def grade(self, rows: Iterable[ReadRow], left_out: tuple[str, ...]) -> GradedClass:
        self._store.add_many(_INSERT, self._scored(rows))
        self._store.add_many("INSERT INTO reject (record) VALUES (?)", self._rejects_of_rows())
        self._choose_all()
        counts = RowCounts(**self._counts)
        if not counts.add_up:
            raise Hw9Error(
                f"{counts.read} rows were read, but {counts.graded} graded, {counts.superseded} "
                f"superseded and {counts.rejected} rejected. Nothing was written; this is a fault "
                "of the program, please report it."
            )
        used = "SELECT record, rows, doubt FROM used JOIN row ON seq = last ORDER BY place"
        superseded = "SELECT record FROM superseded JOIN row USING (seq) ORDER BY place"
        return GradedClass(
            self._questions,
            StoredRows(self._store, "used", used, self._graded),
            StoredRows(self._store, "superseded", superseded, self._submission),
            StoredRows(self._store, "reject", "SELECT record FROM reject ORDER BY place", _reject),
            counts,
            self._rules.policy,
            self._rules.attempts,
            self._rules.deadline,
            left_out,
        )

    def _scored(self, rows: Iterable[ReadRow]) -> Iterator[tuple[Any, ...]]:
        for seq, row in enumerate(rows):
            self._counts["read"] += 1
            codes = response_codes(row.submission) if row.submission else []
            line = row_to_line(row, codes)
            if self._record is not None:
                self._record.write(line + "\n")
            if row.submission is None:
                self._counts["rejected"] += 1
                yield seq, None, None, None, None, None, None, line
                continue
            submission = row.submission
            total, at_most = self._total(submission)
            moment = submission.submitted
            yield (
                seq,
                _sortable(submission.student.id),
                submission.attempt,
                moment.isoformat() if moment else "",
                str(total),
                str(at_most),
                hashlib.blake2b("\0".join(codes).encode(), digest_size=8).hexdigest(),
                line,
            )

    def _total(self, submission: Submission) -> tuple[Decimal, Decimal]:
        points = self._scorer.row(submission.responses)
        total = sum(filter(None, points), ZERO)
        if None not in points:
            return total, total
        refused = (
            question.points
            for question, each in zip(self._questions, points, strict=True)
            if each is None and type(submission.responses[question.id]) is Refused
        )
        return total, total + sum(refused, ZERO)

    def _rejects_of_rows(self) -> Iterator[tuple[str]]:
        # Most rows have none; looking for the mark spares reading all of them.
        wanted = "SELECT record FROM row WHERE record LIKE '%,\"x\":[[%' ORDER BY seq"
        for (line,) in self._store.query(wanted):
            for each in json.loads(line).get("x", ()):
                yield (json.dumps(each, ensure_ascii=False),)

    def _choose_all(self) -> None:
        wanted = (
            "SELECT student, seq, attempt, submitted, total, at_most, digest FROM row "
            "WHERE student IS NOT NULL ORDER BY student, seq"
        )
        used: list[tuple[str, int, str]] = []
        superseded: list[tuple[int]] = []
        rejected: list[tuple[str]] = []
        for _, group in groupby(self._store.query(wanted), key=lambda row: row[0]):
            candidates = [
                Candidate(seq, attempt, submitted, Decimal(total), Decimal(at_most), digest)
                for _, seq, attempt, submitted, total, at_most, digest in group
            ]
            choice = choose(candidates, self._rules.attempts)
            self._count(choice)
            if choice.counted:
                used.append((json.dumps(choice.counted), choice.counted[-1], choice.doubt))
            superseded += [(seq,) for seq in choice.superseded]
            rejected += [(self._contrary(seq, choice.reason),) for seq in choice.rejected]
            if len(used) + len(superseded) + len(rejected) > BATCH:
                self._flush(used, superseded, rejected)
        self._flush(used, superseded, rejected)

    def _flush(
        self,
        used: list[tuple[str, int, str]],
        superseded: list[tuple[int]],
        rejected: list[tuple[str]],
    ) -> None:
        self._store.add_many("INSERT INTO used (rows, last, doubt) VALUES (?, ?, ?)", used)
        self._store.add_many("INSERT INTO superseded (seq) VALUES (?)", superseded)
        self._store.add_many("INSERT INTO reject (record) VALUES (?)", rejected)
        for done in (used, superseded, rejected):
            done.clear()

    def _count(self, choice: Choice) -> None:
        self._counts["graded"] += len(choice.counted)
        self._counts["superseded"] += len(choice.superseded)
        self._counts["rejected"] += len(choice.rejected)

    def _contrary(self, seq: int, reason: str) -> str:
        submission = self._read(seq)
        number = "" if submission.attempt is None else f"attempt {submission.attempt}"
        each = [submission.source, submission.line, submission.student.id, "", number, reason]
        return json.dumps(each, ensure_ascii=False)

    def _read(self, seq: int) -> Submission:
        ((line,),) = self._store.query("SELECT record FROM row WHERE seq = ?", (seq,))
        return self._submission((line,))

    def _submission(self, row: tuple[Any, ...]) -> Submission:
        submission = row_from_line(row[0], self._ids).submission
        assert submission is not None
        return submission

    def _graded(self, row: tuple[Any, ...]) -> GradedSubmission:
        record, rows, doubt = row
        submission = self._submission((record,))
        counted = json.loads(rows)
        if len(counted) == 1:
            points = self._points(submission)
            total = sum(filter(None, points.values()), ZERO)
        else:
            points, total = self._averaged([self._read(seq) for seq in counted])
        return self._finished(submission, points, total, str(doubt), len(counted))

    def _points(self, submission: Submission) -> dict[str, Decimal | None]:
        return dict(zip(self._ids, self._scorer.row(submission.responses), strict=True))

    def _averaged(self, submissions: list[Submission]) -> tuple[dict[str, Decimal | None], Decimal]:
        each = [self._points(submission) for submission in submissions]
        points: dict[str, Decimal | None] = {}
        for name in self._ids:
            known = [value for one in each if (value := one[name]) is not None]
            points[name] = average(known) if known else None
        totals = [sum((value for value in one.values() if value is not None), ZERO) for one in each]
        return points, average(totals)

    def _finished(
        self,
        submission: Submission,
        points: dict[str, Decimal | None],
        total: Decimal,
        doubt: str,
        rows: int,
    ) -> GradedSubmission:
        hidden = [
            question.points
            for question in self._questions
            if type(submission.responses[question.id]) is NotShown
        ]
        canvas = _canvas_sum(submission)
        score = submission.canvas_score
        late = None
        deadline = self._rules.deadline
        if deadline and submission.submitted and submission.submitted > deadline:
            late = submission.submitted - deadline
        one, certain = rows == 1, not doubt
        return GradedSubmission(
            submission,
            points,
            total,
            self._all_points - sum(hidden, ZERO),
            certain,
            doubt,
            rows,
            _difference(total, canvas) if certain and one else None,
            _difference(total, score) if certain and one else None,
            late,
        )


def _canvas_sum(submission: Submission) -> Decimal | None:
    """Return the sum of Canvas' points of the shown questions, None if one of them is unknown."""
    total = ZERO
    known = False
    for name, points in submission.canvas_points.items():
        if points is not None:
            total += points
            known = True
        elif type(submission.responses[name]) is not NotShown:
            return None
    return total if known else None


def _difference(total: Decimal, canvas: Decimal | None) -> Decimal | None:
    """Return total - canvas without the dust of Canvas' floats (to four decimals)."""
    if canvas is None:
        return None
    rounded = (total - canvas).quantize(FUDGE_PLACES)
    plain = rounded.normalize()
    return plain.quantize(Decimal(1)) if plain == plain.to_integral() else plain


def _sortable(student: str) -> str:
    """Return a text that sorts ids of digits by number, before all others."""
    if student.isascii() and student.isdigit():
        return f"{len(student):06d}{student}"
    return f"~{student}"


def _reject(row: tuple[Any, ...]) -> Reject:
    return Reject(*json.loads(row[0]))
