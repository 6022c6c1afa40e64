"""The handle as a network reads it: it goes with the map, and noise has none."""

from __future__ import annotations

import numpy as np
import pytest

from solver.evidence import Record
from solver.rules.shapes.handle import SIDES
from solver.rules.shapes.shape_reader import HANDLES
from tests.solver.rules.made_maps import decide_again, evidence_of, held
from tests.solver.rules.noise_maps import NOISE
from tests.solver.rules.shapes.test_handle import jug

CLAIMS = [{"side": name} for name in SIDES]


def sides(values: np.ndarray) -> list[bool | None]:
    evidence = evidence_of(Record("saliency/1", {"map": values}))
    return held(decide_again("shapes.handle", evidence, {"picture": 1}, CLAIMS))


def side(values: np.ndarray) -> str | None:
    found = sides(values)
    return SIDES[found.index(True)] if True in found else None


def test_it_tells_the_sides_that_the_rule_asks_for() -> None:
    assert (*SIDES, "nothing") == HANDLES.kinds


def test_it_goes_with_the_map() -> None:
    values = jug(1)
    assert side(values) == "right"
    assert side(values[:, ::-1] * 1e-6) == "left"
    assert [side(np.rot90(values, quarters)) for quarters in (1, 2, 3)] == ["top", "left", "bottom"]
    assert side(jug(3, middle=True)) == "middle"


@pytest.mark.parametrize("kind", NOISE)
def test_noise_has_no_handle(kind: str) -> None:
    assert [side(NOISE[kind](seed)) for seed in range(5)].count(None) >= 4


def test_a_jug_without_a_handle_and_an_even_map_are_left_open() -> None:
    assert sides(jug(4, handle=False)) == [None] * 5
    assert sides(np.full((128, 128), 0.3)) == [None] * 5
