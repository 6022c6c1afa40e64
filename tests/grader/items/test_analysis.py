"""A class's analysis against a second computation that goes student by student."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from grader.items.analysis import analyse, analyse_class
from grader.items.estimates import Lack
from grader.items.miskeyed import Sign
from grader.items.response_counts import ClassTally
from grader.scoring.accepted_answers import scored_questions
from grader.scoring.policies import CanvasPartial
from grader.submissions import NOT_SHOWN, UNANSWERED, Chosen, Refused, Ticked
from grader.table.graded import GradedClass
from tests.grader.made.made_classes import (
    again,
    graded,
    made_bank,
    made_class,
    made_key,
    made_submissions,
    with_question,
)


def points_matrix(made: GradedClass) -> np.ndarray:
    return np.array([[float(g.points[q.id]) for q in made.questions] for g in made.used])


@given(st.integers(40, 80), st.integers(0, 10**6))
@settings(max_examples=15, deadline=None)
def test_every_number_is_what_counting_by_hand_gives(n: int, seed: int) -> None:
    _, _, made = made_class(n, seed, questions=8)
    found = analyse_class(made)
    matrix = points_matrix(made)
    worth = np.array([float(q.points) for q in made.questions])
    for index, item in enumerate(found.questions):
        column = matrix[:, index] / worth[index]
        responses = [g.submission.responses[item.question.id] for g in made.used]
        rest = np.round(np.delete(matrix, index, axis=1).sum(axis=1), 6)
        assert item.read == n
        assert item.unanswered == responses.count(UNANSWERED)
        assert item.right == round(column.sum())
        assert item.difficulty.value == pytest.approx(column.mean())
        if column.std() > 0 and rest.std() > 0:
            expected = stats.pointbiserialr(column, rest).statistic
            assert item.point_biserial.value == pytest.approx(expected, abs=1e-9)
        for share in item.options:
            part = (share.blank, share.option)
            ticks = sum(
                part in {("", o) for o in r.options}
                if isinstance(r, Ticked)
                else isinstance(r, Chosen) and part in r.choices
                for r in responses
            )
            assert share.count == ticks
            assert share.overall.value == pytest.approx(ticks / n)
        wrong = Counter(r for r in responses if r not in item.question.accepted and r != UNANSWERED)
        assert item.wrong_kinds == len(wrong)
        assert [w.count for w in item.wrong_answers] == sorted(wrong.values(), reverse=True)[:5]
        assert all(wrong[w.answer] == w.count for w in item.wrong_answers)
    totals = matrix.sum(axis=1)
    assert found.totals.mean == pytest.approx(totals.mean())
    assert found.totals.deviation == pytest.approx(totals.std(ddof=1))
    assert found.totals.counts[0][0] == min(g.total for g in made.used)


@given(st.integers(0, 10**6), st.randoms(use_true_random=False))
@settings(max_examples=10, deadline=None)
def test_the_order_of_students_changes_no_bit(seed: int, rng: random.Random) -> None:
    _, _, made = made_class(50, seed, questions=6)
    shuffled = [each.submission for each in made.used]
    rng.shuffle(shuffled)
    ids = [each.student for each in shuffled]
    moved = [replace(each, student=ids[-1 - n]) for n, each in enumerate(shuffled)]
    assert analyse_class(again(made, moved)) == analyse_class(made)


def test_groups_shares_by_hand() -> None:
    """Forty students with known answers: 11 in each group, no ties at the edges."""
    _, _, made = made_class(60, 3)
    found = analyse_class(made)
    assert found.group_size == 16
    shares = np.array([float(g.total) for g in made.used])
    order = np.argsort(-shares, kind="stable")
    edge = shares[order[15]]
    if (shares == edge).sum() == 1:  # the edge is one student: no splitting to redo by hand
        students = list(made.used)
        top = [students[i] for i in order[:16]]
        for item in found.questions:
            right = sum(g.points[item.question.id] == item.question.points for g in top)
            keyed = [s for s in item.options if s.keyed]
            if item.question.kind == "single":
                assert keyed[0].upper.value == pytest.approx(right / 16)


def test_a_small_class_gets_counts_and_reasons() -> None:
    _, _, made = made_class(9, 1)
    found = analyse_class(made)
    assert found.totals.n == 9
    assert found.reliability.alpha.lack is Lack.FEW
    for item in found.questions:
        assert item.difficulty.lack is Lack.FEW
        assert item.discrimination.lack is Lack.FEW
        assert item.point_biserial.lack is Lack.FEW
        assert item.suspicions == ()
        assert sum(share.count for share in item.options) > 0
        assert all(share.overall.value is None for share in item.options)


def test_an_empty_class_is_analysed_too() -> None:
    _, _, made = made_class(0)
    found = analyse_class(made)
    assert (found.n, found.complete, found.totals.mean) == (0, 0, None)


def test_not_shown_and_refused_cells_do_not_count_as_wrong() -> None:
    bank = made_bank(6)
    scored = scored_questions(made_key(bank), bank)
    submissions = made_submissions(scored, 60, 5)
    changed = []
    for index, submission in enumerate(submissions):
        responses = dict(submission.responses)
        if index < 10:
            responses["q01"] = NOT_SHOWN
        elif index < 14:
            responses["q01"] = Refused("a, b", "fits two sets of options")
        else:
            responses["q01"] = scored[0].accepted[0]
        changed.append(replace(submission, responses=responses))
    item = analyse_class(graded(scored, changed)).questions[0]
    assert (item.not_shown, item.refused, item.read, item.right) == (10, 4, 46, 46)
    assert item.difficulty.value == 1.0
    assert item.point_biserial.lack is Lack.SAME_ITEM


def test_a_void_question_is_counted_but_measures_nothing() -> None:
    bank = made_bank(6)
    key = with_question(made_key(bank), "q02", void=True)
    scored = scored_questions(key, bank)
    made = graded(scored, made_submissions(scored, 50, 5))
    found = analyse_class(made)
    item = found.questions[1]
    assert item.difficulty.lack is Lack.VOID
    assert item.suspicions == ()
    assert item.read == 50
    assert found.reliability.questions == 5
    assert all(g.points["q02"] == Decimal("0.3") for g in made.used)


def test_canvas_beside_the_courses_rule() -> None:
    _, _, made = made_class(40, 11)
    found = analyse_class(made)
    rule = CanvasPartial()
    canvas = [
        sum(rule.points(q, g.submission.responses[q.id]) for q in made.questions) for g in made.used
    ]
    assert found.canvas_totals.mean == pytest.approx(float(sum(canvas) / 40))
    assert found.differ == sum(c != g.total for c, g in zip(canvas, made.used, strict=True))
    assert found.differ > 0
    gap = sum(float(g.total - c) for c, g in zip(canvas, made.used, strict=True)) / 40
    assert found.mean_difference == pytest.approx(gap)
    for item in found.questions:
        assert item.canvas_mean_points.value >= item.mean_points.value - 1e-12


def test_a_tally_does_not_grow_with_the_class() -> None:
    _, _, made = made_class(200, 2)
    submissions = [each.submission for each in made.used]
    many = [
        replace(each, student=replace(each.student, id=f"{n}-{each.student.id}"))
        for n in range(5)
        for each in submissions
    ]
    one, five = (
        ClassTally(made.questions, each.used, CanvasPartial()) for each in (made, again(made, many))
    )
    for question in made.questions:
        times = one.cases(question.id)
        assert five.cases(question.id) == Counter({case: 5 * n for case, n in times.items()})
    assert analyse(five).n == 5 * 200


def test_a_total_that_is_not_certain_is_not_in_the_distribution() -> None:
    _, _, made = made_class(20, 3, questions=6)
    first, *others = made.used
    unread = {**first.submission.responses, "q01": Refused("?", "fits none")}
    unsure = replace(first.submission, responses=unread)
    found = analyse_class(again(made, [unsure, *(each.submission for each in others)]))
    assert (found.n, found.complete, found.totals.n) == (20, 19, 19)
    assert Counter(dict(found.totals.counts)) == Counter(g.total for g in others)
    assert found.canvas_totals.n == 19


def test_a_rival_is_described_by_its_students_share_of_the_other_points() -> None:
    bank = made_bank(30, 4)
    truth = scored_questions(made_key(bank, 4), bank)
    right = truth[0].accepted[0]
    wrong_key = Ticked(frozenset(set(truth[0].options[:2]) - right.options))
    questions = (replace(truth[0], accepted=(wrong_key,)), *truth[1:])
    made = graded(questions, made_submissions(truth, 300, 4, truth=truth))
    first, *_ = analyse_class(made).questions[0].suspicions
    assert first.sign is Sign.RIVAL
    gap = first.gap
    for mean, answer in ((gap.first, right), (gap.second, wrong_key)):
        others = [
            float((g.total - g.points["q01"]) / (g.possible - questions[0].points))
            for g in made.used
            if g.submission.responses["q01"] == answer
        ]
        assert mean == pytest.approx(np.mean(others))
