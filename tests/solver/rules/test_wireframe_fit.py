"""Fitting line drawings to the bright points of a map."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.draw import circle_perimeter

from solver.rules.solids import DRAWINGS
from solver.rules.wireframe_fit import (
    FRAME,
    GRID,
    bright_marks,
    fit,
    segment_points,
    stroke_marks,
)
from tests.solver.rules.made_maps import smooth_noise


def ring(row: int, column: int, radius: int, width: int = 2) -> np.ndarray:
    """A circle drawn on a dark map (128, 128)."""
    values = np.zeros((128, 128))
    for grow in range(width):
        rows, columns = circle_perimeter(row, column, radius + grow, shape=values.shape)
        values[rows, columns] = 1
    return values


@settings(max_examples=20, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6), share=st.floats(0.02, 0.3), scale=st.floats(1e-9, 1e9))
def test_the_brightest_share_is_marked_whatever_the_scale(
    seed: int, share: float, scale: float
) -> None:
    values = smooth_noise(seed)
    marks = bright_marks(values, share)
    inner = (GRID - 2 * FRAME) ** 2
    assert marks.shape == (GRID, GRID)
    assert marks.sum() / inner == pytest.approx(share, abs=0.002)
    assert (bright_marks(values * scale, share) ^ marks).sum() <= 2
    assert np.array_equal(bright_marks(values[:, ::-1], share), marks[:, ::-1])
    assert np.array_equal(stroke_marks(values.T, share), stroke_marks(values, share).T)


@pytest.mark.parametrize("marked", [bright_marks, stroke_marks])
@pytest.mark.parametrize("level", [0.0, 0.3, 1.0])
def test_an_even_map_has_no_marks(marked: object, level: float) -> None:
    assert not marked(np.full((128, 128), level)).any()  # type: ignore[operator]


def test_a_glowing_frame_is_not_marked() -> None:
    values = 0.01 * smooth_noise(0)
    values[[0, 1, -1, -2]] = 1
    values[:, [0, 1, -1, -2]] = 1
    marks = bright_marks(values)
    assert marks.any()
    assert not marks[:FRAME].any()
    assert not marks[:, -FRAME:].any()


def test_a_faint_stroke_counts_beside_a_bright_one() -> None:
    bright, faint = ring(64, 40, 25), ring(64, 100, 20)
    values = bright + 0.15 * faint + 0.01
    there = faint[::2, ::2] > 0
    assert stroke_marks(values)[there].mean() > 0.5
    assert stroke_marks(values)[there].mean() > bright_marks(values, 0.05)[there].mean()


@settings(max_examples=5, deadline=None, derandomize=True)
@given(row=st.integers(45, 80), column=st.integers(45, 80), radius=st.integers(18, 40))
def test_a_drawn_circle_is_found_where_it_is(row: int, column: int, radius: int) -> None:
    values = ring(row, column, radius)
    found = fit(DRAWINGS["ball"], bright_marks(values, min(0.1, float(values.mean() * 2))))
    assert found.score > 0.85
    x, y, size = found.parameters * 128
    assert abs(x - column) < 3
    assert abs(y - row) < 3
    assert abs(size - radius) < 4
    assert found.score == pytest.approx(
        2 * found.on_marks * found.marks_on_lines / (found.on_marks + found.marks_on_lines)
    )


def test_the_same_seed_finds_the_same_and_nothing_fits_nothing() -> None:
    marks = bright_marks(smooth_noise(3))
    first, again = (fit(DRAWINGS["ball"], marks, seed=5, rounds=20) for _ in range(2))
    assert np.array_equal(first.parameters, again.parameters)
    empty = fit(DRAWINGS["ball"], np.zeros((GRID, GRID), bool), rounds=3)
    assert empty.score == 0


def test_points_run_from_end_to_end() -> None:
    starts, ends = np.zeros((1, 2, 2)), np.array([[[1.0, 0.0], [0.0, 2.0]]])
    points = segment_points(starts, ends, 5)
    assert points.shape == (1, 10, 2)
    assert np.allclose(points[0, :5, 0], [0, 0.25, 0.5, 0.75, 1])
    assert np.allclose(points[0, 5:, 1], [0, 0.5, 1, 1.5, 2])
