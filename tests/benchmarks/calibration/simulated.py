"""Simulated questions: evidence as it is observed, and what it was drawn from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from solver.banks.bank import Question
from solver.evidence import Evidence
from solver.rules.registry import PlannedQuestion, all_rules

WORDS = {"en": "words", "zh-Hant": "文字"}


@dataclass(frozen=True)
class Simulated:
    """A question on simulated evidence.

    Attributes:
        observed: the evidence as a key would have it: noisy, sampled, read off figures.
        truth: what it was drawn from, without noise and as fine as it is.
        right: the options that hold, where they are known by construction and not by `truth`.
    """

    question: PlannedQuestion
    observed: Evidence
    truth: Evidence | None = None
    right: tuple[bool, ...] | None = None


Make = Callable[[np.random.Generator], Simulated]


@dataclass(frozen=True)
class Family:
    """A way to simulate evidence.

    Attributes:
        fitted: whether doubt is fitted on it; the others judge it.
        count: how many are made in a whole run.
        repeats: of each decision; none of every third.
    """

    name: str
    rule: str
    make: Make
    fitted: bool
    count: int = 200
    repeats: int = 40


def question_of(
    rule_name: str, settings: Mapping[str, Any], claims: Sequence[Mapping[str, Any]]
) -> PlannedQuestion:
    """A question of a shipped rule, whose options are these claims."""
    rule = all_rules()[rule_name]
    names = "abcdefghij"[: len(claims)]
    data = {
        "id": "q1",
        "kind": "several",
        "points": "1",
        "rule": rule_name,
        "stem": WORDS,
        "options": [{"id": name, "claim": {}, "text": WORDS} for name in names],
    }
    question = Question.model_validate(data)
    return PlannedQuestion(
        question,
        rule,
        rule.settings.model_validate(settings),
        tuple(rule.claim.model_validate(claim) for claim in claims),
        tuple((None, option) for option in question.options),
    )


def lead(generator: np.random.Generator, least: float = 0.01, most: float = 1.0) -> float:
    """How far something lies from its line: as often near it as far, on a scale of logarithms."""
    return float(np.exp(generator.uniform(np.log(least), np.log(most))))
