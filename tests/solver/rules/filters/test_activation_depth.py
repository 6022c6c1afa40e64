"""How an activation changes with depth: detail and places, by the rule and its cross-check."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from solver.errors import EvidenceError, MissingEvidence
from solver.evidence import Evidence, Record
from solver.rules.filters.activation_depth import mean_frequency, readable_window, shown_pair
from tests.solver.rules.made_maps import (
    box,
    decide,
    decide_again,
    evidence_of,
    held,
    smooth_noise,
)

DEPTH = [{"detail": "sharper"}, {"detail": "blurrier"}, {"place": "same"}, {"place": "other"}]


WAYS = {"first": decide, "second": decide_again}
Way = Literal["first", "second"]
both_ways = pytest.mark.parametrize("way", ["first", "second"])


def with_depth(
    early: list[np.ndarray], late: list[np.ndarray], way: Way = "first"
) -> list[bool | None]:
    records = [
        Record(f"activation/{layer}/{place}", {"map": values})
        for layer, maps in ((6, early), (23, late))
        for place, values in enumerate(maps)
    ]
    parameters = {"early": 6, "late": 23, "pictures": list(range(len(early)))}
    return held(WAYS[way]("filters.activation_depth", evidence_of(*records), parameters, DEPTH))


def maps(seed: int, sigma: float) -> list[np.ndarray]:
    """Four maps, each of a thing in a corner of its own, drawn sharply or blurred."""
    generator = np.random.default_rng(seed)
    things = []
    for corner in generator.permutation(4):
        size, (down, right) = generator.integers(24, 40), generator.integers(8, 20, 2)
        top, left = 60 * (corner // 2) + down, 60 * (corner % 2) + right
        ground = 0.1 * smooth_noise(int(generator.integers(10**6)), 2)
        things.append(box(int(top), int(left), int(size), int(size)) + ground)
    return [ndimage.gaussian_filter(thing, sigma) for thing in things]


def smaller(values: np.ndarray) -> np.ndarray:
    return values.reshape(32, 4, 32, 4).max(axis=(1, 3))


@both_ways
@settings(max_examples=4, deadline=None, derandomize=True)
@given(seed=st.integers(0, 1000))
def test_detail_follows_the_blur_and_turns_with_the_layers(way: Way, seed: int) -> None:
    sharp, blurred = maps(seed, 0.5), maps(seed, 6)
    assert with_depth(sharp, blurred, way)[:2] == [False, True]
    assert with_depth(blurred, sharp, way)[:2] == [True, False]
    assert with_depth(sharp, sharp, way)[:2] == [False, False]
    coarse = [smaller(one) for one in blurred]
    assert with_depth(sharp, coarse, way)[:2] == [False, True]
    assert with_depth(sharp, [one * 40 - 7 for one in blurred], way)[:2] == [False, True]


@both_ways
@settings(max_examples=4, deadline=None, derandomize=True)
@given(seed=st.integers(0, 1000))
def test_places_are_the_same_until_the_pictures_are_shuffled(way: Way, seed: int) -> None:
    early = maps(seed, 0.5)
    late = [smaller(one) for one in maps(seed, 4)]
    assert with_depth(early, late, way)[2:] == [True, False]
    assert with_depth(early, [-one for one in late], way)[2:] == [True, False]  # by darkness
    assert with_depth(early, late[1:] + late[:1], way)[2:] == [False, True]


def test_things_in_the_middle_of_every_picture_can_be_in_the_same_places_by_ranks() -> None:
    """Other pictures' maps agree by .8 then, and nothing lies above that by .2."""
    generator = np.random.default_rng(0)
    early = []
    for _ in range(4):
        height, width = generator.integers(40, 60, 2)
        thing = box(64 - int(height) // 2, 64 - int(width) // 2, int(height), int(width))
        early.append(ndimage.gaussian_filter(thing + 0.05 * generator.random((128, 128)), 0.5))
    late = [smaller(ndimage.gaussian_filter(one, 3)) for one in early]
    assert with_depth(early, late, "second")[2:] == [True, False]


@both_ways
def test_noise_is_in_quite_other_places(way: Way) -> None:
    noise = [smooth_noise(seed, 4) for seed in range(4)]
    assert with_depth(maps(3, 0.5), noise, way)[2:] == [False, True]


@settings(max_examples=30, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6), count=st.integers(0, 4))
def test_no_larger_rectangle_can_be_read(seed: int, count: int) -> None:
    generator = np.random.default_rng(seed)
    valid = np.ones((9, 11), bool)
    for top, left, height, width in generator.integers(1, 7, (count, 4)):
        valid[top : top + height, left : left + width] = False
    rows, columns = readable_window(valid)
    assert valid[rows, columns].all()
    largest = max(
        (bottom - top) * (right - left)
        for top in range(9)
        for bottom in range(top + 1, 10)
        for left in range(11)
        for right in range(left + 1, 12)
        if valid[top:bottom, left:right].all()
    )
    assert valid[rows, columns].size == largest


