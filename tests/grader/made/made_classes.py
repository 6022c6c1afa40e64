"""Banks, keys and classes made up from a seed, to hold reports and analyses against."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import product
from pathlib import Path

import numpy as np

from grader.runs.grading import Rules, grade_table
from grader.scoring.accepted_answers import scored_questions
from grader.scoring.policies import CanvasPartial
from grader.submissions import (
    NOT_SHOWN,
    UNANSWERED,
    Answer,
    Chosen,
    PolicyName,
    ReadRow,
    Response,
    ScoredQuestion,
    Student,
    Submission,
    Ticked,
)
from grader.table.answers import table_of_rows
from grader.table.graded import GradedClass
from solver.banks.bank import Bank, BankFile, Blank, Option, Question, Topic, Wording
from solver.files.yaml_source import PlacedYaml
from solver.key import Key, KeyQuestion, OptionVerdict, Override, Sentence

KINDS = ("single", "several", "single", "several", "pair")
SURNAMES = "陳林黃張李王吳劉蔡楊許鄭謝洪郭邱曾廖賴徐周葉蘇莊呂江何蕭羅高"
GIVEN = "家志明淑怡俊雅婷宗翰佳穎冠宇欣建宏美玲承恩子軒品妍柏睿詩涵"


def grade(
    rows: Iterable[ReadRow],
    questions: tuple[ScoredQuestion, ...],
    rules: Rules | None = None,
    *,
    left_out: tuple[str, ...] = (),
) -> GradedClass:
    """Rows made one by one, graded as a table."""
    table = table_of_rows(rows, [question.id for question in questions])
    return grade_table(table, questions, rules or Rules(), left_out=left_out)


def made_bank(questions: int = 30, seed: int = 0) -> Bank:
    """A bank of three kinds, 0.3 points a question in the first two thirds, then 0.4."""
    rng = random.Random(seed)
    made = [_question(index, questions, rng) for index in range(questions)]
    cut = (2 * questions) // 3
    topics = tuple(
        Topic(name, Wording(en=en, zh_hant=zh), tuple(part), PlacedYaml({}, Path(f"{name}.yaml")))
        for name, en, zh, part in (
            ("pictures", "Pictures & filters", "圖片與濾鏡", made[:cut]),
            ("words", "Words", "文字", made[cut:]),
        )
        if part
    )
    title = Wording(en="Explainable AI", zh_hant="可解釋的人工智慧")
    return Bank(Path("questions"), BankFile(title=title, edition="test"), topics, {})


def _question(index: int, of: int, rng: random.Random) -> Question:
    kind = KINDS[index % len(KINDS)]
    name = f"q{index + 1:02d}"
    stem = Wording(
        en=f"Question {index + 1}: where is the map <bright> & clear?",
        zh_hant=f"第 {index + 1} 題：顯著圖的哪裡 <最亮> 且清楚？",
    )
    points = Decimal("0.3") if index < (2 * of) // 3 else Decimal("0.4")
    if kind == "pair":
        blanks = [
            Blank(
                id=blank,
                label=Wording(en=f"Part {blank}", zh_hant=f"部分 {blank}"),
                options=_options(3 + rng.randrange(2)),
            )
            for blank in ("x", "y")
        ]
        return Question(id=name, kind=kind, points=points, rule="t.r", stem=stem, blanks=blanks)
    options = _options(4 + rng.randrange(2))
    return Question(id=name, kind=kind, points=points, rule="t.r", stem=stem, options=options)


def _options(number: int) -> list[Option]:
    places = [("the food", "食物"), ("the plate", "盤子"), ("the edge", "邊緣"), ("", ""), ("", "")]
    return [
        Option(
            id=letter,
            claim={},
            text=Wording(
                en=f"{letter}) {en or 'nowhere'}", zh_hant=f"{zh or '都沒有'}（{letter}）"
            ),
        )
        for letter, (en, zh) in zip("abcde"[:number], places, strict=False)
    ]


def made_key(bank: Bank, seed: int = 0) -> Key:
    """A key drawn at random, with a verdict and a sentence for every option."""
    rng = random.Random(seed)
    return Key(
        format="hw9-key/1",
        title="made up",
        questions=[_key_question(question, rng) for question in bank.questions],
    )


def _key_question(question: Question, rng: random.Random) -> KeyQuestion:
    if question.kind == "pair":
        chosen = {b.id: rng.choice([o.id for o in b.options or []]) for b in question.blanks}
        parts = [(b.id, o, chosen[b.id] == o.id) for b in question.blanks for o in b.options or []]
        correct: list[str] | dict[str, str] = chosen
    else:
        ids = [option.id for option in question.options]
        right = rng.sample(ids, 1 if question.kind == "single" else rng.choice([2, 2, 3]))
        parts = [("", option, option.id in right) for option in question.options]
        correct = sorted(right)
    return KeyQuestion(
        id=question.id,
        kind=question.kind,
        points=question.points,
        rule="saliency.place",
        correct=correct,
        options=[
            OptionVerdict(
                id=option.id,
                blank=blank or None,
                holds=holds,
                value=0.5 + 0.1 * holds,
                sentence=Sentence(
                    en=f"{'0.6' if holds else '0.4'} of the light lies there (over half?)",
                    zh_hant=f"亮度有 {'0.6' if holds else '0.4'} 落在該處（是否過半？）",
                ),
                text=option.text.en if blank else None,
            )
            for blank, option, holds in parts
        ],
        evidence=["saliency"],
    )


def with_question(key: Key, name: str, **changes: object) -> Key:
    """The key with one question changed (`correct`, `void`, `override` ...)."""
    questions = [q.model_copy(update=changes) if q.id == name else q for q in key.questions]
    return key.model_copy(update={"questions": questions})


def overridden(key: Key, name: str, correct: list[str] | dict[str, str], why: str = "seen") -> Key:
    """The key with a TA's answer for one question."""
    return with_question(key, name, override=Override(correct=correct, why=why, by="TA"))


