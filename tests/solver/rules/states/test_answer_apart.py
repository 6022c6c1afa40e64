"""The layer where the answer stands apart: whatever the scale, the turn and the place of a plot."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.errors import EvidenceError
from solver.evidence import Evidence, Record
from tests.solver.rules.made_maps import decide, decide_again, evidence_of, held

ROLES = np.array([0] + [1] * 6 + [0] + [2] * 30 + [3] * 2 + [2] * 10 + [0])
LAYERS = [2, 5, 8, 11]
CLAIMS = [{"layer": layer} for layer in LAYERS]
SETTINGS = {"model": 1, "items": [1, 2]}


def made(seed: int, apart: int | None, angle: float = 0.0, scale: float = 1.0) -> Evidence:
    """Clouds of tokens in 12 layers; in the layer `apart` one token of the answer lies far out."""
    chance = np.random.default_rng(seed)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    records = []
    for item in (1, 2):
        points = chance.normal(size=(12, len(ROLES), 2))
        points[:, ROLES == 3] *= 0.1
        if apart is not None:
            points[apart - 1, np.flatnonzero(ROLES == 3)[0]] = [14, -9]
        units = scale ** np.arange(12)[:, None, None]  # each layer in a unit of its own
        arrays = {"points": (points @ turn + 5) * units, "roles": ROLES}
        pieces = [f"w{n}" for n in range(len(ROLES))]
        records.append(Record(f"hidden_states/1/{item}", arrays, {"pieces": pieces}))
    return evidence_of(*records)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(
    apart=st.sampled_from(LAYERS),
    seed=st.integers(0, 10**6),
    angle=st.floats(0, 6),
    scale=st.floats(0.5, 2),
)
def test_the_layer_in_which_the_answer_lies_out_is_found(
    apart: int, seed: int, angle: float, scale: float
) -> None:
    expected = [layer == apart for layer in LAYERS]
    evidence = made(seed, apart, angle, scale)
    assert held(decide("states.answer_apart", evidence, SETTINGS, CLAIMS)) == expected
    assert held(decide_again("states.answer_apart", evidence, SETTINGS, CLAIMS)) == expected


def test_an_answer_amid_the_rest_stands_apart_nowhere() -> None:
    found = decide("states.answer_apart", made(0, None), SETTINGS, CLAIMS)
    assert held(found) == [False] * 4
    for way in (decide, decide_again):
        found = way("states.answer_apart", made(0, None), SETTINGS, CLAIMS)
        values = [one.value for one in found.verdicts]
        least = way("states.answer_apart", made(0, None), {**SETTINGS, "rank": "least"}, CLAIMS)
        assert held(least) == [value == min(values) for value in values]


def test_a_layer_that_is_not_there_is_an_error() -> None:
    with pytest.raises(EvidenceError, match="a model of 12 has not"):
        decide("states.answer_apart", made(0, 2), SETTINGS, [{"layer": 13}, {"layer": 2}])
