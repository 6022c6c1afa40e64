"""A question of the key, with its answer and a person's decision; and the whole key."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal

from pydantic import Field, model_validator

from solver.banks.bank import Identifier, Kind, Points, Strict
from solver.banks.wording import QuestionWording
from solver.key.lacks import Lacking
from solver.key.verdicts import (
    Answer,
    CloseClaims,
    FigureCheck,
    OptionVerdict,
    OtherDraws,
    SaturationCheck,
    Sentence,
    Share,
    Stability,
)
from solver.text.cjk_spacing import with_blanks

FORMAT = "hw9-key/1"


class Override(Strict):
    """A TA's answer in place of the derived one, with the reason."""

    correct: Answer
    also: list[Answer] = Field(
        default_factory=list, description="further whole answers, each of which earns as well"
    )
    why: str = Field(min_length=1)
    by: str = ""


class Decision(Strict):
    """Who accepted the derived answer, left the question out or gave it to all, and why."""

    by: str = ""
    why: str = ""
    on: Answer = Field(default_factory=list, description="the derived answer at that time")


DecisionState = Literal["undecided", "accepted", "changed", "either", "everybody", "left_out"]


class KeySignature(Strict):
    """A person's signature under a whole key; it holds as long as no question changes."""

    by: str = Field(min_length=1)
    when: str = Field(default="", description="a date, if one was given")
    sha256: str = Field(description="of the questions as they were signed")


class KeyQuestion(Strict):
    """A question of the key."""

    id: Identifier
    kind: Kind
    points: Points
    rule: str = ""
    state: Literal["decided", "open"] = "decided"
    correct: Answer = Field(description="the derived answer; empty where evidence is missing")
    lacks: list[Lacking] = Field(default_factory=list, description="what an open question lacks")
    blank_points: dict[str, Points] = Field(
        default_factory=dict, description="of a pair whose drop-downs are scored apart: each's own"
    )
    note: Sentence | None = None
    options: list[OptionVerdict] = Field(default_factory=list)
    evidence: list[str] = Field(default_factory=list, description="ids of the records it rests on")
    stability: Stability | None = Field(default=None, description="None where not measured")
    second_correct: Answer | None = Field(
        default=None, description="the answer by the cross-check; None where there is none"
    )
    second_lacks: list[Lacking] = Field(
        default_factory=list, description="what a cross-check that was left out lacks"
    )
    ways_agree: bool | None = Field(
        default=None, description="None where there is no cross-check, or it was not decided"
    )
    wording: QuestionWording | None = Field(
        default=None, description="what the bank asked; None in keys that were made before it"
    )
    figure: FigureCheck | None = Field(
        default=None, description="None where it rests on no map that came through a figure"
    )
    saturation: SaturationCheck | None = Field(
        default=None, description="None where no saliency map it rests on loses a part"
    )
    close: CloseClaims | None = Field(
        default=None, description="None where every option was decided by the samples it rests on"
    )
    draws: OtherDraws | None = Field(
        default=None, description="None where no other draw of what it rests on is there"
    )
    doubt: Share | None = Field(
        default=None,
        description="estimated chance that the derived answer is wrong, or would be judged "
        "otherwise; None where there is none, and in keys from before it was estimated",
    )
    override: Override | None = None
    void: bool = Field(default=False, description="everybody gets the points")
    left_out: bool = Field(default=False, description="it is worth 0 for everybody")
    decided: Decision | None = Field(
        default=None, description="of a decision other than an override; None where none was taken"
    )

    @model_validator(mode="after")
    def _answer_fits_kind(self) -> KeyQuestion:
        other = [one.correct for one in self.stability.sets] if self.stability else []
        given = [self.override.correct, *self.override.also] if self.override else []
        on = [self.decided.on] if self.decided else []
        # Wherever an answer stands: each is read by the same readers.
        for answer in (self.correct, *given, *on, self.second_correct, *other):
            if answer and isinstance(answer, dict) != (self.kind == "pair"):
                raise ValueError(
                    f"{self.id}: the answer of a pair is a mapping from drop-down to value, "
                    "of any other kind a list of option ids"
                )
        return self

    @property
    def effective(self) -> Answer:
        """The answer that counts: the override where there is one."""
        return self.override.correct if self.override else self.correct

    def note_with(self, english: str, chinese: str) -> Sentence:
        """Return its note with sentences added at the end."""
        if self.note is not None:
            english = f"{self.note.en} {english}"
            chinese = self.note.zh_hant + chinese
        return Sentence.model_validate({"en": english, "zh-Hant": with_blanks(chinese)})

    @property
    def override_answers(self) -> list[Answer]:
        """Every answer that an override takes, one by one; none where there is none."""
        if self.override is None:
            return []
        first = self.override.correct
        if self.kind == "single" and isinstance(first, list):
            # One option is a whole answer here: those named earn each by itself (`--any`).
            return [[name] for name in first]
        return [first, *self.override.also]

    @property
    def contested(self) -> bool:
        """True if any option is, some repeats or other draws gave another set, or the answer hangs
        on how a figure was drawn, on what single precision loses, or on samples not taken."""
        changed = self.stability is not None and self.stability.changed > 0
        changed = changed or (self.figure is not None and bool(self.figure.changed_by))
        sure = self.saturation
        changed = changed or (sure is not None and (sure.changed or bool(sure.rounded)))
        changed = changed or (self.close is not None and self.close.contested)
        changed = changed or (self.draws is not None and bool(self.draws.sets))
        return changed or any(option.contested for option in self.options)

    @property
    def decision(self) -> DecisionState:
        """The decision a person took, "undecided" where none did."""
        if self.left_out:
            return "left_out"
        if self.void:
            return "everybody"
        if self.override is not None:
            # Each of these options earns by itself; of any other kind they are one answer.
            several = self.kind == "single" and len(self.override.correct) > 1
            return "either" if several or self.override.also else "changed"
        return "accepted" if self.decided else "undecided"

    @property
    def to_decide(self) -> bool:
        """True if it is contested or has no answer, and there is no decision on it."""
        return self.decision == "undecided" and (self.contested or self.state == "open")


