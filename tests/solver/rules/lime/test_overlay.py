"""LIME's colours: where they lie follows the signs, what they mean follows the classifier."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.bundle.bundle import Bundle
from solver.errors import EvidenceError, MissingEvidence
from solver.evidence import Evidence, Record
from solver.explain.cnn.lime import lime_known_model
from solver.explain.job import Job
from tests.solver.rules.made_maps import box, decide, evidence_of, held, regions

FOOD, PLATE = box(40, 40, 40, 40), box(10, 10, 100, 100) & ~box(40, 40, 40, 40)
PAIRS = [
    {"sign": sign, "region": region} for region in ("food", "plate") for sign in ("for", "against")
]
SIGN = {"for": 1, "against": -1}


def overlay(signs: np.ndarray, **masks: np.ndarray) -> Evidence:
    masks = masks or {"food": FOOD, "plate": PLATE}
    return evidence_of(Record("lime/6", {"signs": signs.astype(np.int8)}), regions(6, **masks))


def where(evidence: Evidence, claims: list[dict[str, str]] = PAIRS) -> list[bool | None]:
    return held(decide("lime.overlay.sign_in_region", evidence, {"picture": 6}, claims))


@pytest.mark.parametrize("claim", PAIRS)
def test_a_colour_is_found_where_it_was_put(claim: dict[str, str]) -> None:
    inside = {"food": FOOD, "plate": PLATE}[claim["region"]]
    assert where(overlay(np.where(inside, SIGN[claim["sign"]], 0))) == [
        other == claim for other in PAIRS
    ]


@settings(max_examples=30, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6), segments=st.integers(2, 12))
def test_swapped_signs_swap_the_colours(seed: int, segments: int) -> None:
    generator = np.random.default_rng(seed)
    signs = np.kron(generator.integers(-1, 2, (segments, segments)), np.ones((12, 12)))
    signs = np.pad(signs, ((0, 128), (0, 128)))[:128, :128]
    before, after = where(overlay(signs)), where(overlay(-signs))
    assert after == [before[1], before[0], before[3], before[2]]


@settings(max_examples=30, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6))
def test_swapped_regions_swap_the_places_and_a_mirror_changes_nothing(seed: int) -> None:
    signs = np.kron(np.random.default_rng(seed).integers(-1, 2, (8, 8)), np.ones((16, 16)))
    before = where(overlay(signs))
    assert where(overlay(signs, food=PLATE, plate=FOOD)) == before[2:] + before[:2]
    mirrored = overlay(signs[:, ::-1], food=FOOD[:, ::-1], plate=PLATE[:, ::-1])
    assert where(mirrored) == before


def test_a_colour_that_spills_over_a_large_region_does_not_win_by_size() -> None:
    signs = np.where(FOOD, 1, 0) + np.where(PLATE & box(0, 0, 50, 128), -1, 0)
    assert (signs == -1).sum() > (signs == 1).sum()
    assert where(overlay(signs)) == [True, False, False, False]


def test_nothing_drawn_holds_nowhere_and_what_cannot_be_read_does_not_count() -> None:
    assert where(overlay(np.zeros((128, 128)))) == [False] * 4
    evidence = overlay(np.where(FOOD, 1, 0) + np.where(PLATE & box(0, 0, 20, 128), -1, 0))
    hidden = {**evidence.get("lime", 6).arrays, "valid": ~FOOD}
    evidence.add(Record("lime/6", hidden))
    assert where(evidence) == [False, False, False, True]


def test_that_nothing_is_drawn_is_said_with_the_largest_weight() -> None:
    """As of a network whose weights are all below the least that is drawn."""
    evidence = overlay(np.zeros((128, 128), np.int8), food=box(0, 0, 64, 64))
    evidence.get("lime", 6).arrays["weights"] = np.array([0.0123, -0.04])
    claims = [{"sign": sign, "region": "food"} for sign in ("for", "against")]
    note = decide("lime.overlay.sign_in_region", evidence, {"picture": 6}, claims).note
    assert note is not None
    assert "the largest weight is 0.04, below the least" in note[0]
    assert "最大的權重為 0.04" in note[1]


def test_a_figure_of_another_size_is_read_as_well() -> None:
    signs = np.where(FOOD, -1, 0)
    small = signs[::2, ::2]
    assert where(overlay(small)) == where(overlay(signs)) == [False, True, False, False]


@pytest.mark.parametrize("missing", ["food", "plate"])
def test_a_region_that_is_not_drawn_leaves_it_open(missing: str) -> None:
    masks = {"food": FOOD, "plate": PLATE}
    del masks[missing]
    with pytest.raises(MissingEvidence, match=f"the region '{missing}'"):
        where(overlay(np.ones((128, 128)), **masks))
    with pytest.raises(EvidenceError, match="lacks the array 'signs'"):
        where(evidence_of(Record("lime/6"), regions(6, food=FOOD, plate=PLATE)))


ROLES = [{"role": role} for role in ("for", "against", "both", "unused")]
RING = box(20, 20, 80, 80) & ~box(26, 26, 68, 68)


def role(signs: np.ndarray) -> str:
    evidence = evidence_of(
        Record("lime/1", {"signs": signs.astype(np.int8)}), regions(1, contour=RING)
    )
    holding = held(decide("lime.overlay.signs_along_contour", evidence, {"picture": 1}, ROLES))
    assert holding.count(True) == 1
    return str(ROLES[holding.index(True)]["role"])


TOP, BOTTOM = box(0, 0, 60, 128), box(60, 0, 68, 128)


@pytest.mark.parametrize(
    ("signs", "expected"),
    [
        (np.where(TOP, 1, 0), "for"),
        (np.where(TOP, -1, 0), "against"),
        (np.where(TOP, 1, -1), "both"),
        (np.where(TOP, 1, np.where(BOTTOM, -1, 0)), "both"),
        (np.zeros((128, 128)), "unused"),
        (np.where(RING, 0, 1), "unused"),
        (np.where(box(0, 0, 128, 24), 1, 0), "for"),
        (np.where(box(20, 20, 4, 20), 1, 0), "unused"),
    ],
)
def test_the_contours_role_follows_its_colours(signs: np.ndarray, expected: str) -> None:
    assert role(signs) == expected


@settings(max_examples=30, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6))
def test_one_role_holds_and_swapped_signs_swap_it(seed: int) -> None:
    signs = np.kron(np.random.default_rng(seed).integers(-1, 2, (4, 4)), np.ones((32, 32)))
    swapped = {"for": "against", "against": "for", "both": "both", "unused": "unused"}
    assert role(-signs) == swapped[role(signs)]
    assert role(signs[:, ::-1]) == role(signs)


MEANINGS = [
    {"colour": colour, "sign": sign} for colour in ("green", "red") for sign in ("for", "against")
]


def meaning(arrays: dict[str, Any]) -> list[bool | None]:
    evidence = evidence_of(Record("lime_known_model", arrays))
    return held(decide("lime.overlay.colour_meaning", evidence, {}, MEANINGS))


def test_the_meaning_follows_lime_itself_and_turns_with_it(demo: Bundle) -> None:
    """A package that drew in the other colours, or of the other class, would be answered so."""
    made = lime_known_model(Job("lime_known_model", demo)).arrays
    as_is = meaning(made)
    assert as_is.count(True) == 2
    opposite = [not holds for holds in as_is]
    assert meaning({**made, "true_weights": -made["true_weights"]}) == opposite
    assert meaning({**made, "rise": made["rise"][:, [1, 0, 2]]}) == opposite
    both = {"true_weights": -made["true_weights"], "rise": made["rise"][:, [1, 0, 2]]}
    assert meaning(both) == as_is


@settings(max_examples=30, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6))
def test_a_colour_means_what_it_was_drawn_for(seed: int) -> None:
    truth = np.random.default_rng(seed).normal(size=40)
    rise = np.zeros((40, 3))
    rise[truth > 0, 1] = 0.4
    rise[truth < 0, 0] = 0.4
    assert meaning({"true_weights": truth, "rise": rise}) == [True, False, False, True]
    assert meaning({"true_weights": truth, "rise": np.zeros((40, 3))}) == [False] * 4
    assert meaning({"true_weights": -truth, "rise": rise}) == [False, True, True, False]


def test_rows_that_do_not_match_leave_it_open() -> None:
    with pytest.raises(MissingEvidence, match="a row for each true weight"):
        meaning({"true_weights": np.ones(4), "rise": np.zeros((3, 3))})


def test_the_larger_rise_is_the_colour_and_blue_is_none() -> None:
    """Red and green rise in each of four segments, green more in those that are for the class."""
    truth = np.array([2.0, 1.0, -1.0, -2.0])
    rise = np.array([[0.1, 0.3, 0.9], [0.2, 0.4, 0.9], [0.3, 0.1, 0.9], [0.5, -0.2, 0.9]])
    assert meaning({"true_weights": truth, "rise": rise}) == [True, False, False, True]
    found = decide(
        "lime.overlay.colour_meaning",
        evidence_of(Record("lime_known_model", {"true_weights": truth, "rise": rise})),
        {},
        MEANINGS,
    )
    assert [one.value for one in found.verdicts] == [1, 0, 0, 1]
    assert all("of 2 segments drawn" in one.sentence[0].lower() for one in found.verdicts)
    level = Record("lime_known_model", {"true_weights": truth[:1] + 0.123, "rise": rise[:1] / 3})
    (table,) = decide("lime.overlay.colour_meaning", evidence_of(level), {}, MEANINGS).figures
    assert table.parameters["rows"] == [[2.12, 0.033, 0.1]]


@pytest.mark.parametrize(
    ("hidden", "said"),
    [({}, False), ({"red": 0.3, "green": 0.004}, True), ({"red": 0.004}, False)],
)
def test_where_a_colour_cannot_be_seen_is_said(hidden: dict[str, float], said: bool) -> None:
    evidence = overlay(np.where(FOOD, 1, 0))
    for colour, share in hidden.items():
        evidence.get("lime", 6).values[f"share_where_{colour}_cannot_be_seen"] = share
    note = decide("lime.overlay.sign_in_region", evidence, {"picture": 6}, PAIRS).note
    assert note is not None
    assert ("On 30% of the picture" in note[0], "圖片有 30%" in note[1]) == (said, said)
    assert ("cannot be seen" in note[0]) is said
