"""Bank and key made from a Canvas quiz of any course, with the quiz's own answers.

The bank has no rules: its questions are `given`. Its wordings are the quiz's as plain text; the
texts as Canvas keeps them, in which cells are looked up, go into ``quizzes/`` beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from grader.quizzes.canvas_text import collapsed, readable
from grader.quizzes.qti_read import TEXT_ONLY, Labels, QtiItem, QtiQuiz
from grader.quizzes.texts import OtherItem, WordedQuestion, WordedQuiz, save_quiz
from solver.banks.bank import GIVEN, Bank, Question, load_bank
from solver.banks.wording import wording_of
from solver.errors import BankError
from solver.files.atomic_write import write_whole
from solver.files.yaml_source import YamlDumper
from solver.key import FORMAT, Answer, Key, KeyQuestion, OptionVerdict, Sentence, save_key
from solver.text.plural import counted

QUESTIONS, KEY = "questions", "key.yaml"
_ID = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_POINTS = re.compile(r"\d{1,4}(\.\d{1,4})?")
_RIGHT = Sentence(en="The quiz's own key counts it as right.", zh_hant="測驗自己的答案把它算對。")
_WRONG = Sentence(en="The quiz's own key counts it as wrong.", zh_hant="測驗自己的答案把它算錯。")


@dataclass(frozen=True, slots=True)
class TakenQuiz:
    """Bank and key of a quiz, before they are written.

    Attributes:
        title, edition: of the bank.
        questions: as in a bank's YAML.
        entries: of the key, one a question.
        quiz: the texts as Canvas keeps them, and the items that are no questions.
        faults: a sentence for each item that cannot be taken.
    """

    title: str
    edition: str
    questions: tuple[dict[str, Any], ...]
    entries: tuple[KeyQuestion, ...]
    quiz: WordedQuiz
    faults: tuple[str, ...]


def taken(quiz: QtiQuiz) -> TakenQuiz:
    """Return the bank and key of a quiz: every question that can be graded by its options."""
    questions: list[dict[str, Any]] = []
    entries: list[KeyQuestion] = []
    worded: list[WordedQuestion] = []
    others: list[OtherItem] = []
    faults: list[str] = []
    if quiz.elsewhere:
        faults.append(
            f"{counted(quiz.elsewhere, 'group')} of questions drawn from a question bank, which a "
            "quiz's package does not hold"
        )
    for number, item in enumerate(quiz.items, 1):
        fault = _fault(item)
        if fault:
            text = readable(item.stem)
            shown = text[:40] + ("..." if len(text) > 40 else "")
            faults.append(f"question {number} ({shown!r}) {fault}")
        if fault or item.type == TEXT_ONLY:
            others.append(OtherItem(item.ident, item.type, item.stem))
            continue
        name = f"q{len(questions) + 1:02d}"
        questions.append(_question(name, item))
        entries.append(_entry(name, item))
        worded.append(_worded(name, item))
    title = collapsed(quiz.title) or "Quiz"
    words = WordedQuiz(title, tuple(worded), tuple(others))
    return TakenQuiz(title, quiz.ident, tuple(questions), tuple(entries), words, tuple(faults))


def write_bank_and_key(quiz: TakenQuiz, folder: Path) -> Bank:
    """Write ``questions/`` and ``key.yaml`` into a folder, and return the bank read back.

    Raises:
        OutputError: it cannot be written.
    """
    bank = folder / QUESTIONS
    (bank / "quizzes").mkdir(parents=True)
    title = {"en": quiz.title, "zh-Hant": quiz.title}
    _write(bank / "bank.yaml", {"title": title, "edition": quiz.edition})
    topic = {"topic": "quiz", "title": title, "questions": list(quiz.questions)}
    _write(bank / "01-quiz.yaml", topic)
    # Cells are looked up in the texts as Canvas keeps them; the bank has them as plain text.
    save_quiz(quiz.quiz, bank / "quizzes" / "quiz.yaml")
    made = load_bank(bank)
    about = {"edition": quiz.edition, "sha256": made.sha256, "files": made.files}
    key = Key(format=FORMAT, title=quiz.title, bank=about, questions=list(quiz.entries))
    save_key(key, folder / KEY)
    # It holds the answers.
    (folder / KEY).chmod(0o600)
    return made


def _write(path: Path, data: dict[str, Any]) -> None:
    text = yaml.dump(data, Dumper=YamlDumper, allow_unicode=True, sort_keys=False, width=100)
    write_whole(path, text)


def _fault(item: QtiItem) -> str:
    """Return why an item cannot be taken, "" if it can, or asks nothing."""
    if item.type == TEXT_ONLY:
        return ""
    if item.kind is None:
        return f"is of type {item.type or 'unknown'}, which has no options to be graded by"
    if item.points is None:
        return "says no points"
    if not _POINTS.fullmatch(_points(item.points)):
        return f"has {item.points} points; they may have four decimals, and not be negative"
    if not item.lists or (item.kind != "pair" and len(item.lists) != 1):
        return "has no list of options" if not item.lists else "has several lists of options"
    right = dict(item.right)
    for name, labels in item.lists:
        where = f" in its drop-down {name!r}" if name else ""
        if len(labels) < 2:
            return f"has {counted(len(labels), 'option')}{where}"
        known = {ident for ident, _ in labels}
        if not right.get(name, frozenset()) & known:
            return f"marks no option as right{where}"
        if item.kind == "pair" and len(right[name] & known) > 1:
            return f"marks {counted(len(right[name] & known), 'option')} as right{where}"
    return ""


def _points(points: Decimal) -> str:
    """Return points as a bank writes them: 0.30000 as 0.3."""
    text = format(points, "f")
    return text.rstrip("0").rstrip(".") if "." in text and len(text.partition(".")[2]) > 4 else text


def _names(labels: Labels) -> list[str]:
    """Return an id for each option: a letter, after z two letters (aa, ab, ...)."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    pairs = [one + other for one in ["", *letters] for other in letters]
    return pairs[: len(labels)]


