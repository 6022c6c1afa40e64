"""The outermost token of a cloud: how far chance puts it, whatever the cloud's shape."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.rules.bert.outermost import outlier_score, thinness, widest
from solver.rules.bert.state_plots import CONTEXT, Plots


def plots_of(points: np.ndarray) -> Plots:
    return Plots((points,), (np.full(len(points), CONTEXT),), [], 1)


def cloud(seed: int, thin: float = 1.0, count: int = 60) -> np.ndarray:
    generator = np.random.default_rng(seed)
    turn = generator.uniform(0, np.pi)
    axes = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return generator.normal(size=(count, 2)) * [1, thin] @ axes


@pytest.mark.parametrize("count", [20, 60, 200])
def test_of_a_round_cloud_and_of_a_line_the_bound_is_known(count: int) -> None:
    # Squared distances of a round cloud are exponential; of a line they are a normal variable's.
    assert widest(count, 1.0) == pytest.approx(np.sqrt(np.log(count / 0.05) / np.log(4)), 1e-3)
    normal = NormalDist()
    line = normal.inv_cdf(1 - 0.05 / 2 / count) / normal.inv_cdf(0.875)
    assert widest(count, 0.05) == pytest.approx(line, rel=0.01)
    assert widest(count, 1.0) < widest(count, 0.5) < widest(count, 0.2) < line
    assert widest(count, 0.5, 0.01) > widest(count, 0.5, 0.05)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), thin=st.sampled_from([1.0, 0.5, 0.25]))
def test_a_cloud_is_as_thin_as_it_was_made_wherever_one_token_lies(seed: int, thin: float) -> None:
    points = cloud(seed, thin, 2000)
    assert thinness(points) == pytest.approx(thin, rel=0.12)
    far = np.concatenate([points, [[1e3, -1e3]]])
    assert thinness(far) == pytest.approx(thinness(points), rel=0.01)


@pytest.mark.parametrize("thin", [1.0, 0.33, 0.1])
def test_of_clouds_of_any_shape_few_have_a_token_apart(thin: float) -> None:
    scores = [outlier_score(plots_of(cloud(seed, thin))) for seed in range(300)]
    # One in twenty by design, somewhat more since the middle and the shape are estimated.
    assert 0.01 <= np.mean(np.array(scores) > 0) <= 0.12
    assert np.median(scores) == pytest.approx(-0.2, abs=0.06)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), scale=st.floats(0.01, 100))
def test_a_token_far_out_stands_apart_and_units_and_turns_do_not_matter(
    seed: int, scale: float
) -> None:
    points = cloud(seed, 0.4)
    points[0] = 2.5 * points[np.linalg.norm(points, axis=1).argmax()]
    score = outlier_score(plots_of(points))
    assert score > 0
    turned = points @ np.array([[0.6, -0.8], [0.8, 0.6]]) * scale + 7
    assert outlier_score(plots_of(turned)) == pytest.approx(score, rel=1e-3)


def test_a_fifth_of_the_tokens_may_stand_apart() -> None:
    points = cloud(3)
    points[:12] += 40 + cloud(4, count=12)
    assert outlier_score(plots_of(points)) > 5


def test_points_that_all_coincide_have_none_apart() -> None:
    assert outlier_score(plots_of(np.ones((9, 2)))) == -1
