"""Similarity of one word across sentences: as a picture, over the layers, and at layer 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator
from scipy.optimize import isotonic_regression

from solver.errors import EvidenceError
from solver.evidence import Evidence, Record
from solver.rules.registry import Decision, Figure, Parameters, Verdict, rule
from solver.rules.verdicts import TIE, Pair, below, strongest

Floats = npt.NDArray[np.float64]
Metric = Literal["euclidean", "cosine"]
Part = Literal["first", "second", "both"]
METRICS: tuple[Metric, ...] = ("euclidean", "cosine")
PARTS: tuple[Part, ...] = ("first", "second", "both")


def checked_states(record: Record) -> Floats:
    """Return the states (layers, sentences, characters, width).

    Raises:
        EvidenceError: another shape, or sentences that are not as many as the texts.
    """
    states = record.array("states", 4).astype(np.float64)
    if states.shape[1] != len(record.value("sentences")):
        raise EvidenceError(f"record {record.id}: 'states' and sentences differ in number")
    return states


def vectors_of(states: Floats, part: Part) -> Floats:
    """Return the vectors (layers, sentences, width) of a character, or the mean of the word's."""
    if part == "both":
        mean: Floats = states.mean(2)
        return mean
    return states[:, :, 0 if part == "first" else -1]


def pairwise(vectors: Floats, metric: Metric) -> Floats:
    """Return distance or cosine of every pair of rows (n, width): (n, n)."""
    if metric == "euclidean":
        distances: Floats = np.linalg.norm(vectors[:, None] - vectors[None], axis=-1)
        return distances
    norms = np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
    unit = vectors / norms
    cosines: Floats = unit @ unit.T
    return cosines


def stretched(matrix: Floats) -> Floats:
    """Return the matrix as imshow colours it: smallest value 0, largest 1."""
    low, high = matrix.min(), matrix.max()
    result: Floats = (matrix - low) / max(high - low, 1e-12)
    return result


class SlideSettings(Parameters):
    """Which layer the picture may show: None tries them all."""

    layer: int | None = None


class SlideClaim(Parameters):
    """Either the metric, or which part of the word."""

    metric: Metric | None = None
    part: Part | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> SlideClaim:
        if (self.metric is None) == (self.part is None):
            raise ValueError("a claim has one of metric, part")
        return self


@rule(
    "embeddings.slide_picture",
    settings=SlideSettings,
    claim=SlideClaim,
    needs=lambda settings: ["embeddings", "similarity_picture"],
)
def slide_picture(
    evidence: Evidence, settings: SlideSettings, claims: Sequence[SlideClaim]
) -> Decision:
    """How far each matrix (metric and part of the word, in its best layer), coloured as imshow
    colours it, lies from the picture: root mean square over the cells, 0 to 1. The nearest of all
    has the metric and the part that hold."""
    states = checked_states(evidence.get("embeddings"))
    picture = evidence.get("similarity_picture").array("values", 2)
    if picture.shape != (states.shape[1],) * 2:
        raise EvidenceError(
            f"the picture has {picture.shape[0]} rows and there are {states.shape[1]} sentences"
        )
    if settings.layer is not None and not 0 <= settings.layer < len(states):
        raise EvidenceError(f"there is no layer {settings.layer}: the evidence has {len(states)}")
    layers = range(len(states)) if settings.layer is None else [settings.layer]
    errors: dict[tuple[Metric, Part], tuple[float, int]] = {}
    for part in PARTS:
        vectors = vectors_of(states, part)
        for metric in METRICS:
            errors[metric, part] = min(
                (_error(stretched(pairwise(vectors[layer], metric)), picture), layer)
                for layer in layers
            )
    verdicts = _slide_verdicts(claims, errors)
    best = min(errors, key=lambda pair: errors[pair])
    figure = Figure(
        "bert_matrices",
        {"records": ["embeddings", "similarity_picture"], "layer": errors[best][1]},
        (
            f"Every matrix beside the picture, layer {errors[best][1]}",
            f"各矩陣與圖片，第 {errors[best][1]} 層",
        ),
    )
    return Decision(verdicts, [figure])


def _error(matrix: Floats, picture: Floats) -> float:
    return float(np.sqrt(((matrix - picture) ** 2).mean()))


