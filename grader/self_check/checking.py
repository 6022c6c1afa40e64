"""Check of one student's own answers by a key, without giving the right ones away.

For a question that is not fully right it names the explanations to look at again. They are the same
whichever option is right; the right options and their reasons are given only on request. Of a
question that the key leaves open an answer can be wrong all the same: where it has an option that
was measured not to hold, or lacks one that was measured to.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from grader.reports.evidence_names import explanation_names
from grader.reports.question_texts import Part, QuestionTexts
from grader.scoring.accepted_answers import (
    Measured,
    open_questions,
    partly_measured,
    scored_questions,
)
from grader.scoring.policies import AllOrNothing
from grader.self_check.lenient_answers import Reading, read_leniently
from grader.submissions import (
    UNANSWERED,
    Answer,
    Chosen,
    Response,
    ScoredQuestion,
    Ticked,
    Unanswered,
)
from solver.banks.bank import Bank, Wording
from solver.key import Key, KeyQuestion, Sentence, records_lacking
from solver.notebook_evidence.record_kinds import never_shown

State = Literal["right", "not right", "unanswered", "void", "open"]


@dataclass(frozen=True, slots=True)
class RightAnswer:
    """The right answers of a question and the reasons, an option each; given only on request."""

    accepted: tuple[tuple[Part, ...], ...]
    reasons: tuple[tuple[Part, Sentence], ...]
    why_set_by_hand: str


@dataclass(frozen=True, slots=True)
class CheckedQuestion:
    """Result of one question.

    Attributes:
        state: "open" where the key has no answer.
        points, worth: earned, and in all; an open question has no points.
        look_again: explanations to look at again, where it is not fully right.
        records: ids of the evidence it rests on, where it is not fully right.
        no_notebook: the key has no answer, and no notebook shows evidence for one.
        refuted: the key has no answer, and what was measured speaks against the one given.
        given: the options that were ticked.
        answer: the right one, if it was asked for and the question is not right already.
    """

    id: str
    stem: Any
    state: State
    points: Decimal | None
    worth: Decimal
    look_again: tuple[Wording | Sentence, ...]
    answer: RightAnswer | None
    records: tuple[str, ...] = ()
    no_notebook: bool = False
    given: tuple[Part, ...] = ()
    refuted: bool = False


@dataclass(frozen=True, slots=True)
class Checked:
    """All questions, and the sums over those that could be checked.

    Attributes:
        readings: answers that were not written as ids, each with the id it was read as.
        half: drop-downs left empty in questions that are otherwise answered.
    """

    questions: tuple[CheckedQuestion, ...]
    readings: tuple[Reading, ...] = ()
    half: tuple[str, ...] = ()

    @property
    def points(self) -> Decimal:
        """Points earned."""
        return sum((each.points for each in self.questions if each.points is not None), Decimal(0))

    @property
    def possible(self) -> Decimal:
        """Points of the questions that could be checked."""
        return sum((each.worth for each in self.questions if each.state != "open"), Decimal(0))

    def ids(self, *states: State) -> list[str]:
        """Return the ids of the questions in one of these states."""
        return [each.id for each in self.questions if each.state in states]

    @property
    def refuted(self) -> list[str]:
        """Ids of the open questions whose answers were refuted."""
        return [each.id for each in self.questions if each.refuted]

    @property
    def never(self) -> list[str]:
        """Ids of the open questions that no notebook shows evidence on."""
        return [each.id for each in self.questions if each.no_notebook]

    @property
    def not_checked(self) -> list[str]:
        """Ids of the other open questions."""
        told = {*self.refuted, *self.never}
        return [name for name in self.ids("open") if name not in told]


def check_answers(
    answers: Path, key: Key, bank: Bank, *, reveal: bool = False, key_path: Path | None = None
) -> Checked:
    """Return the results of one person's ``answers.yaml``.

    Args:
        answers: the file.
        key, bank: to check by.
        reveal: give the right answers too.
        key_path: of the key, for errors.

    Raises:
        ExportError: it is not such a file, or holds answers that cannot be read.
        KeyFileError: the key names an option its question does not have.
    """
    scored = {question.id: question for question in scored_questions(key, bank, path=key_path)}
    partly = partly_measured(key, bank, path=key_path)
    asked = (*scored.values(), *(question for question, _ in partly.values()))
    read = read_leniently(answers, asked, bank, left_out=open_questions(key))
    texts = QuestionTexts(bank, key)
    # Some questions no notebook shows anything of: that is not the student's lack.
    from_notebooks = "notebooks" in key.bundle

    def result(entry: KeyQuestion) -> CheckedQuestion:
        response = read.responses.get(entry.id, UNANSWERED)
        if entry.id in scored:
            return _checked(entry, scored[entry.id], response, texts, reveal=reveal)
        question, measured = partly.get(entry.id, (None, {}))
        if question is None or not isinstance(response, Ticked | Chosen):
            return _open(entry, texts, from_notebooks)
        if contradicts(_given(response), measured):
            return _refuted(entry, texts.parts(question, response), texts, reveal=reveal)
        return _open(entry, texts, from_notebooks)

    questions = tuple(map(result, key.questions))
    return Checked(questions, tuple(read.readings), tuple(read.half))


def _open(entry: KeyQuestion, texts: QuestionTexts, from_notebooks: bool) -> CheckedQuestion:
    never = from_notebooks and bool(never_shown(records_lacking(entry.lacks)))
    return CheckedQuestion(
        entry.id, texts.stem(entry.id), "open", None, entry.points, (), None, no_notebook=never
    )


def _refuted(
    entry: KeyQuestion, given: tuple[Part, ...], texts: QuestionTexts, *, reveal: bool
) -> CheckedQuestion:
    # The same whichever option is refuted, as of a question that has an answer.
    return CheckedQuestion(
        entry.id,
        texts.stem(entry.id),
        "open",
        None,
        entry.points,
        look_again(entry, texts),
        RightAnswer((), _reasons(entry, texts), "") if reveal else None,
        tuple(entry.evidence),
        given=given,
        refuted=True,
    )


def _given(answer: Answer) -> Collection[tuple[str, str]]:
    """The options ticked, each with its drop-down ("" if none)."""
    if isinstance(answer, Chosen):
        return answer.choices
    return {("", option) for option in answer.options}


def contradicts(given: Collection[tuple[str, str]], measured: Measured) -> bool:
    """Return True if an answer cannot be right whatever holds of the options not measured.

    >>> contradicts({("", "a")}, {("", "a"): False}), contradicts({("", "a")}, {("", "b"): True})
    (True, True)
    >>> contradicts({("", "a")}, {("", "b"): False})
    False
    """
    answered = {blank for blank, _ in given}
    # A drop-down left empty is said to be; it contradicts nothing.
    return any(
        (place in given) != holds
        for place, holds in measured.items()
        if place[0] in answered and (holds or place in given)
    )


def _checked(
    entry: KeyQuestion,
    question: ScoredQuestion,
    response: Response,
    texts: QuestionTexts,
    *,
    reveal: bool,
) -> CheckedQuestion:
    # The course's own rule, whichever a class is graded by.
    points = AllOrNothing().points(question, response) or Decimal(0)
    state = _state(question, response)
    wrong = state in ("not right", "unanswered")
    return CheckedQuestion(
        entry.id,
        texts.stem(entry.id),
        state,
        points,
        question.points,
        look_again(entry, texts) if wrong else (),
        _right_answer(entry, question, texts) if wrong and reveal else None,
        # Only of a wrong answer: the records of a right one would say that it is right.
        tuple(entry.evidence) if wrong else (),
        given=texts.parts(question, response) if isinstance(response, Ticked | Chosen) else (),
    )


def _state(question: ScoredQuestion, response: Response) -> State:
    if question.left_out:
        return "open"
    if question.void:
        return "void"
    if response in question.accepted:
        return "right"
    return "unanswered" if isinstance(response, Unanswered) else "not right"


def look_again(entry: KeyQuestion, texts: QuestionTexts) -> tuple[Wording | Sentence, ...]:
    """Return the names of a question's explanations, each once, in order; else its topic."""
    # The key names no explanation where its answer was given by hand.
    return explanation_names(entry.evidence) or (texts.topic(entry.id),)


def _right_answer(
    entry: KeyQuestion, question: ScoredQuestion, texts: QuestionTexts
) -> RightAnswer:
    accepted = tuple(texts.parts(question, answer) for answer in question.accepted)
    # Verdicts argue for the derived answer, which no longer counts.
    if entry.override is not None:
        return RightAnswer(accepted, (), entry.override.why)
    return RightAnswer(accepted, _reasons(entry, texts), "")


def _reasons(entry: KeyQuestion, texts: QuestionTexts) -> tuple[tuple[Part, Sentence], ...]:
    return tuple(
        (texts.part(entry.id, verdict.blank or "", verdict.id), verdict.sentence)
        for verdict in entry.options
    )
