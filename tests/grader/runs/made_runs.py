"""Runs of made-up classes in a folder, and keys that were changed after them."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from grader.runs.grading import Rules
from grader.runs.record import FORMAT, RunData, write_answers, write_run
from grader.runs.regrade_run import Plan, Signature
from grader.runs.results import write_results
from grader.scoring.accepted_answers import open_questions, scored_questions
from grader.submissions import (
    ReadRow,
    ScoredQuestion,
    Submission,
)
from solver.banks.bank import Bank
from solver.key import Key
from tests.grader.made.made_classes import (
    every_answer,
    grade,
    made_bank,
    made_key,
    made_submissions,
    overridden,
)

BY_TA = Signature("TA", "the wording was reversed")


def another_answer(question: ScoredQuestion, rng: random.Random) -> list[str] | dict[str, str]:
    """An answer the key does not have, as a key writes it."""
    others = [answer for answer in every_answer(question) if answer not in question.accepted]
    answer = rng.choice(others)
    return answer.by_blank if question.kind == "pair" else sorted(answer.options)


def changed_key(key: Key, bank: Bank, names: list[str], rng: random.Random) -> Key:
    questions = {question.id: question for question in scored_questions(key, bank)}
    for name in names:
        key = overridden(key, name, another_answer(questions[name], rng))
    return key


def made_run(
    folder: Path, n: int = 20, seed: int = 3, key: Key | None = None, name: str = ""
) -> tuple[Bank, Key, list[Submission]]:
    bank = made_bank(6)
    key = key or made_key(bank)
    folder.mkdir(parents=True)
    questions = scored_questions(key, bank)
    submissions = made_submissions(questions, n, seed)
    if name:
        first = replace(submissions[0], student=replace(submissions[0].student, name=name))
        submissions = [first, *submissions[1:]]
    rows = [ReadRow(with_canvas(each, questions)) for each in submissions]
    result = grade(rows, questions, Rules(), left_out=open_questions(key))
    write_results(result, folder, bank, key, pages=True, reveal=False)
    data = RunData(
        format=FORMAT,
        questions=[question.id for question in questions],
        left_out=list(open_questions(key)),
        policy="all-or-nothing",
        attempts="highest",
        deadline=None,
        exports=[],
        bank_sha256=bank.sha256,
        pseudonyms=False,
        notes=[],
    )
    write_run(folder, data, key, write_answers(folder, data["exports"], result.used.table))
    return bank, key, submissions


def with_canvas(submission: Submission, questions: tuple[ScoredQuestion, ...]) -> Submission:
    return replace(submission, canvas_points=dict.fromkeys((q.id for q in questions), Decimal(0)))


def state(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def totals(plan: Plan) -> dict[str, Decimal]:
    return {each.student.id: each.total for each in plan.after.used}
