"""Reliability of totals: Cronbach's alpha, KR-20, and the standard error of a total.

Only students with points on every counted question take part. Void questions do not count, since
their points say nothing of the student.

With k questions, item variances v_i and variance V of their sum (all with n - 1)::

    alpha = k / (k - 1) * (1 - sum(v_i) / V)
    KR-20 = the same on right/wrong (0/1), where v_i = p_i (1 - p_i) n / (n - 1)
    SEM   = sqrt(V) * sqrt(1 - alpha), in points

Sources:
    Cronbach (1951), Psychometrika 16, 297-334, doi:10.1007/BF02310555
    Kuder & Richardson (1937), Psychometrika 2, 151-160, doi:10.1007/BF02288391
    standard error: Lord & Novick (1968), Statistical Theories of Mental Test Scores, ch. 3
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import sqrt

from grader.items.estimates import LEAST_FOR_RELIABILITY, Estimate, Lack, too_few

Counts = Mapping[Decimal, int] | Mapping[int, int]
"""Number of students by score."""


@dataclass(frozen=True, slots=True)
class Reliability:
    """Both coefficients of a class, and the standard error of a total, in points."""

    alpha: Estimate
    kr20: Estimate
    standard_error: Estimate
    questions: int


def alpha(items: Sequence[Counts], totals: Counts) -> Estimate:
    """Return Cronbach's alpha, or why there is none; exact until the last step.

    Args:
        items: for each question, how many students have each score on it.
        totals: how many of the same students have each sum over these questions.
    """
    n = sum(totals.values())
    if len(items) < 2:
        return Estimate(None, n, Lack.ONE_QUESTION)
    if n < LEAST_FOR_RELIABILITY:
        return too_few(n, LEAST_FOR_RELIABILITY)
    whole = variance(totals)
    if whole == 0:
        return Estimate(None, n, Lack.SAME_TOTAL)
    # Fractions: 1 - parts / whole loses digits where the two are nearly equal.
    parts = sum((variance(item) for item in items), Fraction(0))
    return Estimate(float(Fraction(len(items), len(items) - 1) * (1 - parts / whole)), n)


def variance(counts: Counts) -> Fraction:
    """Return the variance (n - 1) of scores given as counts; 0 for fewer than two students."""
    n = sum(counts.values())
    if n < 2:
        return Fraction(0)
    scores = [(Fraction(score), times) for score, times in counts.items()]
    total = sum((score * times for score, times in scores), Fraction(0))
    squares = sum((score * score * times for score, times in scores), Fraction(0))
    return (squares - total * total / n) / (n - 1)


def reliability(
    points: Sequence[Counts],
    point_totals: Counts,
    rights: Sequence[Counts],
    right_totals: Counts,
    *,
    all_or_nothing: bool,
) -> Reliability:
    """Return both coefficients and the standard error.

    Args:
        points: for each question, students with each number of points.
        point_totals: the same students by their sum of points.
        rights: for each question, students by 0 (not fully right) or 1.
        right_totals: the same students by their number of right questions.
        all_or_nothing: whether every question paid all of its points or none.
    """
    of_points = alpha(points, point_totals)
    if all_or_nothing:
        kr20 = alpha(rights, right_totals)
    else:
        # Partial credit makes right/wrong another measure than the points that students have.
        kr20 = Estimate(None, of_points.n, Lack.NOT_ALL_OR_NOTHING)
    error = of_points
    if of_points.value is not None and of_points.value < 0:
        # sqrt(1 - alpha) would then be above 1: more error than spread.
        error = Estimate(None, of_points.n, Lack.NEGATIVE_ALPHA)
    elif of_points.value is not None:
        spread = float(variance(point_totals)) * (1 - of_points.value)
        error = Estimate(sqrt(spread), of_points.n)
    return Reliability(of_points, kr20, error, len(points))
