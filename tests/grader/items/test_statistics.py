"""The formulas against scipy, against naive recomputation, and against numbers done by hand."""

from __future__ import annotations

import random
import warnings
from collections import Counter
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from grader.items.estimates import Lack
from grader.items.reliability import alpha, reliability, variance
from grader.items.statistics import (
    ExtremeGroups,
    difficulty,
    discrimination,
    extreme_groups,
    mean_gap,
    point_biserial,
)


def ones(values: np.ndarray) -> np.ndarray:
    return np.ones(len(values))


@st.composite
def classes(draw: st.DrawFn, least: int = 36, most: int = 90) -> np.ndarray:
    """A 0/1 matrix, students by questions, with some ability in it."""
    n = draw(st.integers(least, most))
    k = draw(st.integers(3, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    ability = rng.normal(size=(n, 1))
    hard = rng.normal(size=(1, k))
    return (rng.random((n, k)) < 1 / (1 + np.exp(-(ability - hard)))).astype(float)


@given(classes())
@settings(max_examples=60, deadline=None)
def test_point_biserial_is_scipys_on_the_rest_score(matrix: np.ndarray) -> None:
    item, rest = matrix[:, 0], matrix[:, 1:].mean(axis=1)
    ours = point_biserial(item, rest, ones(item))
    if item.std() == 0:
        assert ours.lack is Lack.SAME_ITEM
    elif rest.std() < 1e-6:
        assert ours.lack is Lack.SAME_REST
    else:
        assert ours.value == pytest.approx(stats.pointbiserialr(item, rest).statistic, abs=1e-9)
    assert ours.n == len(item)


@given(classes(), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_counted_rows_say_the_same_as_single_rows_in_any_order(
    matrix: np.ndarray, rng: random.Random
) -> None:
    item, total = matrix[:, 0], matrix.mean(axis=1)
    single = [
        point_biserial(item, total, ones(item)).value,
        difficulty(item, ones(item)).value,
        discrimination(item, extreme_groups(total, ones(item)), len(item)).value,
    ]
    cells = list(Counter(zip(item, total, strict=True)).items())
    rng.shuffle(cells)
    x = np.array([cell[0][0] for cell in cells])
    y = np.array([cell[0][1] for cell in cells])
    count = np.array([float(cell[1]) for cell in cells])
    counted = [
        point_biserial(x, y, count).value,
        difficulty(x, count).value,
        discrimination(x, extreme_groups(y, count), len(item)).value,
    ]
    for one, other in zip(single, counted, strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            assert one == pytest.approx(other, abs=1e-9)


@given(classes(least=40, most=60), st.integers(0, 10**6))
@settings(max_examples=15, deadline=None)
def test_ties_at_the_edge_are_the_mean_over_all_ways_to_break_them(
    matrix: np.ndarray, seed: int
) -> None:
    item, total = matrix[:, 0], matrix.sum(axis=1)
    n, k = len(item), round(0.27 * len(item))
    ours = discrimination(item, extreme_groups(total, ones(item)), n).value
    rng = np.random.default_rng(seed)
    draws = []
    for _ in range(1500):
        order = np.lexsort((rng.random(n), total))
        draws.append(item[order[-k:]].mean() - item[order[:k]].mean())
    error = np.std(draws) / np.sqrt(len(draws))
    assert ours == pytest.approx(np.mean(draws), abs=5 * error + 1e-9)


def test_discrimination_by_hand() -> None:
    # 40 students with totals 1..40; 27% is 10.8, so 11 persons a group: 30..40 and 1..11.
    total = np.arange(1.0, 41.0)
    item = (total >= 35).astype(float)  # 6 of the upper 11, none of the lower
    item[2] = 1.0  # and one of the lower
    found = discrimination(item, extreme_groups(total, ones(total)), 40)
    assert found.value == pytest.approx(6 / 11 - 1 / 11)


def test_a_group_of_whom_nobody_could_be_read_gives_no_discrimination() -> None:
    # Of a class whose lowest were all refused, only the others' answers are among the rows.
    groups = ExtremeGroups(np.ones(40), np.zeros(40), 11)
    found = discrimination(np.ones(40), groups, 40)
    assert found.value is None and found.lack is Lack.FEW


@given(st.lists(st.integers(0, 20), min_size=1, max_size=80))
def test_groups_have_their_size_and_nobody_counts_twice(totals: list[int]) -> None:
    total = np.array(totals, dtype=float)
    groups = extreme_groups(total, ones(total))
    assert groups.upper.sum() == pytest.approx(groups.size)
    assert groups.lower.sum() == pytest.approx(groups.size)
    assert np.all(groups.upper + groups.lower <= 1 + 1e-9)


@pytest.mark.parametrize("n", [0, 1, 9, 29, 35])
def test_nothing_is_computed_where_n_is_too_small(n: int) -> None:
    values = np.linspace(0, 1, n) if n else np.array([])
    count = np.ones(n)
    found = [
        (difficulty(values, count), 10),
        (point_biserial(values, values, count), 30),
        (discrimination(values, extreme_groups(values, count), n), 36),
    ]
    for estimate, needed in found:
        assert (estimate.value is None) == (n < needed)
        assert estimate.n == n
        if estimate.value is None:
            assert estimate.reason is not None
            assert str(needed) in estimate.reason.en
            assert str(needed) in estimate.reason.zh_hant


@given(classes(least=12))
@settings(max_examples=30, deadline=None)
def test_mean_gap_is_welchs_t(matrix: np.ndarray) -> None:
    rest = matrix[:, 1:].mean(axis=1)
    first = matrix[:, 0]
    gap = mean_gap(rest, first, 1 - first)
    a, b = rest[first == 1], rest[first == 0]
    if min(len(a), len(b)) < 5:
        assert gap.t is None
    elif gap.t is not None:
        with warnings.catch_warnings():  # scipy warns where one side hardly differs
            warnings.simplefilter("ignore", RuntimeWarning)
            expected = stats.ttest_ind(a, b, equal_var=False).statistic
        assert gap.t == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_a_group_of_nobody_has_no_mean() -> None:
    gap = mean_gap(np.array([0.2, 0.4]), np.zeros(2), np.array([3.0, 4.0]))
    assert np.isnan(gap.first) and (gap.n_first, gap.n_second, gap.t) == (0, 7, None)


def test_five_of_each_side_are_enough_and_four_are_not() -> None:
    rest = np.array([0.2, 0.4, 0.6])
    for first, told in ((5.0, True), (4.0, False)):
        for sides in ((np.array([first, 0, 0]), np.array([0, 5.0, 1])),
                      (np.array([0, 5.0, 1]), np.array([first, 0, 0]))):  # fmt: skip
            assert (mean_gap(rest, *sides).t is not None) == told


def counts_of(column: np.ndarray) -> Counter[Decimal]:
    return Counter(Decimal(str(value)) for value in column.tolist())


@given(classes(least=30))
@settings(max_examples=40, deadline=None)
def test_alpha_against_the_covariance_matrix_and_kr20_against_its_own_formula(
    matrix: np.ndarray,
) -> None:
    weights = np.array([0.3 if j % 2 else 0.4 for j in range(matrix.shape[1])])
    points = np.round(matrix * weights, 1)
    totals = counts_of(np.round(points.sum(axis=1), 1))
    found = reliability(
        [counts_of(column) for column in points.T],
        totals,
        [counts_of(column) for column in matrix.T],
        counts_of(matrix.sum(axis=1)),
        all_or_nothing=True,
    )
    cov = np.cov(points.T)
    k = matrix.shape[1]
    if cov.sum() < 1e-12:
        assert found.alpha.lack is Lack.SAME_TOTAL
        return
    expected = k / (k - 1) * (1 - np.trace(cov) / cov.sum())
    assert found.alpha.value == pytest.approx(expected, abs=1e-9)
    if expected >= 0:
        expected_error = np.sqrt(cov.sum()) * np.sqrt(1 - expected)
        assert found.standard_error.value == pytest.approx(expected_error, abs=1e-9)
    else:
        assert found.standard_error.lack is Lack.NEGATIVE_ALPHA
    spread = matrix.sum(axis=1).var()  # KR-20 as printed in 1937: population variance
    if spread > 0:
        p = matrix.mean(axis=0)
        kr20 = k / (k - 1) * (1 - (p * (1 - p)).sum() / spread)
        assert found.kr20.value == pytest.approx(kr20, abs=1e-9)


def test_alpha_by_hand() -> None:
    # Three questions; 15 students right on all, 15 on none: the questions move as one.
    item = {Decimal(1): 15, Decimal(0): 15}
    assert alpha([item] * 3, {Decimal(3): 15, Decimal(0): 15}).value == pytest.approx(1.0)
    # Variance of a fair 0/1 with n = 30: 30/29 * 1/4.
    assert float(variance(item)) == pytest.approx(30 / 29 / 4)


def test_kr20_is_not_given_where_questions_pay_in_part() -> None:
    item = {Decimal(1): 15, Decimal(0): 15}
    both = {Decimal(2): 15, Decimal(0): 15}
    found = reliability([item] * 2, both, [item] * 2, both, all_or_nothing=False)
    assert found.kr20.lack is Lack.NOT_ALL_OR_NOTHING
    assert alpha([item], item).lack is Lack.ONE_QUESTION
    assert alpha([item] * 2, {Decimal(0): 30}).lack is Lack.SAME_TOTAL
