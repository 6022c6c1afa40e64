"""The solid as a network reads it: drawings of other kinds are told apart, noise is left open."""

from __future__ import annotations

import numpy as np
import pytest

from solver.evidence import Record
from solver.rules.shapes.shape_reader import LIKELY, SOLIDS
from solver.rules.shapes.solid import NAMES
from solver.rules.shapes.solid_wireframes import DRAWINGS
from tests.solver.rules.made_maps import decide_again, evidence_of, held
from tests.solver.rules.noise_maps import NOISE
from tests.solver.rules.shapes.test_solid import POSES, drawn

CLAIMS = [{"solid": name} for name in NAMES]


def named(values: np.ndarray) -> list[str]:
    evidence = evidence_of(Record("saliency/0", {"map": values}))
    found = held(decide_again("shapes.solid", evidence, {"picture": 0}, CLAIMS))
    return [name for name, holds in zip(NAMES, found, strict=True) if holds]


def test_it_tells_the_solids_that_the_rule_asks_for() -> None:
    assert (*NAMES, "nothing") == SOLIDS.kinds and DRAWINGS.keys() == NAMES.keys()


@pytest.mark.parametrize("solid", POSES)
def test_a_drawing_of_another_kind_is_recognised_and_may_be_turned(solid: str) -> None:
    """Drawn by a pen, by other means than the maps that were learnt from."""
    generator = np.random.default_rng(2)
    values = drawn(solid, POSES[solid][0]) * generator.uniform(0.4, 1, (128, 128))
    values += 0.1 * generator.random((128, 128))
    for turned in (values, np.rot90(values), values[:, ::-1] * 1e-6):
        assert named(turned) == [solid]


@pytest.mark.parametrize("kind", NOISE)
def test_noise_is_seldom_a_solid(kind: str) -> None:
    found = [SOLIDS.probabilities(NOISE[kind](seed)) for seed in range(12)]
    sure = [one["nothing"] < 1 - LIKELY.value for one in found]
    assert np.mean(sure) <= 1 / 12


def test_an_even_map_is_left_open() -> None:
    evidence = evidence_of(Record("saliency/0", {"map": np.zeros((128, 128))}))
    decision = decide_again("shapes.solid", evidence, {"picture": 0}, CLAIMS)
    assert held(decision) == [None] * 5
