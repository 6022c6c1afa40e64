"""LIME's regression and overlay without lime, against lime's own."""

from __future__ import annotations

import numpy as np
import pytest
from lime.lime_image import ImageExplanation

from solver.explain.cnn.lime import fit_weights
from solver.explain.cnn.lime_surrogate import (
    exponential_kernel,
    informative_rows,
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


def test_the_next_row_is_the_one_that_leaves_least_of_the_weights_open() -> None:
    """Of all rows that could follow, it makes the determinant of the weights' precision largest."""
    rows = draws(40, 8)
    near = exponential_kernel(1 - np.sqrt(rows.mean(1)))
    design = np.sqrt(near)[:, None] * np.column_stack(
        [np.ones(40), rows - np.average(rows, axis=0, weights=near)]
    )

    def known(chosen: list[int]) -> float:
        return float(np.linalg.slogdet(design[chosen].T @ design[chosen] + np.eye(9))[1])

    taken = [0, 7]
    for row in informative_rows(rows, np.array(taken), 30).tolist():
        assert row not in taken
        best = max(known([*taken, one]) for one in range(40) if one not in taken)
        assert known([*taken, row]) == pytest.approx(best, abs=1e-9)
        taken.append(row)


def test_rows_come_in_one_order_however_often_one_stops() -> None:
    rows = draws(300, 40)
    at_once = informative_rows(rows, np.array([0]), 299)
    begun = informative_rows(rows, np.array([0]), 60)
    further = informative_rows(rows, np.sort(np.append(0, begun)), 239)
    assert np.append(begun, further).tolist() == at_once.tolist()
    assert sorted([0, *at_once.tolist()]) == list(range(300))


def test_informative_rows_tell_the_weights_better_than_as_many_others() -> None:
    chance = np.random.default_rng(5)
    erred = []
    for seed in range(10):
        rows = draws(1000, 60, seed)
        answers = rows @ chance.laplace(size=60) + chance.normal(size=1000)
        whole, _, _ = ridge_fit(rows, answers)
        chosen = np.append(0, informative_rows(rows, np.array([0]), 99))
        fits = [ridge_fit(rows[one], answers[one])[0] for one in (np.arange(100), chosen)]
        erred.append([((one - whole) ** 2).mean() for one in fits])
    plain, informative = np.sqrt(np.mean(erred, axis=0))
    assert informative < 0.9 * plain


def test_a_fit_on_many_samples_leaves_all_but_a_number_a_segment() -> None:
    assert ridge_freedom(draws(5000, 20)) == pytest.approx(5000 - 1 - 20, abs=0.1)
    assert 1 <= ridge_freedom(draws(20, 60)) < 10


def test_looks_at_lime_are_seldom_wrong_and_stop_early() -> None:
    """Of classifiers whose weights are known (tests.benchmarks.lime_looks takes more of them)."""
    ended = run(runs=25, seed=2, confidence=0.9, claims_in_all=1)
    assert ended.decided >= 5
    assert ended.wrong <= 2
    assert ended.samples < 0.6 * 1000 * ended.runs
