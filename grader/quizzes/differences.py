"""Differences between the words of a quiz and those of the bank, for a person to check."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from grader.quizzes.canvas_text import fingerprint, readable
from grader.quizzes.texts import QUIZ_LANGUAGES, Choices, QuizLanguage, WordedQuiz

_CHINESE = re.compile("[\u4e00-\u9fff]")


@dataclass(frozen=True, slots=True)
class Difference:
    """A question of a quiz whose words are not the bank's.

    Attributes:
        id: the bank's.
        stem: (the bank's, the quiz's); the quiz's is "" where the two are the same.
        options: (option, the bank's text, the quiz's) of those that differ; "x: a" is option a of
            the drop-down x.
    """

    id: str
    stem: tuple[str, str]
    options: tuple[tuple[str, str, str], ...]


def language_of(quiz: WordedQuiz, banks: Mapping[QuizLanguage, WordedQuiz]) -> QuizLanguage:
    """Return the language in which most of a quiz's stems are the bank's, else that of its letters.

    Args:
        quiz: matched to the bank.
        banks: the bank's wordings in each language.
    """
    theirs = {question.id: fingerprint(question.stem) for question in quiz.questions}
    # By the bank's own words first: an English quiz may quote Chinese, and the other way round.
    same = {
        language: sum(theirs.get(each.id) == fingerprint(each.stem) for each in bank.questions)
        for language, bank in banks.items()
    }
    best = max(QUIZ_LANGUAGES, key=lambda language: same[language])
    if same[best]:
        return best
    chinese = sum(bool(_CHINESE.search(question.stem)) for question in quiz.questions)
    return "zh-Hant" if 2 * chinese > len(quiz.questions) else "en"


def differences(quiz: WordedQuiz, bank: WordedQuiz) -> Iterator[Difference]:
    """Yield the questions of a matched quiz whose words are not the bank's."""
    ours = {question.id: question for question in bank.questions}
    for question in quiz.questions:
        own = ours[question.id]
        stem = _other(own.stem, question.stem) or (readable(own.stem), "")
        options = list(_choices("", own.options, question.options))
        known = dict(own.blanks)
        for blank, choices in question.blanks:
            # Without a key the bank has no choices around a measured value to differ from.
            if known.get(blank):
                options += _choices(f"{blank}: ", known[blank], choices)
        if stem[1] or options:
            yield Difference(question.id, stem, tuple(options))


def _choices(before: str, own: Choices, choices: Choices) -> Iterator[tuple[str, str, str]]:
    texts = dict(own)
    for name, text in choices:
        if differing := _other(texts.get(name, ""), text):
            yield f"{before}{name}", *differing


def _other(own: str, text: str) -> tuple[str, str] | None:
    """Return both texts as plain text, None where they are the same."""
    return None if fingerprint(own) == fingerprint(text) else (readable(own), readable(text))