def every_answer(question: ScoredQuestion) -> list[Answer]:
    """Every answer a student can give (sets of at least one option)."""
    if question.kind == "pair":
        names = [name for name, _ in question.blanks]
        return [
            Chosen(frozenset(zip(names, choice, strict=True)))
            for choice in product(*(choices for _, choices in question.blanks))
        ]
    options = question.options
    if question.kind == "single":
        return [Ticked(frozenset({option})) for option in options]
    sets = (
        frozenset(option for bit, option in enumerate(options) if number >> bit & 1)
        for number in range(1, 2 ** len(options))
    )
    return [Ticked(one) for one in sets]


def made_submissions(
    questions: Sequence[ScoredQuestion],
    n: int,
    seed: int = 0,
    *,
    truth: Sequence[ScoredQuestion] | None = None,
    blanks: float = 0.03,
) -> list[Submission]:
    """Students of differing ability: who knows answers as `truth` says, who does not guesses."""
    rng = np.random.default_rng(seed)
    real = {question.id: question for question in truth or questions}
    ability = rng.normal(size=n)
    hard = rng.normal(-0.6, 1.0, size=len(questions))
    guesses = {q.id: _guesses(q, rng) for q in questions}
    made = []
    for index in range(n):
        responses: dict[str, Response] = {}
        for place, question in enumerate(questions):
            accepted = real[question.id].accepted
            knows = rng.random() < 1 / (1 + np.exp(-1.3 * (ability[index] - hard[place])))
            if knows and accepted:
                responses[question.id] = accepted[0]
            elif rng.random() < blanks:
                responses[question.id] = UNANSWERED
            else:
                answers, popularity = guesses[question.id]
                responses[question.id] = answers[rng.choice(len(answers), p=popularity)]
        made.append(_submission(index, responses, rng))
    return made


def _guesses(
    question: ScoredQuestion, rng: np.random.Generator
) -> tuple[list[Answer], list[float]]:
    answers = every_answer(question)
    return answers, rng.dirichlet([1.0] * len(answers)).tolist()


def _submission(index: int, responses: dict[str, Response], rng: np.random.Generator) -> Submission:
    letters = rng.integers(0, [len(SURNAMES), len(GIVEN), len(GIVEN)])
    name = SURNAMES[letters[0]] + GIVEN[letters[1]] + GIVEN[letters[2]]
    student = Student(str(10000 + index), name, "ML-2021-Spring", "77", f"b0{6900000 + index}")
    moment = datetime(2021, 5, 20, 12, index % 60, tzinfo=UTC)
    return Submission(student, 1, moment, responses, {}, None, "made.csv", index + 2)


def graded(
    questions: tuple[ScoredQuestion, ...],
    submissions: Sequence[Submission],
    policy: PolicyName = "all-or-nothing",
) -> GradedClass:
    """Grade submissions, to which Canvas' points under its own rule are put."""
    rows = []
    for submission in submissions:
        canvas = {
            q.id: CanvasPartial().points(q, submission.responses.get(q.id, NOT_SHOWN))
            for q in questions
        }
        score = sum((p for p in canvas.values() if p is not None), Decimal(0))
        rows.append(ReadRow(replace(submission, canvas_points=canvas, canvas_score=score)))
    return grade(rows, questions, Rules(policy))


def again(made: GradedClass, submissions: Sequence[Submission]) -> GradedClass:
    """Grade other submissions by the rules of a class."""
    return grade(map(ReadRow, submissions), made.questions, Rules(made.policy, made.attempts))


def made_class(n: int = 60, seed: int = 0, questions: int = 30) -> tuple[Bank, Key, GradedClass]:
    """A bank, a key and a graded class of `n`."""
    bank = made_bank(questions, seed)
    key = made_key(bank, seed)
    scored = scored_questions(key, bank)
    return bank, key, graded(scored, made_submissions(scored, n, seed))
