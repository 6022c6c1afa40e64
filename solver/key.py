"""The answer key: the options that hold, the reasons, and the evidence behind them.

`key.yaml` is written by `hw9 key` and read by everything that grades. A question holds the derived
answer and beside it a TA's override; `KeyQuestion.effective` is the answer that counts.
"""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, model_validator

from solver.banks.bank import Identifier, Kind, Points, Strict
from solver.banks.wording import QuestionWording
from solver.errors import KeyFileError
from solver.files.atomic_write import write_whole
from solver.files.yaml_source import YamlDumper, load_placed_yaml, validated

FORMAT = "hw9-key/1"

Answer = list[str] | dict[str, str]
"""Ids of the options that hold; of a *pair*, the chosen value (text) for each drop-down."""


class Sentence(Strict):
    """One sentence in both languages."""

    en: str
    zh_hant: str = Field(alias="zh-Hant")

    def in_language(self, language: str) -> str:
        """Return the sentence in `language` ("en" or "zh-Hant")."""
        return self.zh_hant if language == "zh-Hant" else self.en


Cause = Literal["thresholds", "regions", "seeds", "samples", "resampled", "together"]
"""Things that are varied in a repeat of a decision (`solver.decide.stability`): the numbers a rule
chose, region edges, the draws of LIME and SmoothGrad, how many there are, the evidence itself; or
all of them."""

Share = Annotated[float, Field(ge=0, le=1)]


class Flips(Strict):
    """The share of repeats that flip an option's verdict."""

    share: Share = Field(description="share of all repeats in which the verdict is another")
    by_cause: dict[Cause, Share] = Field(
        default_factory=dict, description="of each cause's own repeats, the share that flip it"
    )


class SecondVerdict(Strict):
    """The verdict of the rule's cross-check on the same claim."""

    holds: bool | None
    value: float | str | None = None
    unit: str = ""
    against: str = ""
    threshold: float | str | None = None
    margin: float | None = None
    sentence: Sentence


class OptionVerdict(Strict):
    """The verdict on one option's claim."""

    id: Identifier
    blank: str | None = Field(default=None, description="the drop-down it belongs to, of a pair")
    holds: bool | None = Field(description="true, false, or null where it could not be decided")
    value: float | str | None = Field(default=None, description="the measured value")
    unit: str = Field(default="", description="unit of value, threshold and margin")
    against: str = Field(default="", description="what it was held against: a threshold, a rival")
    threshold: float | str | None = Field(default=None, description="the value it was held against")
    margin: float | None = Field(default=None, description="how far from the other verdict, >= 0")
    sentence: Sentence
    text: str | None = Field(default=None, description="of a pair: the text of the choice")
    flips: Flips | None = Field(default=None, description="None where it was not measured")
    second: SecondVerdict | None = Field(default=None, description="by the rule's cross-check")

    @property
    def name(self) -> str:
        """Its name in a sentence: its id, with its drop-down."""
        return f"{self.blank}: {self.id}" if self.blank else self.id

    @property
    def ways_differ(self) -> bool:
        """True if rule and cross-check both decided, and not alike."""
        decided = self.second is not None and None not in (self.holds, self.second.holds)
        return decided and self.second is not None and self.second.holds != self.holds

    @property
    def no_margin(self) -> bool:
        """True if it holds by a margin of 0: chance would do as well."""
        return self.holds is True and self.margin == 0

    @property
    def contested(self) -> bool:
        """True if it flips in any repeat, the cross-check disagrees, or it has no margin."""
        flips = self.flips is not None and self.flips.share > 0
        return flips or self.ways_differ or self.no_margin


class OtherSet(Strict):
    """Another set of correct options that came out of some repeats."""

    correct: Answer
    share: Share


class CauseRepeats(Strict):
    """The repeats in which one thing was varied."""

    repeats: int = Field(ge=1)
    changed: Share = Field(description="share of them that gave another set of correct options")


class Stability(Strict):
    """The stability of a question's answer over repeats with varied choices."""

    repeats: int = Field(ge=0, description="0 where the question rests on nothing that could vary")
    changed: Share = Field(default=0.0, description="share that gave another set, or none")
    undecided: Share = Field(default=0.0, description="share in which it could not be decided")
    by_cause: dict[Cause, CauseRepeats] = Field(default_factory=dict)
    sets: list[OtherSet] = Field(default_factory=list, description="the commonest first")
    thresholds: list[str] = Field(
        default_factory=list, description="those the decision reads, by name"
    )
    hinges_on: list[str] = Field(
        default_factory=list, description="thresholds that flip an option when varied alone"
    )
    alike: list[list[str]] = Field(
        default_factory=list, description="pairs of options that flipped, always together"
    )
    basis: str = Field(
        default="", description="hash of the evidence, rule and thresholds that were varied"
    )


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


