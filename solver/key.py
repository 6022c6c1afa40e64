"""The answer key: which options hold, why, and what all of it rests on.

`key.yaml` is written by `hw9 key` and read by everything that grades. The derived answer of a
question and a TA's override stand side by side; `Question.effective` is what counts.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, model_validator

from solver.bank import Identifier, Kind, Points, Strict
from solver.errors import KeyFileError
from solver.whole_files import write_whole
from solver.yaml_places import load_placed_yaml, validated

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


class OptionVerdict(Strict):
    """What was found of one option's claim."""

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


class Override(Strict):
    """A TA's answer in place of the derived one, with the reason."""

    correct: Answer
    why: str = Field(min_length=1)
    by: str = ""


class KeyQuestion(Strict):
    """A question of the key."""

    id: Identifier
    kind: Kind
    points: Points
    rule: str = ""
    state: Literal["decided", "open"] = "decided"
    correct: Answer = Field(description="the derived answer; empty where evidence is missing")
    lacks: list[str] = Field(default_factory=list, description="what an open question lacks")
    note: Sentence | None = None
    options: list[OptionVerdict] = Field(default_factory=list)
    evidence: list[str] = Field(default_factory=list, description="ids of the records it rests on")
    override: Override | None = None
    void: bool = Field(default=False, description="everybody gets the points")

    @model_validator(mode="after")
    def _answer_fits_kind(self) -> KeyQuestion:
        for answer in (self.correct, self.override.correct if self.override else []):
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


class Key(Strict):
    """A whole key."""

    format: Literal["hw9-key/1"]
    title: str = ""
    bank: dict[str, Any] = Field(default_factory=dict)
    bundle: dict[str, Any] = Field(default_factory=dict)
    code: dict[str, Any] = Field(default_factory=dict)
    settings: dict[str, Any] = Field(default_factory=dict)
    questions: list[KeyQuestion]

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Key:
        ids = [question.id for question in self.questions]
        for name in ids:
            if ids.count(name) > 1:
                raise ValueError(f"the question {name!r} stands twice in the key")
        return self


def load_key(path: Path) -> Key:
    """Read `key.yaml`.

    Raises:
        KeyFileError: names the file, the line and what was expected.
    """
    return validated(load_placed_yaml(path, KeyFileError), Key, KeyFileError)


class _Dumper(yaml.SafeDumper):
    """Block style, no aliases: a key is read and compared by people."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: Decimal) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(value), style='"')


_Dumper.add_representer(Decimal, _text)


def dump_key(key: Key) -> str:
    """Return the key as YAML text: the same key, the same bytes."""
    data = key.model_dump(by_alias=True, exclude_defaults=False)
    data["questions"] = [_without_empty(question) for question in data["questions"]]
    text: str = yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100)
    return text


def _without_empty(question: dict[str, Any]) -> dict[str, Any]:
    """Drop what says nothing, but keep `correct`, which is read even when it is empty."""
    optional = ("lacks", "note", "override", "evidence")
    kept = {name: value for name, value in question.items() if name not in optional or value}
    if not kept["void"]:
        del kept["void"]
    kept["options"] = [
        {
            name: value
            for name, value in option.items()
            if value not in ("", None) or name == "holds"
        }
        for option in question["options"]
    ]
    return kept


def save_key(key: Key, path: Path) -> None:
    """Write `key.yaml` whole."""
    write_whole(path, dump_key(key))
