"""Rule on the layer in which the answer's tokens stand apart most from all others.

Distances are measured on the plots of `solver.rules.bert.state_plots`, drawn by the kind of figure
``bert_scatter``. The cross-check, by gaps between neighbours, is in
`solver.rules.states.answer_apart_check`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from solver.errors import EvidenceError
from solver.evidence import Evidence
from solver.rules.bert.hidden_states import (
    RankedModelSettings,
    records_of_model,
    scatter,
    some_plots_of_model,
)
from solver.rules.bert.state_plots import Floats
from solver.rules.registry import Decision, Parameters, Verdict, rule
from solver.rules.thresholds import threshold
from solver.rules.verdicts import Pair, strongest

ALIKE = threshold(
    "answer_apart.alike",
    1.0,
    "times the usual distance: an answer that lies no farther out than half of the other tokens "
    "do stands apart in no layer, however the layers compare",
    lowest=0.1,
    highest=10.0,
)


class LayerClaim(Parameters):
    """In this layer the answer stands apart most (or, by `rank`, least)."""

    layer: int = Field(ge=1, description="layer, counted from 1")


@rule("states.answer_apart", settings=RankedModelSettings, claim=LayerClaim, needs=records_of_model)
def answer_apart(
    evidence: Evidence, settings: RankedModelSettings, claims: Sequence[LayerClaim]
) -> Decision:
    """Distance of the answer's outermost token from the middle of all other tokens, in a layer.

    The middle is the median of question and rest of context, and the unit their median distance
    from it, so that layers of different scale can be compared. Geometric mean over the items; of
    the layers offered the largest holds, if the answer lies farther out there than half of the
    others do; or, by `rank`, the smallest. The outermost token counts since an answer may stand in
    a text several times, and only one of these is the one extracted.
    """
    values = layer_means(evidence, settings, claims, distance_apart)
    what = ("distance of the answer from the rest in {0}", "{0}中答案與其餘 token 的距離")
    verdicts = decided(values, claims, settings.rank, unit="times the usual distance", what=what)
    held = [claim.layer for claim, one in zip(claims, verdicts, strict=True) if one.holds]
    layers = [claim.layer for claim in claims]
    figures = [scatter(settings.model, item, layers, held) for item in settings.items]
    return Decision(verdicts, figures)


def distance_apart(answer: Floats, rest: Floats) -> float:
    """Return the distance of the answer's outermost point (n, 2) from the middle of the rest.

    The unit is the median distance of the rest (m, 2) from its middle.

    >>> around = np.array([[0, 1], [1, 0], [0, -1], [-1, 0]], float)
    >>> distance_apart(np.array([[3.0, 4.0]]), around)
    5.0
    """
    middle = np.median(rest, axis=0)  # (2,)
    usual = float(np.median(np.linalg.norm(rest - middle, axis=1)))
    return float(np.linalg.norm(answer - middle, axis=1).max()) / max(usual, 1e-12)


def layer_means(
    evidence: Evidence,
    settings: RankedModelSettings,
    claims: Sequence[LayerClaim],
    measure: Callable[[Floats, Floats], float],
) -> list[float]:
    """Return a measure of the answer's points and the rest's in each layer claimed, over the items.

    Raises:
        EvidenceError: the model has fewer layers.
    """
    every = some_plots_of_model(evidence, settings)
    # The fewest: every item must have the layer.
    layers = min(len(one.points) for one in every)
    if any(claim.layer > layers for claim in claims):
        raise EvidenceError(
            f"the options ask for a layer that a model of {layers} has not",
            zh=f"選項所問的層不存在：模型有 {layers} 層",
        )
    means = []
    for claim in claims:
        found = []
        for one in every:
            question, context, answer = one.split(claim.layer - 1)
            # Not 0, whose logarithm is no number.
            found.append(max(measure(answer, np.concatenate([question, context])), 1e-12))
        # Geometric: an item in which the answer is twice as far out weighs as one where it is half.
        means.append(float(np.exp(np.mean(np.log(found)))))
    return means


def decided(
    values: Sequence[float],
    claims: Sequence[LayerClaim],
    rank: Literal["most", "least"],
    *,
    unit: str,
    what: Pair,
) -> list[Verdict]:
    """Return the verdicts: the largest value holds, if above the usual one; or the least."""
    names = [(f"layer {claim.layer}", f"第 {claim.layer} 層") for claim in claims]
    if rank == "least":
        return strongest(values, names, unit=unit, what=what, rank="least")
    usual = ("as usual", "一般情形")
    # The usual distance as one more rival: if it leads, no layer holds.
    return strongest([*values, ALIKE.now()], [*names, usual], unit=unit, what=what)[:-1]
