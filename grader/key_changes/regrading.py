"""What changes when a key changes after the quiz, in Canvas' four named ways.

current     the new answer earns, the former one no longer does
both        the new answer earns, and so does the former one
everybody   everybody earns
unchanged   the points stay as they were; only the key is kept anew

Nothing here reads or writes a file: `grader.key_changes.regrade_log` does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import zip_longest
from pathlib import Path
from typing import Literal, get_args

import polars as pl

from grader.scoring.accepted_answers import choice_named
from grader.submissions import (
    Answer,
    Chosen,
    GradedSubmission,
    ScoredQuestion,
    Student,
    Submission,
)
from grader.table.used import UsedStudents
from solver.banks.wording import differences
from solver.errors import InputError, KeyFileError
from solver.key import Key, KeyQuestion

How = Literal["current", "both", "everybody", "unchanged"]
HOWS: tuple[How, ...] = get_args(How)


@dataclass(frozen=True, slots=True)
class QuestionChange:
    """How one question is graded before and after."""

    before: ScoredQuestion
    after: ScoredQuestion

    @property
    def id(self) -> str:
        """Of the question."""
        return self.before.id


@dataclass(frozen=True, slots=True)
class Move:
    """A student whose result changes; a total of None means there was or is none."""

    student: Student
    before: GradedSubmission | None
    after: GradedSubmission | None

    @property
    def change(self) -> Decimal:
        """How many points are won (or lost, if negative)."""
        return _total(self.after) - _total(self.before)

    @property
    def questions(self) -> tuple[str, ...]:
        """Ids of the questions whose points differ."""
        before = self.before.points if self.before else {}
        after = self.after.points if self.after else {}
        ids = dict.fromkeys((*before, *after))
        return tuple(name for name in ids if before.get(name) != after.get(name))

    @property
    def reason(self) -> str:
        """Why it is a move where points of questions alone do not tell; "" where they do."""
        before, after = self.before, self.after
        if before is None or after is None:
            return "no result before" if before is None else "no result any more"
        reasons = []
        if _place(before) != _place(after):
            reasons.append(_other_attempt(before.submission, after.submission))
        if before.complete != after.complete:
            now = "certain now" if after.complete else f"no longer certain: {after.doubt}"
            reasons.append(f"the total is {now}")
        if not reasons and not self.change:
            reasons.append("points lost and won are the same")
        if not reasons and not self.questions:
            reasons.append("its average is rounded")
        return "; ".join(reasons)


def _place(graded: GradedSubmission) -> tuple[str, int]:
    return graded.submission.source, graded.submission.line


def _other_attempt(before: Submission, after: Submission) -> str:
    if before.attempt is None or after.attempt is None:
        return "another attempt counts"
    return f"attempt {after.attempt} counts, no longer {before.attempt}"


def _total(graded: GradedSubmission | None) -> Decimal:
    return graded.total if graded else Decimal(0)


def changed_questions(old: Key, new: Key) -> list[str]:
    """Return the ids of questions whose answer, points or voidness differ between two keys."""
    before = {question.id: question for question in old.questions}
    return [q.id for q in new.questions if q.id in before and _differs(before[q.id], q)]


def refuse_other_options(old: Key, new: Key, path: Path | None = None) -> None:
    """Refuse a key in which an option's id means another text: a run's record holds ids.

    A stem may be worded otherwise: that is how a question whose wording was wrong is mended.

    Raises:
        KeyFileError: names the questions, and what differs.
    """
    before = {question.id: question.wording for question in old.questions}
    found = []
    for question in new.questions:
        known = before.get(question.id)
        if known is not None and question.wording is not None:
            found += [
                f"{question.id}: {said}"
                for said in differences(
                    known, question.wording, ("in the run", "in this key"), options_only=True
                )
            ]
    if found:
        raise KeyFileError(
            f"its options are not those that the run was graded with: {'; '.join(found)}",
            path=path,
            mend="Grade the exports again with this key.",
        )


def _differs(one: KeyQuestion, other: KeyQuestion) -> bool:
    return (_as_set(one), one.points, one.void) != (_as_set(other), other.points, other.void)


def _as_set(question: KeyQuestion) -> object:
    answer = question.effective
    return sorted(answer.items()) if isinstance(answer, dict) else sorted(answer)


def merged_key(old: Key, new: Key, taken: Collection[str], how: How) -> Key:
    """Return the key that holds after a regrade: `new` where a question was taken, else `old`.

    Where every changed question is taken this is `new` itself, so that its hashes stay true.
    Questions that give everybody their points are marked void in it.
    """
    if set(changed_questions(old, new)) <= set(taken) and _same_questions(old, new):
        merged = new
    else:
        entries = {question.id: question for question in new.questions if question.id in taken}
        listed = [entries.get(question.id, question) for question in old.questions]
        merged = old.model_copy(update={"questions": listed})
    if how != "everybody":
        return merged
    questions = [
        question.model_copy(update={"void": True}) if question.id in taken else question
        for question in merged.questions
    ]
    return merged.model_copy(update={"questions": questions})


def _same_questions(old: Key, new: Key) -> bool:
    return [question.id for question in old.questions] == [q.id for q in new.questions]


def regraded(
    before: tuple[ScoredQuestion, ...],
    new: tuple[ScoredQuestion, ...],
    taken: Collection[str],
    how: How,
) -> tuple[ScoredQuestion, ...]:
    """Return how every question is graded after the regrade.

    Args:
        before: as they are graded now.
        new: as the new key alone would grade them.
        taken: ids of the questions that are regraded; the others stay as they are.
        how: one of Canvas' four ways.

    Raises:
        InputError: the new key has no answer for a question that is to be regraded by it.
    """
    by_id = {question.id: question for question in new}
    result = []
    for question in before:
        if question.id not in taken:
            result.append(question)
        elif how == "everybody":
            worth = by_id.get(question.id, question).points
            result.append(replace(question, points=worth, void=True))
        elif question.id not in by_id:
            raise InputError(
                f"the new key has no answer for {question.id}, which was graded",
                mend="Give one with hw9 key override, or give everybody its points with "
                "--how everybody.",
            )
        elif how == "unchanged":
            result.append(question)
        else:
            result.append(_by_new_key(question, by_id[question.id], how))
    return tuple(result)


def _by_new_key(before: ScoredQuestion, new: ScoredQuestion, how: How) -> ScoredQuestion:
    accepted = tuple(_as_recorded(answer, before) for answer in new.accepted)
    if how == "both":
        former = tuple(answer for answer in before.accepted if answer not in accepted)
        return replace(new, accepted=accepted + former, void=before.void or new.void)
    return replace(new, accepted=accepted)


def _as_recorded(answer: Answer, before: ScoredQuestion) -> Answer:
    """Spell a choice that is a number as the run spelled it: 0.150 is the recorded 0.15."""
    if not isinstance(answer, Chosen):
        return answer
    known = {blank: {choice: choice for choice in choices} for blank, choices in before.blanks}
    return Chosen(
        frozenset(
            (blank, choice_named(choice, known.get(blank, {}))) for blank, choice in answer.choices
        )
    )


def question_changes(
    before: tuple[ScoredQuestion, ...], after: tuple[ScoredQuestion, ...]
) -> list[QuestionChange]:
    """Return the questions that are graded otherwise than before."""
    return [
        QuestionChange(one, other)
        for one, other in zip(before, after, strict=True)
        if (set(one.accepted), one.points, one.void)
        != (set(other.accepted), other.points, other.void)
    ]


def moves(before: Iterable[GradedSubmission], after: Iterable[GradedSubmission]) -> Iterator[Move]:
    """Yield every student whose points change, in the order of the class.

    Both must be in the same order of students; a student may be missing from either.
    """
    order: dict[str, None] = {}
    waiting: dict[str, list[GradedSubmission | None]] = {}
    for one, other in zip_longest(before, after):
        for side, graded in enumerate((one, other)):
            if graded is not None:
                order.setdefault(graded.student.id)
                waiting.setdefault(graded.student.id, [None, None])[side] = graded
        for name in [name for name, pair in waiting.items() if None not in pair]:
            yield from _moved(*waiting.pop(name))
            del order[name]
    for name in order:
        yield from _moved(*waiting[name])


def moved_students(
    before: UsedStudents, after: UsedStudents
) -> tuple[Iterator[GradedSubmission], Iterator[GradedSubmission]]:
    """Return the students of two classes who may have moved: all whose points are not the same."""
    frames = [_told(each) for each in (before, after)]
    same = frames[0].join(frames[1], on=frames[0].columns, how="semi", nulls_equal=True)["student"]
    moved = ~pl.col("student").is_in(same.implode())
    one, other = (each.some(each.frame.filter(moved)) for each in (before, after))
    return one, other


def _told(used: UsedStudents) -> pl.DataFrame:
    certain = used.frame.select("student", pl.col("doubt") == "", "total")
    return certain.hstack(used.point_texts(used.frame))


def _moved(before: GradedSubmission | None, after: GradedSubmission | None) -> Iterator[Move]:
    either = after or before
    if either is None:
        return
    move = Move(either.student, before, after)
    same = before is not None and after is not None and before.complete == after.complete
    if not same or move.change or move.questions:
        yield move
