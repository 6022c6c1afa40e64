"""How far chance would take a map: by a loop over all placements, and on noise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.rules.maps.chance import chance_sentence, lead_sentence, share_by_chance
from solver.rules.thresholds import reads
from tests.solver.rules.made_maps import box, smooth_noise

SEEDS = st.integers(0, 10**6)
EVERYWHERE = np.ones((128, 128), bool)


def by_a_loop(
    values: np.ndarray, masks: list[np.ndarray], valid: np.ndarray, rival: list[np.ndarray]
) -> float:
    """Every shift of every orientation, one at a time."""

    def score(moved: np.ndarray, there: np.ndarray) -> float:
        lowest = []
        for group in (masks, rival):
            parts = [moved[mask & there] for mask in group]
            lowest.append(min((p.mean() if p.size else 0.0 for p in parts), default=0.0))
        return float(lowest[0] - lowest[1])

    height, width = values.shape
    turns = (0, 1, 2, 3) if height == width else (0, 2)
    scores = []
    for turn in turns:
        for flip in (False, True):
            mass, area = np.rot90(values, turn), np.rot90(valid, turn)
            if flip:
                mass, area = mass[:, ::-1], area[:, ::-1]
            for row in range(height):
                for column in range(width):
                    moved, there = (np.roll(one, (row, column), (0, 1)) for one in (mass, area))
                    scores.append(score(moved, there))
    return float(np.mean(np.array(scores) >= score(values, valid) - 1e-9))


@settings(max_examples=12, deadline=None, derandomize=True)
@given(seed=SEEDS, shape=st.sampled_from([(6, 6), (5, 7)]), hidden=st.booleans())
def test_the_share_is_that_of_all_placements(
    seed: int, shape: tuple[int, int], hidden: bool
) -> None:
    generator = np.random.default_rng(seed)
    values = generator.integers(0, 4, shape).astype(float)
    valid = np.ones(shape, bool)
    valid[-2:, -1:] = not hidden
    first, second = np.zeros(shape, bool), np.zeros(shape, bool)
    first[:2, :3] = second[3:, :2] = True
    for masks, rival in (([first], []), ([first, second], []), ([first], [second])):
        assert share_by_chance(values, masks, valid, rival) == pytest.approx(
            by_a_loop(values, masks, valid, rival)
        )


@settings(max_examples=10, deadline=None, derandomize=True)
@given(seed=SEEDS, scale=st.floats(1e-6, 1e6))
def test_it_knows_no_scale_and_turns_with_the_map(seed: int, scale: float) -> None:
    values, mask = smooth_noise(seed), box(10, 30, 40, 30)
    share = share_by_chance(values, [mask], EVERYWHERE)
    assert share_by_chance(values * scale, [mask], EVERYWHERE) == pytest.approx(share, abs=1e-4)
    turned = share_by_chance(np.rot90(values), [np.rot90(mask)], EVERYWHERE)
    assert turned == pytest.approx(share, abs=1e-4)


def test_a_map_that_is_the_region_is_not_by_chance_and_an_even_map_is() -> None:
    mask = box(20, 16, 36, 40)
    alone = share_by_chance(mask.astype(float), [mask], EVERYWHERE)
    assert alone == pytest.approx(4 / 8 / 128**2)  # a box looks the same in four orientations
    for level in (0.0, 1.0):
        assert share_by_chance(np.full((128, 128), level), [mask], EVERYWHERE) == 1


@pytest.mark.parametrize("sigma", [1.0, 4.0, 12.0])
def test_noise_is_beyond_chance_as_often_as_the_level_says(sigma: float) -> None:
    mask = box(20, 16, 56, 50)
    shares = np.array(
        [share_by_chance(smooth_noise(seed, sigma), [mask], EVERYWHERE) for seed in range(60)]
    )
    assert (shares < 0.01).mean() <= 0.05
    assert 0.25 < np.median(shares) < 0.75


def test_the_sentence_follows_the_level() -> None:
    said = ("the cake", "蛋糕")
    assert "not beyond chance" in chance_sentence(said, 0.011)[0]
    assert "not beyond" not in chance_sentence(said, 0.009)[0]
    assert "near tie" in lead_sentence(said, ("the plate", "盤子"), 0.3)[0]
    assert "near tie" not in lead_sentence(said, ("the plate", "盤子"), 0.001)[0]
    with reads() as names:
        chance_sentence(said, 0.011)
        lead_sentence(said, said, 0.011)
    assert not names  # a sentence beside a verdict; no repeat need vary it


def test_two_regions_alike_lead_one_another_by_chance() -> None:
    """Both are brighter than chance, neither than the other: the lead is what is asked about."""
    one, other = box(20, 16, 30, 30), box(70, 70, 30, 30)
    values = (one | other) + 0.05 * smooth_noise(1, 1.0)
    assert share_by_chance(values, [one], EVERYWHERE) < 0.01
    assert share_by_chance(values, [one], EVERYWHERE, [other]) > 0.1
    assert share_by_chance(values + 3.0 * one, [one], EVERYWHERE, [other]) < 0.02


def test_shares_of_pixels_count_by_their_area() -> None:
    values, everywhere = np.random.default_rng(4).random((6, 6)), np.ones((6, 6), bool)
    region, rival = np.zeros((6, 6)), np.zeros((6, 6))
    region[1, 1:4], rival[4, 0:4] = (0.9, 0.6, 0.3), 1.0
    turns = [np.rot90(values, turn) for turn in range(4)]
    leads = [
        np.average(moved, weights=region) - np.average(moved, weights=rival)
        for turned in (*turns, *(np.fliplr(one) for one in turns))
        for down in range(6)
        for right in range(6)
        for moved in [np.roll(turned, (down, right), (0, 1))]
    ]
    as_far = np.mean(np.array(leads) >= leads[0] - 1e-9)
    assert share_by_chance(values, [region], everywhere, [rival]) == pytest.approx(as_far)