def _slide_verdicts(
    claims: Sequence[SlideClaim], errors: dict[tuple[Metric, Part], tuple[float, int]]
) -> list[Verdict]:
    """Verdicts among the metrics offered, and among the parts offered."""
    metrics = [claim.metric for claim in claims if claim.metric is not None]
    parts = [claim.part for claim in claims if claim.part is not None]
    by_metric = [min(e for (m, _), (e, _) in errors.items() if m == metric) for metric in metrics]
    by_part = [min(e for (_, p), (e, _) in errors.items() if p == part) for part in parts]
    of_metrics = iter(_nearest(by_metric, [METRIC_NAMES[metric] for metric in metrics]))
    of_parts = iter(_nearest(by_part, [PART_NAMES[part] for part in parts]))
    return [next(of_metrics if claim.metric is not None else of_parts) for claim in claims]


METRIC_NAMES: dict[Metric, Pair] = {
    "euclidean": ("the Euclidean distance", "歐氏距離"),
    "cosine": ("the cosine similarity", "餘弦相似度"),
}
PART_NAMES: dict[Part, Pair] = {
    "first": ("the first character", "第一個字"),
    "second": ("the second character", "第二個字"),
    "both": ("the whole word", "整個詞"),
}


def _nearest(errors: list[float], names: list[Pair]) -> list[Verdict]:
    """Verdicts where the smallest error holds, each against its best rival."""
    verdicts = []
    for at, (error, name) in enumerate(zip(errors, names, strict=True)):
        rival = min((other for other in range(len(errors)) if other != at), key=errors.__getitem__)
        limit = errors[rival]
        holds = limit - error > TIE
        sign = "<" if holds else ">="
        verdicts.append(
            Verdict(
                holds=holds,
                value=error,
                unit="error",
                against=names[rival][0],
                threshold=limit,
                margin=abs(limit - error),
                sentence=(
                    f"With {name[0]} the colours are off by {error:.3f} {sign} {limit:.3f} "
                    f"({names[rival][0]}).",
                    f"以{name[1]}計，顏色誤差 {error:.3f} {sign} {limit:.3f}"
                    f"（{names[rival][1]}）。",
                ),
            )
        )
    return verdicts


Shape = Literal["falls", "rises", "falls_then_rises", "rises_then_falls"]
SHAPES: dict[Shape, Pair] = {
    "falls": ("only falls", "一路下降"),
    "rises": ("only rises", "一路上升"),
    "falls_then_rises": ("falls, then rises", "先降後升"),
    "rises_then_falls": ("rises, then falls", "先升後降"),
}
LEG = 0.1
"""A turn counts when the curve moves at least this share of its range before it and after it."""


class CurveSettings(Parameters):
    """Which two sentences (counted from 0), which character, from which layer to which."""

    sentences: tuple[int, int]
    character: int = Field(default=0, ge=0)
    first: int = Field(default=0, ge=0)
    last: int = Field(default=11, ge=1)
    metric: Metric = "cosine"


class ShapeClaim(Parameters):
    """The curve has this shape."""

    shape: Shape


def misfit(curve: Floats, shape: Shape) -> float:
    """Return the share (0 to 1) of the curve's variance that no curve of this shape explains.

    A shape with a turn must move by LEG of the range on both sides of it; else it fits as badly as
    can be.
    """
    total = float(((curve - curve.mean()) ** 2).sum())
    if total <= 1e-18:
        return 1.0
    if shape in ("falls", "rises"):
        fitted = isotonic_regression(curve, increasing=shape == "rises").x
        return float(((curve - fitted) ** 2).sum()) / total
    best = 1.0
    for turn in range(1, len(curve) - 1):
        up_first = shape == "rises_then_falls"
        a = isotonic_regression(curve[: turn + 1], increasing=up_first).x
        b = isotonic_regression(curve[turn:], increasing=not up_first).x
        legs = min(abs(a[-1] - a[0]), abs(b[-1] - b[0]))
        if legs < LEG * (curve.max() - curve.min()):
            continue
        rest = ((curve[: turn + 1] - a) ** 2).sum() + ((curve[turn + 1 :] - b[1:]) ** 2).sum()
        best = min(best, float(rest) / total)
    return best


