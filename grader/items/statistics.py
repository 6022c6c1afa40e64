"""Formulas of classical item analysis, on plain arrays with counts.

Every function takes arrays of one length m, a row for each *distinct* case, and `count`, the number
of students in each row. A class of thirty can pass one row a student with a count of 1.

Sources:
    difficulty      Ebel & Frisbie, Essentials of Educational Measurement, 5th ed. (1991), ch. 13
    discrimination  Johnson (1951), J. Educ. Psychol. 42, 499-504; groups of 27%: Kelley (1939),
                    J. Educ. Psychol. 30, 17-24, doi:10.1037/h0057123
    point-biserial  Henrysson (1963), Psychometrika 28, 211-218, doi:10.1007/BF02289618
    two means       Welch (1947), Biometrika 34, 28-35, doi:10.1093/biomet/34.1-2.28
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grader.items.estimates import (
    LEAST_A_SIDE,
    LEAST_FOR_CORRELATION,
    LEAST_FOR_GROUPS,
    LEAST_FOR_SHARE,
    Estimate,
    Lack,
    too_few,
)

Array = NDArray[np.float64]
GROUP_SHARE = 0.27  # the share at which two groups of a normal class differ most surely (Kelley)
_FLAT = 1e-12  # a spread below this, of shares in 0..1, is the rounding of floats


@dataclass(frozen=True, slots=True)
class ExtremeGroups:
    """Upper and lower 27% of a class.

    Attributes:
        upper, lower: float (m,), students of each row in the group; each sums to `size`.
        size: students in a group.
    """

    upper: Array
    lower: Array
    size: int


def extreme_groups(total: Array, count: Array) -> ExtremeGroups:
    """Return the upper and the lower 27% of a class by its totals, rounded to whole students.

    Args:
        total: float (m,), the total, or the share of the points earned.
        count: float (m,), students with that total.
    """
    # Half up: round() takes a half to the even number, up and down in turns.
    size = int(GROUP_SHARE * float(count.sum()) + 0.5)
    return ExtremeGroups(_fill(-total, count, size), _fill(total, count, size), size)


def _fill(rank: Array, count: Array, size: int) -> Array:
    """Return the students of each row among the `size` with the smallest rank."""
    # Students tied at the edge share its last places, else the order of rows would decide.
    values, row_of = np.unique(rank, return_inverse=True)
    persons = np.bincount(row_of, weights=count, minlength=len(values))
    before = np.cumsum(persons) - persons
    taken = np.clip(size - before, 0.0, persons)
    share = np.divide(taken, persons, out=np.zeros_like(taken), where=persons > 0)
    return np.asarray(share[row_of] * count, dtype=np.float64)


def difficulty(earned: Array, count: Array) -> Estimate:
    """Return the difficulty: the mean share of the question's points earned, 1 is easy.

    Args:
        earned: float (m,), points earned / points of the question, 0..1.
        count: float (m,), students.
    """
    n = round(float(count.sum()))
    if n < LEAST_FOR_SHARE:
        return too_few(n, LEAST_FOR_SHARE)
    return Estimate(float((earned * count).sum() / n), n)


def discrimination(earned: Array, groups: ExtremeGroups, n: int) -> Estimate:
    """Return the discrimination: difficulty in the upper 27% minus that in the lower 27%.

    Args:
        earned: float (m,), share of the question's points.
        groups: of the same m rows.
        n: students in the class (both groups and the middle).
    """
    if n < LEAST_FOR_GROUPS:
        return too_few(n, LEAST_FOR_GROUPS)
    if not (groups.upper.any() and groups.lower.any()):
        return too_few(0, LEAST_FOR_SHARE)  # all of a group were not shown it, or were refused
    upper = float((earned * groups.upper).sum() / groups.upper.sum())
    lower = float((earned * groups.lower).sum() / groups.lower.sum())
    return Estimate(upper - lower, n)


def point_biserial(earned: Array, rest: Array, count: Array) -> Estimate:
    """Return the corrected point-biserial: correlation of a question with the rest of the test.

    Args:
        earned: float (m,), share of the question's points.
        rest: float (m,), share of the points of all *other* questions.
        count: float (m,), students.
    """
    n = round(float(count.sum()))
    if n < LEAST_FOR_CORRELATION:
        return too_few(n, LEAST_FOR_CORRELATION)
    x = earned - (earned * count).sum() / n
    y = rest - (rest * count).sum() / n
    spread_x, spread_y = float((x * x * count).sum() / n), float((y * y * count).sum() / n)
    if spread_x < _FLAT:
        return Estimate(None, n, Lack.SAME_ITEM)
    if spread_y < _FLAT:
        return Estimate(None, n, Lack.SAME_REST)
    together = float((x * y * count).sum() / n)
    # Rounding can carry a perfect correlation past 1 by a last digit.
    return Estimate(float(np.clip(together / np.sqrt(spread_x * spread_y), -1.0, 1.0)), n)


@dataclass(frozen=True, slots=True)
class MeanGap:
    """Means of two groups, and their distance in standard errors (Welch's t)."""

    first: float
    second: float
    n_first: int
    n_second: int
    t: float | None


def mean_gap(rest: Array, first: Array, second: Array) -> MeanGap:
    """Return the gap between the mean rest scores of two groups of students.

    Args:
        rest: float (m,), share of the points of the other questions.
        first: float (m,), students of the first group in each row.
        second: float (m,), students of the second group in each row.

    Returns:
        The gap; `t` is None where a side has fewer than five students or nobody differs.
    """
    mean_1, var_1, n_1 = _mean_and_variance(rest, first)
    mean_2, var_2, n_2 = _mean_and_variance(rest, second)
    t = None
    if min(n_1, n_2) >= LEAST_A_SIDE and var_1 + var_2 > _FLAT:
        t = (mean_1 - mean_2) / float(np.sqrt(var_1 / n_1 + var_2 / n_2))
    return MeanGap(mean_1, mean_2, n_1, n_2, t)


def _mean_and_variance(values: Array, count: Array) -> tuple[float, float, int]:
    n = round(float(count.sum()))
    if n == 0:
        return float("nan"), 0.0, 0
    mean = float((values * count).sum() / n)
    variance = float((((values - mean) ** 2) * count).sum() / (n - 1)) if n > 1 else 0.0
    return mean, variance, n
