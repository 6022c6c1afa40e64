"""Cross-checks on simulated evidence: each finds a clear truth, and the count sees when not."""

from __future__ import annotations

import numpy as np
import pytest

from solver.rules.registry import Decision, all_rules
from solver.rules.verdicts import undecided
from tests.benchmarks.simulated import Case
from tests.benchmarks.simulated.second_ways import families, group_of, measured, outcome

CHECKED = [name for name, rule in all_rules().items() if rule.cross_check is not None]


def test_every_cross_check_has_simulated_evidence() -> None:
    assert sorted(families()) == CHECKED


@pytest.mark.parametrize("name", CHECKED)
def test_a_cross_check_finds_a_clear_truth(name: str) -> None:
    """Ten of 12 cases; hundreds are counted by the command (docs/measured/second-ways.md)."""
    clear = {one: made for one, made in families()[name].items() if not group_of(one)}
    rule = all_rules()[name]
    assert rule.cross_check is not None
    found = measured(rule.cross_check.decide, rule, clear, cases=12, seconds=60)
    assert sum(one["right"] for one in found.values()) >= 10


@pytest.mark.parametrize(
    ("named", "counted"),
    [
        ([True, False], "right"),
        ([False, False], "nothing"),
        ([None, None], "nothing"),
        ([False, True], "wrong"),
        ([True, True], "wrong"),
    ],
)
def test_a_false_option_that_holds_is_wrong_and_silence_is_not(
    named: list[bool | None], counted: str
) -> None:
    rule = all_rules()["maps.most_unlike"]
    made = families()[rule.name]["saliency and smoothgrad"](np.random.default_rng(0))
    case = Case(made.records, made.settings, made.claims[:2], [True, False])

    def way(*_: object) -> Decision:
        return Decision([_verdict(holds) for holds in named])

    assert outcome(way, rule, case) == counted


def _verdict(holds: bool | None):  # type: ignore[no-untyped-def]
    from dataclasses import replace

    return replace(undecided(("", "")), holds=holds)
