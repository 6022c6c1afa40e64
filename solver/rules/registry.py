"""Registry of rules: functions from evidence and an option's claim to a verdict, by name.

A rule knows its measurement, not the question that asks for it, and holds no answer. Its name is
the path of its module below this folder, with one more word where a module holds several: the rule
``shapes.handle`` lies in ``shapes/handle.py``, ``bert.attention.coreference`` in
``bert/attention.py``. A cross-check lies beside its rule, in ``shapes/handle_check.py``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from itertools import takewhile
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from solver.banks.bank import GIVEN, Bank, Option, Question
from solver.errors import BankError, MissingEvidence
from solver.evidence import Evidence
from solver.files.discovery import import_all
from solver.files.yaml_source import Place, every_problem, right_names
from solver.rules.former_names import current_name


class Parameters(BaseModel):
    """Base of a rule's settings and claims: unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Verdict:
    """The result for one claim.

    Attributes:
        holds: None where the evidence does not decide.
        value: the measured value, in `unit`.
        against: the thing it was compared with, e.g. "the next best".
        threshold: its value.
        margin: distance to the other verdict, in `unit`, never negative.
        sentence: (en, zh-Hant).
        spread: how far independent searches for the values lie apart; the margin is less by it.
    """

    holds: bool | None
    value: float | str | None
    unit: str
    against: str
    threshold: float | str | None
    margin: float | None
    sentence: tuple[str, str]
    spread: float = 0.0


@dataclass(frozen=True)
class Figure:
    """A figure for the page: a kind of `solver.page.figures.registry`, and its parameters."""

    kind: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    caption: tuple[str, str] = ("", "")


Note = tuple[str, str] | None


@dataclass(frozen=True)
class Decision:
    """A rule's outcome for a question: a verdict a claim, in the order of the claims.

    Attributes:
        told: the note in both languages, or a function that finds it: repeats read no note.
    """

    verdicts: Sequence[Verdict]
    figures: Sequence[Figure] = ()
    told: Note | Callable[[], Note] = None

    @cached_property
    def note(self) -> Note:
        """The note in both languages; None where nothing is to be said."""
        return self.told() if callable(self.told) else self.told

    def __getstate__(self) -> dict[str, Any]:
        # A function is not sent to another process.
        return {"verdicts": self.verdicts, "figures": self.figures, "told": self.note}


Needs = Callable[[Any], list[str]]
Decide = Callable[[Evidence, Any, Sequence[Any]], Decision]


@dataclass(frozen=True)
class CrossCheck:
    """Another measurement of a rule's claims, by another statistic or another method.

    Attributes:
        needs: from settings, the ids of the records it decides on.
        decide: evidence, settings and claims to a decision.
    """

    needs: Needs
    decide: Decide

    @property
    def what(self) -> str:
        """The docstring of `decide`, which describes the measurement."""
        return inspect.getdoc(self.decide) or ""


@dataclass(frozen=True)
class Rule:
    """A registered rule.

    Attributes:
        settings: model of the question's `with`.
        claim: model of an option's `claim`.
        needs: from settings, the ids of the records it decides on.
        decide: evidence, settings and claims to a decision.
        cross_check: an independent measurement of the same claims, where there is one.
        partial: whether it (and its cross-check) decides as far as it can where records it needs
            are missing, and raises `MissingEvidence` itself where that is not far enough.
    """

    name: str
    settings: type[BaseModel]
    claim: type[BaseModel]
    needs: Needs
    decide: Decide
    cross_check: CrossCheck | None = None
    partial: bool = False

    @property
    def what(self) -> str:
        """The docstring of `decide`, which describes the measurement."""
        return inspect.getdoc(self.decide) or ""

    def __reduce__(self) -> tuple[Any, ...]:
        # To another process goes its name: what `needs` is there need not be said.
        return _registered, (self.name, self.decide.__module__)


def _registered(name: str, module: str) -> Rule:
    """The rule of this name, whose module may not have been imported yet."""
    # A process that was started anew has no rules yet; to import all takes a third of a second.
    import_module(module)
    if find_spec(f"{module}_check") is not None:
        import_module(f"{module}_check")
    return NO_RULE if name == GIVEN else _rules[name]


_rules: dict[str, Rule] = {}