class StabilityRun(Strict):
    """Settings of a run of repeats, the same for every question of a key."""

    repeats: int = Field(ge=1, description="repeats a question")
    factor: float = Field(description="thresholds were varied by up to this share either way")
    pixels: float = Field(description="region edges were moved by up to so many")
    reseeded: int = Field(ge=0, description="how many times LIME and SmoothGrad were really rerun")


class Key(Strict):
    """A whole key."""

    format: Literal["hw9-key/1"]
    title: str = ""
    bank: dict[str, Any] = Field(default_factory=dict)
    bundle: dict[str, Any] = Field(default_factory=dict)
    code: dict[str, Any] = Field(default_factory=dict)
    settings: dict[str, Any] = Field(default_factory=dict)
    stability: StabilityRun | None = Field(default=None, description="None where not measured")
    signed: KeySignature | None = Field(default=None, description="None where nobody has signed")
    questions: list[KeyQuestion]

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Key:
        ids = [question.id for question in self.questions]
        for name in ids:
            if ids.count(name) > 1:
                raise ValueError(f"the question {name!r} appears twice in the key")
        return self

    @property
    def contested(self) -> list[str]:
        """Ids of the contested questions."""
        return [question.id for question in self.questions if question.contested]

    @property
    def to_decide(self) -> list[str]:
        """Ids of the questions that wait for a person's decision."""
        return [question.id for question in self.questions if question.to_decide]

    @property
    def signature(self) -> KeySignature | None:
        """The signature, where it holds for the questions as they are now."""
        # Any change of a question, by hand too, takes the signature off.
        holds = self.signed is not None and self.signed.sha256 == questions_sha256(self)
        # `to_decide` too: a key put together by hand may be signed over questions without a
        # decision.
        return self.signed if holds and not self.to_decide else None


_LATER = ("draws", "doubt", "spread", "turned")
"""Fields that came after the first signatures, here and in verdicts: empty ones are no part of what
was signed, so that a key stays signed that was signed before them."""


def questions_sha256(key: Key) -> str:
    """Return the hash of a key's questions, verdicts and decisions included: 64 hex digits."""
    data = [question.model_dump(mode="json", by_alias=True) for question in key.questions]
    # Sorted, so that a field moved in the model takes no signature off.
    return hashlib.sha256(json.dumps(_as_signed(data), sort_keys=True).encode()).hexdigest()


def _as_signed(value: Any) -> Any:
    if isinstance(value, list):
        return [_as_signed(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _as_signed(one)
        for name, one in value.items()
        if one not in (None, {}) or name not in _LATER
    }