def _blank_ids(item: QtiItem) -> list[str]:
    names = [name for name, _ in item.lists]
    # Canvas takes any text as a drop-down's name; a bank's ids are plain words.
    if all(map(_ID.fullmatch, names)) and len(set(names)) == len(names):
        return names
    return [f"blank{number}" for number in range(1, len(names) + 1)]


def _question(name: str, item: QtiItem) -> dict[str, Any]:
    assert item.points is not None
    data: dict[str, Any] = {
        "id": name,
        "kind": item.kind,
        "points": _points(item.points),
        "rule": GIVEN,
        "stem": _wording(readable(item.stem) or "(no text)"),
    }
    if item.kind != "pair":
        return data | {"options": _options(item.lists[0][1])}
    blanks = [
        {"id": blank, "label": _wording(collapsed(label) or blank), "options": _options(labels)}
        for blank, (label, labels) in zip(_blank_ids(item), item.lists, strict=True)
    ]
    return data | {"blanks": blanks}


def _options(labels: Labels) -> list[dict[str, Any]]:
    return [
        {"id": name, "claim": {}, "text": _wording(readable(text) or "(no text)")}
        for name, (_, text) in zip(_names(labels), labels, strict=True)
    ]


def _wording(text: str) -> dict[str, str]:
    return {"en": text, "zh-Hant": text}  # a quiz has its words once, in whatever language


def _worded(name: str, item: QtiItem) -> WordedQuestion:
    assert item.kind is not None
    lists = [
        tuple((option, text) for option, (_, text) in zip(_names(labels), labels, strict=True))
        for _, labels in item.lists
    ]
    worded = WordedQuestion(name, item.kind, item.stem, ident=item.ident)
    if item.kind == "pair":
        return replace(worded, blanks=tuple(zip(_blank_ids(item), lists, strict=True)))
    return replace(worded, options=lists[0])


def _entry(name: str, item: QtiItem) -> KeyQuestion:
    assert item.kind is not None and item.points is not None
    right = dict(item.right)
    verdicts: list[OptionVerdict] = []
    chosen: list[tuple[str, str]] = []
    blanks: Sequence[str | None] = _blank_ids(item) if item.kind == "pair" else [None]
    for blank, (list_name, labels) in zip(blanks, item.lists, strict=True):
        for verdict in _verdicts(blank, labels, right[list_name]):
            verdicts.append(verdict)
            if verdict.holds:
                chosen.append((blank or "", verdict.id))
    correct: Answer = dict(chosen) if item.kind == "pair" else [option for _, option in chosen]
    return KeyQuestion(
        id=name,
        kind=item.kind,
        points=Decimal(_points(item.points)),
        rule=GIVEN,
        correct=correct,
        options=verdicts,
        wording=wording_of(Question.model_validate(_question(name, item))),
    )


def _verdicts(blank: str | None, labels: Labels, right: frozenset[str]) -> Iterator[OptionVerdict]:
    for option, (ident, text) in zip(_names(labels), labels, strict=True):
        holds = ident in right
        yield OptionVerdict(
            id=option,
            blank=blank,
            holds=holds,
            sentence=_RIGHT if holds else _WRONG,
            text=(readable(text) or "(no text)") if blank else None,
        )


def refuse_faults(quiz: TakenQuiz, path: Path, *, leave_out: bool) -> None:
    """Raise an error for a quiz with questions that cannot be taken, or with none that can.

    Raises:
        BankError: names everything that cannot be taken.
    """
    if quiz.faults and not leave_out:
        raise BankError(
            f"cannot be imported whole: {'; '.join(quiz.faults)}",
            path=path,
            mend="Import the rest with --leave-out.",
        )
    if not quiz.questions:
        raise BankError("has no question that can be imported", path=path)
