"""The bank: the questions as data, read from a folder of YAML files and checked.

A bank is a folder with ``bank.yaml`` (title and settings) and one YAML file a topic. An option's
claim is data for the question's rule; no answer is written anywhere in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from solver.banks.course_settings import Methods
from solver.errors import BankError
from solver.files.apple_double import without_apple_double
from solver.files.atomic_write import sha256_of, sha256_of_all
from solver.files.yaml_source import Model, PlacedYaml, checked, load_placed_yaml

Kind = Literal["single", "several", "pair"]
Language = Literal["en", "zh-Hant"]
LANGUAGES: tuple[Language, ...] = ("en", "zh-Hant")

GIVEN = "given"
"""The name in place of a rule's, of a question whose answer was given and is not measured."""


def _points(value: object) -> object:
    # YAML reads 0.3 as a float, which is not three tenths.
    if isinstance(value, bool | float):
        raise ValueError('points are written as text, "0.3", so that no rounding can creep in')
    if isinstance(value, str) and not re.fullmatch(r"\d{1,4}(\.\d{1,4})?", value):
        raise ValueError(f'points are a plain decimal number such as "0.3", not {value!r}')
    return value


def _decimal(value: object) -> object:
    if isinstance(value, bool | float):
        raise ValueError('a number is written as text, "0.81", so that no rounding can creep in')
    if isinstance(value, str) and not re.fullmatch(r"-?\d{1,9}(\.\d{1,9})?", value):
        raise ValueError(f'a number is a plain decimal such as "0.81", not {value!r}')
    return value


Points = Annotated[Decimal, BeforeValidator(_points), Field(ge=0, lt=10_000)]
Number = Annotated[
    Decimal,
    BeforeValidator(_decimal),
    Field(description="a decimal number, written as text"),
]


def _identifier(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"[a-z][a-z0-9_-]{0,31}", value):
        raise ValueError(f"{value!r} is no short name: {SHORT_NAME}")
    return value


SHORT_NAME = "small letters, digits, - and _, a letter first, 32 at most"
Identifier = Annotated[
    str, BeforeValidator(_identifier), WithJsonSchema({"type": "string", "format": "short name"})
]


