"""Rule on the similarity matrix, of one word across sentences, that a picture shows.

Evidence is hidden states or, where these were not kept, tables made of them
(`solver.rules.bert.embedding_tables`). A candidate's picture and its fit are
`embedding_tables.PredictedPicture`; the matrices are drawn by the kind of figure ``bert_matrices``;
the cross-check is in `solver.rules.bert.similarity_image_check`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from pydantic import Field, model_validator

from solver.errors import EvidenceError
from solver.evidence import Evidence, Record
from solver.rules.bert.embedding_tables import (
    METRIC_NAMES,
    PART_NAMES,
    PARTS,
    Floats,
    Metric,
    Part,
    PredictedPicture,
    predicted_pictures,
)
from solver.rules.registry import Decision, Figure, Parameters, Verdict, rule
from solver.rules.thresholds import threshold
from solver.rules.verdicts import TIE, Pair, amounts


class SlideSettings(Parameters):
    """The layer the picture shows, where the question says it."""

    layer: int | None = Field(
        default=None, ge=0, description="the layer the picture shows; all are tried where unsaid"
    )


class SlideClaim(Parameters):
    """Either the metric, or which part of the word."""

    metric: Metric | None = Field(default=None, description="the picture's measure")
    part: Part | None = Field(default=None, description="the part of the word it is of")

    @model_validator(mode="after")
    def _one_of_two(self) -> SlideClaim:
        if (self.metric is None) == (self.part is None):
            raise ValueError("a claim has one of metric, part")
        return self


REPRODUCED = threshold(
    "embeddings.reproduced",
    0.02,
    "of the colour map, five of its 256 steps: a picture of the very matrix is off by rounding "
    "(.003 in the demo), and the other parts of a word by .04 even in the demo's small network",
    lowest=0.001,
    highest=0.5,
)


@rule(
    "bert.similarity_image",
    settings=SlideSettings,
    claim=SlideClaim,
    needs=lambda settings: ["embeddings", "similarity_picture"],
)
def slide_picture(
    evidence: Evidence, settings: SlideSettings, claims: Sequence[SlideClaim]
) -> Decision:
    """Distance of each matrix (metric and part of the word, in its best layer), coloured as imshow
    colours it, from the picture: root mean square over the cells, 0 to 1. The metric and the part
    of the nearest one hold.

    For a part known only by ranges between groups of sentences, the ends of each range are
    compared; cosines are computed from distances where only these are known, as if all vectors had
    one length. A part of which nothing is known is ruled out where another reproduces the picture
    as nearly as a picture can be read; else the parts stay undecided."""
    record, picture = evidence.get("embeddings"), checked_picture(evidence)
    layers = None if settings.layer is None else [settings.layer]
    candidates = predicted_pictures(record, layers)
    errors: dict[tuple[Metric, Part], tuple[float, int]] = {}
    for one in candidates:
        found = (one.error(picture), one.layer)
        key = (one.metric, one.part)
        errors[key] = min(found, errors.get(key, found))  # of a candidate its best layer
    verdicts = among_metrics_and_parts(
        claims,
        nearest,
        lambda metric: _least(errors, metric=metric),
        lambda part: _least(errors, part=part),
    )
    best = min(errors, key=lambda pair: errors[pair])
    figure = _slide_figure(record, errors, errors[best][1])
    # Decided on states there is nothing to add.
    note = None if "states" in record.arrays else _tables_note(candidates)
    return Decision(verdicts, [figure], note)


def checked_picture(evidence: Evidence) -> Floats:
    """Return the picture's matrix.

    Raises:
        EvidenceError: it has not as many rows as there are sentences.
    """
    picture = evidence.get("similarity_picture").array("values", 2).astype(np.float64)
    count = len(evidence.get("embeddings").value("sentences"))
    if picture.shape != (count, count):
        raise EvidenceError(
            f"the picture has {picture.shape[0]} rows and there are {count} sentences",
            zh=f"圖片有 {picture.shape[0]} 列，句子卻有 {count} 句",
        )
    return picture


def _slide_figure(
    record: Record, errors: dict[tuple[Metric, Part], tuple[float, int]], layer: int
) -> Figure:
    if "states" in record.arrays:
        parameters = {"records": ["embeddings", "similarity_picture"], "layer": layer}
        caption = (
            f"Every matrix beside the picture, layer {layer}",
            f"各矩陣與圖片，第 {layer} 層",
        )
        return Figure("bert_matrices", parameters, caption)
    rows = [
        [list(METRIC_NAMES[metric]), list(PART_NAMES[part]), at, round(error, 3)]
        for (metric, part), (error, at) in sorted(errors.items(), key=lambda one: one[1])
    ]
    columns = [["measure", "度量"], ["of", "取自"], ["layer", "層"], ["off by", "誤差"]]
    caption = ("How far each table lies from the picture", "各表與圖片的差距")
    return Figure("table", {"columns": columns, "rows": rows}, caption)


def _tables_note(candidates: Sequence[PredictedPicture]) -> Pair:
    """The note that names the tables decided on in place of states."""
    layers = sorted({one.layer for one in candidates})
    known = [part for part in PARTS if any(one.part == part for one in candidates)]
    ranges = {one.part for one in candidates if (one.low != one.high).any()}
    english = f"Decided on tables of layer {', '.join(map(str, layers))}, not on states: of "
    english += ", ".join(
        PART_NAMES[part][0] + (" (ranges between groups)" if part in ranges else "")
        for part in known
    )
    chinese = f"依第 {'、'.join(map(str, layers))} 層的表判定，而非隱藏狀態："
    chinese += "、".join(
        PART_NAMES[part][1] + ("（僅有組間範圍）" if part in ranges else "") for part in known
    )
    return english + ".", chinese + "。"


def among_metrics_and_parts(
    claims: Sequence[SlideClaim],
    decide: Callable[[list[float | None], list[Pair]], list[Verdict]],
    value_of_metric: Callable[[Metric], float | None],
    value_of_part: Callable[[Part], float | None],
) -> list[Verdict]:
    """Return the verdicts of `decide` among the metrics offered, and apart among the parts.

    Args:
        claims: each of a metric or of a part.
        decide: from values (None: not measured) and names to a verdict each.
        value_of_metric, value_of_part: the measured value of each.
    """
    metrics = [claim.metric for claim in claims if claim.metric is not None]
    parts = [claim.part for claim in claims if claim.part is not None]
    # Apart: a metric is no rival of a part.
    of_metrics = iter(decide([*map(value_of_metric, metrics)], [METRIC_NAMES[m] for m in metrics]))
    of_parts = iter(decide([*map(value_of_part, parts)], [PART_NAMES[p] for p in parts]))
    return [next(of_metrics if claim.metric is not None else of_parts) for claim in claims]


def _least(
    errors: dict[tuple[Metric, Part], tuple[float, int]],
    metric: Metric | None = None,
    part: Part | None = None,
) -> float | None:
    found = [
        error
        for (of_metric, of_part), (error, _) in errors.items()
        if of_metric == metric or of_part == part
    ]
    return min(found) if found else None


def nearest(errors: list[float | None], names: list[Pair]) -> list[Verdict]:
    """Return verdicts where the smallest error holds, each against its best rival.

    Args:
        errors: 0 to 1; None: not measured.
        names: of the candidates.
    """
    known = [error for error in errors if error is not None]
    reproduced = bool(known) and min(known) <= REPRODUCED.now()
    verdicts = []
    for at, (error, name) in enumerate(zip(errors, names, strict=True)):
        rivals = {n: e for n, e in enumerate(errors) if n != at and e is not None}
        rival = min(rivals, key=lambda n: rivals[n]) if rivals else None
        if error is None:
            verdicts.append(_not_measured(name, min(known) if reproduced else None))
        elif rival is not None and rivals[rival] <= error:
            verdicts.append(_off_by(False, error, rivals[rival], name, names[rival]))
        # With all measured, or one that fits as nearly as a picture can be read, no other can be
        # nearer.
        elif rival is not None and (reproduced or len(known) == len(errors)):
            holds = rivals[rival] - error > TIE
            verdicts.append(_off_by(holds, error, rivals[rival], name, names[rival]))
        else:  # the nearest of what is known, but another may be nearer
            verdicts.append(_off_by(None, error, REPRODUCED.now(), name, _READ))
    return verdicts


_READ = ("a picture read as near as can be", "讀圖所能及的精度")


def _off_by(holds: bool | None, error: float, limit: float, name: Pair, rival: Pair) -> Verdict:
    own, other = amounts(error, limit, "share")
    over = ("less than", "小於") if error < limit else ("no less than", "不小於")
    return Verdict(
        holds=holds,
        value=error,
        unit="error",
        against=rival[0],
        threshold=limit,
        margin=None if holds is None else abs(limit - error),
        sentence=(
            f"With {name[0]} the colours are off by {own[0]}, {over[0]} with {rival[0]} "
            f"({other[0]}).",
            f"以{name[1]}計，顏色誤差 {own[1]}，{over[1]}{rival[1]}（{other[1]}）。",
        ),
    )


def _not_measured(name: Pair, best: float | None) -> Verdict:
    limit = REPRODUCED.now()
    if best is None:
        sentence = (f"Nothing was measured of {name[0]}.", f"沒有{name[1]}的量測。")
    else:
        sentence = (
            f"Nothing was measured of {name[0]}; another gives the picture to within {best:.3f}, "
            f"as near as a picture can be read ({limit:.3f}).",
            f"沒有{name[1]}的量測；另一項與圖片只差 {best:.3f}，已達讀圖的精度（{limit:.3f}）。",
        )
    return Verdict(
        holds=None if best is None else False,
        value=None,
        unit="error",
        against=_READ[0],
        threshold=None if best is None else limit,
        margin=None if best is None else limit - best,
        sentence=sentence,
    )
