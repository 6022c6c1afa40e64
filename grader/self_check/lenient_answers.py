"""One person's answers, read leniently where nothing can be mistaken.

``C`` counts as ``c``, an option's text as its id, ``.32`` as the one choice near it. Such readings
are listed, and all answers that cannot be read at once. Which option is right plays no part in it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from grader.exports.answers_yaml import answers_in
from grader.submissions import UNANSWERED, Chosen, Response, ScoredQuestion, Ticked
from solver.banks.bank import Bank, Question
from solver.errors import ExportError
from solver.files.yaml_source import load_placed_yaml

NEAR = 4
"""A number stands for the choice nearest to it if every other is this many times as far."""
ALONE = Decimal("0.05")
"""Of a drop-down's only choice a number may be off by this share."""
_AROUND = " \t.,:;!?()[]{}\"'`。，、；：！？（）「」『』"
_BETWEEN = re.compile(r"[,;|+/、，；\n]+")
_NUMBERED = re.compile(r"(?:q|question|第)?\s*0*(\d{1,4})\s*題?")
_SPELLINGS = {True: ("yes", "on", "true"), False: ("no", "off", "false")}
"""Words that YAML takes for truth values; an option may have such an id."""

Names = Mapping[str, Collection[str]]
"""Option ids or choices, each with the texts it goes by."""


@dataclass(frozen=True)
class Reading:
    """An answer that was not written as an id, and the id it was read as."""

    place: str
    given: str
    read_as: str


@dataclass
class LenientAnswers:
    """The answers of one person.

    Attributes:
        responses: by question id, of every question that can be scored.
        readings: of answers that were not written as ids.
        half: drop-downs left empty in questions that are otherwise answered, as "q22: y".
    """

    responses: dict[str, Response] = field(default_factory=dict)
    readings: list[Reading] = field(default_factory=list)
    half: list[str] = field(default_factory=list)


class _Slip(Exception):  # noqa: N818 - a sentence on one answer, gathered with the others
    pass


def read_leniently(
    path: Path,
    questions: Sequence[ScoredQuestion],
    bank: Bank,
    *,
    left_out: Collection[str] = (),
) -> LenientAnswers:
    """Read one person's ``answers.yaml``.

    Args:
        path: the file.
        questions: those that can be scored.
        bank: the texts of their options.
        left_out: ids of questions that may be answered and are not scored.

    Raises:
        ExportError: not such a file, or answers that cannot be read; names the line of each.
    """
    placed = load_placed_yaml(path, ExportError)
    given = answers_in(placed)
    scored = {question.id: question for question in questions}
    asked = {question.id: question for question in bank.questions}
    every = [*scored, *(name for name in left_out if name not in scored)]
    found = LenientAnswers(dict.fromkeys(scored, UNANSWERED))
    slips: list[tuple[int, str]] = []
    seen: set[str] = set()
    for name, value in given.items():
        line = placed.line_of(("answers", name))
        if _is_empty(value):
            continue
        try:
            question = _question_named(str(name), every)
            if question in seen:
                raise _Slip(f"{question} is answered twice")
            # Before the answer is read: a second one is told even where the first cannot be read.
            seen.add(question)
            if str(name) != question:
                found.readings.append(Reading("", str(name), question))
            if question in scored:
                reader = _Reader(scored[question], asked.get(question), found)
                found.responses[question] = reader.response(value)
        except _Slip as slip:
            slips.append((line, str(slip)))
    if slips:
        # All slips at once, each with its line: nobody runs a check ten times.
        raise _refused(path, slips)
    return found


def _refused(path: Path, slips: list[tuple[int, str]]) -> ExportError:
    if len(slips) == 1:
        return ExportError(slips[0][1], path=path, place=f"line {slips[0][0]}")
    told = "; ".join(f"line {line}: {slip}" for line, slip in slips)
    return ExportError(f"{len(slips)} answers cannot be read. {told}", path=path)


def _is_empty(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_is_empty, value.values()))
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


def _question_named(given: str, every: Sequence[str]) -> str:
    if given in every:
        return given
    wanted = plain(given)
    same = [name for name in every if plain(name) == wanted]
    numbered = _NUMBERED.fullmatch(wanted)
    if not same and numbered:
        for name in every:
            # "3", "Q3" and "第3題" are q03, unless a question has such an id itself.
            other = _NUMBERED.fullmatch(plain(name))
            if other and other[1] == numbered[1]:
                same.append(name)
    if len(same) == 1:
        return same[0]
    # Those that the key has no answer for come last among them.
    known = ", ".join(every) if len(every) < 6 else f"{min(every)} to {max(every)}"
    raise _Slip(f"the key has no question {given!r}; it has {known}")


