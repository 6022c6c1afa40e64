"""Simulated evidence with a clear truth, family by family, for each rule that has a cross-check.

    CASES["maps.most_unlike"]["noise added"](np.random.default_rng(0))

Nothing here reads a threshold of a rule. "Clear" is said in each family's docstring: what is true
is true by several times the noise, or a person would say it at a glance.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from solver.evidence import Evidence, Record

Floats = np.ndarray[Any, Any]
Generator = np.random.Generator


@dataclass(frozen=True)
class Case:
    """Evidence, what is asked of it, and which of the claims are true."""

    records: Sequence[Record]
    settings: Mapping[str, Any]
    claims: Sequence[Mapping[str, Any]]
    truth: Sequence[bool]

    @property
    def evidence(self) -> Evidence:
        """The records as evidence."""
        return Evidence({record.id: record for record in self.records})


Family = Callable[[Generator], Case]


@dataclass
class Families:
    """The families of cases by rule and name; modules of this folder add theirs."""

    of: dict[str, dict[str, Family]] = field(default_factory=dict)

    def add(self, rule: str, name: str) -> Callable[[Family], Family]:
        """Register the decorated function as a family of a rule."""

        def register(family: Family) -> Family:
            self.of.setdefault(rule, {})[name] = family
            return family

        return register


FAMILIES = Families()


def one_of(count: int, which: int) -> list[bool]:
    """The truth of `count` claims of which one is true."""
    return [at == which for at in range(count)]
