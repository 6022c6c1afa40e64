"""Thousands of random classes, exported as Canvas would, graded as ten lines of truth say.

HW9_CLASSES sets how many (a campaign: HW9_CLASSES=20000).
"""

from __future__ import annotations

import os
import random
from collections import Counter
from decimal import Decimal
from fractions import Fraction

import pytest

from grader.exports.student_analysis import StudentAnalysis
from grader.runs.grading import Rules
from grader.submissions import Refused
from tests.grader.made import canvas_generator as canvas
from tests.grader.made.generated import scored, truth, wordings
from tests.grader.made.made_classes import grade
from tests.grader.made.ten_line_scorer import totals

CLASSES = int(os.environ.get("HW9_CLASSES", "1000"))
PARTS = 8


@pytest.mark.parametrize("part", range(PARTS))
def test_graded_as_an_independent_scorer_says(tmp_path, part):
    met: Counter[str] = Counter()
    for seed in range(part, CLASSES, PARTS):
        check_one(seed, tmp_path / "export.csv", met)
    # The campaign is worth something only if it met both what can be read and what cannot.
    assert met["read"] > 10 * CLASSES / PARTS
    assert met["refused"] > 0
    assert met["read"] > 5 * met["refused"]
    assert met["compared"] > CLASSES / PARTS
    assert met["incomplete"] > 0


def check_one(seed: int, path, met: Counter[str]) -> None:
    rng = random.Random(seed)
    quiz = canvas.random_quiz(rng, empties=rng.random() < 0.2)
    style = canvas.random_style(rng)
    rows = canvas.random_class(rng, quiz, one_attempt=not style.attempt)
    path.write_bytes(canvas.export(rng, quiz, rows, style))
    how = rng.choice(["text", "ident", "order"])
    questions = scored(quiz)
    export = StudentAnalysis(path, wordings(quiz, how), [q.id for q in quiz])
    read = list(export.rows())
    assert how.replace("ident", "Canvas' question id") in export.notes[0]
    assert len(read) == len(rows)

    by_number = {(9000 + row.student, row.attempt): row for row in rows}
    unreadable = set()
    for each in read:
        submission = each.submission
        row = by_number[int(submission.student.id), submission.attempt or 1]
        refused = 0
        for question in quiz:
            response = submission.responses[question.id]
            ticks = row.ticks[question.id]
            if isinstance(response, Refused):
                assert canvas.fits_several(question, response.text), (seed, question, ticks)
                refused += 1
                met["refused"] += 1
            else:
                assert response == truth(ticks), (seed, question, ticks)
                met["read"] += 1
        if refused:
            unreadable.add(row.student)
        assert len(each.rejects) == refused

    rule = rng.choice(["highest", "latest", "first", "average"])
    graded = grade(iter(read), questions, Rules(attempts=rule))
    assert graded.counts.add_up and graded.counts.read == len(rows)
    expected = totals(quiz, rows, rule)
    assert len(graded.used) == len(expected)
    for each in graded.used:
        student = int(each.student.id) - 9000
        if any(isinstance(cell, Refused) for cell in each.submission.responses.values()):
            assert not each.complete and each.doubt
        if not each.complete:
            assert student in unreadable
            assert rule == "average" or each.total <= expected[student]
            met["incomplete"] += 1
            continue
        met["compared"] += 1
        compare(each, expected[student], rule, seed)
        if rule != "average":
            row = by_number[int(each.student.id), each.submission.attempt or 1]
            given = sum(
                canvas.canvas_points(question, ticks)
                for question in quiz
                if (ticks := row.ticks[question.id]) is not None
            )
            shown = any(ticks is not None for ticks in row.ticks.values())
            assert (each.fudge is not None) == shown
            assert not shown or abs(float(each.fudge) - (float(each.total) - given)) < 6e-5
            assert abs(float(each.difference) - float(each.total) + given + row.fudge) < 6e-5


def compare(each, expected: Fraction, rule: str, seed: int) -> None:
    if rule == "average":
        assert abs(Fraction(each.total) - expected) <= Fraction(1, 20000), seed
    else:
        assert Fraction(each.total) == expected, seed


def test_the_order_of_rows_means_nothing(tmp_path):
    for seed in range(60):
        rng = random.Random(seed)
        quiz = canvas.random_quiz(rng)
        rows = canvas.random_class(rng, quiz)
        path = tmp_path / "export.csv"
        path.write_bytes(canvas.export(rng, quiz, rows, canvas.Style()))
        read = list(StudentAnalysis(path, wordings(quiz), [q.id for q in quiz]).rows())
        rule = rng.choice(["highest", "latest", "first", "average"])
        one = grade(iter(read), scored(quiz), Rules(attempts=rule))
        rng.shuffle(read)
        two = grade(iter(read), scored(quiz), Rules(attempts=rule))
        assert list(one.used) == list(two.used)


def test_the_case_of_the_course(tmp_path):
    """One of two right options ticked on one 0.3 question, the rest right: 9.7, 9.85, -0.15."""
    ids = "abcde"
    quiz = [
        canvas.Q(
            f"q{n:02d}", 1000 + n, "several" if n == 3 else "single", "0.3" if n <= 20 else "0.4",
            f"Question {n}", [[(each, f"option {each} of {n}") for each in ids]],
            right={"a", "c"} if n == 3 else {"b"},
        )
        for n in range(1, 31)
    ]  # fmt: skip
    ticks = {question.id: {"a"} if question.id == "q03" else question.right for question in quiz}
    path = tmp_path / "export.csv"
    rows = [canvas.Row(0, 1, 1, ticks)]
    path.write_bytes(canvas.export(random.Random(0), quiz, rows, canvas.Style()))
    export = StudentAnalysis(path, wordings(quiz), [q.id for q in quiz])
    (only,) = grade(export.rows(), scored(quiz)).used
    assert only.total == Decimal("9.7")
    assert only.possible == Decimal("10")
    assert round(only.canvas_score, 9) == Decimal("9.85")
    assert only.fudge == Decimal("-0.15")
    assert only.difference == Decimal("-0.15")