def rule(
    name: str,
    *,
    settings: type[BaseModel],
    claim: type[BaseModel],
    needs: Needs,
    partial: bool = False,
) -> Callable[[Decide], Decide]:
    """Register the decorated function as the rule `name`.

    Raises:
        ValueError: the name is taken, or is not that of the function's module.
    """

    def register(decide: Decide) -> Decide:
        if name in _rules:
            raise ValueError(f"the rule {name!r} is registered twice")
        own = _below_rules(decide)
        if own and not f"{name}.".startswith(f"{own}."):
            # So that a question's rule is found by its name alone, without a search.
            raise ValueError(f"the rule {name!r} lies in {own}: its name must begin so")
        _rules[name] = Rule(name, settings, claim, needs, decide, partial=partial)
        return decide

    return register


def cross_check(name: str, *, needs: Needs | None = None) -> Callable[[Decide], Decide]:
    """Register the decorated function as the cross-check of the rule `name`.

    It takes the rule's own settings and claims. `needs` names the records it decides on, where
    these are not the rule's own.

    Raises:
        ValueError: there is no such rule, it has a cross-check, or lies in another place.
    """

    def register(decide: Decide) -> Decide:
        if name not in _rules or _rules[name].cross_check is not None:
            raise ValueError(f"no rule {name!r} waits for a cross-check")
        # Its module was imported first: `NAME` comes before `NAME_check` in every folder.
        first = _rules[name]
        beside = _below_rules(first.decide)
        if beside and _below_rules(decide) != f"{beside}_check":
            raise ValueError(f"the cross-check of {name!r} must lie in {beside}_check")
        _rules[name] = replace(first, cross_check=CrossCheck(needs or first.needs, decide))
        return decide

    return register


def _below_rules(function: Decide) -> str:
    """The path of a function's module below this folder; empty for a module elsewhere."""
    top, _, path = function.__module__.partition("solver.rules.")
    return path if not top else ""


def all_rules() -> dict[str, Rule]:
    """Return every rule of this folder by name."""
    import_all("solver.rules")
    return dict(sorted(_rules.items()))


def _not_measured(evidence: Evidence, settings: Any, claims: Sequence[Any]) -> Decision:
    """The decision on a question without a rule: none, its answer is in the quiz maker's key."""
    raise MissingEvidence(
        what=(
            "a rule: its answer is in the key that was made with the bank",
            "規則：答案在與題庫一起產生的標準答案中",
        )
    )


NO_RULE = Rule(GIVEN, Parameters, Parameters, lambda _: [], _not_measured)
"""The rule of a question whose answer was given."""


@dataclass(frozen=True)
class PlannedQuestion:
    """A question with its rule and its parameters read."""

    question: Question
    rule: Rule
    settings: Any
    claims: tuple[Any, ...]
    options: tuple[tuple[str | None, Option | None], ...]

    @property
    def numbers(self) -> list[Decimal | None]:
        """The number of each option; None of an option that is not a number."""
        return [option.number if option else None for _, option in self.options]

    @property
    def number_groups(self) -> list[list[int]]:
        """Places of the options that are numbers, those of one drop-down together."""
        groups: dict[str | None, list[int]] = {}
        for at, ((blank, _), number) in enumerate(zip(self.options, self.numbers, strict=True)):
            if number is not None:
                groups.setdefault(blank, []).append(at)
        return list(groups.values())

    @property
    def needs(self) -> list[str]:
        """The records it decides on."""
        return self.rule.needs(self.settings)

    @property
    def cross_check_needs(self) -> list[str]:
        """The records its cross-check decides on; none where there is no cross-check."""
        check = self.rule.cross_check
        return check.needs(self.settings) if check else []


def plan_questions(bank: Bank) -> list[PlannedQuestion]:
    """Read each question's parameters with its rule.

    Raises:
        BankError: an unknown rule, settings or a claim the rule does not take; names the line.
    """
    planned, faults = check_questions(bank)
    if faults:
        raise faults[0]
    return planned


