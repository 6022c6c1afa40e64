"""The t that a margin is asked for, with Hall's transform inverted for skewed ones."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from solver.explain.job import ExplainSettings, Job
from solver.explain.registry import all_explanations
from solver.explain.sampling.critical_values import corrected_for_skewness, critical_value


def asked_for(bound: float, skewness: float) -> float:
    (found,) = corrected_for_skewness(np.array([bound]), np.array([skewness]))
    return float(found)


def halls_transform(t: float, skewness: float) -> float:
    return t + skewness * t**2 / 3 + skewness**2 * t**3 / 27 + skewness / 6


BOUNDS = st.floats(0.5, 200)
SKEWNESSES = st.floats(0.001, 20)
ROUNDED = 1 + 1e-12


@given(bound=BOUNDS, skewness=SKEWNESSES)
def test_a_tail_at_the_line_asks_for_more_and_one_behind_the_margin_for_nothing(
    bound: float, skewness: float
) -> None:
    assert asked_for(bound, 0.0) == asked_for(bound, skewness) == bound
    assert asked_for(bound, -skewness) > bound


@given(bound=BOUNDS, skewness=SKEWNESSES, more=st.floats(1, 3))
def test_no_tail_is_asked_for_less_than_a_lighter_one(
    bound: float, skewness: float, more: float
) -> None:
    assert asked_for(bound, -skewness) <= asked_for(bound, -skewness * more) * ROUNDED
    assert asked_for(bound, -skewness) <= asked_for(bound * more, -skewness) * ROUNDED


@given(bound=BOUNDS, share=st.floats(0.001, 1))
def test_what_is_asked_for_is_the_inverse_of_halls_transform(bound: float, share: float) -> None:
    """Up to where the transform falls flat: of a tail so heavy, t is 3 / skewness."""
    flat = (-bound + math.sqrt(bound**2 + 2 / 3)) * 3  # s b + s^2 / 6 = 1
    skewness = -flat * share
    transformed = halls_transform(asked_for(bound, skewness), skewness)
    assert transformed == pytest.approx(bound, rel=1e-6)


@given(bound=BOUNDS)
def test_the_most_that_is_asked_for_is_the_highest_that_the_inverse_comes_to(bound: float) -> None:
    sizes = np.geomspace(1e-4, 30, 20_000)
    inverse = 3 * (1 + np.cbrt(sizes * bound + sizes**2 / 6 - 1)) / sizes
    assert asked_for(bound, -30.0) == pytest.approx(inverse.max(), rel=1e-5)


def test_bounds_and_skewnesses_are_taken_claim_by_claim() -> None:
    bounds, skewnesses = np.array([1.5, 6.0, 9.0]), np.array([-0.1, -2.0, np.nan])
    found = corrected_for_skewness(bounds, skewnesses)
    assert found[:2].tolist() == [asked_for(1.5, -0.1), asked_for(6.0, -2.0)]
    assert np.isnan(found[2])
    of_one = corrected_for_skewness(np.float64(6.0), skewnesses)  # type: ignore[arg-type]
    assert of_one[1] == asked_for(6.0, -2.0)


def job(confidence: float) -> Job:
    return Job("smoothgrad/0", None, ExplainSettings(confidence=confidence))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("confidence", "look", "claims", "units"), [(0.99, 1, 1, 20), (0.99, 3, 1, 20), (0.9, 2, 7, 20)]
)
def test_the_error_at_a_look_is_its_share_of_one_in_so_many(
    confidence: float, look: int, claims: int, units: int
) -> None:
    """Of Student's t with one degree less than units; over all looks the shares add up to all."""
    bound = critical_value([job(confidence)], look, claims, units - 1.0)
    share = (1 - confidence) * 6 / math.pi**2 / look**2 / claims
    assert stats.t.sf(bound, units - 1) == pytest.approx(share)
    assert sum(6 / math.pi**2 / n**2 for n in range(1, 5000)) == pytest.approx(1, abs=1e-3)
    own = all_explanations()["smoothgrad"].sampling
    assert own is not None
    least = critical_value([job(confidence)], look, claims)
    assert stats.t.sf(least, own.units - 1) == pytest.approx(share)


def test_more_confidence_more_claims_and_later_looks_ask_for_more() -> None:
    assert critical_value([job(0.999)], 1, 1) > critical_value([job(0.99)], 1, 1)
    assert critical_value([job(0.99)], 1, 10) > critical_value([job(0.99)], 1, 1)
    assert critical_value([job(0.99)], 3, 1) > critical_value([job(0.99)], 2, 1)
