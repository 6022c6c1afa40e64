"""Questions as text for a student, and a file to write the answers in.

The file is YAML that `grader.exports.answers_yaml` reads: the questions are comments, and every
answer is empty.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from decimal import Decimal

import yaml

from grader.quizzes.canvas_text import collapsed
from solver.banks.bank import Bank, Blank, Option, Question
from solver.errors import printable
from solver.key import Key
from solver.text.bilingual import CHINESE, words
from solver.text.html_tags import without_tags
from solver.text.plural import counted

WIDTH = 92
"""Letters of a line in English. Chinese has no blanks at which a line could be broken."""


def said(name: str, language: str, **values: object) -> str:
    """Return a text of ``templates/check/words.yaml`` in one language, its places filled."""
    return words("check").pair(name, **values)[language == CHINESE]


def number_of(count: int | Decimal, thing: str, language: str) -> str:
    """Return "2 points" in English, and in Chinese the number alone: its texts name the thing."""
    if language == CHINESE:
        return f"{count:f}" if isinstance(count, Decimal) else str(count)
    return counted(count, thing)


def answer_sheet(bank: Bank, language: str, key: Key | None = None, *, named_bank: str = "") -> str:
    """Return an ``answers.yaml`` with every question in comments and every answer empty.

    Args:
        bank: the questions.
        language: "en" or "zh-Hant".
        key: only its questions are listed, with the numbers that its drop-downs offer.
        named_bank: as it is given to ``--bank``; "" where it need not be.
    """
    # A key gives away no answer here: the numbers of a drop-down are the same whichever is right.
    asked = None if key is None else {entry.id for entry in key.questions}
    title = f"{bank.header.title.in_language(language)} ({bank.header.edition})"
    bank_words = f" --bank {_plain(named_bank)}" if named_bank else ""
    head = said("sheet", language, bank=bank_words).splitlines()
    lines = _comment([_plain(title), "", *head], "")
    lines += ["", "answers:"]
    for topic in bank.topics:
        questions = [each for each in topic.questions if asked is None or each.id in asked]
        if questions:
            name = _plain(topic.title.in_language(language))
            lines += ["", f"  # ---- {name} ----"]
        for question in questions:
            lines += ["", *_comment(question_lines(question, language, key), "  ")]
            lines += _empty_answer(question)
    return "\n".join(lines) + "\n"


def question_lines(question: Question, language: str, key: Key | None = None) -> list[str]:
    """Return a question with its options and their ids, as lines of text.

    Args:
        question: of the bank.
        language: "en" or "zh-Hant".
        key: gives the numbers that a drop-down around a measured value offers.
    """
    name = "several_n" if question.choose else question.kind
    kind = said(name, language, n=question.choose)
    points = number_of(question.points, "point", language)
    lines = [said("heading", language, id=question.id, kind=kind, points=points)]
    lines += _wrapped(question.stem.in_language(language), language, "", "")
    lines += _option_lines(question.options, language, "  ")
    for blank in question.blanks:
        label = _plain(blank.label.in_language(language))
        lines.append("  " + said("drop_down", language, id=blank.id, label=label))
        lines += _choices(question, blank, language, key)
    return lines


def _choices(question: Question, blank: Blank, language: str, key: Key | None) -> list[str]:
    if blank.options is not None:
        return _option_lines(blank.options, language, "    ")
    # Ids and texts, as for options: the number is what Canvas shows, the id what a file may hold.
    offered = [
        f"    {_as_yaml(name)}  {_plain(text)}"
        for name, text in measured_choices(question, blank, key)
    ]
    return offered or ["    " + said("measured", language)]


def measured_choices(question: Question, blank: Blank, key: Key | None) -> list[tuple[str, str]]:
    """Return id and text of each choice that a key lists for a drop-down of measured numbers."""
    entries = [entry for entry in key.questions if entry.id == question.id] if key else []
    return [
        (verdict.id, verdict.text)
        for entry in entries
        for verdict in entry.options
        if verdict.blank == blank.id and verdict.text
    ]


def _option_lines(options: Sequence[Option], language: str, indent: str) -> list[str]:
    lines = []
    for option in options:
        begin = f"{indent}{_as_yaml(option.id)}  "
        lines += _wrapped(option.text.in_language(language), language, begin, " " * len(begin))
    return lines


def _wrapped(text: str, language: str, begin: str, further: str) -> list[str]:
    if language == CHINESE:
        return [begin + _plain(text)]
    return textwrap.wrap(
        _plain(text),
        WIDTH,
        initial_indent=begin,
        subsequent_indent=further,
        # A long formula or address stays in one piece, to be copied.
        break_long_words=False,
        break_on_hyphens=False,
    )


def _empty_answer(question: Question) -> Iterator[str]:
    name = _as_yaml(question.id)
    # An empty list, so that whoever fills it in sees that several may stand there.
    if question.kind == "several":
        yield f"  {name}: []"
        return
    # The blank at the end is there for whoever types on: "q01:b" would be no answer in YAML.
    yield f"  {name}:" if question.blanks else f"  {name}: "
    for blank in question.blanks:
        yield f"    {_as_yaml(blank.id)}: "


def _comment(lines: Sequence[str], indent: str) -> list[str]:
    return [f"{indent}# {line}".rstrip() for line in lines]


def _plain(text: str) -> str:
    """Return a text as one line without HTML, so that it cannot end a comment."""
    # Of one line: a line end within it would end the comment, and be YAML.
    return printable(collapsed(without_tags(text)))


def _as_yaml(name: str) -> str:
    """Return an id as YAML reads it back; "no" and "on" need quotes."""
    return name if yaml.safe_load(name) == name else f'"{name}"'
