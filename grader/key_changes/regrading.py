"""Regrading by a changed key, in Canvas' four ways.

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
from typing import Literal

import polars as pl

from grader.scoring.accepted_answers import choice_named
from grader.scoring.attempts import DOUBTS
from grader.submissions import (
    Answer,
    Chosen,
    GradedSubmission,
    ScoredQuestion,
    Student,
)
from grader.table.used import UsedStudents
from solver.banks.wording import differences
from solver.errors import InputError, KeyFileError
from solver.key import Key, KeyQuestion

How = Literal["current", "both", "everybody", "unchanged"]


@dataclass(frozen=True, slots=True)
class QuestionChange:
    """Grading of one question before and after a regrade."""

    before: ScoredQuestion
    after: ScoredQuestion

    @property
    def id(self) -> str:
        """Id of the question."""
        return self.before.id


@dataclass(frozen=True, slots=True)
class Move:
    """A student whose result changes; a total of None means there was or is none."""

    student: Student
    before: GradedSubmission | None
    after: GradedSubmission | None

    @property
    def change(self) -> Decimal:
        """Points won, or lost if negative."""
        return _total(self.after) - _total(self.before)

    @property
    def questions(self) -> tuple[str, ...]:
        """Ids of the questions whose points differ."""
        before = self.before.points if self.before else {}
        after = self.after.points if self.after else {}
        # A dict, as a set with the order of the key.
        ids = dict.fromkeys((*before, *after))
        return tuple(name for name in ids if before.get(name) != after.get(name))

    @property
    def reason(self) -> str:
        """Reason for the move where points of questions alone do not show it, else ""."""
        before, after = self.before, self.after
        if before is None or after is None:
            return "no result before" if before is None else "no result any more"
        reasons = []
        if _place(before) != _place(after):
            old, new = before.submission.attempt, after.submission.attempt
            known = old is not None and new is not None
            which = f"attempt {new} counts, no longer {old}" if known else "another attempt counts"
            reasons.append(which)
        if before.complete != after.complete:
            now = (
                "certain now" if after.complete else f"no longer certain: {DOUBTS[after.doubt].en}"
            )
            reasons.append(f"the total is {now}")
        if not reasons and not self.change:
            reasons.append("points lost and won are the same")
        # Means of questions may move by less than their fourth decimal, and together move the
        # total.
        if not reasons and not self.questions:
            reasons.append("its average is rounded")
        return "; ".join(reasons)


def _place(graded: GradedSubmission) -> tuple[str, int]:
    return graded.submission.source, graded.submission.line


def _total(graded: GradedSubmission | None) -> Decimal:
    return graded.total if graded else Decimal(0)


def changed_questions(old: Key, new: Key) -> list[str]:
    """Return the ids of questions whose answer, points or voidness differ between two keys."""
    before = {question.id: question for question in old.questions}
    return [
        each.id
        for each in new.questions
        if (one := before.get(each.id)) is not None and _graded_by(one) != _graded_by(each)
    ]


def refuse_other_options(old: Key, new: Key, path: Path | None = None) -> None:
    """Raise an error for a key in which an option's id has another text than in the run's key.

    Raises:
        KeyFileError: names the questions and their differences.
    """
    # A run's record holds ids. A stem may differ: that is how a wrong wording is corrected.
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


def _graded_by(question: KeyQuestion) -> object:
    also = question.override.also if question.override else []
    # Sorted: a key written by hand may list the same options in another order.
    answers = [
        sorted(answer.items() if isinstance(answer, dict) else answer)
        for answer in (question.effective, *also)
    ]
    return answers, question.points, question.void, question.left_out


def merged_key(old: Key, new: Key, taken: Collection[str], how: How) -> Key:
    """Return the key after a regrade: entries of `new` for the questions taken, else of `old`.

    Questions that give everybody their points are void in it.
    """
    same = [question.id for question in old.questions] == [each.id for each in new.questions]
    if same and set(changed_questions(old, new)) <= set(taken):
        merged = new  # the key itself, so that its hashes stay true
    else:
        entries = {question.id: question for question in new.questions if question.id in taken}
        # By the old key's list: a run cannot grade questions that it never read.
        listed = [entries.get(question.id, question) for question in old.questions]
        merged = old.model_copy(update={"questions": listed})
    if how != "everybody":
        return merged
    everybody = {"void": True, "left_out": False}
    questions = [
        question.model_copy(update=everybody) if question.id in taken else question
        for question in merged.questions
    ]
    return merged.model_copy(update={"questions": questions})


def regraded(
    before: tuple[ScoredQuestion, ...],
    new: tuple[ScoredQuestion, ...],
    taken: Collection[str],
    how: How,
) -> tuple[ScoredQuestion, ...]:
    """Return every question as it is graded after the regrade.

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
            new_one = by_id.get(question.id, question)
            # A question left out is worth 0 in the new key, which would give everybody nothing.
            worth = question.points if new_one.left_out else new_one.points
            result.append(replace(question, points=worth, void=True, left_out=False))
        elif question.id not in by_id:
            raise InputError(
                f"the new key has no answer for {question.id}, which was graded",
                mend="Give one with hw9 key override, or give everybody its points with "
                "--how everybody.",
            )
        elif how == "unchanged":
            result.append(question)
        else:
            by_key = by_id[question.id]
            # A run's rows hold a number as its export wrote it.
            accepted = tuple(_as_recorded(answer, question) for answer in by_key.accepted)
            void = by_key.void
            if how == "both":
                # The new answers first: pages name them in this order.
                accepted += tuple(each for each in question.accepted if each not in accepted)
                void |= question.void
            result.append(replace(by_key, accepted=accepted, void=void))
    return tuple(result)


