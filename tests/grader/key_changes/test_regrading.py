"""Canvas' four ways as properties over made-up classes, and the key that is kept."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal
from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from grader.key_changes.regrading import (
    How,
    changed_questions,
    merged_key,
    moved_students,
    moves,
    regraded,
)
from grader.runs.grading import Rules, grade_table
from grader.scoring.accepted_answers import scored_questions
from grader.scoring.attempts import UNREAD_CELL
from grader.submissions import (
    NOT_SHOWN,
)
from tests.grader.made.made_classes import (
    graded,
    made_bank,
    made_key,
    made_submissions,
)
from tests.grader.runs.made_runs import changed_key
from tests.grader.table.small_tables import table, two


@given(st.integers(0, 10**6), st.sampled_from(get_args(How)), st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_the_four_ways(seed: int, how: str, number: int) -> None:
    rng = random.Random(seed)
    bank = made_bank(6, seed % 7)
    key = made_key(bank, seed)
    before = scored_questions(key, bank)
    names = sorted(rng.sample([question.id for question in before], number))
    new_key = changed_key(key, bank, names, rng)
    assert changed_questions(key, new_key) == names
    new = scored_questions(new_key, bank)
    after = regraded(before, new, names, how)
    submissions = made_submissions(before, 25, seed % 1000)
    old_class, new_class = graded(before, submissions), graded(after, submissions)
    for one, other in zip(old_class.used, new_class.used, strict=True):
        for place, question in enumerate(before):
            name = question.id
            was, now = one.points[name], other.points[name]
            response = one.submission.responses[name]
            worth = question.points
            if name not in names or how == "unchanged":
                expected = was
            elif how == "everybody":
                expected = worth
            elif how == "current":
                expected = worth if response == new[place].accepted[0] else Decimal(0)
            else:
                right = response in (new[place].accepted[0], question.accepted[0])
                expected = worth if right else Decimal(0)
            assert now == expected
    found = list(moves(old_class.used, new_class.used))
    changes = {
        other.student.id: other.total - one.total
        for one, other in zip(old_class.used, new_class.used, strict=True)
        if one.points != other.points
    }
    assert {move.student.id: move.change for move in found} == changes
    assert all(set(move.questions) <= set(names) for move in found)


def test_moves_finds_students_who_are_in_one_class_only() -> None:
    bank = made_bank(4)
    questions = scored_questions(made_key(bank), bank)
    whole = graded(questions, made_submissions(questions, 9, 1))
    fewer = [each for index, each in enumerate(whole.used) if index not in (0, 5)]
    gone = list(moves(whole.used, fewer))
    assert [move.student.id for move in gone] == ["10000", "10005"]
    assert all(move.after is None and move.change == -move.before.total for move in gone)
    assert [move.before for move in moves(fewer, whole.used)] == [None, None]


def test_a_student_whose_total_alone_becomes_certain_is_among_the_moves() -> None:
    bank = made_bank(4)
    questions = scored_questions(made_key(bank), bank)
    (one, other) = graded(questions, made_submissions(questions, 2, 1)).used
    doubted = replace(one, complete=False, doubt=UNREAD_CELL)
    (move,) = moves([doubted, other], [one, other])
    assert move.student == one.student and move.change == 0 and move.questions == ()
    assert list(moves([doubted, other], [doubted, other])) == []


def test_who_may_have_moved_are_those_with_other_points_or_another_doubt() -> None:
    same, names = ["8 1 3 a a", "9 1 3 b a"], ["q1", "q2"]
    before = grade_table(table(names, "7 1 3 a b", "7 2 4 b ?", *same), two(), Rules())
    after = grade_table(table(names, "7 1 3 a b", "7 2 4 b b", *same), two(), Rules())
    one, other = map(list, moved_students(before.used, after.used))
    assert [(each.student.id, each.complete) for each in one] == [("7", False)]
    assert [(each.student.id, each.complete) for each in other] == [("7", True)]
    more = grade_table(table(names, "7 1 3 a b", "7 2 4 b ?", *same[:1], "9 1 3 a a"), two(),
                       Rules())  # fmt: skip
    one, other = map(list, moved_students(before.used, more.used))
    assert [each.student.id for each in one] == [each.student.id for each in other] == ["9"]


def test_questions_that_the_former_key_lacks_are_none_that_changed() -> None:
    key = made_key(made_bank(6))
    fewer = key.model_copy(update={"questions": key.questions[:4]})
    assert changed_questions(fewer, key) == changed_questions(key, fewer) == []


def test_a_key_with_other_questions_is_taken_for_its_answers_only() -> None:
    bank = made_bank(6)
    old = made_key(bank)
    new = changed_key(old, bank, ["q01"], random.Random(1))
    for questions in (new.questions[:4], new.questions[::-1], old.questions[1:]):
        other = new.model_copy(update={"questions": list(questions)})
        kept = merged_key(old, other, ["q01"], "current")
        assert [each.id for each in kept.questions] == [each.id for each in old.questions]
        assert kept.questions[1:] == old.questions[1:]
        given = {each.id: each for each in questions}.get("q01", old.questions[0])
        assert kept.questions[0] == given


def test_the_key_kept_is_the_new_one_only_where_it_was_applied() -> None:
    bank = made_bank(6)
    old = made_key(bank)
    new = changed_key(old, bank, ["q01", "q02"], random.Random(1))
    assert merged_key(old, new, ["q01", "q02"], "current") == new
    one = merged_key(old, new, ["q01"], "current")
    assert [q.effective for q in one.questions[:2]] == [
        new.questions[0].effective,
        old.questions[1].effective,
    ]
    assert merged_key(old, old, ["q03"], "everybody").questions[2].void


def test_not_shown_stays_not_shown_when_everybody_earns() -> None:
    bank = made_bank(4)
    questions = scored_questions(made_key(bank), bank)
    (submission,) = made_submissions(questions, 1, 1)
    submission.responses["q01"] = NOT_SHOWN
    after = regraded(questions, questions, ["q01"], "everybody")
    (one,) = graded(after, [submission]).used
    assert one.points["q01"] is None
