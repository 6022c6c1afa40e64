"""Wordings of the questions in one quiz, in which a cell's text is looked up.

A quiz made from the bank has the bank's wordings (English, Chinese, or both in one line). A quiz
of the course has its own: `hw9 bank import-qti` keeps them in a `quiz.yaml`, each matched to a
question and option of the bank. So a question can have several wordings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field

from grader.scoring.accepted_answers import choice_named
from solver.banks.bank import GIVEN, Bank, Blank, Identifier, Kind, Question, Strict, Wording
from solver.errors import BankError
from solver.files.apple_double import without_apple_double
from solver.files.atomic_write import write_whole
from solver.files.yaml_source import YamlDumper, load_placed_yaml, validated
from solver.key import Key

QUIZ_FORMAT = "hw9-quiz/1"
QuizLanguage = Literal["en", "zh-Hant", "both"]
QUIZ_LANGUAGES: tuple[QuizLanguage, ...] = ("en", "zh-Hant", "both")
Choices = tuple[tuple[str, str], ...]
"""(id, text) of each option, in the order of the quiz."""


@dataclass(frozen=True, slots=True)
class WordedQuestion:
    """A question of the bank in the words of one quiz.

    Attributes:
        id, kind: of the bank's question.
        stem: HTML, or a text without any.
        options: of a *single* or *several*.
        blanks: of a *pair*: drop-down, and its choices. Where the bank has no options for a
            drop-down (choices around a measured value) a choice's id is its text.
        ident: the item's id in the QTI package it came from, else "".
        bare: of a *pair* of the bank, the stem without its drop-downs, else "".
        source: name of the quiz file the words are in, "" of the bank's own.
    """

    id: str
    kind: Kind
    stem: str
    options: Choices = ()
    blanks: tuple[tuple[str, Choices], ...] = ()
    ident: str = ""
    bare: str = field(default="", compare=False)
    source: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class OtherItem:
    """An item of a quiz that is none of the bank's questions; its exports may have its columns.

    Attributes:
        ident: the item's id in the QTI package it came from, else "".
        type: Canvas' ``question_type``: ``text_only_question`` of a heading.
        text: HTML, or a text without any.
    """

    ident: str
    type: str
    text: str


@dataclass(frozen=True, slots=True)
class WordedQuiz:
    """All questions in the words of one quiz, and its other items."""

    title: str
    questions: tuple[WordedQuestion, ...]
    others: tuple[OtherItem, ...] = ()


def quiz_of_bank(bank: Bank, language: QuizLanguage, key: Key | None = None) -> WordedQuiz:
    """Return the bank's questions in one language, or in both side by side.

    Choices around a measured value are the key's; without a key that drop-down has none.
    """
    questions = tuple(_worded(question, language, key) for question in bank.questions)
    return WordedQuiz(in_one_line(bank.header.title, language), questions)


def _worded(question: Question, language: QuizLanguage, key: Key | None) -> WordedQuestion:
    options = tuple((option.id, in_one_line(option.text, language)) for option in question.options)
    blanks = tuple(
        (blank.id, _choices(question.id, blank, language, key)) for blank in question.blanks
    )
    stem = stem_html(question, language)
    bare = _html(_asked(question, language)) if blanks else ""
    return WordedQuestion(question.id, question.kind, stem, options, blanks, bare=bare)


def _choices(question: str, blank: Blank, language: QuizLanguage, key: Key | None) -> Choices:
    if blank.options is not None:
        return tuple((option.id, in_one_line(option.text, language)) for option in blank.options)
    entries = [entry for entry in key.questions if entry.id == question] if key else []
    return tuple(
        (verdict.text, verdict.text)
        for entry in entries
        for verdict in entry.options
        if verdict.blank == blank.id and verdict.text
    )


def in_one_line(text: Wording, language: QuizLanguage) -> str:
    """Return a wording in one language, or as "English / Chinese" (once if they are the same)."""
    if language != "both":
        return text.in_language(language)
    return text.en if text.en == text.zh_hant else f"{text.en} / {text.zh_hant}"


def stem_html(question: Question, language: QuizLanguage) -> str:
    """Return a question's stem as HTML for an exported quiz, with the drop-downs of a pair."""
    labels = [f"{in_one_line(blank.label, language)} [{blank.id}]" for blank in question.blanks]
    return _html(_asked(question, language) + labels)


def _asked(question: Question, language: QuizLanguage) -> list[str]:
    languages: tuple[Literal["en", "zh-Hant"], ...] = ("en", "zh-Hant")
    shown = languages if language == "both" else (language,)
    return [question.stem.in_language(each) for each in shown]


def _html(lines: Sequence[str]) -> str:
    return "".join(f"<p>{escape(line, quote=False)}</p>" for line in lines)


class _Option(Strict):
    id: str = Field(min_length=1)
    text: str


class _Blank(Strict):
    id: Identifier
    options: list[_Option] = Field(min_length=1)


class _Question(Strict):
    id: Identifier
    kind: Kind
    ident: str = ""
    stem: str = ""
    options: list[_Option] = Field(default_factory=list)
    blanks: list[_Blank] = Field(default_factory=list)


class _OtherItem(Strict):
    ident: str = ""
    type: str = "text_only_question"
    text: str


