"""The handle as what has no mirror image: it goes with the map, and noise has no axis."""

from __future__ import annotations

import numpy as np
import pytest

from solver.evidence import Record
from solver.rules.registry import all_rules
from solver.rules.shapes.handle import SIDES, HandleClaim, HandleSettings
from solver.rules.shapes.handle_check import SYMMETRIC, find_asymmetry
from tests.solver.rules.made_maps import evidence_of, held
from tests.solver.rules.noise_maps import NOISE
from tests.solver.rules.shapes.test_handle import jug


def side(values: np.ndarray) -> str | None:
    second = all_rules()["shapes.handle"].cross_check
    assert second is not None
    evidence = evidence_of(Record("saliency/1", {"map": values}))
    claims = [HandleClaim(side=name) for name in SIDES]
    found = held(second.decide(evidence, HandleSettings(picture=1), claims))
    return SIDES[found.index(True)] if True in found else None


def test_it_goes_with_the_map() -> None:
    values = jug(1)
    assert side(values) == "right"
    assert side(values[:, ::-1] * 1e-6) == "left"
    assert [side(np.rot90(values, quarters)) for quarters in (1, 2, 3)] == ["top", "left", "bottom"]
    assert side(jug(3, middle=True)) == "middle"


def test_shares_are_shares_and_a_bare_jug_has_little_without_an_image() -> None:
    with_one, without = find_asymmetry(jug(4)), find_asymmetry(jug(4, handle=False))
    assert without.symmetry > with_one.symmetry > SYMMETRIC.value
    assert sum(without.unmatched.values()) < 0.05 < sum(with_one.unmatched.values()) < 1
    assert all(share >= 0 for share in with_one.unmatched.values())


@pytest.mark.parametrize("kind", NOISE)
def test_noise_has_no_axis(kind: str) -> None:
    found = [find_asymmetry(NOISE[kind](seed)).symmetry for seed in range(5)]
    assert max(found) < SYMMETRIC.value
    assert side(NOISE[kind](0)) is None


def test_an_even_map_is_left_open() -> None:
    assert side(np.full((128, 128), 0.3)) is None