def plain(text: str) -> str:
    """Return a text as it is compared: width, case, blanks and marks around it do not count.

    Example:
        >>> plain(" (Ｃ) "), plain("Partly  for.")
        ('c', 'partly for')
    """
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split()).strip(_AROUND)


def one_named(given: str, names: Names) -> str | None:
    """Return the option that a text names by id or by text; None where it names none.

    Raises:
        _Slip: it may be several of them.

    Example:
        >>> options = {"a": ["on the food"], "b": ["on the plate"]}
        >>> one_named("B", options), one_named("On the food.", options), one_named("c", options)
        ('b', 'a', None)
    """
    if given in names:
        return given
    wanted = plain(given)
    if not wanted:
        return None
    forms = {name: {plain(name), *map(plain, texts)} for name, texts in names.items()}
    # A copied line of the sheet: the id, then the text.
    lines = {name: {plain(f"{name} {text}") for text in names[name]} for name in names}
    loose = re.sub(r"^(\w+)[).:：、]+\s*", r"\1 ", wanted)
    same = [name for name in names if wanted in forms[name] or {wanted, loose} & lines[name]]
    # Never a guess: two that fit are as bad as none.
    if len(same) > 1:
        raise _Slip(f"{given!r} may be {' or '.join(same)}")
    return same[0] if same else None


def nearest(given: str, choices: Sequence[str]) -> str | None:
    """Return the one measured choice near a number; None where there is none, or another is near.

    Example:
        >>> nearest(".32", ["0.16", "0.318", "0.64"]), nearest(".5", ["0.4", "0.7"])
        ('0.318', None)
    """
    number, numbers = number_of(given), [number_of(choice) for choice in choices]
    # One choice that is no number, and nearness means nothing.
    if number is None or None in numbers or not numbers:
        return None
    ranked = sorted(
        (abs(number - one), choice)
        for one, choice in zip(numbers, choices, strict=True)
        if one is not None
    )
    (distance, found), *others = ranked
    if others:
        # Clearly nearer than any other: 0.43 is 0.44 beside 0.22, and nothing beside 0.42.
        return found if NEAR * distance <= others[0][0] else None
    only = numbers[0]
    return found if only is not None and distance <= ALONE * abs(only) else None


def number_of(text: str) -> Decimal | None:
    """Return a number as people write it, also in percent; None for other texts.

    Example:
        >>> number_of(".32"), number_of("32%"), number_of("a")
        (Decimal('0.32'), Decimal('0.32'), None)
    """
    short = unicodedata.normalize("NFKC", text).strip().replace(" ", "")
    if len(short) > 40:  # no measured number is so long
        return None
    try:
        number = Decimal(short.removesuffix("%"))
    except InvalidOperation:
        return None
    # 1e999999 can be read too, and overflows in the next product.
    if not number.is_finite() or abs(number.adjusted()) > 30:
        return None
    return number / 100 if short.endswith("%") else number


