"""A map as a person sees it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.errors import EvidenceError, MissingEvidence
from solver.evidence import Record
from solver.rules.maps.displayed import (
    MARKED,
    brightest_of,
    brightest_places,
    density,
    displayed_brightness,
    fitted_to,
    readable_brightness,
    region,
    region_name,
    reservations,
    share_inside,
    standing_out,
    valid_places,
)
from solver.rules.thresholds import reads, varied
from tests.solver.rules.made_maps import box, evidence_of, regions, smooth_noise

SEEDS = st.integers(0, 10**6)


def test_a_saliency_map_speaks_by_its_values_and_a_colour_map_by_its_brightness() -> None:
    grey = smooth_noise(1)
    assert np.array_equal(displayed_brightness(Record("saliency/0", {"map": grey})), grey)
    colours = np.stack([grey] * 3, -1)
    shown = displayed_brightness(Record("smoothgrad/0", {"map": colours}))
    assert np.allclose(shown, grey)
    green, blue = np.zeros((2, 4, 4, 3))
    green[..., 1], blue[..., 2] = 1, 1
    bright = [
        displayed_brightness(Record("smoothgrad/0", {"map": one})).mean() for one in (green, blue)
    ]
    assert bright[0] > bright[1] > 0


@settings(max_examples=20, deadline=None, derandomize=True)
@given(seed=SEEDS, ground=st.floats(0.2, 0.8))
def test_integrated_gradients_speak_by_their_distance_from_the_ground(
    seed: int, ground: float
) -> None:
    values = np.full((16, 16, 3), ground)
    row, column, channel = np.random.default_rng(seed).integers(0, (16, 16, 3))
    for sign in (-0.15, 0.15):
        values[row, column, channel] = ground + sign
        told = Record("integrated_gradients/0/10", {"map": values}, {"neutral": ground})
        guessed = Record("integrated_gradients/0/10", {"map": values})
        for record in (told, guessed):
            shown = displayed_brightness(record)
            assert shown[row, column] == pytest.approx(0.15)
            assert np.count_nonzero(shown > 1e-9) == 1


@pytest.mark.parametrize("shape", [(4,), (4, 4, 4), (4, 4, 3, 1)])
def test_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(EvidenceError, match=r"saliency/0.*must be \(H, W\)"):
        displayed_brightness(Record("saliency/0", {"map": np.zeros(shape)}))


def test_only_what_is_brighter_than_around_it_stands_out() -> None:
    ramp = np.tile(np.linspace(0, 1, 128), (128, 1))
    spot = ramp.copy()
    spot[60:64, 20:24] += 0.3
    risen = standing_out(spot) - standing_out(ramp)
    assert standing_out(ramp)[:, 16:-16].max() < 0.01
    assert np.unravel_index(risen.argmax(), risen.shape)[1] in range(20, 24)
    assert not standing_out(np.full((64, 64), 0.7)).round(9).any()


@settings(max_examples=25, deadline=None, derandomize=True)
@given(side=st.integers(1, 200), seed=SEEDS)
def test_a_mask_keeps_its_share_at_another_size(side: int, seed: int) -> None:
    top, left = np.random.default_rng(seed).integers(0, 96, 2)
    mask = box(int(top), int(left), 32, 32)
    fitted = fitted_to(mask, (side, side))
    assert fitted.shape == (side, side)
    if side >= 64:
        assert fitted.mean() == pytest.approx(mask.mean(), rel=0.15)
    assert np.array_equal(fitted_to(mask, (128, 128)), mask)
    large = (384, 384)
    assert np.array_equal(fitted_to(mask[:, ::-1], large), fitted_to(mask, large)[:, ::-1])


@settings(max_examples=25, deadline=None, derandomize=True)
@given(side=st.integers(1, 128), seed=SEEDS)
def test_a_border_is_shared_between_its_sides(side: int, seed: int) -> None:
    top, left = np.random.default_rng(seed).integers(0, 96, 2)
    mask = box(int(top), int(left), 32, 32)
    share = share_inside(mask, (side, side))
    assert share.shape == (side, side) and share.min() >= 0 and share.max() <= 1 + 1e-12
    # No area is lost, and what is not inside is outside.
    assert share.mean() == pytest.approx(mask.mean(), rel=1e-9)
    assert share + share_inside(~mask, (side, side)) == pytest.approx(1, abs=1e-9)
    turned = share_inside(np.rot90(mask), (side, side))
    assert turned == pytest.approx(np.rot90(share), abs=1e-9)


def test_a_bright_border_pixel_of_a_coarse_map_counts_for_both_sides() -> None:
    values, everywhere = np.zeros((8, 8)), np.ones((8, 8), bool)
    values[:, 4] = 1.0  # the column in whose middle the border lies
    left = np.broadcast_to(np.arange(128) < 72, (128, 128))
    found = [density(values, share_inside(side, (8, 8)), everywhere) for side in (left, ~left)]
    # Half of eight pixels on either side, of areas of 36 and 28 pixels, over a mean of an eighth.
    assert found == pytest.approx([4 / 36 * 8, 4 / 28 * 8])


def test_the_pixel_of_a_coarse_layer_is_told() -> None:
    told = [
        reservations(Record("activation/15/1", {"map": np.zeros((side, side))}))
        for side in (128, 64, 16)
    ]
    assert told[0] == []
    assert "is 2 of the picture's, and has seen about 3 to each side" in told[1][0][0]
    assert "8 個像素，所見約及其中心兩側各 11 個像素" in told[2][0][1]


@settings(max_examples=25, deadline=None, derandomize=True)
@given(seed=SEEDS, scale=st.floats(0.01, 100))
def test_density_knows_no_scale_and_is_one_everywhere(seed: int, scale: float) -> None:
    values, everywhere = smooth_noise(seed), np.ones((128, 128), bool)
    inside = box(10, 20, 30, 40)
    assert density(values, everywhere, everywhere) == pytest.approx(1)
    found = density(values, inside, everywhere)
    assert density(values * scale, inside, everywhere) == pytest.approx(found)
    share = inside.mean()
    rest = density(values, ~inside, everywhere)
    assert share * found + (1 - share) * rest == pytest.approx(1)
    assert density(np.zeros_like(values), inside, everywhere) == 0
    assert density(values, ~everywhere, everywhere) == 0


def test_places_that_cannot_be_read_do_not_count() -> None:
    values, valid = np.ones((8, 8)), np.ones((8, 8), bool)
    values[0, 0], valid[0, 0] = 1e9, False
    record = Record("saliency/0", {"map": values, "valid": valid})
    assert density(values, np.ones((8, 8), bool), valid_places(record)) == 1
    assert valid_places(Record("saliency/0", {"map": values})).all()
    with pytest.raises(EvidenceError, match="'valid' has another shape"):
        valid_places(Record("saliency/0", {"map": values, "valid": valid[:4]}))


def test_a_region_that_is_not_drawn_or_empty_is_missing() -> None:
    evidence = evidence_of(regions(2, cake=box(0, 0, 9, 9), phone=np.zeros((128, 128), bool)))
    assert region(evidence, 2, "cake").sum() == 81
    for name in ("phone", "plate"):
        with pytest.raises(MissingEvidence, match=f"regions/2: the region '{name}'"):
            region(evidence, 2, name)
    with pytest.raises(MissingEvidence, match="regions/3"):
        region(evidence, 3, "cake")


def test_what_cannot_be_read_is_no_surroundings_and_no_ground() -> None:
    values, valid = smooth_noise(2), np.ones((128, 128), bool)
    valid[:30, 90:] = False
    spoiled = np.where(valid, values, 9.0)
    assert np.allclose(standing_out(spoiled, valid)[valid], standing_out(values, valid)[valid])
    colours = np.full((128, 128, 3), 0.4)
    colours[:, :70] = 0.9  # more than half, but most of it not readable
    arrays = {"map": colours, "valid": np.tile(np.arange(128) > 40, (128, 1))}
    record = Record("integrated_gradients/0/10", arrays)
    assert displayed_brightness(record)[0, 100] == 0
    assert len(reservations(record)) == 2
    assert not reservations(Record("saliency/0", {"map": values}))


@settings(max_examples=15, deadline=None, derandomize=True)
@given(seed=SEEDS, scale=st.floats(0.01, 100), lift=st.floats(-5, 5))
def test_a_map_is_read_from_its_lowest_value_up(seed: int, scale: float, lift: float) -> None:
    values = smooth_noise(seed)
    valid = np.ones((128, 128), bool)
    valid[0, 0] = False
    before, after = (
        readable_brightness(Record("saliency/0", {"map": one, "valid": valid}))[0]
        for one in (values, values * scale + lift)
    )
    assert before[valid].min() == 0
    assert np.allclose(after, before * scale, atol=1e-9)
    nothing = Record("saliency/0", {"map": values, "valid": ~np.ones((128, 128), bool)})
    with pytest.raises(EvidenceError, match="leaves no place to read"):
        readable_brightness(nothing)


def test_how_much_is_marked_is_a_threshold() -> None:
    bright, valid = smooth_noise(3), np.ones((128, 128), bool)
    with varied({MARKED.name: 1.25}):
        assert brightest_places(bright, valid).mean() == pytest.approx(0.0625, abs=0.002)
    assert brightest_places(bright, valid).mean() == pytest.approx(0.05, abs=0.002)
    assert not brightest_places(np.full((64, 64), 0.3), np.ones((64, 64), bool)).any()


def test_a_plateau_is_marked_whole_and_the_ground_is_not() -> None:
    everywhere, plateau = np.ones((128, 128), bool), box(30, 30, 50, 50)
    marked = brightest_places(0.2 + 0.5 * plateau, everywhere)
    assert marked[35:75, 35:75].all()
    assert marked.mean() < plateau.mean()
    lone = np.zeros((128, 128))
    lone[60, 60] = 1
    assert 0 < brightest_places(lone, everywhere).sum() < 150


def test_the_brightest_places_of_a_record_are_found_once_and_follow_their_thresholds() -> None:
    record = Record("smoothgrad/0", {"map": np.random.default_rng(3).random((64, 64, 3))})
    found = brightest_of(record)
    assert brightest_of(record) is found
    assert np.array_equal(found, brightest_places(*readable_brightness(record)))
    with varied({"displayed.marked_share": 2.0}):
        assert brightest_of(record).sum() == pytest.approx(2 * found.sum(), abs=2)
    assert brightest_of(record) is found
    mirrored = replace(record, arrays={"map": record.arrays["map"][:, ::-1]})
    assert np.array_equal(brightest_of(mirrored), found[:, ::-1])
    with pytest.raises(ValueError, match="read-only"):
        found[0, 0] = True


def test_what_is_found_of_a_record_says_which_thresholds_it_hangs_on_each_time() -> None:
    record = Record("saliency/0", {"map": np.random.default_rng(3).random((64, 64))})
    for _ in range(2):
        with reads() as read:
            brightest_of(record)
        assert read == {"displayed.eye", "displayed.marked_share"}


@pytest.mark.parametrize(
    "words", [None, "cake", {"soup": ["the soup"]}, {"soup": ["a", "b", "c"]}, {"soup": ["a", 3]}]
)
def test_a_region_without_a_pair_of_words_is_called_by_its_id(words: object) -> None:
    record = Record("regions/2", {"soup": np.ones((2, 2), bool)}, {"words": words})
    assert region_name(evidence_of(record), 2, "soup") == ("the soup", "「soup」")
    record.values["words"] = {"soup": ["the broth", "湯"]}
    assert region_name(evidence_of(record), 2, "soup") == ("the broth", "湯")
