"""Similarity of one word across sentences, a second way: order of cells, a parabola, pairs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from solver.evidence import Evidence, MissingEvidence
from solver.rules.bert.embedding_tables import METRIC_NAMES, PART_NAMES, Floats, foretold
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
from solver.rules.bert.similarity_image import SlideClaim, SlideSettings, checked_picture
from solver.rules.registry import Decision, Verdict, second_way
from solver.rules.verdicts import Pair, above, strongest


@second_way("embeddings.slide_picture")
def picture_by_order(
    evidence: Evidence, settings: SlideSettings, claims: Sequence[SlideClaim]
) -> Decision:
    """How often, of two cells of the picture, the one that a matrix says is brighter is so: share
    of all pairs of cells whose order it tells. This asks nothing of the colour map or of how values
    are stretched. The matrix (in its best layer) with the largest share has the metric and the part
    that hold; beside a part of which nothing is known none can be said to hold."""
    picture = checked_picture(evidence)
    layers = None if settings.layer is None else [settings.layer]
    kept = [(one, one.order_kept(picture)) for one in foretold(evidence.get("embeddings"), layers)]
    by_metric: dict[str, float] = {}
    by_part: dict[str, float] = {}
    for one, share in kept:
        by_metric[one.metric] = max(share, by_metric.get(one.metric, 0.0))
        by_part[one.part] = max(share, by_part.get(one.part, 0.0))
    metrics = [claim.metric for claim in claims if claim.metric is not None]
    parts = [claim.part for claim in claims if claim.part is not None]
    of_metrics = iter(
        _best([by_metric.get(m) for m in metrics], [METRIC_NAMES[m] for m in metrics])
    )
    of_parts = iter(_best([by_part.get(p) for p in parts], [PART_NAMES[p] for p in parts]))
    verdicts = [next(of_metrics if claim.metric is not None else of_parts) for claim in claims]
    return Decision(verdicts)


def _best(shares: list[float | None], names: list[Pair]) -> list[Verdict]:
    known = [(share, name) for share, name in zip(shares, names, strict=True) if share is not None]
    whole = len(known) == len(shares)
    ranked = iter(
        strongest(
            [share for share, _ in known],
            [name for _, name in known],
            unit="share of pairs of cells",
            what=("order of the cells kept with {0}", "以{0}計時，亮暗次序保持不變的比例"),
        )
        if len(known) > 1
        else []
    )
    verdicts = []
    for share, name in zip(shares, names, strict=True):
        one = next(ranked, None) if share is not None else None
        if one is None or (one.holds and not whole):
            verdicts.append(_undecided(one, name))
        else:
            verdicts.append(one)
    return verdicts


def _undecided(one: Verdict | None, name: Pair) -> Verdict:
    if one is None:
        sentence: Pair = (f"Nothing was measured of {name[0]}.", f"沒有{name[1]}的量測。")
    else:
        english, chinese = one.sentence
        sentence = (f"{english} But not all were measured.", f"{chinese}但並非每一項都有量測。")
    value = one.value if one is not None else None
    return Verdict(None, value, "share of pairs of cells", "", None, None, sentence)


@second_way("embeddings.curve_over_layers")
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

    Of a turn: its shorter way over the longer; of only falling or rising: what is left of 1.
    """
    amounts: dict[Shape, float] = dict.fromkeys(SHAPES, 0.0)
    if float(np.ptp(curve)) <= 1e-9:
        return amounts
    at = np.linspace(-1.0, 1.0, len(curve))
    c, b, a = np.polynomial.polynomial.polyfit(at, curve, 2)
    turns = abs(b) < 2 * abs(a)  # the vertex, at -b / 2a, lies inside
    middle = c - b * b / (4 * a) if turns else a + b + c
    before, after = middle - (a - b + c), (a + b + c) - middle
    shorter, longer = sorted((abs(before), abs(after)))
    if turns:
        amounts["falls_then_rises" if a > 0 else "rises_then_falls"] = shorter / longer
    amounts["rises" if before + after > 0 else "falls"] = 1 - shorter / longer
    return amounts


@second_way("embeddings.layer0_independent", needs=lambda settings: ["embeddings"])
def independent_by_pairs(
    evidence: Evidence, settings: TrialSettings, claims: Sequence[CauseClaim]
) -> Decision:
    """Pairs of the sentences as they are: of those that have the word at one place and differ in
    something, the largest Euclidean distance at layer 0 between the character in one and in the
    other, as a share of the largest there is. What moves it by no more than rounding it does not
    depend on; of its position, the same over pairs that have the word at different places."""
    if "embedding_trials" not in evidence:  # then the first way has decided on these pairs
        raise MissingEvidence(["embedding_trials"])
    causes = [claim.independent_of for claim in claims]
    return compared_pairs(evidence.get("embeddings"), settings.character, causes)
