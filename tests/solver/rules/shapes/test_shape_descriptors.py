"""Numbers of a shape: the same when it is turned, mirrored or moved, others for another shape."""

from __future__ import annotations

import numpy as np
import pytest

from solver.rules.shapes.shape_descriptors import describe
from solver.rules.shapes.simulated_solids import simulated_marks, simulated_noise
from solver.rules.shapes.solid_wireframes import DRAWINGS
from solver.rules.shapes.wireframe_fit import FRAME, GRID, MARKED_SHARE


def test_a_shape_turned_mirrored_or_moved_is_the_same_shape() -> None:
    marks = np.zeros((GRID, GRID), bool)
    marks[20:40, 18:20] = marks[38:40, 18:44] = True
    marks[np.arange(20, 40), np.arange(18, 38)] = True
    copies = [marks.T, marks[:, ::-1], np.rot90(marks), np.roll(marks, (6, 4), (0, 1))]
    ring = np.hypot(*(np.mgrid[:GRID, :GRID] - 31.5))
    first, *same, other = describe(np.stack([marks, *copies, abs(ring - 14) < 1]))
    scale = np.abs(first) + 0.1
    apart = np.abs(other - first) / scale
    for copy in same:
        assert np.mean(np.abs(copy - first) / scale) < 0.15 * np.mean(apart)


def test_no_marks_and_specks_have_a_description_too() -> None:
    specks = np.zeros((GRID, GRID), bool)
    specks[10:50:10, 10:50:10] = True
    assert np.isfinite(describe(np.stack([specks, np.zeros((GRID, GRID), bool)]))).all()


@pytest.mark.parametrize("kind", [*DRAWINGS, "noise"])
def test_simulated_maps_have_the_share_of_marks_that_real_ones_have(kind: str) -> None:
    generator = np.random.default_rng(1)
    marks = (
        simulated_noise(6, generator)
        if kind == "noise"
        else simulated_marks(DRAWINGS[kind], 6, generator)
    )
    frame = int(FRAME.value) * GRID // 128
    inner = marks[:, frame:-frame, frame:-frame]
    assert marks.shape == (6, GRID, GRID)
    assert marks.sum() == inner.sum()
    assert inner.mean((1, 2)) == pytest.approx(MARKED_SHARE.value, abs=0.002)
    assert len(np.unique(marks.reshape(6, -1), axis=0)) == 6


def test_neither_its_place_nor_specks_beside_it_change_the_moments_of_a_shape() -> None:
    marks = np.zeros((GRID, GRID), bool)
    marks[8:28, 8:10] = marks[26:28, 8:34] = True
    moved = np.roll(marks, (20, 20), (0, 1))
    moved[4:20:8, 40:60:9] = True
    first, second = describe(np.stack([marks, moved]))
    assert np.median(np.abs(first - second)) < 1e-9  # those of lines lie on a grid
