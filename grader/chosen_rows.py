"""Every student's attempts weighed: which row counts, what it stands for, what contradicts it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from grader.alike_ids import AlikeIds, is_plain_number
from grader.attempt_columns import DOUBTS, PlainChoices, plain_choices
from grader.attempts import Candidate, Choice, choose, told_apart
from grader.kept_rows import KeptRows, packed
from grader.many_names import NameWatch
from grader.row_columns import UNKNOWN, student_of, with_leading_zeros
from grader.row_index import by_student
from grader.row_store import Numbers, StoredNumbers
from grader.submissions import AttemptsRule, Reject, Submission, encode_response

USED = np.dtype([("seq", np.int64), ("rows", np.int64), ("first", np.int64), ("doubt", np.int8)])
"""A student: the row used (of an average: the latest), how many rows it is made of and where they
stand in `ChosenRows.averaged`, and a number of `ChosenRows.doubts`."""
_SEQ = np.dtype([("seq", np.int64)])


class ChosenRows:
    """What became of every row with a submission.

    Args:
        kept: all rows; rows that contradict each other are added to its rejects.
        rule: which attempt counts.

    Attributes:
        used: of each student with a grade, of the kind `USED`, in the order of students.
        averaged: the rows that averages are made of, of each student the latest last.
        superseded: numbers of the rows that another one stands for, by student.
        graded, contrary: how many rows make grades, and how many contradict each other.
        doubts: why a total is not certain.
        alike: pairs of ids that differ only in how they are written.
        many_names: ids that stand with more than one name.
    """

    def __init__(self, kept: KeptRows, rule: AttemptsRule) -> None:
        self.used = StoredNumbers(USED)
        self.averaged = StoredNumbers(_SEQ)
        self.superseded = StoredNumbers(_SEQ)
        self.graded = self.contrary = 0
        self.doubts = list(DOUBTS)
        self._kept = kept
        self._rule = rule
        self._ranks = kept.totals.ranks()
        alike = AlikeIds()
        for name in _not_plain(kept):
            alike.add(name)
        asked = {kept.named.known(form): form for form in alike.numbers()}
        asked.pop(UNKNOWN, None)
        numbers, names = set(), NameWatch(kept)
        for rows, seqs in by_student(kept.index, kept.named):
            numbers |= {
                asked[each]
                for each in np.intersect1d(
                    np.array(list(asked), np.int64), rows["student"]
                ).tolist()
            }
            names.add(rows, seqs)
            self._choose(rows, seqs)
        self.alike = alike.pairs(numbers)
        self.many_names = names.found()

    def _choose(self, rows: Numbers, seqs: Numbers) -> None:
        """Weigh the attempts of some students: their rows, those of a student together."""
        found = plain_choices(rows, self._ranks, self._rule)
        used = np.zeros(len(found.starts), dtype=USED)
        used["seq"], used["rows"], used["doubt"] = seqs[found.used], 1, found.doubts
        superseded = seqs.copy()
        superseded[found.used] = UNKNOWN
        for student, begin, end in _others(found, len(rows)):
            choice = self._chosen(rows[begin:end], seqs[begin:end])
            used[student] = self._counted(choice)
            superseded[begin:end] = UNKNOWN
            superseded[begin : begin + len(choice.superseded)] = choice.superseded
        used = used[used["rows"] > 0]
        self.graded += int(used["rows"].sum())
        self.used.add(used)
        self.superseded.add(superseded[superseded != UNKNOWN].view(_SEQ))

    def _chosen(self, rows: Numbers, seqs: Numbers) -> Choice:
        """Weigh one student's rows by all that is known of them."""
        candidates = self._candidates(rows, seqs.tolist())
        choice = choose(candidates, self._rule)
        self.contrary += len(choice.rejected)
        refused = [self._kept.submission(seq) for seq in choice.rejected]
        self._kept.rejects.add([packed(_contrary(each, choice.reason)) for each in refused])
        return choice

    def _candidates(self, rows: Numbers, seqs: list[int]) -> list[Candidate]:
        attempts = [None if each == UNKNOWN else each for each in rows["attempt"].tolist()]
        # Answers are compared only where two rows may be one attempt, which few are.
        apart = told_apart(attempts)
        found = []
        for seq, attempt, submission in zip(
            seqs, attempts, self._kept.submissions(seqs), strict=True
        ):
            scorer = self._kept.scorer
            cells = scorer.columns.cells_of(submission.responses, submission.canvas_points)
            moment = submission.submitted.isoformat() if submission.submitted else ""
            digest = "" if apart else _digest(submission)
            found.append(Candidate(seq, attempt, moment, *scorer.total(cells), digest))
        return found

    def _counted(self, choice: Choice) -> tuple[int, int, int, int]:
        counted = choice.counted
        if not counted:
            return (0, 0, 0, 0)
        if choice.doubt not in self.doubts:
            self.doubts.append(choice.doubt)
        first = len(self.averaged)
        if len(counted) > 1:
            self.averaged.add(np.array(counted, dtype=np.int64).view(_SEQ))
        return (counted[-1], len(counted), first, self.doubts.index(choice.doubt))


def _not_plain(kept: KeptRows) -> Iterator[str]:
    """Yield the ids that are no number written as numbers are, those with leading zeros first."""
    found = [np.unique(with_leading_zeros(piece["student"])) for piece in kept.index.pieces()]
    if found:
        yield from map(student_of, np.unique(np.concatenate(found)).tolist())
    yield from (name for name in kept.named.names() if not is_plain_number(name))


def _others(found: PlainChoices, rows: int) -> Iterator[tuple[int, int, int]]:
    """Yield the students who are weighed one by one: number, and where their rows begin and end."""
    bounds = list(pairwise([*found.starts.tolist(), rows]))
    for student in np.flatnonzero(~found.plain).tolist():
        yield student, *bounds[student]


def _contrary(submission: Submission, reason: str) -> Reject:
    number = "" if submission.attempt is None else f"attempt {submission.attempt}"
    return Reject(submission.source, submission.line, submission.student.id, "", number, reason)


def _digest(submission: Submission) -> str:
    codes = [encode_response(response) for response in submission.responses.values()]
    return hashlib.blake2b("\0".join(codes).encode(), digest_size=8).hexdigest()
