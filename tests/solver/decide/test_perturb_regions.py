"""Edges that are moved: how far, which stay together, and that nothing is emptied."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from solver.decide.perturb_regions import PIXELS, moved_regions, reach_of_edges, signed_distance
from solver.evidence import Record
from tests.solver.rules.made_maps import box

FOOD, PLATE = box(40, 40, 40, 40), box(20, 20, 90, 90)
OUTLINE = FOOD & ~ndimage.binary_erosion(FOOD, iterations=3)


def moved(seed: int, **masks: np.ndarray) -> dict[str, np.ndarray]:
    record = Record("regions/2", masks)
    return moved_regions(record, np.random.default_rng(seed)).arrays


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.integers(0, 10_000))
def test_no_point_of_an_edge_moves_farther_than_it_may(seed: int) -> None:
    (found,) = moved(seed, food=FOOD).values()
    distance = signed_distance(FOOD)
    changed = found != FOOD
    # A pixel's own half, and the corner of a square, whose level lines are round.
    assert np.abs(distance[changed]).max(initial=0) <= PIXELS + 1


def test_edges_do_move_both_ways() -> None:
    sizes = [int(moved(seed, food=FOOD)["food"].sum()) for seed in range(40)]
    assert min(sizes) < FOOD.sum() < max(sizes)
    centres = [ndimage.center_of_mass(moved(seed, food=FOOD)["food"]) for seed in range(40)]
    assert np.ptp(np.array(centres), axis=0).min() > 1


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.integers(0, 10_000))
def test_regions_apart_stay_apart_and_equal_ones_equal(seed: int) -> None:
    ground = PLATE & ~FOOD
    found = moved(seed, food=FOOD, plate=ground, dish=ground, tray=PLATE)
    assert not (found["food"] & found["plate"]).any()
    assert (found["plate"] == found["dish"]).all()
    assert all(mask.any() for mask in found.values())


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(1, 6))
def test_nothing_is_emptied_however_small(seed: int, height: int, width: int) -> None:
    found = moved(seed, dot=box(60, 60, height, width), food=FOOD, outline=OUTLINE)
    assert all(mask.any() for mask in found.values())


def test_an_outline_is_thinned_by_half_at_the_most() -> None:
    thinnest = min(int(moved(seed, outline=OUTLINE)["outline"].sum()) for seed in range(60))
    assert thinnest > 0.3 * OUTLINE.sum()


def test_what_has_no_edge_stays() -> None:
    everything, nothing = np.ones((128, 128), bool), np.zeros((128, 128), bool)
    found = moved(0, all=everything, none=nothing)
    assert found["all"].all() and not found["none"].any()


def test_edges_move_as_far_as_the_pixels_of_a_coarse_map_have_seen() -> None:
    coarse = Record("activation/23/2", {"map": np.zeros((32, 32))})
    fine = Record("activation/6/2", {"map": np.zeros((128, 128))})
    gradient = Record("saliency/2", {"map": np.zeros((16, 16))})  # its pixels are places, not units
    assert reach_of_edges([fine, gradient, Record("regions/2", {})]) == PIXELS
    assert reach_of_edges([fine, coarse]) == 1.4 * 4
    distance = signed_distance(FOOD)
    record = Record("regions/2", {"food": FOOD})
    moves = (moved_regions(record, np.random.default_rng(seed), 9.0) for seed in range(30))
    farthest = max(np.abs(distance[one.arrays["food"] != FOOD]).max(initial=0) for one in moves)
    assert 6 < farthest <= 10


def test_the_farthest_move_is_of_three_pixels() -> None:
    """A wide ground's edge, a straight line, that is shifted, grown or shrunk."""
    ground = box(0, 0, 128, 64)
    widths = [moved(seed, ground=ground)["ground"][64].sum() - 64 for seed in range(200)]
    assert (min(widths), max(widths)) == (-3, 3)
