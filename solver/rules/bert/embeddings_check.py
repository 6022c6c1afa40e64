"""Cross-checks of one word across sentences: a parabola through its curve, pairs of sentences."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from solver.errors import MissingEvidence
from solver.evidence import Evidence
from solver.rules.bert.embedding_tables import Floats
from solver.rules.bert.embeddings import (
    LEG,
    SHAPES,
    CauseClaim,
    CurveSettings,
    Shape,
    ShapeClaim,
    TrialSettings,
    curve_of,
)
from solver.rules.bert.sentence_pairs import compared_pairs
from solver.rules.registry import Decision, cross_check
from solver.rules.verdicts import above


@cross_check("bert.embeddings.curve_over_layers")
def curve_by_parabola(
    evidence: Evidence, settings: CurveSettings, claims: Sequence[ShapeClaim]
) -> Decision:
    """The shape of the least-squares parabola through the curve, which passes over its wobble. It
    turns where the shorter of its ways, before its vertex and after it, is a tenth of the longer or
    more, and else only falls or only rises, as the longer one does."""
    curve, _, _ = curve_of(evidence.get("embeddings"), settings)
    amounts, leg = parabola_shapes(curve), LEG.now()
    verdicts = []
    for claim in claims:
        name = SHAPES[claim.shape]
        turn = claim.shape in ("falls_then_rises", "rises_then_falls")
        verdicts.append(
            above(
                amounts[claim.shape],
                leg if turn else 1 - leg,
                unit="of the longer way",
                what=(f'"{name[0]}" in the parabola', f"以拋物線擬合時「{name[1]}」的成分"),
                against=("a turn that counts", "算得上轉折") if turn else ("no turn", "沒有轉折"),
                inclusive=turn,
            )
        )
    return Decision(verdicts)


def parabola_shapes(curve: Floats) -> dict[Shape, float]:
    """Return how much of each shape there is in the parabola through a curve, 0 to 1.

    Of a turn: its shorter way over the longer; of only falling or rising: the rest to 1.
    """
    amounts: dict[Shape, float] = dict.fromkeys(SHAPES, 0.0)
    # An even curve has no shape, and no longer way to divide by.
    if float(np.ptp(curve)) <= 1e-9:
        return amounts
    at = np.linspace(-1.0, 1.0, len(curve))  # centred, so that the fit is stable
    c, b, a = np.polynomial.polynomial.polyfit(at, curve, 2)
    turns = abs(b) < 2 * abs(a)  # the vertex, at -b / 2a, lies inside
    # The value at the vertex; a parabola that does not turn within ends there.
    middle = c - b * b / (4 * a) if turns else a + b + c
    before, after = middle - (a - b + c), (a + b + c) - middle
    shorter, longer = sorted((abs(before), abs(after)))
    if turns:
        amounts["falls_then_rises" if a > 0 else "rises_then_falls"] = shorter / longer
    # The smaller the way back, the more it only rises or falls.
    amounts["rises" if before + after > 0 else "falls"] = 1 - shorter / longer
    return amounts


@cross_check("bert.embeddings.layer0_independent", needs=lambda settings: ["embeddings"])
def independent_by_pairs(
    evidence: Evidence, settings: TrialSettings, claims: Sequence[CauseClaim]
) -> Decision:
    """Largest Euclidean distance at layer 0 of the character between two of the sentences that have
    the word at one place and differ in a cause, as a share of the largest distance of all. The
    similarity is independent of a cause that moves it by no more than rounding; for the position,
    the pairs are those with the word at different places."""
    if "embedding_trials" not in evidence:  # then the first way has decided on these pairs
        raise MissingEvidence(["embedding_trials"])
    causes = [claim.independent_of for claim in claims]
    return compared_pairs(evidence.get("embeddings"), settings.character, causes)
