"""LIME by weights and by pieces: they follow the regression where the overlay's pixels do not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.evidence import Evidence, Record
from solver.rules.lime.overlay_check import PIECE
from solver.rules.thresholds import varied
from tests.solver.rules.made_maps import box, decide_again, evidence_of, held, regions

SEEDS = st.integers(0, 10**6)
SEGMENTS = np.kron(np.arange(64).reshape(8, 8), np.ones((16, 16), int))
FOOD, PLATE = box(32, 32, 64, 64), box(0, 0, 128, 128) & ~box(32, 32, 64, 64)
PAIRS = [
    {"sign": sign, "region": name} for name in ("food", "plate") for sign in ("for", "against")
]
ROLES = [{"role": role} for role in ("for", "against", "both", "unused")]
RING = box(16, 16, 96, 96) & ~box(32, 32, 64, 64)


def shown(weights: np.ndarray, count: int = 11) -> np.ndarray:
    signs = np.zeros((128, 128), np.int8)
    for index in np.argsort(-np.abs(weights), kind="stable")[:count]:
        signs[index == SEGMENTS] = np.sign(weights[index])
    return signs


def lime(weights: np.ndarray, picture: int = 6, told: bool = True, **masks: np.ndarray) -> Evidence:
    arrays = {"signs": shown(weights)}
    if told:
        arrays |= {"segments": SEGMENTS, "weights": weights}
    masks = masks or {"food": FOOD, "plate": PLATE}
    return evidence_of(Record(f"lime/{picture}", arrays), regions(picture, **masks))


def where(evidence: Evidence) -> list[bool | None]:
    return held(decide_again("lime.overlay.sign_in_region", evidence, {"picture": 6}, PAIRS))


@settings(max_examples=20, deadline=None, derandomize=True)
@given(seed=SEEDS)
def test_weights_decide_and_swap_with_their_signs_and_regions(seed: int) -> None:
    weights = np.random.default_rng(seed).normal(size=64)
    before = where(lime(weights))
    assert before.count(True) == 1
    assert where(lime(-weights)) == [before[1], before[0], before[3], before[2]]
    assert where(lime(weights, food=PLATE, plate=FOOD)) == before[2:] + before[:2]
    of_food = np.unique(SEGMENTS[FOOD])
    shares = {
        (sign, name): sum(
            abs(w)
            for at, w in enumerate(weights)
            if np.sign(w) == sign and (at in of_food) == (name == "food")
        )
        for name in ("food", "plate")
        for sign in (1, -1)
    }
    best = max(shares, key=lambda key: shares[key])
    sign = {1: "for", -1: "against"}[best[0]]
    assert PAIRS[before.index(True)] == {"sign": sign, "region": best[1]}


def test_a_large_weight_outdoes_many_pixels_where_it_is_told() -> None:
    weights = np.zeros(64)
    weights[[0, 1, 2, 3, 4, 5, 6, 7]] = 0.1  # eight segments of the plate
    weights[27] = 5.0  # one of the food
    assert where(lime(weights)) == [True, False, False, False]
    assert where(lime(weights, told=False)) == [False, False, True, False]
    note = decide_again(
        "lime.overlay.sign_in_region", lime(weights, told=False), {"picture": 6}, PAIRS
    ).note
    assert note is not None
    assert note[0].startswith("The weights are not told")


def test_labels_that_begin_at_one_are_those_of_the_weights() -> None:
    weights = np.zeros(65)
    weights[28] = 1.0
    record = Record("lime/6", {"signs": shown(weights[1:]), "segments": SEGMENTS + 1})
    record.arrays["weights"] = weights
    evidence = evidence_of(record, regions(6, food=SEGMENTS == 27, plate=SEGMENTS != 27))
    assert where(evidence) == [True, False, False, False]
    record.arrays["weights"] = weights[:-1]  # the last segment, which lime never hides, has none
    assert where(evidence) == [True, False, False, False]


def role(weights: np.ndarray, told: bool = True) -> str:
    evidence = lime(weights, 1, told, contour=RING)
    holding = held(
        decide_again("lime.overlay.signs_along_contour", evidence, {"picture": 1}, ROLES)
    )
    assert holding.count(True) == 1
    return ROLES[holding.index(True)]["role"]


@pytest.mark.parametrize(
    ("on_ring", "elsewhere", "expected"),
    [
        ((1, 1, 1), (-1,), "for"),
        ((-1, -1), (1,), "against"),
        ((1, -1, 1), (), "both"),
        ((), (1, -1, 1), "unused"),
        ((), (), "unused"),
    ],
)
@pytest.mark.parametrize("told", [True, False])
def test_the_role_follows_the_pieces_on_the_ring(
    on_ring: tuple[int, ...], elsewhere: tuple[int, ...], expected: str, told: bool
) -> None:
    weights = np.zeros(64)
    ring = [9, 11, 13]  # squares of the ring that do not touch
    inner = [27, 36, 63]
    for place, sign in zip(ring, on_ring, strict=False):
        weights[place] = sign
    for place, sign in zip(inner, elsewhere, strict=False):
        weights[place] = sign
    assert role(weights, told) == expected
    swapped = {"for": "against", "against": "for", "both": "both", "unused": "unused"}
    assert role(-weights, told) == swapped[expected]


def test_specks_of_a_figure_are_no_pieces() -> None:
    signs = np.zeros((128, 128), np.int8)
    signs[SEGMENTS == 9] = 1
    signs[20:22, 60:62] = -1
    evidence = evidence_of(Record("lime/1", {"signs": signs}), regions(1, contour=RING))
    ask = {"picture": 1}
    assert held(decide_again("lime.overlay.signs_along_contour", evidence, ask, ROLES))[0]
    with varied({PIECE.name: 0.1}):
        found = held(decide_again("lime.overlay.signs_along_contour", evidence, ask, ROLES))
    assert found == [False, False, True, False]


MEANINGS = [
    {"colour": colour, "sign": sign} for colour in ("green", "red") for sign in ("for", "against")
]


def meaning(truth: np.ndarray, rise: np.ndarray) -> list[bool | None]:
    evidence = evidence_of(Record("lime_known_model", {"true_weights": truth, "rise": rise}))
    return held(decide_again("lime.overlay.colour_meaning", evidence, {}, MEANINGS))


@settings(max_examples=20, deadline=None, derandomize=True)
@given(seed=SEEDS)
def test_a_colours_rank_follows_the_truth_and_its_sign(seed: int) -> None:
    generator = np.random.default_rng(seed)
    truth = generator.normal(size=60)
    first = np.argsort(-np.abs(truth))[:20]
    rise = np.zeros((60, 3))
    rise[first, np.where(truth[first] > 0, 1, 0)] = 0.4
    assert meaning(truth, rise) == [True, False, False, True]
    assert meaning(-truth, rise) == [False, True, True, False]
    assert meaning(truth, rise[:, [1, 0, 2]]) == [False, True, True, False]
    assert meaning(truth, np.zeros((60, 3))) == [False] * 4


def test_colours_laid_without_regard_to_the_truth_mean_nothing_as_a_rule() -> None:
    meant = 0
    for seed in range(40):
        generator = np.random.default_rng(seed)
        rise = np.zeros((60, 3))
        rise[generator.permutation(60)[:20], generator.integers(0, 2, 20)] = 0.4
        meant += sum(bool(one) for one in meaning(generator.normal(size=60), rise))
    assert meant <= 16  # four claims, one in forty each, of 40 seeds: 4 expected


def test_each_segment_counts_by_its_weight_and_the_last_has_none() -> None:
    """Labels from 1 on: weights of 4, 1, -3 are those of labels 0, 1, 2, and 3 has none."""
    segments = np.full((128, 128), 3)
    segments[:64, :64], segments[:64, 64:] = 1, 2
    left = box(0, 0, 128, 64)
    record = Record(
        "lime/6",
        {
            "signs": np.zeros((128, 128), np.int8),
            "segments": segments,
            "weights": np.array([4.0, 1.0, -3.0]),
        },
    )
    evidence = evidence_of(record, regions(6, food=left, plate=~left))
    found = decide_again("lime.overlay.sign_in_region", evidence, {"picture": 6}, PAIRS)
    assert [one.value for one in found.verdicts] == pytest.approx([0.25, 0, 0, 0.75])
    assert [one.margin for one in found.verdicts] == pytest.approx([0.5, 0.75, 0.75, 0.5])