class _QuizFile(Strict):
    format: Literal["hw9-quiz/1"]
    title: str = ""
    questions: list[_Question] = Field(min_length=1)
    others: list[_OtherItem] = Field(default_factory=list)


def load_quiz(path: Path) -> WordedQuiz:
    """Return the quiz in a `quiz.yaml`.

    Raises:
        BankError: names the file, the line and what was expected.
    """
    data = validated(load_placed_yaml(path, BankError), _QuizFile, BankError)
    questions = tuple(
        WordedQuestion(
            entry.id,
            entry.kind,
            entry.stem,
            tuple((option.id, option.text) for option in entry.options),
            tuple(
                (blank.id, tuple((option.id, option.text) for option in blank.options))
                for blank in entry.blanks
            ),
            entry.ident,
            source=path.name,
        )
        for entry in data.questions
    )
    others = tuple(OtherItem(entry.ident, entry.type, entry.text) for entry in data.others)
    return WordedQuiz(data.title, questions, others)


def save_quiz(quiz: WordedQuiz, path: Path) -> None:
    """Write a `quiz.yaml`, whole or not at all; the same quiz gives the same bytes."""
    data: dict[str, object] = {
        "format": QUIZ_FORMAT,
        "title": quiz.title,
        "questions": [_as_data(question) for question in quiz.questions],
    }
    if quiz.others:
        data["others"] = [
            ({"ident": other.ident} if other.ident else {})
            | {"type": other.type, "text": other.text}
            for other in quiz.others
        ]
    # In the order of the quiz, so that a person can read it beside Canvas' page.
    text = yaml.dump(data, Dumper=YamlDumper, allow_unicode=True, sort_keys=False, width=100)
    write_whole(path, text)


def _as_data(question: WordedQuestion) -> dict[str, object]:
    data: dict[str, object] = {"id": question.id, "kind": question.kind}
    if question.ident:
        data["ident"] = question.ident
    data["stem"] = question.stem
    if question.options:
        data["options"] = _choices_data(question.options)
    if question.blanks:
        data["blanks"] = [
            {"id": blank, "options": _choices_data(choices)} for blank, choices in question.blanks
        ]
    return data


def _choices_data(choices: Choices) -> list[dict[str, str]]:
    return [{"id": name, "text": text} for name, text in choices]


def wordings_by_question(quizzes: Iterable[WordedQuiz]) -> dict[str, list[WordedQuestion]]:
    """Return every wording of each question, in the order of the quizzes."""
    found: dict[str, list[WordedQuestion]] = {}
    for quiz in quizzes:
        for question in quiz.questions:
            found.setdefault(question.id, []).append(question)
    return found


def other_items(quizzes: Iterable[WordedQuiz]) -> list[OtherItem]:
    """Return the items of some quizzes that are none of the bank's questions, each once."""
    return list(dict.fromkeys(each for quiz in quizzes for each in quiz.others))


def _in_the_keys_words(quiz: WordedQuiz, key: Key | None) -> WordedQuiz:
    """Return a quiz with measured choices named as in the key: its 0.440 is the key's 0.44."""
    entries = {entry.id: entry for entry in key.questions} if key else {}
    questions = []
    for question in quiz.questions:
        entry = entries.get(question.id)
        values = entry.effective if entry and isinstance(entry.effective, dict) else {}
        blanks = []
        for blank, choices in question.blanks:
            known = [option.text for option in entry.options if option.text] if entry else []
            names = {text: text for text in [*known, values.get(blank, "")] if text}
            renamed = tuple(
                # A choice whose id is its text was measured; others have the bank's ids already.
                (choice_named(name, names) if name == text else name, text)
                for name, text in choices
            )
            blanks.append((blank, renamed))
        questions.append(replace(question, blanks=tuple(blanks)))
    return replace(quiz, questions=tuple(questions))


def known_quizzes(bank: Bank, key: Key | None, files: Sequence[Path]) -> list[WordedQuiz]:
    """Return every wording a column may have: quiz files, those kept beside the bank, the bank's.

    Args:
        bank: its folder ``quizzes/`` holds the quizzes kept beside it.
        key: gives the choices made around a measured value.
        files: further quiz files; they come first.

    Raises:
        BankError: a file is no quiz.
    """
    kept = without_apple_double(sorted((bank.folder / "quizzes").glob("*.yaml")))
    paths = [*files, *kept]
    names = [path.name for path in paths]
    quizzes = []
    for path in paths:
        quiz = _in_the_keys_words(load_quiz(path), key)
        # Messages name a quiz file by its name; of two with one name they need the whole path.
        if names.count(path.name) > 1:
            renamed = (replace(question, source=str(path)) for question in quiz.questions)
            quiz = replace(quiz, questions=tuple(renamed))
        quizzes.append(quiz)
    worded = {question.id for quiz in quizzes for question in quiz.questions}
    # The bank's words of a question from a quiz are that quiz's as plain text; Canvas writes the
    # quiz's own.
    taken = {question.id for question in bank.questions if question.rule == GIVEN} & worded
    for language in QUIZ_LANGUAGES:
        quiz = quiz_of_bank(bank, language, key)
        own = tuple(question for question in quiz.questions if question.id not in taken)
        quizzes.append(replace(quiz, questions=own))
    return quizzes