class Strict(BaseModel):
    """A model that refuses keys it does not know and cannot be changed after it was made."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Wording(Strict):
    """A text in every language the pages speak."""

    en: str = Field(min_length=1, description="English")
    zh_hant: str = Field(min_length=1, alias="zh-Hant", description="Traditional Chinese")

    def in_language(self, language: str) -> str:
        """Return the text in `language` ("en" or "zh-Hant")."""
        return self.zh_hant if language == "zh-Hant" else self.en


class Option(Strict):
    """One thing a student can tick or choose."""

    id: Identifier = Field(
        description="a, b, c ... in the order of the quiz; answers and keys call it so"
    )
    claim: dict[str, Any] = Field(description="what the option claims, as the rule's parameters")
    number: Number | None = Field(
        default=None,
        description="of a claim whose value is measured: this number; of all options of the "
        "question or drop-down the number nearest to the measured value holds",
    )
    text: Wording = Field(description="what a student reads")


class MeasuredChoices(Strict):
    """Choices of a drop-down that are numbers made around a measured value.

    The rule named by the question measures the value; it stands among the distractors
    `value * factor` (for each factor) in ascending order, each rounded to `decimals`.
    """

    factors: list[Decimal] = Field(min_length=1, description="distractors, as multiples")
    decimals: int = Field(ge=0, le=6, description="decimal places of each choice")
    claim: dict[str, Any] = Field(
        default_factory=dict, description="what is measured, as the rule's parameters"
    )


class Blank(Strict):
    """One drop-down of a *pair* question, which has two of them, or any other number."""

    id: Identifier = Field(description="a short name for the drop-down")
    label: Wording = Field(description="what stands beside the drop-down")
    points: Points | None = Field(
        default=None, description="of its own; where one has points, all have, and they add up"
    )
    options: list[Option] | None = Field(default=None, min_length=2, description="its choices")
    measured: MeasuredChoices | None = Field(
        default=None, description="choices made around a measured value, in place of options"
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> Blank:
        if (self.options is None) == (self.measured is None):
            raise ValueError(f"drop-down {self.id!r} needs either options or measured choices")
        if self.options is not None:
            _unique([option.id for option in self.options], "option")
            _check_numbers(self.options)
        return self


class Question(Strict):
    """A question: its text, points and rule, and the claim of each option."""

    id: Identifier = Field(description="a short name, the same in every language")
    kind: Kind = Field(
        description="single: one option is right; several: any number; pair: drop-downs, however "
        "many, each with one right choice"
    )
    points: Points = Field(description="as text")
    asks: Literal["holds", "fails"] = Field(
        default="holds", description="whether the options to choose are those that hold or fail"
    )
    choose: int | None = Field(default=None, ge=1, description="how many to choose, where it says")
    rule: str = Field(
        min_length=1,
        description="name of a rule; `given` in a bank that `hw9 bank from-qti` made, where "
        "nothing is measured",
    )
    settings: dict[str, Any] = Field(
        default_factory=dict, alias="with", description="the rule's settings"
    )
    stem: Wording = Field(description="what is asked")
    options: list[Option] = Field(default_factory=list, description="two or more; not of a pair")
    blanks: list[Blank] = Field(default_factory=list, description="of a pair: its drop-downs")

    @model_validator(mode="after")
    def _shape_fits_kind(self) -> Question:
        if self.kind == "pair":
            if self.options or not self.blanks:
                raise ValueError(f"{self.id}: a pair has drop-downs and no options of its own")
            _unique([blank.id for blank in self.blanks], "blank")
            own = [blank.points for blank in self.blanks if blank.points is not None]
            if own and (len(own) < len(self.blanks) or sum(own) != self.points):
                raise ValueError(
                    f"{self.id}: the points of its drop-downs must add up to {self.points}"
                )
        else:
            if self.blanks or len(self.options) < 2:
                raise ValueError(f"{self.id}: a {self.kind} question has two or more options")
            _unique([option.id for option in self.options], "option")
            _check_numbers(self.options)
        if self.choose is not None and (self.kind != "several" or self.choose > len(self.options)):
            raise ValueError(f"{self.id}: 'choose' is for questions with several answers")
        return self


def _check_numbers(options: list[Option]) -> None:
    """Refuse options of which only some are numbers, or that are not numbers of one value."""
    numbers = [option.number for option in options if option.number is not None]
    if not numbers:
        return
    if len(numbers) < len(options):
        raise ValueError("where one option is a number, all are")
    if len(set(numbers)) < len(numbers):
        raise ValueError("two options are the same number")
    if any(option.claim != options[0].claim for option in options):
        raise ValueError("options that are numbers make the same claim, of which this is the value")


def _unique(ids: list[str], what: str) -> None:
    for name in ids:
        if ids.count(name) > 1:
            raise ValueError(f"the {what} id {name!r} appears twice")


class TopicFile(Strict):
    """Every other YAML file of the folder, read in the order of their names."""

    topic: Identifier = Field(description="a short name for the topic")
    title: Wording = Field(description="what pages call it")
    questions: list[Question] = Field(min_length=1, description="in the order of the quiz")


class BankFile(Strict):
    """Title, edition and settings of the whole bank."""

    title: Wording = Field(description="title of the quiz and of the pages")
    edition: str = Field(description="the year or term the questions were asked")
    pictures: int = Field(
        default=10, ge=1, le=1000, description="how many pictures it has, for `pictures: all`"
    )
    methods: Methods = Field(
        default=Methods(), description="how the edition's code ran its methods; 2021's where unsaid"
    )


@dataclass(frozen=True)
class Topic:
    """A topic with its questions, in the order of the file.

    Attributes:
        indices: places of the questions in the file's list, where some of it are not sound; None:
            all of them are here.
    """

    id: str
    title: Wording
    questions: tuple[Question, ...]
    source: PlacedYaml
    indices: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Bank:
    """All topics of a folder, with the hash of every file that was read."""

    folder: Path
    header: BankFile
    topics: tuple[Topic, ...]
    files: dict[str, str]

    @property
    def questions(self) -> tuple[Question, ...]:
        """Every question, in order."""
        return tuple(question for topic in self.topics for question in topic.questions)

    @property
    def sha256(self) -> str:
        """One hash for the whole bank."""
        return sha256_of_all(self.files)

    def question(self, identifier: str) -> Question:
        """Return the question with this id.

        Raises:
            BankError: there is none; the sentence lists the ids there are.
        """
        for question in self.questions:
            if question.id == identifier:
                return question
        known = ", ".join(question.id for question in self.questions)
        raise BankError(
            f"there is no question {identifier!r}", path=self.folder, mend=f"It has {known}."
        )

    def placed_questions(self) -> Iterator[tuple[Question, Topic, int]]:
        """Yield each question with its topic and its place in the file's list."""
        for topic in self.topics:
            places = range(len(topic.questions)) if topic.indices is None else topic.indices
            for index, question in zip(places, topic.questions, strict=True):
                yield question, topic, index


