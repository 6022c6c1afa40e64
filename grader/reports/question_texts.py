"""Texts of questions on the pages: stems, options, answers in words."""

from __future__ import annotations

from dataclasses import dataclass

from grader.submissions import Answer, Chosen, ScoredQuestion
from solver.banks.bank import Bank, Wording
from solver.key import Key, KeyQuestion, Sentence


@dataclass(frozen=True, slots=True)
class Part:
    """One option of an answer: its drop-down ("" if none), its id, and its text."""

    blank: str
    option: str
    label: Wording | Sentence | None
    text: Wording | Sentence


class QuestionTexts:
    """Texts by question id, from the bank, and from the key where the bank has none."""

    def __init__(self, bank: Bank, key: Key) -> None:
        self._questions = {question.id: question for question in bank.questions}
        self._key = {question.id: question for question in key.questions}
        self._topics = {
            question.id: topic.title for topic in bank.topics for question in topic.questions
        }

    def stem(self, question: str) -> Wording | Sentence:
        """Return the question's stem; its id where the bank does not have it."""
        known = self._questions.get(question)
        return known.stem if known else _same(question)

    def topic(self, question: str) -> Wording | Sentence:
        """Return the title of the question's topic, or an empty text."""
        return self._topics.get(question) or _same("")

    def key_question(self, question: str) -> KeyQuestion | None:
        """Return the key's entry, if it has one."""
        return self._key.get(question)

    def part(self, question: str, blank: str, option: str) -> Part:
        """Return one option in words.

        Args:
            question: id.
            blank: id of the drop-down, "" if none.
            option: id; it stands for itself where the bank does not have it.
        """
        known = self._questions.get(question)
        blanks = [each for each in known.blanks if each.id == blank] if known else []
        label = next((each.label for each in blanks), _same(blank)) if blank else None
        options = [each for one in blanks for each in one.options or []]
        if known and not blank:
            options = list(known.options)
        # A measured number stands for itself, and so does an option that the bank has lost.
        text = next((each.text for each in options if each.id == option), _same(option))
        return Part(blank, option, label, text)

    def parts(self, question: ScoredQuestion, answer: Answer) -> tuple[Part, ...]:
        """Return an answer's options in the order of the question."""
        if isinstance(answer, Chosen):
            order = [blank for blank, _ in question.blanks]
            chosen = sorted(
                answer.choices,
                key=lambda choice: (
                    order.index(choice[0]) if choice[0] in order else len(order),
                    choice,
                ),
            )
            return tuple(self.part(question.id, blank, choice) for blank, choice in chosen)
        place = {option: index for index, option in enumerate(question.options)}
        # Options that the bank does not list come last; no question has 99.
        ticked = sorted(answer.options, key=lambda option: (place.get(option, 99), option))
        return tuple(self.part(question.id, "", option) for option in ticked)


def _same(text: str) -> Sentence:
    return Sentence(en=text, zh_hant=text)
