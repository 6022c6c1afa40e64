"""Whole jobs on random classes, from files to scores, against the truth that was kept beside.

HW9_CLASSES sets how many, HW9_FIRST_CLASS the number of the first (a campaign: HW9_CLASSES=2000).
"""

from __future__ import annotations

import csv
import os
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from grader.runs.grade_run import Outcome, run_job
from grader.runs.grading import Rules
from grader.runs.job import Job
from grader.submissions import (
    NOT_SHOWN,
    UNANSWERED,
    Chosen,
    Refused,
    Response,
    Submission,
    Ticked,
)
from solver.banks.bank import load_bank
from solver.errors import ExportError
from solver.key_checks.agreement import load_key_for
from tests.grader.made.ten_line_scorer import totals
from tests.grader.whole_classes.class_files import (
    BLANKS,
    letter,
    time_of,
    write_exports,
    write_quiz,
)
from tests.grader.whole_classes.random_class import (
    Question,
    RandomClass,
    Row,
    Shown,
    random_class,
    student_id,
)

CLASSES = int(os.environ.get("HW9_CLASSES", "120"))
FIRST = int(os.environ.get("HW9_FIRST_CLASS", "0"))
PARTS = 4
MOST_REFUSED = Fraction(2, 1000)
"""Of the cells that have one reading, as the course asks."""


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda handle: None)


@pytest.mark.parametrize("part", range(PARTS))
def test_whole_classes_are_graded_as_their_truth_says(tmp_path: Path, part: int) -> None:
    met: Counter[str] = Counter()
    for seed in range(FIRST + part, FIRST + CLASSES, PARTS):
        folder = tmp_path / "class"
        folder.mkdir()
        with named(f"class {seed}"):
            graded_as_it_should(seed, folder, met)
        shutil.rmtree(folder)
    print(dict(sorted(met.items())))
    classes = CLASSES / PARTS
    needless = met["refused though one reading"]
    assert not needless or needless < MOST_REFUSED * met["cells with one reading"]
    if CLASSES < 200:
        return
    # What was met makes the comparison worth something.
    assert met["complete"] > 3 * classes and met["incomplete"] > 0
    assert met["cells with several readings"] > 0
    for kind in (
        "pool",
        "edited",
        "remade",
        "test student left out",
        "cut",
        "overlap",
        "html",
        "numbered",
    ):
        assert met[kind] > classes / 50, kind


@contextmanager
def named(what: str) -> Iterator[None]:
    try:
        yield
    except Exception as problem:
        problem.add_note(what)
        raise


def graded_as_it_should(seed: int, folder: Path, met: Counter[str]) -> None:
    rng = random.Random(f"class {seed}")
    made = random_class(rng)
    _count_kinds(made, met)
    exports = write_exports(rng, made, folder)
    quizzes = write_quiz(made, folder)
    bank = load_bank(folder / "bank")
    job = Job(
        exports,
        load_key_for(bank, folder / "key.yaml"),
        folder / "key.yaml",
        bank,
        folder / "out",
        Rules(attempts=made.rule),
        rng.sample(quizzes, len(quizzes)),
        points_of_key=bool(made.header_points),
        test_student=made.grade_test_student,
        pages=False,
    )
    outcome = _outcome(job, made, met)
    _check_cells(outcome, made, met)
    scores = _table(folder / "out" / "scores.csv")
    unscored = _table(folder / "out" / "unscored.csv")
    _check_everybody(scores, unscored, made, met)
    _check_totals(scores, outcome, made, met)


def _count_kinds(made: RandomClass, met: Counter[str]) -> None:
    met["classes"] += 1
    met["pool"] += any(len(row.shown) < len(made.quiz) for row in made.rows)
    met["edited"] += any(len(column.wordings) > 1 for q in made.quiz for column in q.columns)
    met["remade"] += any(len(question.columns) > 1 for question in made.quiz)
    met["void"] += any(question.void for question in made.quiz)
    met["cut"] += any(row.cut_at is not None for row in made.rows)
    met["overlap"] += len(made.styles) > 1
    met["html"] += any(True in way for q in made.quiz for m in q.wordings for way in m.ways)
    met["numbered"] += made.numbered
    met["points of the key"] += bool(made.header_points)


def _outcome(job: Job, made: RandomClass, met: Counter[str]) -> Outcome:
    """Grade; where most answers are said to be unreadable, see that they are, and do as is said."""
    try:
        return run_job(job)
    except ExportError as refused:
        if "--mostly-unread" not in str(refused):
            raise
    kept = [row for row in made.rows if row.cut_at is None and _is_graded(row, made)]
    asked = [(q, shown) for row in kept for q in made.quiz if (shown := row.shown.get(q.id))]
    several = sum(len(made.possible_readings(*each)) > 1 for each in asked)
    assert 2 * several > len(asked), "refused, though most answers have one reading"
    met["classes mostly with several readings"] += 1
    return run_job(replace(job, mostly_unread=True))