def check_questions(bank: Bank) -> tuple[list[PlannedQuestion], list[BankError]]:
    """Return the questions that can be planned, and all faults of the others."""
    # A question whose answer was given goes the same way as all others, and is always open.
    rules = all_rules() | {GIVEN: NO_RULE}
    planned, faults = [], []
    context = {
        "pictures": bank.header.pictures,
        "steps": bank.header.methods.integrated_gradients.steps,
    }
    for question, topic, index in bank.placed_questions():
        where = ("questions", index)
        found = rules.get(current_name(question.rule))
        if found is None:
            faults.append(
                _fault(
                    topic.source,
                    (*where, "rule"),
                    f"{question.id}: there is no rule {question.rule!r}"
                    + right_names(question.rule, list(rules)),
                    "`hw9 bank rules` describes them.",
                )
            )
            continue
        reader = _Reader(question, topic.source, context)
        settings = reader.read(found.settings, question.settings, (*where, "with"))
        options = _flat_options(question, where)
        claims = tuple(reader.read(found.claim, claim, place) for _, _, claim, place in options)
        pairs = tuple((blank, option) for blank, option, _, _ in options)
        faults += reader.faults
        # All faults of a bank are told in one run, so one question's do not end it.
        if not reader.faults:
            planned.append(PlannedQuestion(question, found, settings, claims, pairs))
    return planned, faults


def renamed_rules(bank: Bank) -> list[str]:
    """Return a remark for each question that calls its rule by a former name."""
    return [
        f"{topic.source.path.name} line {topic.source.line_of(('questions', index, 'rule'))}: "
        f"{question.id}: the rule {question.rule!r} is called {current_name(question.rule)!r} now; "
        "the former name is read for this edition of the bank only"
        for question, topic, index in bank.placed_questions()
        if current_name(question.rule) != question.rule
    ]


def _flat_options(
    question: Question, where: tuple[str | int, ...]
) -> list[tuple[str | None, Option | None, dict[str, Any], tuple[str | int, ...]]]:
    """All options with their drop-down; measured choices stand as one claim without an option."""
    flat: list[tuple[str | None, Option | None, dict[str, Any], tuple[str | int, ...]]] = []
    for at, option in enumerate(question.options):
        flat.append((None, option, option.claim, (*where, "options", at, "claim")))
    for blank_at, blank in enumerate(question.blanks):
        place = (*where, "blanks", blank_at)
        for at, option in enumerate(blank.options or []):
            flat.append((blank.id, option, option.claim, (*place, "options", at, "claim")))
        if blank.measured is not None:
            # Its choices are made by the rule, around the value that it measures.
            flat.append((blank.id, None, blank.measured.claim, (*place, "measured", "claim")))
    return flat


class _Reader:
    """Reader of a question's parameters that collects their faults."""

    def __init__(self, question: Question, source: Any, context: Mapping[str, int]) -> None:
        self.question, self.source, self.context = question, source, dict(context)
        self.faults: list[BankError] = []

    def read(self, model: type[BaseModel], data: object, place: tuple[str | int, ...]) -> Any:
        """Return the parameters; None where the rule does not take them."""
        try:
            return model.model_validate(data, context=self.context)
        except ValidationError as problem:
            asked, part = self.question, "claim" if place[-1] == "claim" else "'with'"
            self.faults += [
                _fault(
                    self.source,
                    (*place, *inner),
                    f"{asked.id}: the rule {asked.rule!r} does not take this {part}: "
                    + (no_rank(asked.rule) if _ranked(place, inner, model) else text),
                )
                for inner, text in every_problem(problem, model)
            ]
            return None


def _ranked(place: Place, inner: Place, model: type[BaseModel]) -> bool:
    """Whether settings ask for a rank that their rule has not."""
    return place[-1] == "with" and inner == ("rank",) and "rank" not in model.model_fields


def no_rank(name: str) -> str:
    """Return the sentence on a `rank` that a rule does not take, with the rules that do.

    Those come first that lie nearest to it.
    """
    own = name.split(".")

    def apart(other: str) -> int:
        parts = zip(own, other.split("."), strict=False)
        return -sum(1 for _ in takewhile(lambda both: both[0] == both[1], parts))

    taking = [one.name for one in all_rules().values() if "rank" in one.settings.model_fields]
    return (
        "it takes no 'rank'; `asks: fails`, beside 'rule', asks for the options that do not hold, "
        "and a rank is taken by " + ", ".join(sorted(taking, key=apart))
    )


def _fault(source: Any, place: tuple[str | int, ...], message: str, mend: str = "") -> BankError:
    line = f"line {source.line_of(place)}"
    return BankError(message, path=source.path, place=line, mend=mend)
