"""A grading run: rows in, one graded class out, every row accounted for.

Rows are scored as they come and wait on disk; then each student's attempts are weighed. Memory
holds one student's rows at a time, whatever the size of the class.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from grader.alike_ids import AlikeIds
from grader.attempts import Candidate, Choice, average, choose, told_apart
from grader.row_cells import Cell
from grader.row_record import RecordedRows, row_line
from grader.row_store import BATCH, RowLines, RowStore, StoredRows
from grader.scored_rows import Batch, RowScorer, ScoringRules
from grader.scoring import POLICIES, ZERO, Scorer
from grader.submissions import (
    AttemptsRule,
    GradedClass,
    GradedSubmission,
    PolicyName,
    ReadRow,
    Reject,
    RowCounts,
    ScoredQuestion,
    Submission,
    encode_response,
)
from solver.errors import Hw9Error

FUDGE_PLACES = Decimal("0.0001")
_number = lru_cache(maxsize=1 << 14)(Decimal)
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
    rules = rules or Rules()
    scored = RowScorer(ScoringRules(questions, rules.policy)).scored(rows)
    return grade_scored([Batch(0, scored)], questions, rules, left_out=left_out, record=record)


def grade_scored(
    batches: Iterable[Batch],
    questions: tuple[ScoredQuestion, ...],
    rules: Rules,
    *,
    left_out: tuple[str, ...] = (),
    record: Path | None = None,
) -> GradedClass:
    """Grade rows that were scored one by one already, by the same questions and policy.

    Arguments and errors are those of `grade`.
    """
    return _Run(questions, rules, RowLines(record)).grade(batches, left_out)


class _Run:
    def __init__(
        self, questions: tuple[ScoredQuestion, ...], rules: Rules, lines: RowLines
    ) -> None:
        self._lines = lines
        self._questions = questions
        self._ids = tuple(question.id for question in questions)
        self._all_points = sum((question.points for question in questions), ZERO)
        self._rules = rules
        self._scorer = Scorer(questions, POLICIES[rules.policy])
        self._recorded = RecordedRows(self._ids)
        self._store = RowStore()
        self._alike = AlikeIds()
        self._counts = {"read": 0, "graded": 0, "superseded": 0, "rejected": 0}

    def grade(self, batches: Iterable[Batch], left_out: tuple[str, ...]) -> GradedClass:
        self._keep(batches)
        self._choose_all()
        counts = RowCounts(**self._counts)
        if not counts.add_up:
            raise Hw9Error(
                f"{counts.read} rows were read, but {counts.graded} graded, {counts.superseded} "
                f"superseded and {counts.rejected} rejected. Nothing was written; this is a fault "
                "of the program, please report it."
            )
        used = "SELECT at, size, rows, doubt FROM used JOIN row ON seq = last ORDER BY place"
        superseded = "SELECT at, size FROM superseded JOIN row USING (seq) ORDER BY place"
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
            self._alike_pairs(),
        )

    def _keep(self, batches: Iterable[Batch]) -> None:
        """Put every row into the record, and what is needed to choose among them into the store."""
        kept: list[tuple[Any, ...]] = []
        rejects: list[tuple[str]] = []
        add, seq = self._lines.add, 0
        for before, rows in batches:
            for student, attempt, submitted, total, at_most, head, line, refused in rows:
                if refused:
                    refused = [replace(each, line=each.line + before) for each in refused]
                    rejects += [(_packed_reject(each),) for each in refused]
                at, size = add(row_line(head, line + before, refused))
                if head:
                    kept.append((seq, student, attempt, submitted, total, at_most, at, size))
                else:
                    self._counts["rejected"] += 1
                seq += 1
                if len(kept) + len(rejects) >= BATCH:
                    self._flush_kept(kept, rejects)
        self._flush_kept(kept, rejects)
        self._lines.flush()
        self._counts["read"] = seq

    def _flush_kept(self, kept: list[tuple[Any, ...]], rejects: list[tuple[str]]) -> None:
        self._store.add_many(_INSERT, kept)
        self._store.add_many("INSERT INTO reject (record) VALUES (?)", rejects)
        kept.clear()
        rejects.clear()

    def _choose_all(self) -> None:
        wanted = (
            "SELECT student, seq, attempt, submitted, total, at_most FROM row ORDER BY student, seq"
        )
        used: list[tuple[str, int, str]] = []
        superseded: list[tuple[int]] = []
        rejected: list[tuple[str]] = []
        for student, group in groupby(self._store.query(wanted), key=itemgetter(0)):
            if student.startswith("~"):
                self._alike.add(student[1:])
            choice = choose(self._candidates(list(group)), self._rules.attempts)
            self._count(choice)
            if choice.counted:
                used.append((json.dumps(choice.counted), choice.counted[-1], choice.doubt))
            superseded += [(seq,) for seq in choice.superseded]
            rejected += [(self._contrary(seq, choice.reason),) for seq in choice.rejected]
            if len(used) + len(superseded) + len(rejected) > BATCH:
                self._flush(used, superseded, rejected)
        self._flush(used, superseded, rejected)

    def _alike_pairs(self) -> tuple[tuple[str, str], ...]:
        numbers = [f"{len(form):06d}{form}" for form in self._alike.numbers()]
        marks = ",".join("?" * len(numbers))
        wanted = f"SELECT DISTINCT student FROM row WHERE student IN ({marks})"
        known = self._store.query(wanted, tuple(numbers)) if numbers else ()
        return self._alike.pairs({student[6:] for (student,) in known})

    def _candidates(self, rows: list[tuple[Any, ...]]) -> list[Candidate]:
        # Answers are compared only where two rows may be one attempt, which few are.
        apart = len(rows) == 1 or told_apart([row[2] for row in rows])
        return [
            Candidate(
                seq,
                attempt,
                submitted,
                _number(total),
                _number(at_most),
                "" if apart else _digest(self._read(seq)),
            )
            for _, seq, attempt, submitted, total, at_most in rows
        ]

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
        return _packed_reject(
            Reject(submission.source, submission.line, submission.student.id, "", number, reason)
        )

    def _read(self, seq: int) -> Submission:
        ((at, size),) = self._store.query("SELECT at, size FROM row WHERE seq = ?", (seq,))
        return self._submission((at, size))

    def _submission(self, place: tuple[Any, ...]) -> Submission:
        return self._recorded.submission(self._lines.read(*place))

    def _graded(self, row: tuple[Any, ...]) -> GradedSubmission:
        at, size, rows, doubt = row
        submission = self._submission((at, size))
        counted = [] if "," not in rows else json.loads(rows)
        if not counted:
            points = self._points(submission)
            total = sum(filter(None, points.values()), ZERO)
        else:
            points, total = self._averaged([self._read(seq) for seq in counted])
        return self._finished(submission, points, total, str(doubt), len(counted) or 1)

    def _points(self, submission: Submission) -> dict[str, Decimal | None]:
        cells = self._cells(submission)
        return dict(zip(self._ids, self._scorer.cells(cells), strict=True))

    def _cells(self, submission: Submission) -> tuple[Cell, ...]:
        return self._scorer.columns.cells_of(submission.responses, submission.canvas_points)

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
        cells = self._cells(submission)
        canvas = _canvas_sum(cells)
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
            self._possible(cells),
            certain,
            doubt,
            rows,
            _difference(total, canvas) if certain and one else None,
            _difference(total, score) if certain and one else None,
            late,
        )

    def _possible(self, cells: Sequence[Cell]) -> Decimal:
        if self._scorer.all_shown(cells):
            return self._all_points
        pairs = zip(self._questions, cells, strict=True)
        hidden = [question.points for question, cell in pairs if not cell.shown]
        return self._all_points - sum(hidden, ZERO)


def _canvas_sum(cells: Sequence[Cell]) -> Decimal | None:
    """Return the sum of Canvas' points of the shown questions, None if one of them is unknown."""
    points: list[Any] = [cell.points for cell in cells]
    try:
        return sum(points, ZERO) if points else None
    except TypeError:  # one of them is None
        known = [each for each in points if each is not None]
    if any(cell.shown for cell in cells if cell.points is None):
        return None
    return sum(known, ZERO) if known else None


@lru_cache(maxsize=1 << 14)
def _difference(total: Decimal, canvas: Decimal | None) -> Decimal | None:
    """Return total - canvas without the dust of Canvas' floats (to four decimals)."""
    if canvas is None:
        return None
    rounded = (total - canvas).quantize(FUDGE_PLACES)
    plain = rounded.normalize()
    return plain.quantize(Decimal(1)) if plain == plain.to_integral() else plain


def _digest(submission: Submission) -> str:
    codes = [encode_response(response) for response in submission.responses.values()]
    return hashlib.blake2b("\0".join(codes).encode(), digest_size=8).hexdigest()


def _packed_reject(each: Reject) -> str:
    packed = [each.source, each.line, each.student, each.question, each.text, each.reason]
    return json.dumps(packed, ensure_ascii=False)


def _reject(row: tuple[Any, ...]) -> Reject:
    return Reject(*json.loads(row[0]))
