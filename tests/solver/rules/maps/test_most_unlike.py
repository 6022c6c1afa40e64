"""In which picture two explanations are most unlike: it moves with the maps, not their scale."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from solver.errors import EvidenceError
from solver.evidence import Evidence, Record
from solver.rules.maps.most_unlike import UnlikeSettings
from tests.solver.rules.made_maps import (
    box,
    decide,
    decide_again,
    evidence_of,
    held,
    smooth_noise,
)

PICTURES = [4, 5, 6]
CLAIMS = [{"picture": picture} for picture in PICTURES]
PLACE = box(20, 20, 40, 40)
SETTINGS = {"first": "lime", "second": "saliency", "pictures": PICTURES}


def made(odd: int, seed: int, scale: float = 1.0) -> Evidence:
    """Saliency bright on LIME's green, but in the picture `odd`, where it is bright elsewhere."""
    records = []
    for picture in PICTURES:
        green = np.roll(PLACE, 7 * picture, 1)
        bright = green[::-1, ::-1] if picture == odd else green
        signs = np.where(green, 1, np.where(box(100, 100, 20, 20), -1, 0)).astype(np.int8)
        noise = smooth_noise(seed + picture)
        records += [
            Record(f"lime/{picture}", {"signs": signs}),
            Record(f"saliency/{picture}", {"map": scale * (bright + 0.3 * noise)}),
        ]
    return evidence_of(*records)


@settings(max_examples=10, deadline=None, derandomize=True)
@given(odd=st.sampled_from(PICTURES), seed=st.integers(0, 10**6), scale=st.floats(0.1, 10))
def test_the_odd_picture_is_found_both_ways(odd: int, seed: int, scale: float) -> None:
    expected = [picture == odd for picture in PICTURES]
    evidence = made(odd, seed, scale)
    assert held(decide("maps.most_unlike", evidence, SETTINGS, CLAIMS)) == expected
    assert held(decide_again("maps.most_unlike", evidence, SETTINGS, CLAIMS)) == expected
    turned = SETTINGS | {"first": "saliency", "second": "lime"}
    found = decide("maps.most_unlike", evidence, turned, CLAIMS)
    assert held(found) == expected
    overlays = [one.parameters for one in found.figures if one.kind == "lime_overlay"]
    assert overlays == [{"picture": odd, "regions": []}]


def test_the_least_unlike_is_never_the_odd_one() -> None:
    asked = SETTINGS | {"rank": "least"}
    for by in (decide, decide_again):
        assert held(by("maps.most_unlike", made(5, 0), asked, CLAIMS))[1] is False


def test_pictures_alike_to_the_last_digit_are_a_tie() -> None:
    green = Record("lime/0", {"signs": PLACE.astype(np.int8)})
    same = [Record(f"lime/{at}", green.arrays) for at in (0, 1)]
    bright = [Record(f"saliency/{at}", {"map": smooth_noise(3)}) for at in (0, 1)]
    asked = SETTINGS | {"pictures": [0, 1]}
    claims = [{"picture": 0}, {"picture": 1}]
    for by in (decide, decide_again):
        found = by("maps.most_unlike", evidence_of(*same, *bright), asked, claims)
        assert held(found) == [False, False]


def test_two_explanations_and_a_picture_that_is_named_are_asked_for() -> None:
    with pytest.raises(ValidationError, match="are both saliency"):
        UnlikeSettings.model_validate(SETTINGS | {"first": "saliency"})
    with pytest.raises(EvidenceError, match="picture 9 is offered"):
        decide("maps.most_unlike", made(5, 0), SETTINGS, [{"picture": 9}, {"picture": 4}])
