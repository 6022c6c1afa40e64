"""Cross-check of the layer in which the answer stands apart: gaps between neighbours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from solver.evidence import Evidence
from solver.rules.bert.hidden_states import RankedModelSettings
from solver.rules.bert.state_plots import Floats
from solver.rules.registry import Decision, cross_check
from solver.rules.states.answer_apart import LayerClaim, decided, layer_means


@cross_check("states.answer_apart")
def apart_by_gap(
    evidence: Evidence, settings: RankedModelSettings, claims: Sequence[LayerClaim]
) -> Decision:
    """Gap between the answer and the nearest token outside it, in a layer.

    Of the answer's tokens the one with the widest gap counts. The unit is the median gap between
    any other token and its own nearest neighbour among these, so that no middle is needed.
    Geometric mean over the items; of the layers offered the largest holds, if it is above 1; or,
    by `rank`, the smallest.
    """
    values = layer_means(evidence, settings, claims, gap)
    what = ("gap around the answer in {0}", "{0}中答案周圍的空隙")
    return Decision(decided(values, claims, settings.rank, unit="times the usual gap", what=what))


def gap(answer: Floats, rest: Floats) -> float:
    """Return the widest gap of an answer's point (n, 2) to the rest (m, 2), in usual gaps."""
    from scipy.spatial.distance import cdist

    among = cdist(rest, rest)
    np.fill_diagonal(among, np.inf)  # a token is no neighbour of itself
    usual = float(np.median(among.min(1))) if len(rest) > 1 else 0.0
    return float(cdist(answer, rest).min(1).max()) / max(usual, 1e-12)