class FigureCheck(Strict):
    """The ways of drawing a question's maps again, and those that change its answer."""

    pixels: int = Field(ge=1, description="pixels a side of the coarsest figure")
    ways: int = Field(ge=1, description="ways in which the maps were drawn and read again")
    changed_by: list[str] = Field(default_factory=list, description="ways that change the answer")


class KeyQuestion(Strict):
    """A question of the key."""

    id: Identifier
    kind: Kind
    points: Points
    rule: str = ""
    state: Literal["decided", "open"] = "decided"
    correct: Answer = Field(description="the derived answer; empty where evidence is missing")
    lacks: list[str] = Field(default_factory=list, description="what an open question lacks")
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
    second_lacks: list[str] = Field(
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
    override: Override | None = None
    void: bool = Field(default=False, description="everybody gets the points")
    left_out: bool = Field(default=False, description="it is worth nothing, to anybody")
    decided: Decision | None = Field(
        default=None, description="of a decision other than an override; None where none was taken"
    )

    @model_validator(mode="after")
    def _answer_fits_kind(self) -> KeyQuestion:
        other = [one.correct for one in self.stability.sets] if self.stability else []
        given = [self.override.correct, *self.override.also] if self.override else []
        on = [self.decided.on] if self.decided else []
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

    @property
    def override_answers(self) -> list[Answer]:
        """Every answer that an override takes, one by one; none where there is none."""
        if self.override is None:
            return []
        first = self.override.correct
        if self.kind == "single" and isinstance(first, list):
            return [[name] for name in first]
        return [first, *self.override.also]

    @property
    def contested(self) -> bool:
        """True if any option is, some repeats gave another set, or the answer hangs on how a figure
        was drawn."""
        changed = self.stability is not None and self.stability.changed > 0
        changed = changed or (self.figure is not None and bool(self.figure.changed_by))
        return changed or any(option.contested for option in self.options)

    @property
    def decision(self) -> DecisionState:
        """The decision a person took, "undecided" where none did."""
        if self.left_out:
            return "left_out"
        if self.void:
            return "everybody"
        if self.override is not None:
            several = self.kind == "single" and len(self.override.correct) > 1
            return "either" if several or self.override.also else "changed"
        return "accepted" if self.decided else "undecided"

    @property
    def to_decide(self) -> bool:
        """True if it is contested or has no answer, and nobody has decided on it."""
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
                raise ValueError(f"the question {name!r} stands twice in the key")
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
        return self.signed if holds and not self.to_decide else None


def questions_sha256(key: Key) -> str:
    """Return the hash of a key's questions, verdicts and decisions included: 64 hex digits."""
    data = [question.model_dump(mode="json", by_alias=True) for question in key.questions]
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def load_key(path: Path) -> Key:
    """Read `key.yaml`.

    It is not held against itself or a bank here, but by `solver.key_checks`.

    Raises:
        KeyFileError: names the file, the line and the expected value.
    """
    return validated(load_placed_yaml(path, KeyFileError), Key, KeyFileError)


class _Dumper(YamlDumper):
    """YAML in block style without aliases, for people to read and compare."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: Decimal) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(value), style='"')


_Dumper.add_representer(Decimal, _text)


def dump_key(key: Key) -> str:
    """Return the key as YAML text: the same key, the same bytes."""
    data = key.model_dump(by_alias=True, exclude_defaults=False)
    for name in ("stability", "signed"):
        if data[name] is None:
            del data[name]
    data["questions"] = [_without_empty(question) for question in data["questions"]]
    # In the order of the model, not the alphabet: id and answer first, for people.
    text: str = yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100)
    return text


def _without_empty(question: dict[str, Any]) -> dict[str, Any]:
    """Drop a question's empty fields, except those that mean something when they are empty."""
    always = ("correct", "options", "id", "kind", "points", "rule", "state")
    unless_none = ("second_correct", "ways_agree")  # an empty answer, or False, is a result
    kept = {
        name: value
        for name, value in question.items()
        if name in always or value or (name in unless_none and value is not None)
    }
    for name in ("stability", "wording", "decided"):
        if kept.get(name):
            kept[name] = _without_nothing(kept[name])
    if kept.get("override") and not kept["override"]["also"]:
        del kept["override"]["also"]
    kept["options"] = [_without_nothing(option) for option in question["options"]]
    return kept


def _without_nothing(entry: dict[str, Any]) -> dict[str, Any]:
    """Drop empty fields except `holds`, whose None means undecided."""
    return {
        name: _without_nothing(value) if name in ("flips", "second", "blanks") else value
        for name, value in entry.items()
        if name == "holds" or (value not in ("", None) and value != [] and value != {})
    }


def save_key(key: Key, path: Path) -> None:
    """Write `key.yaml`, whole or not at all.

    Raises:
        OutputError: the folder cannot be written.
    """
    write_whole(path, dump_key(key))