class _Reader:
    """The reading of the answer to one question."""

    def __init__(
        self, question: ScoredQuestion, asked: Question | None, found: LenientAnswers
    ) -> None:
        self.question, self.asked, self.found = question, asked, found
        self.of = asked.options if asked else []

    def response(self, value: Any) -> Response:
        if self.question.kind == "pair":
            return self._pair(value)
        many = self.question.kind == "several"
        parts = value if isinstance(value, list) else [value]
        if any(isinstance(one, dict | list) for one in parts):
            raise _Slip(f"the answer to {self.question.id} must be option ids")
        ticked: list[str] = []
        for part in parts:
            if part is not None:
                ticked += self._options(part, many or isinstance(value, list))
        if len(set(ticked)) < len(ticked):
            raise _Slip(f"the answer to {self.question.id} names an option twice")
        if not many and len(ticked) > 1:
            given = ", ".join(ticked)
            raise _Slip(f"{self.question.id} takes one option, and {given} are given")
        return Ticked(frozenset(ticked)) if ticked else UNANSWERED

    def _options(self, value: Any, many: bool) -> list[str]:
        texts: dict[str, Collection[str]] = {each.id: _both(each.text) for each in self.of}
        names = {name: texts.get(name, ()) for name in self.question.options}
        one = self._one(value, names, self.question.id)
        if one is not None:
            return [one]
        text = str(value)
        # In this order: commas first, then blanks, then single letters, which "ab" may be.
        for parts in (_BETWEEN.split(text), text.split(), list(plain(text))):
            wanted = [part for part in parts if plain(part)]
            # Letters that run together are several only where several may be chosen.
            if len(wanted) < 2 or (parts == list(plain(text)) and not many):
                continue
            each = [one_named(part, names) for part in wanted]
            if None not in each:
                if parts == list(plain(text)) or any(p not in names for p in map(str.strip, parts)):
                    self._tell(self.question.id, text, ", ".join(e for e in each if e))
                return [name for name in each if name is not None]
        known = ", ".join(self.question.options)
        raise _Slip(f"the answer to {self.question.id} names {text!r}; its options are {known}")

    def _one(self, value: Any, names: Names, place: str) -> str | None:
        spelled = _SPELLINGS[value] if isinstance(value, bool) else (str(value),)
        for given in spelled:
            name = one_named(given, names)
            if name is not None:
                if name != given.strip():
                    self._tell(place, given, name)
                return name
        return None

    def _tell(self, place: str, given: str, name: str) -> None:
        self.found.readings.append(Reading(place, given, name))

    def _pair(self, value: Any) -> Response:
        question = self.question
        blanks = [blank for blank, _ in question.blanks]
        given = self._by_blank(value, blanks)
        choices = set()
        for blank, one in given.items():
            if _is_empty(one):
                continue
            if isinstance(one, dict | list):
                raise _Slip(f"the answer to {question.id} must be one choice a drop-down")
            choices.add((blank, self._choice(blank, one)))
        empty = [blank for blank in blanks if blank not in dict(choices)]
        if choices and empty:
            self.found.half.append(f"{question.id}: {', '.join(empty)}")
        return Chosen(frozenset(choices)) if choices else UNANSWERED

    def _by_blank(self, value: Any, blanks: list[str]) -> dict[str, Any]:
        """A value for each drop-down, named or in their order."""
        labels = {blank.id: _both(blank.label) for blank in self.asked.blanks} if self.asked else {}
        names: Names = {blank: labels.get(blank, ()) for blank in blanks}
        if isinstance(value, str):
            parts: list[Any] = [part for part in re.split(r"[;；]", value) if part.strip()]
            # No semicolon, or too many: then commas part them, if these fit.
            if len(parts) != len(blanks):
                parts = [part for part in _BETWEEN.split(value) if part.strip()]
            if all("=" in part for part in parts):
                value = dict(part.split("=", 1) for part in parts)
            else:
                value = parts
        if isinstance(value, list) and len(value) == len(blanks):
            return dict(zip(blanks, value, strict=True))
        if not isinstance(value, dict):
            raise _Slip(
                f"{self.question.id} has the drop-downs {', '.join(blanks)}, each with a choice"
            )
        given: dict[str, Any] = {}
        for name, one in value.items():
            blank = one_named(str(name).strip(), names)
            if blank is None:
                told = ", ".join(blanks)
                raise _Slip(f"{self.question.id} has no drop-down {str(name)!r}; it has {told}")
            if blank in given:
                raise _Slip(f"{self.question.id} answers the drop-down {blank} twice")
            given[blank] = one
        return given

    def _choice(self, blank: str, value: Any) -> str:
        known = dict(self.question.blanks)[blank]
        goes_by: dict[str, set[str]] = {choice: set() for choice in known}
        for name, canon in dict(self.question.choice_names).get(blank, ()):
            goes_by.setdefault(canon, set()).add(name)
        asked = next((b for b in self.asked.blanks if b.id == blank), None) if self.asked else None
        for option in (asked.options or []) if asked else []:
            goes_by.setdefault(option.id, set()).update(_both(option.text))
        measured = asked is not None and asked.options is None
        place = f"{self.question.id}, {blank}"
        if not goes_by:  # a measured value that this key does not list
            return str(value).strip()
        # YAML reads a bare no or on as a truth value before anybody can ask.
        spelled = _SPELLINGS[value] if isinstance(value, bool) else (str(value).strip(),)
        for given in spelled:
            choice = one_named(given, goes_by)
            if choice is None and measured:
                choice = nearest(given, list(goes_by))
            if choice is not None:
                if given != choice and given not in goes_by[choice]:
                    self._tell(place, given, choice)
                return choice
        raise _Slip(f"{place} names {str(value)!r}; it has {', '.join(known or goes_by)}")


def _both(text: Any) -> tuple[str, str]:
    return text.en, text.zh_hant
