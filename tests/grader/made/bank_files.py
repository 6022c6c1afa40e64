"""A made-up bank and key as files, and the same bank as a quiz that the generator can export."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import yaml

from grader.quizzes.texts import QuizLanguage, quiz_of_bank
from solver.banks.bank import Bank, Question, Wording
from solver.key import Key, save_key
from tests.grader.made.canvas_generator import Q
from tests.grader.made.made_classes import made_bank, made_key


def write_bank(bank: Bank, folder: Path) -> Path:
    folder.mkdir(parents=True)
    header = bank.header.model_dump(mode="json", by_alias=True)
    (folder / "bank.yaml").write_text(yaml.safe_dump(header, allow_unicode=True), "utf-8")
    for number, topic in enumerate(bank.topics):
        data = {
            "topic": topic.id,
            "title": topic.title.model_dump(by_alias=True),
            "questions": [
                question.model_dump(
                    mode="json", by_alias=True, exclude_none=True, exclude_defaults=True
                )
                for question in topic.questions
            ],
        }
        text = yaml.safe_dump(data, allow_unicode=True, sort_keys=False)
        (folder / f"{number}-{topic.id}.yaml").write_text(text, "utf-8")
    return folder


def with_distinct_blanks(bank: Bank) -> Bank:
    """The bank with other texts in each second drop-down, so that every cell can be read."""
    topics = []
    for topic in bank.topics:
        questions = [_distinct(question) for question in topic.questions]
        topics.append(replace(topic, questions=tuple(questions)))
    return replace(bank, topics=tuple(topics))


def _distinct(question: Question) -> Question:
    if question.kind != "pair":
        return question
    first, second = question.blanks
    options = [
        option.model_copy(
            update={
                "text": Wording(en=f"y: {option.text.en}", zh_hant=f"乙：{option.text.zh_hant}")
            }
        )
        for option in second.options or []
    ]
    return question.model_copy(
        update={"blanks": [first, second.model_copy(update={"options": options})]}
    )


def write_bank_and_key(folder: Path, questions: int = 30, seed: int = 0) -> tuple[Bank, Key]:
    """Write ``questions/`` and ``key.yaml`` into `folder`."""
    bank = with_distinct_blanks(made_bank(questions, seed))
    key = made_key(bank, seed)
    write_bank(bank, folder / "questions")
    save_key(key, folder / "key.yaml")
    return bank, key


def as_quiz(bank: Bank, key: Key, language: QuizLanguage = "en") -> list[Q]:
    """The bank as the generator's quiz, with Canvas' ids and the key's answers."""
    rng = random.Random(1)
    answers = {question.id: question.effective for question in key.questions}
    points = {question.id: question.points for question in bank.questions}
    quiz = []
    for worded in quiz_of_bank(bank, language, key).questions:
        right = answers[worded.id]
        quiz.append(
            Q(
                worded.id,
                rng.randint(10**5, 10**6),
                worded.kind,
                str(points[worded.id]),
                worded.stem,
                [list(choices) for _, choices in worded.blanks] or [list(worded.options)],
                [blank for blank, _ in worded.blanks],
                dict(right) if isinstance(right, dict) else set(right),
            )
        )
    return quiz
