"""Weights of the signs of doubt, as fitted on simulated evidence whose truth is known.

Written by `python -m tests.benchmarks.calibration --fit`; how they do on evidence of other kinds is
in docs/measured/calibration.md.
"""

from __future__ import annotations

INTERCEPT = -0.18
WEIGHTS = {
    "run": 0.58,
    "flips": 0.51,
    "ratio": 0.24,
    "size": -1.8,
    "run_size": 0.54,
    "agrees": -0.01,
    "differs": 0.51,
    "drawn": 1.01,
    "holds": 0.43,
}

TYPICAL = {
    "bert.attention.coreference": 0.016,
    "bert.attention.where_a_head_looks": 0.045,
    "bert.corpus_search": 2.0,
    "bert.embeddings.curve_over_layers": 0.0076,
    "bert.hidden_states.fine_tuned": 0.045,
    "bert.hidden_states.matching_layers": 0.011,
    "bert.hidden_states.wrong_items": 0.026,
    "filters.activation_depth": 0.026,
    "gradients.integrated_gradients.more_steps": 0.034,
    "lime.overlay.sign_in_region": 0.1,
    "lime.overlay.signs_along_contour": 0.057,
    "maps.agreement": 0.1,
    "maps.brightest_region": 0.18,
    "maps.brightest_region.clear_place": 0.21,
    "states.answer_apart": 0.25,
}
"""By rule, the median margin of its wrong verdicts on the simulated evidence."""

TYPICAL_SHARE = 0.048
"""The same over all rules, as a share of value and threshold together."""
