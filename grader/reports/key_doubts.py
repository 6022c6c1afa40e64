"""Doubts about the key, by question: of measurement, of the class, and of Canvas' points.

Measurement doubts a key where `key.yaml` calls the question contested, or where the answer that
counts was set by hand and another was measured. The class doubts it by the signs of
`grader.items.miskeyed`. Canvas' points doubt it where they do not fit one key. A doubt is a reason
to look, no proof.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from grader.items.analysis import QuestionAnalysis
from grader.items.miskeyed import Suspicion
from grader.items.tables import key_answer_text
from grader.scoring.accepted_answers import accepted_answers
from grader.submissions import (
    Answer,
    Chosen,
    Ticked,
    answer_text,
    decode_response,
    encode_response,
)
from grader.table.graded import GradedClass
from solver.banks.bank import Bank
from solver.decide.doubt.estimate import doubt_of, is_rare
from solver.errors import KeyFileError
from solver.key import Answer as KeyAnswer
from solver.key import Key, KeyQuestion, Sentence, Stability
from solver.text.bilingual import words
from solver.text.numbers import percent, roughly


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence of the page: its id in `templates/class/words.yaml`, and its values."""

    name: str
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class KeyDoubt:
    """Findings on the key of one question, for and against.

    Attributes:
        question: its id.
        chance: estimated from measurement that another answer is right, 0 to 1.
        seldom: whether measurement doubts it as contested, and so little that one line is enough.
        measured: findings of measurement, doubt or none.
        by_measurement: whether measurement doubts the key.
        by_class: signs of the class against the key.
        by_canvas: findings from Canvas' points.
        both: answers that both measurement and the class point to, in short lines.
    """

    question: str
    chance: float
    seldom: bool
    measured: tuple[Line, ...]
    by_measurement: bool
    by_class: tuple[Suspicion, ...]
    by_canvas: tuple[Sentence, ...]
    both: tuple[str, ...]

    @property
    def sides(self) -> int:
        """Number of the three sides that doubt the key."""
        return sum(map(bool, (self.by_measurement, self.by_class, self.by_canvas)))

    @property
    def rare(self) -> bool:
        """Whether measurement alone doubts the key, and so seldom that one line is enough."""
        return self.by_measurement and self.sides == 1 and self.seldom


def key_doubts(
    graded: GradedClass, questions: Sequence[QuestionAnalysis], bank: Bank, key: Key
) -> list[KeyDoubt]:
    """Return the questions whose key is doubted by any side, those doubted by most sides first.

    Among equals those that the class doubts come first, then the more contested, then the key's
    order.
    """
    entries = {entry.id: entry for entry in key.questions}
    found = [_doubt(graded, item, bank, entries.get(item.question.id)) for item in questions]
    listed = [doubt for doubt in found if doubt.sides]
    # `sorted` keeps the key's order among equals.
    return sorted(listed, key=lambda one: (-one.sides, not one.by_class, -one.chance))


def _doubt(
    graded: GradedClass, item: QuestionAnalysis, bank: Bank, entry: KeyQuestion | None
) -> KeyDoubt:
    name = item.question.id
    measured = _Measured(entry, bank) if entry else None
    # Everybody has the points of a void question, whatever its answer is.
    doubted = measured is not None and measured.doubted and not item.question.void
    rivals = {each.rival for each in item.suspicions if each.rival}
    # Two independent findings of the same other answer are the strongest sign there is.
    shared = rivals & measured.other_answers() if measured and doubted else set()
    return KeyDoubt(
        question=name,
        chance=doubt_of(entry) if entry and doubted else 0.0,
        seldom=entry is not None and entry.contested and is_rare(entry),
        measured=tuple(measured.lines()) if measured else (),
        by_measurement=doubted,
        by_class=item.suspicions,
        by_canvas=tuple(each.sentence for each in graded.canvas_doubts if each.question == name),
        both=tuple(map(short_answer, sorted(shared))),
    )


def short_answer(code: str) -> str:
    """Return a recorded answer in one short line, "" where it is no answer."""
    answer = decode_response(code)
    return answer_text(answer) if isinstance(answer, Ticked | Chosen) else ""


