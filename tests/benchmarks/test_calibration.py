"""A small part of the calibration of doubt: families that it was not fitted on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.benchmarks.calibration.families import FAMILIES
from tests.benchmarks.calibration.fitting import (
    Judged,
    bins_of,
    brier,
    fitted_on,
    judged_answers,
    judged_verdicts,
    ordered,
)
from tests.benchmarks.calibration.observe import Outcome, outcome_of

SOME = ("corpus: flat", "coreference: 1.8", "curves: wavy")


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    made = [outcome_of(FAMILIES[name], at) for name in SOME for at in range(70)]
    return [one for one in made if one is not None]


@pytest.mark.parametrize("judge", [judged_verdicts, judged_answers])
def test_of_what_is_doubted_so_much_as_much_is_wrong(
    outcomes: list[Outcome], judge: Callable[[list[Outcome]], Judged]
) -> None:
    found = judge(outcomes)
    assert not any(FAMILIES[name].fitted for name in SOME)
    assert 0.03 < found.wrong.mean() < 0.4 and len(found.wrong) > 150
    for one in bins_of(found.doubt, found.wrong):
        # Within .1, as in docs/measured/calibration.md, and what chance allows so few.
        assert abs(one.stated - one.wrong) <= 0.1 + 2 * one.error * bool(one.count)
    assert brier(found.doubt, found.wrong) < 0.9 * brier(found.flips, found.wrong)
    assert ordered(found.doubt, found.wrong) > ordered(found.flips, found.wrong) + 0.05


def test_a_fit_finds_what_counts(outcomes: list[Outcome]) -> None:
    weights = fitted_on(outcomes)
    assert weights.weights["size"] < -0.3 and weights.weights["flips"] >= 0
    with weights.used():
        found = judged_verdicts(outcomes)
    assert abs(found.doubt.mean() - found.wrong.mean()) < 0.03


def test_simulations_are_the_same_each_time() -> None:
    one, again = (outcome_of(FAMILIES[SOME[0]], 4) for _ in range(2))
    assert one is not None and again is not None and one.to_json() == again.to_json()
    assert Outcome.from_json(one.to_json()) == one


def test_bins_are_tenths_of_what_is_stated() -> None:
    bins = bins_of(np.array([0.05, 0.31, 0.39, 1.0]), np.array([0, 1, 0, 1]))
    assert [one.count for one in bins] == [1, 0, 0, 2, 0, 0, 0, 0, 0, 1]
    assert (bins[3].stated, bins[3].wrong) == (pytest.approx(0.35), 0.5)
    assert brier(np.array([0.5, 1.0]), np.array([0, 1])) == 0.125
    assert ordered(np.array([0.1, 0.3, 0.3, 0.2]), np.array([0, 1, 0, 0])) == pytest.approx(5 / 6)
