"""Cross-check of the similarity picture: the order of its cells, independent of its colours."""

from __future__ import annotations

from collections.abc import Sequence

from solver.evidence import Evidence
from solver.rules.bert.embedding_tables import predicted_pictures
from solver.rules.bert.similarity_image import (
    SlideClaim,
    SlideSettings,
    among_metrics_and_parts,
    checked_picture,
)
from solver.rules.registry import Decision, Verdict, cross_check
from solver.rules.verdicts import Pair, strongest


@cross_check("bert.similarity_image")
def picture_by_order(
    evidence: Evidence, settings: SlideSettings, claims: Sequence[SlideClaim]
) -> Decision:
    """Share of the pairs of cells whose order of brightness in the picture is that of a matrix, of
    all pairs whose order in the matrix is known. It depends neither on the colour map nor on how
    values are stretched. The matrix (in its best layer) with the largest share has the metric and
    the part that hold; beside a part of which nothing is known none can be said to hold."""
    picture = checked_picture(evidence)
    layers = None if settings.layer is None else [settings.layer]
    kept = [
        (one, one.order_kept(picture))
        for one in predicted_pictures(evidence.get("embeddings"), layers)
    ]
    by_metric: dict[str, float] = {}
    by_part: dict[str, float] = {}
    for one, share in kept:
        # Of each candidate its best layer, as the rule has it.
        by_metric[one.metric] = max(share, by_metric.get(one.metric, 0.0))
        by_part[one.part] = max(share, by_part.get(one.part, 0.0))
    return Decision(among_metrics_and_parts(claims, _best, by_metric.get, by_part.get))


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
