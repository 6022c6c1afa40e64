"""Where the brightest places lie: mean and brightness may go up and down without them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.evidence import Evidence, Record
from solver.rules.maps.chance import CHANCE
from solver.rules.thresholds import varied
from tests.solver.rules.made_maps import (
    box,
    decide,
    decide_again,
    evidence_of,
    held,
    regions,
    smooth_noise,
)

SEEDS = st.integers(0, 10**6)
PARTS = {"cake": box(20, 16, 36, 40), "plate": box(64, 10, 40, 60), "phone": box(30, 84, 60, 28)}
NAMES = [*PARTS]
BRIGHTEST: list[dict[str, Any]] = [{"region": name} for name in NAMES]
CLEARLY = [*BRIGHTEST, {"nowhere": True}]
PARAMETERS = {"map": "saliency", "picture": 2}


def evidence(values: np.ndarray, **arrays: np.ndarray) -> Evidence:
    return evidence_of(Record("saliency/2", {"map": values, **arrays}), regions(2, **PARTS))


def both_ways(rule: str, found: Evidence, claims: list[dict[str, Any]]) -> list[list[bool | None]]:
    first = held(decide(rule, found, PARAMETERS, claims))
    return [first, held(decide_again(rule, found, PARAMETERS, claims))]


@settings(max_examples=10, deadline=None, derandomize=True)
@given(seed=SEEDS, name=st.sampled_from(NAMES), scale=st.floats(1e-6, 1e6))
def test_both_ways_find_what_is_plain(seed: int, name: str, scale: float) -> None:
    found = evidence((smooth_noise(seed) + 2.0 * PARTS[name]) * scale)
    expected = [other == name for other in NAMES]
    assert both_ways("maps.brightest_region", found, BRIGHTEST) == [expected, expected]
    points = np.random.default_rng(seed).random((128, 128)) < np.where(PARTS[name], 0.3, 0.02)
    clearly = both_ways("maps.brightest_region.clear_place", evidence(points * scale), CLEARLY)
    assert clearly == [[*expected, False], [*expected, False]]


def test_a_glow_has_the_mass_and_half_a_region_the_brightest_places() -> None:
    """The two ways part where a picture is debatable, which is what the second is for."""
    values = 0.05 + 0.6 * PARTS["cake"]
    values[30:90, 84:98] = 1.0  # the left half of the phone
    ways = both_ways("maps.brightest_region", evidence(values), BRIGHTEST)
    assert ways == [[True, False, False], [False, False, False]]
    phone = decide_again("maps.brightest_region", evidence(values), PARAMETERS, BRIGHTEST)
    assert phone.verdicts[2].sentence[0].startswith("The phone has most of the brightest places")
    values[PARTS["phone"]] = 3.0
    ways = both_ways("maps.brightest_region", evidence(values), BRIGHTEST)
    assert ways == [[False, False, True]] * 2


def test_how_much_brighter_the_brightest_are_changes_nothing() -> None:
    values = smooth_noise(5) + 1.0 * PARTS["plate"]
    for rule, claims in (
        ("maps.brightest_region", BRIGHTEST),
        ("maps.brightest_region.clear_place", CLEARLY),
    ):
        results = [
            decide_again(rule, evidence(one), PARAMETERS, claims).verdicts
            for one in (values, np.where(values > np.quantile(values, 0.97), values * 40, values))
        ]
        assert [v.holds for v in results[0]] == [v.holds for v in results[1]]


@pytest.mark.parametrize("sigma", [1.0, 4.0])
def test_noise_is_nowhere_in_at_least_one_way(sigma: float) -> None:
    agreed = 0
    for seed in range(15):
        found = evidence(smooth_noise(seed, sigma))
        first, second = both_ways("maps.brightest_region", found, BRIGHTEST)
        agreed += any(a and b for a, b in zip(first, second, strict=True))
        assert both_ways("maps.brightest_region.clear_place", found, CLEARLY)[1].count(True) == 1
    assert agreed <= 1


def test_a_leader_by_chance_says_so_and_the_level_decides() -> None:
    values = 0.01 + PARTS["phone"] * 1.0
    found = evidence(values)
    decision = decide_again("maps.brightest_region", found, PARAMETERS, BRIGHTEST)
    assert held(decision) == [False, False, True]
    noise = next(
        evidence(smooth_noise(seed, 6))
        for seed in range(20)
        if not any(
            both_ways("maps.brightest_region", evidence(smooth_noise(seed, 6)), BRIGHTEST)[1]
        )
    )
    verdicts = decide_again("maps.brightest_region", noise, PARAMETERS, BRIGHTEST).verdicts
    leader = next(one for one in verdicts if one.unit == "share of placements")
    assert isinstance(leader.value, float)
    assert leader.value >= CHANCE.value
    with varied({CHANCE.name: 60.0}):  # kept within a half
        again = decide_again("maps.brightest_region", noise, PARAMETERS, BRIGHTEST)
    assert any(held(again)) == (leader.value < 0.5)


@pytest.mark.parametrize("values", [np.zeros((128, 128)), np.ones((128, 128))])
def test_an_even_map_has_no_brightest_places(values: np.ndarray) -> None:
    ways = both_ways("maps.brightest_region", evidence(values), BRIGHTEST)
    assert ways == [[False] * 3] * 2
    assert (
        both_ways("maps.brightest_region.clear_place", evidence(values), CLEARLY)
        == [[False] * 3 + [True]] * 2
    )


def test_what_cannot_be_read_marks_nothing() -> None:
    valid = np.ones((128, 128), bool)
    valid[100:, 100:] = False
    values = smooth_noise(1) * 0.2 + PARTS["cake"]
    hidden = np.where(valid, values, 50.0)
    decisions = [
        decide_again("maps.brightest_region", evidence(one, valid=valid), PARAMETERS, BRIGHTEST)
        for one in (values, hidden)
    ]
    assert [v.value for v in decisions[0].verdicts] == [v.value for v in decisions[1].verdicts]
    assert decisions[0].note is not None
    assert (
        "5% of the map cannot be read and is not counted (saliency, picture 2)"
        in decisions[0].note[0]
    )