def test_what_covers_a_figure_is_not_read() -> None:
    early, late = maps(5, 0.5), maps(5, 6)
    covered = np.ones((128, 128), bool)
    covered[60:80, 90:], covered[0:4] = False, False
    records = []
    for layer, drawn in ((6, early), (23, late)):
        for place, values in enumerate(drawn):
            noise = np.random.default_rng(place).random(values.shape) * 9
            spoilt = np.where(covered, values, noise)
            arrays = {"map": spoilt, "valid": covered}
            records.append(Record(f"activation/{layer}/{place}", arrays))
    parameters = {"early": 6, "late": 23, "pictures": [0, 1, 2, 3]}
    for way in (decide, decide_again):
        found = held(way("filters.activation_depth", evidence_of(*records), parameters, DEPTH))
        assert found == [False, True, True, False]


def test_a_figure_that_is_covered_all_over_is_refused() -> None:
    with pytest.raises(EvidenceError, match="no place that can be read"):
        readable_window(np.zeros((4, 4), bool))


@settings(max_examples=20, deadline=None, derandomize=True)
@given(waves=st.integers(3, 40), size=st.sampled_from([64, 128]))
def test_the_mean_frequency_of_a_wave_is_its_own(waves: int, size: int) -> None:
    if waves < size / 3:
        wave = np.sin(np.arange(size) / size * waves * 2 * np.pi)
        values = np.tile(wave, (size, 1))
        assert mean_frequency(values) == pytest.approx(waves, abs=1)
        assert mean_frequency(values.T * 3 + 1) == pytest.approx(mean_frequency(values))
        assert mean_frequency(np.ones((size, size))) < 1e-6


def test_missing_maps_are_named() -> None:
    with pytest.raises(MissingEvidence, match="activation/6/0"):
        decide(
            "filters.activation_depth", Evidence(), {"early": 6, "late": 23, "pictures": [0]}, DEPTH
        )


def test_of_a_coarser_map_no_pixel_is_read_that_is_covered_in_part() -> None:
    """Rows 6 to 99 and columns 10 to 127 of 128 can be read: of a fourth of the size 2 to 24."""
    fine, coarse = np.arange(128.0**2).reshape(128, 128), np.arange(32.0**2).reshape(32, 32)
    valid = np.zeros((128, 128), bool)
    valid[6:100, 10:] = True
    one = Record("activation/6/0", {"map": fine, "valid": valid})
    first, second = shown_pair(one, Record("activation/23/0", {"map": coarse}))
    assert np.array_equal(first, fine[6:100, 10:])
    assert np.array_equal(second, coarse[2:25, 3:])


@both_ways
def test_maps_are_measured_on_their_own_ranges(way: Way) -> None:
    early, late = maps(2, 0.5), maps(2, 3)
    records = {
        scaled: evidence_of(
            *(Record(f"activation/6/{at}", {"map": one}) for at, one in enumerate(early)),
            *(
                Record(f"activation/23/{at}", {"map": one * 40 - 7 if scaled else one})
                for at, one in enumerate(late)
            ),
        )
        for scaled in (False, True)
    }
    asked = {"early": 6, "late": 23, "pictures": [0, 1, 2, 3]}
    plain, scaled = (
        [one.value for one in WAYS[way]("filters.activation_depth", found, asked, DEPTH).verdicts]
        for found in records.values()
    )
    assert scaled == pytest.approx(plain)
