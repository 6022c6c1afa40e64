"""The solid by the shape of the marks: better than chance by far, and open on noise."""

from __future__ import annotations

import numpy as np
import pytest

from solver.evidence import Record
from solver.rules.registry import all_rules
from solver.rules.shapes.simulated_solids import simulated_marks
from solver.rules.shapes.solid import NAMES, SolidClaim, SolidSettings
from solver.rules.shapes.solid_check import LIKELY, _learnt, describe, solid_probabilities
from solver.rules.shapes.solid_wireframes import DRAWINGS
from tests.solver.rules.made_maps import evidence_of, held
from tests.solver.rules.noise_maps import NOISE
from tests.solver.rules.shapes.test_solid import POSES, drawn


def test_unseen_simulated_maps_are_told_apart() -> None:
    """Chance is a sixth; and what is sure enough to be named is right in nine of ten."""
    generator = np.random.default_rng(9)
    found = np.concatenate(
        [
            _learnt().predict_proba(describe(simulated_marks(drawing, 60, generator)))
            for drawing in DRAWINGS.values()
        ]
    )
    truth = np.repeat(np.arange(len(DRAWINGS)), 60)
    right = found.argmax(1) == truth
    named = found[:, : len(DRAWINGS)].max(1) > LIKELY.value
    assert right.mean() > 0.6
    assert named.mean() > 0.2
    assert right[named].mean() > 0.85


@pytest.mark.parametrize("solid", ["cube", "ball", "tetrahedron"])
def test_a_drawing_that_is_not_simulated_is_recognised_and_may_be_turned(solid: str) -> None:
    """Drawn by other means than the simulation; of the cube and the cylinder see the docstring."""
    generator = np.random.default_rng(2)
    values = drawn(solid, POSES[solid][0]) * generator.uniform(0.4, 1, (128, 128))
    values += 0.1 * generator.random((128, 128))
    for turned in (values, np.rot90(values), values[:, ::-1]):
        found = solid_probabilities(turned)
        assert max(found, key=lambda name: found[name]) == solid


@pytest.mark.parametrize("kind", NOISE)
def test_noise_is_seldom_a_solid(kind: str) -> None:
    found = [max(solid_probabilities(NOISE[kind](seed)).values()) for seed in range(12)]
    assert np.mean(np.array(found) > LIKELY.value) <= 1 / 12


def test_an_even_map_is_left_open() -> None:
    second = all_rules()["shapes.solid"].cross_check
    assert second is not None
    evidence = evidence_of(Record("saliency/0", {"map": np.zeros((128, 128))}))
    claims = [SolidClaim(solid=name) for name in NAMES]  # type: ignore[arg-type]
    assert held(second.decide(evidence, SolidSettings(picture=0), claims)) == [None] * 5
