"""One page to tick the answers in, offline and in both languages, which saves ``answers.yaml``.

Nothing is loaded or sent: the policy of the page allows its own style and script alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from jinja2 import Environment

from grader.quizzes.canvas_text import collapsed
from grader.reports.answer_sheet import measured_choices, number_of, said
from solver.banks.bank import Bank, Question
from solver.errors import printable
from solver.key import Key
from solver.text.bilingual import (
    CHINESE,
    ENGLISH,
    Pair,
    page_environment,
    without_turning,
    words,
)


@dataclass(frozen=True)
class OfferedOption:
    """An option of the form: the id that is saved, and its text."""

    id: str
    text: Pair


@dataclass(frozen=True)
class OptionList:
    """The options of a question, or of one of its drop-downs; none where a number is typed."""

    blank: str
    label: Pair
    options: tuple[OfferedOption, ...]


@dataclass(frozen=True)
class AskedQuestion:
    """A question of the form."""

    id: str
    kind: str
    how: Pair
    stem: Pair
    lists: tuple[OptionList, ...]


@dataclass(frozen=True)
class AskedTopic:
    """A topic of the form with its questions."""

    title: Pair
    questions: tuple[AskedQuestion, ...]


def answer_form(bank: Bank, language: str, key: Key | None = None, *, named_bank: str = "") -> str:
    """Return the page as text.

    Args:
        bank: the questions.
        language: shown first, "en" or "zh-Hant".
        key: only its questions are asked, with the numbers that its drop-downs offer.
        named_bank: as it is given to ``--bank``; "" where it need not be.
    """
    # Of a key only its questions and the numbers its drop-downs offer: no answer gets into the
    # page.
    asked = None if key is None else {entry.id for entry in key.questions}
    topics = []
    for topic in bank.topics:
        questions = [each for each in topic.questions if asked is None or each.id in asked]
        if questions:
            title = (topic.title.en, topic.title.zh_hant)
            topics.append(AskedTopic(title, tuple(_asked(each, key) for each in questions)))
    head = f"{bank.header.title.en} ({bank.header.edition})"
    html = (
        environment()
        .get_template("check/form.html")
        .render(
            language=language,
            title=bank.header.title,
            edition=bank.header.edition,
            topics=topics,
            count=sum(len(topic.questions) for topic in topics),
            head=printable(collapsed(head)),
            bank_words=f" --bank {printable(named_bank)}" if named_bank else "",
        )
    )
    return without_turning(html)


def _asked(question: Question, key: Key | None) -> AskedQuestion:
    name = "several_n" if question.choose else question.kind
    english, chinese = (
        f"{said(name, language, n=question.choose)} · "
        f"{number_of(question.points, 'point', language)}{' 分' if language == CHINESE else ''}"
        for language in (ENGLISH, CHINESE)
    )
    stem = (question.stem.en, question.stem.zh_hant)
    return AskedQuestion(
        question.id, question.kind, (english, chinese), stem, _lists(question, key)
    )


def _lists(question: Question, key: Key | None) -> tuple[OptionList, ...]:
    if not question.blanks:
        options = tuple(OfferedOption(o.id, (o.text.en, o.text.zh_hant)) for o in question.options)
        return (OptionList("", ("", ""), options),)
    lists = []
    for blank in question.blanks:
        if blank.options is None:
            numbers = measured_choices(question, blank, key)
            # By its text: the ids of measured choices are the key's own and say nothing to a
            # student.
            options = tuple(OfferedOption(text, (text, text)) for _, text in numbers)
        else:
            options = tuple(OfferedOption(o.id, (o.text.en, o.text.zh_hant)) for o in blank.options)
        lists.append(OptionList(blank.id, (blank.label.en, blank.label.zh_hant), options))
    return tuple(lists)


@cache
def environment() -> Environment:
    """Return the environment of the form's template, made once."""
    styles = ("class/report.css", "check/check.css")
    return page_environment(words("check"), styles, "check/form.js")