def load_bank(folder: Path) -> Bank:
    """Read a bank: ``bank.yaml``, then every other ``*.yaml`` of the folder by name.

    Claims are checked apart, by `solver.rules.registry.plan_questions`, so that reading a bank
    imports nothing heavy.

    Raises:
        BankError: names file, line and mend of the first fault; `read_bank` returns all of them.
    """
    bank, faults = read_bank(folder)
    if bank is None or faults:
        raise faults[0]
    return bank


def read_bank(folder: Path) -> tuple[Bank | None, list[BankError]]:
    """Return a bank and all faults of its files.

    Where something is, the bank holds the questions that are sound, to be checked further, and for
    a header that is not, the defaults; it is None where there are no questions at all.
    """
    if not folder.is_dir():
        return None, [BankError("there is no such folder of questions", path=folder)]
    header_path = folder / "bank.yaml"
    placed, header, faults = _read(header_path, BankFile)
    files, topics = {}, []
    if header is not None:
        files["bank.yaml"] = sha256_of(header_path)
    paths = without_apple_double(sorted(folder.glob("*.yaml")))
    for path in [path for path in paths if path != header_path]:
        source, found, others = _read(path, TopicFile)
        faults += others
        if source is not None and found is not None:
            topics.append(Topic(found.topic, found.title, tuple(found.questions), source))
            files[path.name] = sha256_of(path)
        elif source is not None:
            # The faults of one topic hide none of another's: its sound questions are checked
            # further.
            topics.append(_sound_part(source))
    if not topics and not faults:
        faults.append(BankError("holds no topic file (*.yaml) beside bank.yaml", path=folder))
    if not topics:
        return None, faults
    # Its count of pictures is kept, or each question with `pictures: all` would seem at fault.
    bank = Bank(folder, header or _header_so_far(placed), tuple(topics), files)
    return bank, [*faults, *_double_ids(bank)]


def _read(
    path: Path, model: type[Model]
) -> tuple[PlacedYaml | None, Model | None, list[BankError]]:
    try:
        placed = load_placed_yaml(path, BankError)
    except BankError as fault:
        return None, None, [fault]
    made, faults = checked(placed, model, BankError)
    return placed, made, faults


def _sound_part(source: PlacedYaml) -> Topic:
    """The questions of a file that are well formed, though the file is not."""
    data = source.data if isinstance(source.data, dict) else {}
    listed = data.get("questions")
    sound = {}
    for index, one in enumerate(listed if isinstance(listed, list) else []):
        with suppress(ValidationError):
            sound[index] = Question.model_validate(one)
    name = source.path.stem
    title = Wording(en=name, zh_hant=name)
    return Topic(name, title, tuple(sound.values()), source, tuple(sound))


def _header_so_far(placed: PlacedYaml | None) -> BankFile:
    """The defaults in place of a header that is not sound, with the pictures it counts."""
    data = placed.data if placed is not None and isinstance(placed.data, dict) else {}
    count = data.get("pictures")
    nothing = Wording(en="-", zh_hant="-")
    # Not isinstance: YAML's `true` is an int to it.
    pictures = {"pictures": count} if type(count) is int and 1 <= count <= 1000 else {}
    return BankFile(title=nothing, edition="", **pictures)


def _double_ids(bank: Bank) -> Iterator[BankError]:
    seen: dict[str, str] = {}
    for question, topic, index in bank.placed_questions():
        line = topic.source.line_of(("questions", index, "id"))
        if question.id in seen:
            yield BankError(
                f"the question id {question.id!r} appears twice; first in {seen[question.id]}",
                path=topic.source.path,
                place=f"line {line}",
            )
        seen.setdefault(question.id, f"{topic.source.path.name} line {line}")
