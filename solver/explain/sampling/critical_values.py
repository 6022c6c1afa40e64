"""Critical values of the sequential test: Student's t, the error shared out, skewness corrected."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats

from solver.explain.job import Job
from solver.explain.registry import sampling_of

Floats = npt.NDArray[np.float64]

STRAIGHT = 1e-6
"""A skewness below this moves no quantile by a digit that counts."""


def critical_value(
    unfinished: Sequence[Job], look: int, claims_in_all: int, freedom: Floats | float | None = None
) -> Floats:
    """Return the quantile of Student's t that a claim must pass at a look (the first is 1).

    Args:
        unfinished: the jobs whose samples are drawn from.
        look: how many times the claim has been looked at, this time included.
        claims_in_all: how many claims the error is shared out over.
        freedom: degrees of freedom, a number or one a claim; if not given, the least of the jobs'.
    """
    confidence = max(job.settings.confidence or 0.0 for job in unfinished)
    # 6 / (pi j)^2 of the error at look j: a series whose sum is 1, so that looking again costs
    # nothing in validity.
    share = (1 - confidence) * 6 / (np.pi * look) ** 2 / max(claims_in_all, 1)
    least = min(sampling_of(job).units for job in unfinished) - 1
    quantile: Floats = stats.t.isf(share, least if freedom is None else freedom)
    return quantile


def corrected_for_skewness(bound: Floats, skewness: Floats) -> Floats:
    """Return the t whose Hall transform is `bound`: larger for a tail towards the threshold.

    Args:
        bound: a quantile, or one a claim.
        skewness: that of the margin, negative for a tail towards the threshold: (claims,).
    """
    # The transform is flat at t = -3 / g and rises again behind it, so that its inverse comes to a
    # peak. A tail heavier than the peak's gets the peak: never less than a lighter one.
    skewness = np.maximum(skewness, -_skewness_asked_most(bound))
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = (np.cbrt(1 + skewness * (bound - skewness / 6)) - 1) * 3 / skewness
    found: Floats = np.maximum(np.where(np.abs(skewness) < STRAIGHT, bound, inverse), bound)
    return found


def _skewness_asked_most(bound: Floats) -> Floats:
    """The size s of the skewness for which the inverse of Hall's transform is largest."""
    # t(s) = 3 (1 + c) / s with c^3 = s b + s^2 / 6 - 1. Where its derivative is 0, t is 3 / w and s
    # is w (3/2 + w^2 / 12), with w the one positive root of w^4 / 144 + w^2 / 4 + b w - 3/4: rising
    # and convex, so that Newton's way down from 3 / 4b cannot miss it.
    w = optimize.newton(
        lambda w: w**4 / 144 + w**2 / 4 + bound * w - 3 / 4,
        3 / (4 * bound),
        lambda w: w**3 / 36 + w / 2 + bound,
    )
    found: Floats = w * (3 / 2 + w**2 / 12)
    return found
