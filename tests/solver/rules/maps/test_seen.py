"""What a person sees beside a verdict: a shape traced, a halo, a diffuse map."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from solver.rules.maps.seen import BY_HALO, DIFFUSE, half_mass, leads_by_border, points_at, traced
from tests.benchmarks import seen as simulated
from tests.solver.rules.made_maps import box

EVERYWHERE = np.ones((128, 128), bool)
THING = box(30, 40, 50, 40)


@pytest.mark.parametrize("family", simulated.TRACING)
def test_the_map_that_traces_a_thing_better_has_more_of_it(family: simulated.Family) -> None:
    right = []
    for seed in range(8):
        better, worse, thing = family(np.random.default_rng(seed))
        right.append(traced(better, thing, EVERYWHERE) > traced(worse, thing, EVERYWHERE))
    assert np.mean(right) >= 7 / 8


def test_an_even_map_traces_nothing_and_a_reversed_one_less() -> None:
    assert traced(np.ones((128, 128)), THING, EVERYWHERE) == pytest.approx(0.5)
    assert traced(np.ones((128, 128)), EVERYWHERE, EVERYWHERE) == 0.5
    bright = THING + 0.0
    found = traced(bright, THING, EVERYWHERE)
    assert found > 0.98 and traced(1 - bright, THING, EVERYWHERE) == pytest.approx(1 - found)


def test_what_cannot_be_read_is_no_place() -> None:
    hidden = EVERYWHERE.copy()
    hidden[:, 60:] = False
    bright = np.where(hidden, THING + 0.0, 9.0)
    assert traced(bright, THING, hidden) > 0.98
    spoilt = np.where(hidden, np.random.default_rng(0).random((128, 128)), 9.0)
    assert half_mass(spoilt, hidden) > 0.45
    assert points_at(bright, THING, hidden) and not points_at(bright, ~THING, hidden)


@pytest.mark.parametrize("kind", ["halo", "itself", "both"])
def test_a_halo_is_left_behind_at_the_border_and_brightness_is_not(kind: str) -> None:
    told = []
    for seed in range(12):
        values, leads, trails, by_halo = simulated.halo(kind, np.random.default_rng(seed))
        found = leads_by_border(values, EVERYWHERE, [leads], [trails])
        assert found is not None
        told.append((found[1] < BY_HALO * found[0]) == by_halo)
    assert np.mean(told) > 0.8


def test_a_region_that_is_all_border_has_nothing_left() -> None:
    line = ndimage.binary_dilation(box(20, 64, 80, 1), iterations=3)
    assert leads_by_border(np.ones((128, 128)), EVERYWHERE, [line], [~line]) is None
    whole = leads_by_border(THING + 1.0, EVERYWHERE, [THING], [~THING])
    assert whole is not None and whole[0] == pytest.approx(whole[1])


@pytest.mark.parametrize("noise", ["speckle", "clumps"])
@pytest.mark.parametrize("places", ["", ", glow", ", places"])
def test_a_diffuse_map_is_told_from_one_with_places(noise: str, places: str) -> None:
    for seed in range(4):
        bright, is_diffuse = simulated.diffuse(noise + places, np.random.default_rng(seed))
        assert (half_mass(bright, EVERYWHERE) >= DIFFUSE) == is_diffuse
        assert half_mass(bright * 1e-6, EVERYWHERE) == pytest.approx(half_mass(bright, EVERYWHERE))
    assert half_mass(np.zeros((128, 128)), EVERYWHERE) == 0.5