class _Measured:
    """Findings of measurement on one question's answer."""

    def __init__(self, entry: KeyQuestion, bank: Bank) -> None:
        self._entry = entry
        self._asked = next((each for each in bank.questions if each.id == entry.id), None)

    @property
    def doubted(self) -> bool:
        """Whether the key calls it contested, or the answer that counts is not the measured one."""
        entry = self._entry
        return entry.contested or entry.ways_agree is False or self._set_otherwise

    @property
    def _set_otherwise(self) -> bool:
        entry = self._entry
        if entry.override is None or not entry.correct:
            return False
        given = (entry.override.correct, *entry.override.also)
        taken = {answer for one in given for answer in self._accepted(one)}
        # By what is accepted: a key may list the same options in another order.
        return taken != set(self._accepted(entry.correct))

    def other_answers(self) -> set[str]:
        """Return the codes of all answers that were measured, the key's own among them."""
        entry = self._entry
        came_out = [one.correct for one in entry.stability.sets] if entry.stability else []
        answers = [*came_out, entry.second_correct, entry.correct]
        return {encode_response(each) for one in answers if one for each in self._accepted(one)}

    def _accepted(self, answer: KeyAnswer) -> tuple[Answer, ...]:
        with suppress(KeyFileError):  # a kept key may name an option that the bank has no longer
            return accepted_answers(self._entry, answer, self._asked)
        return ()

    def _named(self, answer: KeyAnswer) -> str:
        """Return an answer by the ids of its options, as on the rest of the page."""
        if isinstance(answer, dict):
            return " / ".join(map(answer_text, self._accepted(answer))) or key_answer_text(answer)
        return key_answer_text(answer) or "∅"

    def lines(self) -> Iterator[Line]:
        """Yield the sentences on it, doubt or none."""
        entry = self._entry
        if entry.override is not None and entry.correct:
            name = "measured_set_otherwise" if self._set_otherwise else "measured_set_alike"
            yield Line(name, {"derived": self._named(entry.correct)})
        # An answer by hand alone, or of a bank made of a quiz, was never measured.
        if not entry.correct or not entry.options:
            yield Line("measured_nothing", {})
        else:
            yield Line("measured_doubt", {"share": roughly(doubt_of(entry))})
            yield from self._repeats()
            yield from self._second_way()
            weightless = [option.name for option in entry.options if option.no_margin]
            if weightless:
                yield Line("measured_no_margin", {"options": ", ".join(weightless)})

    def _repeats(self) -> Iterator[Line]:
        entry, run = self._entry, self._entry.stability
        if run is None:
            yield Line("measured_once", {})
        elif not run.repeats:
            yield Line("measured_fixed", {})
        elif run.changed:
            yield self._changed(run)
        else:
            yield Line("measured_same", {"n": run.repeats})
            turning = [each.name for each in entry.options if each.flips and each.flips.share]
            if turning:
                yield Line("measured_turns", {"options": ", ".join(turning)})

    def _changed(self, run: Stability) -> Line:
        causes = [
            words("key").pair(f"cause_{name}") for name, one in run.by_cause.items() if one.changed
        ]
        both = ", ".join(one for one, _ in causes), "、".join(other for _, other in causes)
        values = {"share": percent(run.changed), "n": run.repeats, "causes": both}
        if not run.sets:
            return Line("measured_undecided", values)
        other = {"other": self._named(run.sets[0].correct), "often": percent(run.sets[0].share)}
        return Line("measured_changed", values | other)

    def _second_way(self) -> Iterator[Line]:
        entry = self._entry
        differing = [option.name for option in entry.options if option.ways_differ]
        if entry.ways_agree is False and entry.second_correct:
            yield Line("measured_second", {"second": self._named(entry.second_correct)})
        elif entry.ways_agree is False:
            yield Line("measured_second_none", {})
        elif differing:
            yield Line("measured_second_differs", {"options": ", ".join(differing)})
        elif entry.ways_agree:
            yield Line("measured_second_agrees", {})
