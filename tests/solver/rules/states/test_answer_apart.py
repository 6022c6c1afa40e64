"""The layer where the answer stands apart: whatever the scale, the turn and the place of a plot."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.errors import EvidenceError
from solver.evidence import Evidence, Record
from solver.rules.states.answer_apart import distance_apart
from solver.rules.states.answer_apart_check import gap
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


def test_the_gap_is_the_widest_of_the_answers_tokens_in_usual_gaps() -> None:
    """On a line: the rest at 0, 1 and 3, gaps of 1, 1 and 2; the answer at 4 and at 13."""
    answer, rest = (np.array([[x, 0.0] for x in at]) for at in ((4, 13), (0, 1, 3)))
    assert gap(answer, rest) == pytest.approx(10)
    assert distance_apart(answer, rest) == pytest.approx((13 - 1) / 1)


def test_values_are_geometric_means_over_the_items_and_layers_are_named() -> None:
    evidence = made(3, 5)
    for way, measure in ((decide, distance_apart), (decide_again, gap)):
        found = way("states.answer_apart", evidence, SETTINGS, CLAIMS)
        for layer, verdict in zip(LAYERS, found.verdicts, strict=True):
            each = []
            for item in (1, 2):
                points = evidence.get("hidden_states", 1, item).array("points", 3)[layer - 1]
                rest = np.concatenate([points[ROLES == 1], points[ROLES == 2]])
                each.append(measure(points[ROLES == 3], rest))
            assert verdict.value == pytest.approx(np.sqrt(each[0] * each[1]))
            assert f"layer {layer}:" in verdict.sentence[0]
            assert f"第 {layer} 層中" in verdict.sentence[1]
    figures = decide("states.answer_apart", evidence, SETTINGS, CLAIMS).figures
    assert [one.parameters for one in figures] == [
        {"record": f"hidden_states/1/{item}", "layers": LAYERS, "open": [5]} for item in (1, 2)
    ]