@rule(
    "embeddings.curve_over_layers",
    settings=CurveSettings,
    claim=ShapeClaim,
    needs=lambda settings: ["embeddings"],
)
def curve_over_layers(
    evidence: Evidence, settings: CurveSettings, claims: Sequence[ShapeClaim]
) -> Decision:
    """How much of the curve's movement over the layers each shape explains, where a turn counts
    only if the curve moves a tenth of its range on both sides of it. The best shape holds."""
    states = checked_states(evidence.get("embeddings"))
    if settings.last >= len(states) or max(settings.sentences) >= states.shape[1]:
        raise EvidenceError("the question asks for a layer or a sentence that is not there")
    if settings.character >= states.shape[2]:
        raise EvidenceError(f"the word has {states.shape[2]} characters")
    a, b = settings.sentences
    curve = np.array(
        [
            pairwise(states[layer, [a, b], settings.character], settings.metric)[0, 1]
            for layer in range(settings.first, settings.last + 1)
        ]
    )
    fits = [1 - misfit(curve, claim.shape) for claim in claims]
    verdicts = strongest(
        fits,
        [SHAPES[claim.shape] for claim in claims],
        unit="share of variance explained",
        what=('how well "{0}" fits', "「{0}」的吻合度"),
    )
    parameters = {"values": [round(float(v), 6) for v in curve], "first": settings.first}
    caption = ("Similarity over the layers", "各層相似度")
    return Decision(verdicts, [Figure("bert_curve", parameters, caption)])


Cause = Literal["meaning", "length", "position", "frequency"]
CAUSES: dict[Cause, Pair] = {
    "meaning": ("its meaning", "意思"),
    "length": ("the sentence's length", "句子長度"),
    "position": ("its position", "位置"),
    "frequency": ("how often it occurs", "出現次數"),
}
ROUNDING = 1e-4
"""Similarity that stays this near to 1 has not moved: float32 sums, in another order."""


class TrialSettings(Parameters):
    """Which character of the word is looked at."""

    character: int = Field(default=1, ge=0)


class CauseClaim(Parameters):
    """The similarity does not depend on this."""

    independent_of: Cause


@rule(
    "embeddings.layer0_independent",
    settings=TrialSettings,
    claim=CauseClaim,
    needs=lambda settings: ["embedding_trials"],
)
def layer0_independent(
    evidence: Evidence, settings: TrialSettings, claims: Sequence[CauseClaim]
) -> Decision:
    """One thing is changed at a time, the rest held: how far the cosine at layer 0 between before
    and after falls below 1, at most over the sentences. What moves it by no more than rounding it
    does not depend on."""
    record = evidence.get("embedding_trials")
    similarities = record.array("similarities", 3)
    changes = list(record.value("changes"))
    verdicts = []
    for claim in claims:
        if claim.independent_of not in changes or settings.character >= similarities.shape[2]:
            raise EvidenceError(f"record {record.id} has no trial of {claim.independent_of}")
        row = similarities[changes.index(claim.independent_of), :, settings.character]
        name = CAUSES[claim.independent_of]
        verdicts.append(
            below(
                float(np.abs(1 - row).max()),
                ROUNDING,
                unit="cosine",
                what=(
                    f"most that similarity moves with {name[0]} alone",
                    f"只改變{name[1]}時相似度的最大變動",
                ),
                against=("rounding", "捨入誤差"),
            )
        )
    return Decision(verdicts, [_trial_table(record)])


def _trial_table(record: Record) -> Figure:
    examples = record.values.get("example", {})
    moved = np.abs(1 - record.array("similarities", 3)).max((1, 2))
    rows = [
        [list(CAUSES[change]), *examples.get(change, ["", ""]), round(float(most), 6)]
        for change, most in zip(record.value("changes"), moved, strict=True)
        if change in CAUSES
    ]
    columns = [["changed", "改變的"], ["before", "之前"], ["after", "之後"],
               ["similarity moves by", "相似度變動"]]  # fmt: skip
    caption = ("One change at a time, all else held", "一次改變一件事，其餘不變")
    return Figure("table", {"columns": columns, "rows": rows}, caption)
