"""Matching of an imported quiz to the bank: its items to questions, its choices to options.

Items are matched by text where the quiz was made from the bank, else by order and kind, which a
person confirms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.quizzes.canvas_text import collapsed, fingerprint, without_tags
from grader.quizzes.qti_read import Labels, QtiItem, QtiQuiz
from grader.quizzes.texts import (
    QUIZ_LANGUAGES,
    Choices,
    OtherItem,
    WordedQuestion,
    WordedQuiz,
    quiz_of_bank,
)
from solver.banks.bank import Bank, Question
from solver.errors import BankError
from solver.key import Key
from solver.text.plural import counted


@dataclass(frozen=True, slots=True)
class MatchedQuiz:
    """An imported quiz with the bank's ids.

    Attributes:
        quiz: its wordings, and the items that are none of the bank's questions.
        how: "text" or "order".
    """

    quiz: WordedQuiz
    how: str

    @property
    def passed_over(self) -> tuple[str, ...]:
        """Types of the items that are none of the bank's questions, such as headings."""
        return tuple(other.type or "unknown" for other in self.quiz.others)


def match_quiz(quiz: QtiQuiz, bank: Bank, path: Path, key: Key | None = None) -> MatchedQuiz:
    """Return a quiz matched to the bank.

    Args:
        quiz: as its package has it.
        bank: the questions.
        path: of the package, for errors.
        key: gives the choices made around a measured value.

    Raises:
        BankError: the items are not the bank's questions in number, kind or options.
    """
    items = [item for item in quiz.items if item.kind is not None]
    others = tuple(
        OtherItem(item.ident, item.type, item.stem) for item in quiz.items if item.kind is None
    )
    by_text = _by_text(items, bank, key)
    pairs = by_text if by_text else _by_order(items, bank, path)
    ours = {
        question.id: [
            each
            for language in QUIZ_LANGUAGES
            for each in quiz_of_bank(bank, language, key).questions
            if each.id == question.id
        ]
        for question, _ in pairs
    }
    worded = [_worded(question, item, ours[question.id], path) for question, item in pairs]
    return MatchedQuiz(
        WordedQuiz(quiz.title, tuple(worded), others), "text" if by_text else "order"
    )


def _by_text(
    items: Sequence[QtiItem], bank: Bank, key: Key | None
) -> list[tuple[Question, QtiItem]]:
    """Return the pairs if every item has the text of one question of the bank, else none."""
    marks = {
        fingerprint(worded.stem): worded.id
        for language in QUIZ_LANGUAGES
        for worded in quiz_of_bank(bank, language, key).questions
    }
    names = [marks.get(fingerprint(item.stem)) for item in items]
    if not names or None in names or len(set(names)) < len(names):
        return []
    known = {question.id: question for question in bank.questions}
    pairs = [(known[name], item) for name, item in zip(names, items, strict=True) if name]
    return pairs if all(question.kind == item.kind for question, item in pairs) else []


def _by_order(items: Sequence[QtiItem], bank: Bank, path: Path) -> list[tuple[Question, QtiItem]]:
    for number, (question, item) in enumerate(zip(bank.questions, items, strict=False), 1):
        if question.kind != item.kind:
            text = collapsed(without_tags(item.stem))
            shown = text[:40] + ("..." if len(text) > 40 else "")
            raise BankError(
                f"its question {number} ({shown!r}) is of kind {item.kind!r}, where the bank's "
                f"{question.id} is of kind {question.kind!r}",
                path=path,
                mend="The two must ask the same questions in the same order.",
            )
    # After the kinds: where both are wrong, the first question that differs says more.
    if len(items) != len(bank.questions):
        raise BankError(
            f"has {counted(len(items), 'question')} where the bank has {len(bank.questions)}",
            path=path,
            mend="The two must ask the same questions in the same order.",
        )
    return list(zip(bank.questions, items, strict=True))


def _worded(
    question: Question, item: QtiItem, ours: Sequence[WordedQuestion], path: Path
) -> WordedQuestion:
    if question.kind != "pair":
        labels = item.lists[0][1] if item.lists else ()
        known = [each.options for each in ours]
        options = _choices(labels, known, [each.id for each in question.options], path, question.id)
        return WordedQuestion(question.id, question.kind, item.stem, options, ident=item.ident)
    if len(item.lists) != len(question.blanks):
        raise BankError(
            f"its question matched to {question.id} has {counted(len(item.lists), 'drop-down')}, "
            f"not {len(question.blanks)}",
            path=path,
        )
    named = dict(item.lists)
    in_order = [labels for _, labels in item.lists]
    blanks = []
    for index, blank in enumerate(question.blanks):
        labels = (
            named[blank.id] if set(named) == {b.id for b in question.blanks} else in_order[index]
        )
        # Choices around a measured value: the bank has none to match them to.
        if blank.options is None:
            texts = tuple(dict.fromkeys(collapsed(text) for _, text in labels))
            blanks.append((blank.id, tuple((text, text) for text in texts)))
            continue
        known = [dict(each.blanks)[blank.id] for each in ours]
        ids = [option.id for option in blank.options]
        blanks.append((blank.id, _choices(labels, known, ids, path, f"{question.id}, {blank.id}")))
    return WordedQuestion(
        question.id, question.kind, item.stem, blanks=tuple(blanks), ident=item.ident
    )


def _choices(
    labels: Labels, known: Sequence[Choices], ids: Sequence[str], path: Path, where: str
) -> Choices:
    if len(labels) != len(ids):
        raise BankError(
            f"its question matched to {where} has {counted(len(labels), 'option')}, not {len(ids)}",
            path=path,
            mend="The two must ask the same questions in the same order.",
        )
    # The bank words them in English, in Chinese or in both; the language that fits most is the
    # quiz's.
    found = max((_by_options_text(labels, each) for each in known), key=len, default={})
    # Options whose texts are another's, or two options', take the ids that are left, in order.
    rest = iter([name for name in ids if name not in found.values()])
    pairs = [(found.get(at) or next(rest), text) for at, (_, text) in enumerate(labels)]
    return tuple(sorted(pairs, key=lambda pair: list(ids).index(pair[0])))


def _by_options_text(labels: Labels, known: Choices) -> dict[int, str]:
    """Return the option of each label, by its place, that has the text of exactly one option."""
    ours = [fingerprint(text) for _, text in known]
    theirs = [fingerprint(text) for _, text in labels]
    return {
        at: known[ours.index(mark)][0]
        for at, mark in enumerate(theirs)
        # A text that appears twice on either side does not say which option it is.
        if ours.count(mark) == theirs.count(mark) == 1
    }
