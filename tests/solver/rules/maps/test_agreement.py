"""Whether two maps mark the same places, and which lies closer: both turn with the maps."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import optimize

from solver.errors import MissingEvidence
from solver.evidence import Evidence, Record
from solver.rules.maps.agreement import (
    CompareClaim,
    CompareSettings,
    block_correlation,
    readings,
)
from solver.rules.maps.agreement_check import overlap
from solver.rules.maps.displayed import brightest_places
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
FOOD = box(40, 40, 48, 48)
AGREE = [{"picture": 0, "agree": True}, {"picture": 0, "agree": False}]
WAYS: tuple[Literal["first", "second"], ...] = ("first", "second")
CLOSER = [{"closer": "saliency"}, {"closer": "smoothgrad"}]


def both(first: np.ndarray, second: np.ndarray, food: np.ndarray = FOOD) -> Evidence:
    """Saliency `first` and SmoothGrad `second` (grey) of picture 0."""
    return evidence_of(
        Record("saliency/0", {"map": first}),
        Record("smoothgrad/0", {"map": np.stack([second] * 3, -1)}),
        regions(0, food=food),
    )


def compared(evidence: Evidence, way: Literal["first", "second"] = "first") -> list[bool | None]:
    by = decide if way == "first" else decide_again
    return held(by("maps.agreement", evidence, {"pictures": [0]}, AGREE + CLOSER))


@settings(max_examples=20, deadline=None, derandomize=True)
@given(seed=SEEDS, scale=st.floats(0.1, 10), shift=st.floats(-1, 1))
def test_a_map_agrees_with_itself_however_bright(seed: int, scale: float, shift: float) -> None:
    one = smooth_noise(seed, 6)
    assert block_correlation(one, one * scale + shift) == pytest.approx(1)
    assert block_correlation(one, -one) == pytest.approx(-1)
    assert block_correlation(one, one.T) == pytest.approx(block_correlation(one.T, one))
    assert compared(both(one, one * scale))[:2] == [True, False]


@settings(max_examples=20, deadline=None, derandomize=True)
@given(seed=SEEDS)
def test_a_map_turned_upside_down_marks_other_places(seed: int) -> None:
    one = np.where(box(5, 5, 40, 40), 1.0, 0.05) * smooth_noise(seed)
    for way in WAYS:
        assert compared(both(one, one), way)[:2] == [True, False]
        assert compared(both(one, one[::-1, ::-1]), way)[:2] == [False, True]


def test_integrated_gradients_are_read_at_their_steps() -> None:
    """The same two maps, one as integrated gradients about their grey: the same verdicts."""
    one = np.where(box(5, 5, 40, 40), 1.0, 0.05) * smooth_noise(3)
    two = {"first": "saliency", "second": "integrated_gradients", "pictures": [0], "steps": 30}
    claims = [*AGREE, {"closer": "saliency"}, {"closer": "integrated_gradients"}]
    for other in (one, one[::-1, ::-1]):
        grey = Record(
            "integrated_gradients/0/30",
            {"map": np.stack([0.5 + other / 2] * 3, -1)},
            {"neutral": 0.5},
        )
        evidence = both(one, other)
        evidence.add(grey)
        for by in (decide, decide_again):
            as_grey = held(by("maps.agreement", evidence, two, claims))
            as_shown = held(by("maps.agreement", evidence, {"pictures": [0]}, AGREE + CLOSER))
            assert as_grey == as_shown
    with pytest.raises(ValidationError, match="'steps' belongs to integrated gradients"):
        CompareSettings.model_validate({"pictures": [0], "steps": 30})


def test_between_the_same_and_different_neither_holds() -> None:
    first, second = smooth_noise(1, 8), smooth_noise(2, 8)
    second = second - second.mean() + first - first.mean()
    assert 0.2 < block_correlation(first, second) < 0.8
    assert compared(both(first, second))[:2] == [False, False]


def test_single_pixels_do_not_matter_and_a_constant_map_agrees_with_nothing() -> None:
    generator = np.random.default_rng(0)
    # Two samplings of the same places, pixel by pixel almost unrelated.
    ground = 0.2 + np.where(box(30, 30, 50, 60), 1.0, 0.0)
    first, second = (ground * generator.exponential(size=(128, 128)) for _ in range(2))
    assert np.corrcoef(first.ravel(), second.ravel())[0, 1] < 0.5
    assert compared(both(first, second))[:2] == [True, False]
    for level in (0.0, 0.3, 1.0):
        assert block_correlation(first, np.full((128, 128), level)) == 0


@settings(max_examples=20, deadline=None, derandomize=True)
@given(seed=SEEDS)
def test_the_closer_map_is_the_one_inside_and_swaps_when_swapped(seed: int) -> None:
    noise = smooth_noise(seed)
    inside, outside = noise + np.where(FOOD, 2, 0), noise + np.where(FOOD, 0, 2)
    assert compared(both(inside, outside))[2:] == [True, False]
    assert compared(both(outside, inside))[2:] == [False, True]
    assert compared(both(inside, outside, ~FOOD))[2:] == [False, True]
    mirrored = both(inside[:, ::-1], outside[:, ::-1], FOOD[:, ::-1])
    assert compared(mirrored)[2:] == [True, False]
    assert compared(both(noise, noise))[2:] == [False, False]
    for one, other, expected in ((inside, outside, True), (outside, inside, False)):
        assert compared(both(one, other), "second")[2:] == [expected, not expected]
    assert compared(both(noise, noise), "second")[2:] == [False, False]


@settings(max_examples=20, deadline=None, derandomize=True)
@given(seed=SEEDS)
def test_the_brightest_twentieth_is_marked(seed: int) -> None:
    bright, valid = smooth_noise(seed), np.ones((128, 128), bool)
    marked = brightest_places(bright, valid)
    assert marked.mean() == pytest.approx(0.05, abs=0.005)
    assert bright[marked].mean() > bright[~marked].mean()
    assert np.array_equal(brightest_places(bright * 7, valid), marked)
    assert not brightest_places(np.ones((128, 128)), valid).any()


@pytest.mark.parametrize(
    "claim",
    [{}, {"picture": 0}, {"agree": True}, {"picture": 0, "agree": True, "closer": "saliency"}],
)
def test_half_a_claim_is_refused(claim: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        CompareClaim.model_validate(claim)


def test_missing_maps_and_regions_are_named() -> None:
    one = smooth_noise(0)
    with pytest.raises(MissingEvidence, match=r"the region 'food'"):
        compared(evidence_of(*(r for r in both(one, one) if r.kind != "regions"), regions(0)))
    with pytest.raises(MissingEvidence, match="smoothgrad/0"):
        compared(evidence_of(*(r for r in both(one, one) if r.kind != "smoothgrad")))


def test_near_is_closer_than_far_though_neither_is_inside() -> None:
    """Distance tells two maps apart of which no part lies in the region; the share cannot."""
    near, far = (box(92, left, 8, 40).astype(float) for left in (44, 4))
    assert not (near * FOOD).any()
    assert compared(both(near, far))[2:] == [False, False]
    assert compared(both(near, far), "second")[2:] == [True, False]
    assert compared(both(far, near), "second")[2:] == [False, True]
    turned = both(np.rot90(near), np.rot90(far), np.rot90(FOOD))
    assert compared(turned, "second")[2:] == [True, False]


@settings(max_examples=15, deadline=None, derandomize=True)
@given(seed=SEEDS)
def test_overlap_is_one_with_itself_and_nothing_by_chance(seed: int) -> None:
    everywhere = np.ones((128, 128), bool)
    one, other = smooth_noise(seed), smooth_noise(seed + 1)
    assert overlap((one, everywhere), (one * 5, everywhere)) == pytest.approx(1)
    ways = [overlap((a, everywhere), (b, everywhere)) for a, b in ((one, other), (other, one))]
    assert ways[0] == pytest.approx(ways[1])
    assert ways[0] < 0.6
    assert overlap((one, everywhere), (np.zeros((128, 128)), everywhere)) == 0


def test_blocks_that_cannot_be_read_do_not_count() -> None:
    one, valid = smooth_noise(0, 6), np.ones((128, 128), bool)
    valid[:40, :64] = False
    spoiled = np.where(valid, one, np.random.default_rng(0).random((128, 128)))
    assert block_correlation(one, spoiled) < 0.99
    assert block_correlation(one, spoiled, valid) == pytest.approx(1)
    assert block_correlation(one, one, ~np.ones((128, 128), bool)) == 0


def test_the_note_counts_the_pictures() -> None:
    noise = smooth_noise(4)
    decision = decide(
        "maps.agreement",
        both(noise + np.where(FOOD, 2, 0), noise),
        {"pictures": [0]},
        CLOSER,
    )
    assert decision.note is not None
    assert decision.note[0].startswith(
        "Saliency is closer to the food in 1 pictures, SmoothGrad in 0"
    )


def test_one_kind_of_map_is_not_compared_with_itself() -> None:
    with pytest.raises(ValidationError, match="are both saliency"):
        CompareSettings(first="saliency", second="saliency", pictures=[0])


def of_ten_pictures(lead: float, spread: float) -> list[bool | None]:
    """The closer kind by the cross-check, of ten pictures whose maps lead by about `lead`."""
    generator, records = np.random.default_rng(0), []
    for picture in range(10):
        size = lead + spread * generator.choice([-1, 1])
        first, second = (smooth_noise(seed, 1.0) for seed in (picture, picture + 50))
        first = first + np.where(FOOD, size, 0) - min(size, 0)
        for kind, values in (("saliency", first), ("smoothgrad", second)):
            records.append(Record(f"{kind}/{picture}", {"map": values}))
        records.append(regions(picture, food=FOOD))
    asked = {"pictures": list(range(10))}
    return held(decide_again("maps.agreement", evidence_of(*records), asked, CLOSER))


def test_overall_is_beyond_chance_over_the_pictures() -> None:
    assert of_ten_pictures(lead=2.0, spread=0.5) == [True, False]
    assert of_ten_pictures(lead=0.1, spread=1.0) == [False, False]


@pytest.mark.parametrize(
    ("r", "expected"),
    [(0.82, [True, False]), (0.78, [False, False]), (0.22, [False, False]), (0.18, [False, True])],
)
def test_eight_and_two_tenths_are_the_lines(r: float, expected: list[bool]) -> None:
    """A second map is mixed with the first until their blocks correlate by so much."""
    first, noise = smooth_noise(1, 8), smooth_noise(2, 8)
    mixed = optimize.brentq(
        lambda share: block_correlation(first, share * first + (1 - share) * noise) - r, -1, 1
    )
    assert compared(both(first, mixed * first + (1 - mixed) * noise + 1))[:2] == expected


def test_only_what_both_maps_can_be_read_in_is_compared() -> None:
    one = smooth_noise(0, 6)
    left, lower = np.ones((128, 128), bool), np.ones((128, 128), bool)
    left[:, 100:], lower[:40] = False, False
    junk = np.random.default_rng(0).random((128, 128)) * 9
    evidence = evidence_of(
        Record("saliency/0", {"map": np.where(left, one, junk), "valid": left}),
        Record(
            "smoothgrad/0",
            {"map": np.stack([np.where(lower, one, 1 - junk)] * 3, -1), "valid": lower},
        ),
        regions(0, food=FOOD),
    )
    (found,) = decide("maps.agreement", evidence, {"pictures": [0]}, AGREE[:1]).verdicts
    assert found.value == pytest.approx(1)


def test_mirrored_maps_of_two_sizes_agree_as_they_did() -> None:
    """Brought to one size a map must not move, or it moves the other way in a mirror."""
    fine, coarse = smooth_noise(0, 6), smooth_noise(0, 6)[:71, :71]
    maps = [(fine, coarse), (fine[::-1, ::-1], coarse[::-1, ::-1])]
    records = [(Record("saliency/0", {"map": a}), Record("lime/0", {"map": b})) for a, b in maps]
    upright, mirrored = (readings(*pair)[1] for pair in records)
    assert np.array_equal(upright[0][::-1, ::-1], mirrored[0])


@pytest.mark.parametrize(("readable", "counts"), [(5, True), (3, False)])
def test_a_block_counts_if_half_of_it_can_be_read(readable: int, counts: bool) -> None:
    """The last column of blocks of 8 pixels can be read in so many; only there two maps differ."""
    one, valid = smooth_noise(0, 6), np.ones((128, 128), bool)
    valid[:, 120 + readable :] = False
    other = np.where(np.arange(128) < 120, one, 3 * one.mean())
    assert (block_correlation(one, other, valid) < 0.8) is counts


def test_high_ground_makes_no_two_maps_alike_at_the_edge_of_what_can_be_read() -> None:
    valid = np.ones((128, 128), bool)
    valid[:, 61:] = valid[:44] = False
    first, second = 10 + smooth_noise(1, 4), 10 + smooth_noise(2, 4)
    assert abs(block_correlation(first, second, valid)) < 0.35


def test_marks_lie_on_one_another_within_half_a_block() -> None:
    """A line of a twentieth of the picture, moved by 3 of 128 pixels and by 12; a block has 8."""
    everywhere = np.ones((128, 128), bool)
    line = box(0, 40, 128, 6).astype(float)
    found = [overlap((line, everywhere), (np.roll(line, far, 1), everywhere)) for far in (3, 12)]
    assert found[0] == pytest.approx(1)
    assert found[1] < 0


def test_the_note_is_there_if_any_claim_asks_for_the_closer_map() -> None:
    evidence = both(smooth_noise(1), smooth_noise(2))
    for claims, noted in ((AGREE, False), (AGREE + CLOSER, True), (CLOSER, True)):
        found = decide("maps.agreement", evidence, {"pictures": [0]}, claims)
        assert (found.note is not None) is noted


def test_a_map_without_light_is_near_nothing_and_agrees_with_nothing() -> None:
    evidence = both(np.zeros((128, 128)), smooth_noise(1) * FOOD)
    for by, nearest in ((decide, 1.0), (decide_again, None)):
        found = by("maps.agreement", evidence, {"pictures": [0]}, AGREE + CLOSER).verdicts
        assert [one.value for one in found[:3]] == [0, 0, 0]
        assert nearest is None or found[3].value == nearest
        assert [one.holds for one in found] == [False, True, False, True]
