"""Why a student is among the moves of a regrade."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal
from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from grader.key_changes.regrading import (
    How,
    moves,
    regraded,
)
from grader.runs.grading import Rules
from grader.scoring.accepted_answers import scored_questions
from grader.submissions import (
    ReadRow,
    Refused,
    ScoredQuestion,
    Ticked,
)
from grader.table.graded import GradedClass
from tests.grader.made.made_classes import (
    grade,
    made_bank,
    made_key,
    made_submissions,
)
from tests.grader.runs.made_runs import changed_key


def attempts_of(
    questions: tuple[ScoredQuestion, ...], *responses: dict[str, str], rule: str = "highest"
) -> GradedClass:
    """One student's attempts, by option ids; "?" is a cell that could not be read."""
    (one,) = made_submissions(questions, 1, 1)
    rows = []
    for number, given_ids in enumerate(responses, 1):
        answers = {
            name: Refused("?", "fits none") if ids == "?" else Ticked(frozenset(ids.split("+")))
            for name, ids in given_ids.items()
        }
        made = replace(one, attempt=number, line=number, responses=answers, canvas_points={})
        rows.append(ReadRow(made))
    return grade(rows, questions, Rules(attempts=rule))


def questions_of(*keyed: str) -> tuple[ScoredQuestion, ...]:
    """Questions of one answer each; the third is worth more."""
    worth = map(Decimal, ("0.3", "0.3", "0.4"))
    return tuple(
        ScoredQuestion(f"q0{n}", "single", points, (Ticked(frozenset(ids)),), ("a", "b", "c"))
        for n, points, ids in zip(range(1, 1 + len(keyed)), worth, keyed, strict=False)
    )


def reasons(before: GradedClass, after: GradedClass) -> list[tuple[str, tuple[str, ...], str]]:
    found = moves(before.used, after.used)
    return [(str(move.change), move.questions, move.reason) for move in found]


def test_a_move_of_points_alone_needs_no_reason() -> None:
    rows = ({"q01": "a", "q02": "a"},)
    before, after = (attempts_of(questions_of(*key), *rows) for key in ("ba", "aa"))
    assert reasons(before, after) == [("0.3", ("q01",), "")]


def test_a_line_without_a_change_says_why_it_is_there() -> None:
    rows = ({"q01": "a", "q02": "b"},)
    before, after = (attempts_of(questions_of(*key), *rows) for key in ("aa", "bb"))
    lost_and_won = "points lost and won are the same"
    assert reasons(before, after) == [("0.0", ("q01", "q02"), lost_and_won)]


def test_another_attempt_that_counts_is_named() -> None:
    rows = ({"q01": "a", "q02": "c"}, {"q01": "b", "q02": "b"})
    before, after = (attempts_of(questions_of(*key), *rows) for key in ("aa", "bb"))
    assert reasons(before, after) == [("0.3", ("q02",), "attempt 2 counts, no longer 1")]


def test_where_only_certainty_changes_it_says_so() -> None:
    """By one key alone the other attempt, with a cell that could not be read, may be higher."""
    rows = ({"q01": "b", "q02": "c", "q03": "a"}, {"q01": "c", "q02": "?", "q03": "b"})
    sure, unsure = (attempts_of(questions_of(*key), *rows) for key in ("aaa", "caa"))
    assert [each.total for side in (sure, unsure) for each in side.used] == [Decimal("0.4")] * 2
    assert reasons(sure, unsure) == [
        (
            "0.0",
            (),
            "the total is no longer certain: another attempt, with a cell that could not be read, "
            "may be higher",
        )
    ]
    assert reasons(unsure, sure) == [("0.0", (), "the total is certain now")]


@given(
    st.integers(0, 10**6), st.sampled_from(get_args(How)), st.sampled_from(["highest", "average"])
)
@settings(max_examples=25, deadline=None)
def test_every_line_has_questions_or_a_reason(seed: int, how: str, rule: str) -> None:
    rng = random.Random(seed)
    bank = made_bank(5, seed % 7)
    key = made_key(bank, seed)
    before = scored_questions(key, bank)
    names = sorted(rng.sample([question.id for question in before], 2))
    new = scored_questions(changed_key(key, bank, names, rng), bank)
    rows = []
    for number, submission in enumerate(made_submissions(before, 24, seed % 1000)):
        student = replace(submission.student, id=str(number % 12))
        responses = dict(submission.responses)
        if rng.random() < 0.4:
            responses[rng.choice(names)] = Refused("?", "fits none")
        rows.append(
            replace(submission, student=student, attempt=1 + number // 12, responses=responses)
        )
    classes = [
        grade(map(ReadRow, rows), questions, Rules(attempts=rule))
        for questions in (before, regraded(before, new, names, how))
    ]
    for move in moves(classes[0].used, classes[1].used):
        assert move.reason or (move.change and move.questions)
