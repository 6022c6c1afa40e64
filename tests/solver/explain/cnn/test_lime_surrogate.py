"""LIME's regression and overlay without lime, against lime's own."""

from __future__ import annotations

import numpy as np
import pytest
from lime.lime_image import ImageExplanation

from solver.explain.cnn.lime import fit_weights
from solver.explain.cnn.lime_surrogate import ridge_fit, shown_signs


def draws(samples: int, segments: int, seed: int = 0) -> np.ndarray:
    made = np.random.default_rng(seed).integers(0, 2, (samples, segments)).astype(np.uint8)
    made[0] = 1
    return made


@pytest.mark.parametrize("segments", [3, 6, 7, 60])
def test_the_regression_is_limes_own(segments: int) -> None:
    rows = draws(300, segments)
    rows[5] = 0  # everything hidden: as far from the picture as can be
    answers = rows @ np.linspace(-2, 3, segments) + np.random.default_rng(1).normal(size=300)
    weights, intercept, score = ridge_fit(rows, answers)
    theirs, their_intercept, their_score = fit_weights(rows, answers)
    np.testing.assert_allclose(weights, theirs, rtol=0, atol=1e-9)
    assert intercept == pytest.approx(their_intercept, abs=1e-9)
    assert score == pytest.approx(their_score, abs=1e-9)


def test_a_constant_answer_has_no_weights_and_is_met_exactly() -> None:
    weights, intercept, score = ridge_fit(draws(50, 4), np.full(50, 3.0))
    np.testing.assert_allclose(weights, 0, atol=1e-12)
    assert (intercept, score) == (pytest.approx(3.0), 1.0)


def test_the_overlay_is_the_courses() -> None:
    segments = np.arange(64).reshape(8, 8) // 3
    for seed in range(20):
        # Rounded, so that some weights are equal, some at the limit and some nothing.
        weights = np.random.default_rng(seed).normal(size=22).round(1) * 0.1
        theirs = ImageExplanation(np.zeros((8, 8, 3)), segments)
        theirs.local_exp[0] = sorted(enumerate(weights), key=lambda item: -abs(item[1]))
        _, mask = theirs.get_image_and_mask(
            0, positive_only=False, hide_rest=False, num_features=11, min_weight=0.05
        )
        np.testing.assert_array_equal(shown_signs(segments, weights, 11, 0.05), mask)
