"""The solids' wireframes: what their points stand for."""

from __future__ import annotations

import numpy as np
import pytest

from solver.rules.shapes.solid_wireframes import DRAWINGS


def test_points_of_a_cylinder_weigh_what_they_stand_for() -> None:
    """Its sides twice its length each, its near end the way round: an ellipse, its mean radius."""
    radius, half, flat = 0.2, 0.3, 0.8
    pose = np.array([[0.5], [0.5], [radius], [half], [flat], [0.3]], np.float32)
    x, y, weights = DRAWINGS["cylinder"].wires(pose)
    weights = np.broadcast_to(weights, x[0].shape)[:, 0]
    assert weights[-48:].sum() == pytest.approx(2 * 2 * half, rel=0.01)
    assert weights[:64].sum() == pytest.approx(np.pi * radius * (1 + flat), rel=0.01)
    assert np.hypot(x[0, -1] - x[0, -24], y[0, -1] - y[0, -24]) == pytest.approx(2 * half)