def _as_recorded(answer: Answer, before: ScoredQuestion) -> Answer:
    """Return an answer with numbers as the run wrote them: 0.150 is the recorded 0.15."""
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
    """Return the questions whose grading differs."""
    return [
        QuestionChange(one, other)
        for one, other in zip(before, after, strict=True)
        if differs(one, other)
    ]


def differs(one: ScoredQuestion, other: ScoredQuestion) -> bool:
    """Say whether two gradings of a question differ in answers, points or voidness."""
    # In any order: which of two answers is named first earns nobody anything.
    return (set(one.accepted), one.points, one.void) != (
        set(other.accepted),
        other.points,
        other.void,
    )


def moves(before: Iterable[GradedSubmission], after: Iterable[GradedSubmission]) -> Iterator[Move]:
    """Yield every student whose points change, in the order of the class.

    Args:
        before, after: in the same order of students; a student may be missing from either.
    """
    order: dict[str, None] = {}
    waiting: dict[str, list[GradedSubmission | None]] = {}
    for one, other in zip_longest(before, after):
        for side, graded in enumerate((one, other)):
            if graded is not None:
                order.setdefault(graded.student.id)
                waiting.setdefault(graded.student.id, [None, None])[side] = graded
        # Both sides come in the same order, so that only students missing from one side wait here.
        for name in [name for name, pair in waiting.items() if None not in pair]:
            yield from _moved(*waiting.pop(name))
            del order[name]
    for name in order:
        yield from _moved(*waiting[name])


def moved_students(
    before: UsedStudents, after: UsedStudents
) -> tuple[Iterator[GradedSubmission], Iterator[GradedSubmission]]:
    """Return the students of two classes whose points or certainty are not the same."""
    certain = pl.col("doubt") == ""
    frames = [
        each.frame.select("student", certain, "total").hstack(each.point_texts(each.frame))
        for each in (before, after)
    ]
    # Compared in one join: most of a class does not move, and submissions are made of the others
    # only.
    same = frames[0].join(frames[1], on=frames[0].columns, how="semi", nulls_equal=True)["student"]
    moved = ~pl.col("student").is_in(same.implode())
    one, other = (each.some(each.frame.filter(moved)) for each in (before, after))
    return one, other


def _moved(before: GradedSubmission | None, after: GradedSubmission | None) -> Iterator[Move]:
    either = after or before
    if either is None:
        return
    move = Move(either.student, before, after)
    # Whose total becomes certain, or is no longer, is listed without a change of points too.
    same = before is not None and after is not None and before.complete == after.complete
    if not same or move.change or move.questions:
        yield move