def _is_graded(row: Row, made: RandomClass) -> bool:
    return student_id(row.student) in map(student_id, made.graded)


def _check_cells(outcome: Outcome, made: RandomClass, met: Counter[str]) -> None:
    by_time = {(student_id(row.student), time_of(row.minute)): row for row in made.rows}
    table = outcome.graded.used.table
    found = list(table.submissions(table.frame))
    for each in found:
        row = by_time[each.student.id, _time(each)]
        assert row.cut_at is None
        for question in made.quiz:
            shown = row.shown.get(question.id)
            _check_cell(question, shown, each.responses[question.id], made, met)
    read = {(each.student.id, _time(each)) for each in found}
    expected = {
        key for key, row in by_time.items() if row.cut_at is None and row.student in made.graded
    }
    assert read == expected


def _time(submission: Submission) -> str:
    assert submission.submitted is not None
    local = submission.submitted
    return local.strftime("%Y-%m-%d %H:%M:%S")


def _check_cell(
    question: Question,
    shown: Shown | None,
    response: Response,
    made: RandomClass,
    met: Counter[str],
) -> None:
    if shown is None:
        assert response == NOT_SHOWN
        return
    if not isinstance(response, Refused):
        assert response == _response(question, shown), (question, shown)
        met["cells read"] += 1
        met["cells with one reading"] += 1
        return
    if len(made.possible_readings(question, shown)) > 1:
        met["cells with several readings"] += 1
        return
    met["cells with one reading"] += 1
    met["refused though one reading"] += 1
    print("refused though one reading:", question.id, shown.text, shown.ticks, response)


def _response(question: Question, shown: Shown) -> Response:
    if not shown.ticks:
        return UNANSWERED
    if question.kind == "pair":
        return Chosen(frozenset((BLANKS[n], letter(at)) for n, at in shown.ticks))
    return Ticked(frozenset(letter(at) for _, at in shown.ticks))


def _check_everybody(
    scores: list[dict[str, str]],
    unscored: list[dict[str, str]],
    made: RandomClass,
    met: Counter[str],
) -> None:
    scored = Counter(row["student"] for row in scores)
    others = Counter(row["student"] for row in unscored)
    assert scored == Counter(map(student_id, made.graded))
    assert others == Counter(map(student_id, made.everybody - made.graded))
    met["students"] += len(made.everybody)
    met["unscored"] += len(unscored)
    if made.test_student is not None and not made.grade_test_student:
        met["test student left out"] += 1
        (said,) = [r for r in unscored if r["student"] == student_id(made.test_student)]
        cut = any(r.cut_at is not None for r in made.rows if r.student == made.test_student)
        assert cut or "test student" in said["reason"]


def _check_totals(
    scores: list[dict[str, str]], outcome: Outcome, made: RandomClass, met: Counter[str]
) -> None:
    cut = {student_id(row.student) for row in made.rows if row.cut_at is not None}
    unread = {each.student for each in outcome.graded.rejects if each.question}
    expected = totals(made.quiz, [row for row in made.rows if row.cut_at is None], made.rule)
    for row in scores:
        student = int(row["student"]) - 9000
        if row["complete"] != "yes":
            met["incomplete"] += 1
            assert row["student"] in cut | unread, "every cell was read"
            continue
        met["complete"] += 1
        assert row["student"] not in cut
        off = abs(Fraction(row["total"]) - expected[student])
        assert off <= (Fraction(1, 20_000) if made.rule == "average" else 0), row
        _check_points(row, made)


def _check_points(row: dict[str, str], made: RandomClass) -> None:
    """The points of each question: of an average the mean over the attempts that showed it."""
    mine = [each for each in made.rows if student_id(each.student) == row["student"]]
    if row["attempts_averaged"] == "":
        mine = [each for each in mine if row["submitted"][:19] == time_of(each.minute)[:19]]
        assert len(mine) == 1
    for question in made.quiz:
        earned = [
            Fraction(question.points) * (question.void or each.ticks[question.id] == question.right)
            for each in mine
            if each.ticks[question.id] is not None
        ]
        if not earned:
            assert row[question.id] == ""
            continue
        mean = sum(earned) / len(earned)
        assert abs(Fraction(row[question.id]) - mean) <= Fraction(1, 20_000), question


def _table(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
