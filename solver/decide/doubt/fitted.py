"""Weights of the signs of doubt, as fitted on simulated evidence whose truth is known.

Written by `python -m tests.benchmarks.calibration --fit`; how they do on evidence of other kinds is
in docs/calibration.md.
"""

from __future__ import annotations

INTERCEPT = -1.6
WEIGHTS = {
    "run": 1.46,
    "flips": 0.7,
    "ratio": 0.33,
    "size": -0.85,
    "run_size": 0.12,
    "agrees": -0.7,
    "differs": 0.0,
    "drawn": 0.2,
    "holds": 0.48,
}

TYPICAL: dict[str, float] = {}
"""By rule, the median margin of its wrong verdicts on the simulated evidence."""

TYPICAL_SHARE = 0.068
"""The same over all rules, as a share of value and threshold together."""
