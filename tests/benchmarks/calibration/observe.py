"""Simulated questions, decided and repeated as a key's are, and held against the truth."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

import numpy as np

from solver.decide.decide import decide_question, verdicts_again
from solver.decide.early_stop import with_close_claims
from solver.decide.figure_fineness import with_figure_check
from solver.decide.stability import FACTOR, made_repeats, with_stability
from solver.key import KeyQuestion
from solver.rules.lime import overlay
from solver.rules.maps import brightest_region
from solver.rules.shapes.search_starts import begun_at
from solver.rules.thresholds import varied
from tests.benchmarks.calibration.simulated import Family, Simulated

UNREPEATED = 3
"""One question of so many is decided once, as without `--stability`."""


@dataclass(frozen=True)
class Outcome:
    """A decided question and the truth: of each option whether it holds.

    Attributes:
        judged: whether it holds for a judge who sees the truth and draws the lines elsewhere.
    """

    family: str
    rule: str
    fitted: bool
    entry: KeyQuestion
    true: tuple[bool, ...]
    judged: tuple[bool, ...]

    def to_json(self) -> str:
        """One line of a file."""
        entry = self.entry.model_dump(mode="json", by_alias=True)
        return json.dumps({**self.__dict__, "entry": entry})

    @classmethod
    def from_json(cls, line: str) -> Outcome:
        """The outcome of a line."""
        data: dict[str, Any] = json.loads(line)
        data["entry"] = KeyQuestion.model_validate(data["entry"])
        return cls(**{**data, "true": tuple(data["true"]), "judged": tuple(data["judged"])})


def outcome_of(family: Family, at: int) -> Outcome | None:
    """Decide the `at`-th simulation of a family; None where evidence or truth decide nothing."""
    repeats = family.repeats if at % UNREPEATED else 0
    generator = np.random.default_rng([zlib.crc32(family.name.encode()), at])
    simulated = family.make(generator)
    question, evidence = simulated.question, simulated.observed
    decided = decide_question(question, evidence)
    entry = decided.entry
    if entry.state == "open":
        return None
    with begun_at(decided.places):
        entry = with_figure_check(question, entry, evidence)
    entry = with_close_claims(question, entry, evidence)
    # An id of its own: the repeats of each are drawn anew.
    entry = entry.model_copy(update={"id": f"q{at}", "note": None})
    decided = replace(decided, entry=entry)
    if repeats:
        with _untold(family.rule):
            done = made_repeats(question, decided, evidence, range(repeats))
        entry = with_stability(question, decided, evidence, done)
    factors = {name: generator.uniform(1 - FACTOR, 1 + FACTOR) for name in decided.thresholds}
    true = _held(simulated, entry)
    with varied(factors):
        judged = _held(simulated, entry)
    if None in true or None in judged:
        return None
    return Outcome(family.name, family.rule, family.fitted, entry, true, judged)  # type: ignore[arg-type]


TOLD_ONLY = {
    "maps.brightest_region": brightest_region,
    "lime.overlay.sign_in_region": overlay,
}
"""Rules that only tell the chance of a map's placements, which takes most of a repeat's time."""


@contextmanager
def _untold(rule: str) -> Iterator[None]:
    """Context in which a rule's repeats leave out what no verdict depends on."""
    if rule not in TOLD_ONLY:
        yield
        return
    with patch.object(TOLD_ONLY[rule], "share_by_chance", lambda *_: 1.0):
        yield


def _held(simulated: Simulated, entry: KeyQuestion) -> tuple[bool | None, ...]:
    if simulated.right is not None or simulated.truth is None:
        return simulated.right or ()
    return tuple(verdicts_again(simulated.question, entry, simulated.truth))
