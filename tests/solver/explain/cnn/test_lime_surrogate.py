"""LIME's regression and overlay without lime, against lime's own."""

from __future__ import annotations

import numpy as np
import pytest
from lime.lime_image import ImageExplanation

from solver.explain.cnn.lime import fit_weights
from solver.explain.cnn.lime_surrogate import (
    ridge_fit,
    ridge_freedom,
    ridge_posterior,
    shown_signs,
)
from tests.benchmarks.lime_looks import run


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


@pytest.mark.parametrize("samples", [70, 100, 400])
def test_weights_of_few_samples_err_as_the_fit_says(samples: int) -> None:
    """Also where there are hardly more samples than segments, and the ridge shrinks much."""
    chance = np.random.default_rng(3)
    said, erred = [], []
    for seed in range(20):
        rows = draws(1000, 60, seed)
        truth = chance.laplace(size=60)
        answers = rows @ truth + chance.normal(size=1000)
        whole, _, _ = ridge_fit(rows, answers)
        few, _, _ = ridge_fit(rows[:samples], answers[:samples])
        covariance = ridge_posterior(rows[:samples], answers[:samples], few)
        said.append(np.diag(covariance).mean() * (1 - samples / 1000))
        erred.append(((few - whole) ** 2).mean())
    assert 0.8 < np.sqrt(np.mean(erred) / np.mean(said)) < 1.25


def test_a_fit_on_many_samples_leaves_all_but_a_number_a_segment() -> None:
    assert ridge_freedom(draws(5000, 20)) == pytest.approx(5000 - 1 - 20, abs=0.1)
    assert 1 <= ridge_freedom(draws(20, 60)) < 10


def test_looks_at_lime_are_seldom_wrong_and_stop_early() -> None:
    """Of classifiers whose weights are known (tests.benchmarks.lime_looks takes more of them)."""
    ended = run(runs=25, seed=2, confidence=0.9, claims_in_all=1)
    assert ended.decided >= 5
    assert ended.wrong <= 2
    assert ended.samples < 0.6 * 1000 * ended.runs
