"""Rules on the similarity of one word across sentences: over the layers, and at layer 0.

Evidence is hidden states or, where these were not kept, tables made of them
(`solver.rules.bert.embedding_tables`). Curves are fitted by `misfit`, below, and drawn by the kind
of figure ``bert_curve``; the cross-checks are in `solver.rules.bert.embeddings_check`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from solver.errors import EvidenceError, MissingEvidence
from solver.evidence import Evidence, Record
from solver.rules.bert.embedding_tables import Floats, Metric, checked_states, pairwise, tables_of
from solver.rules.bert.sentence_pairs import CAUSES, Cause, compared_pairs
from solver.rules.registry import Decision, Figure, Parameters, rule
from solver.rules.thresholds import threshold
from solver.rules.verdicts import Pair, below, strongest

Shape = Literal["falls", "rises", "falls_then_rises", "rises_then_falls"]
SHAPES: dict[Shape, Pair] = {
    "falls": ("only falls", "一路下降"),
    "rises": ("only rises", "一路上升"),
    "falls_then_rises": ("falls, then rises", "先降後升"),
    "rises_then_falls": ("rises, then falls", "先升後降"),
}
LEG = threshold(
    "embeddings.leg",
    0.1,
    "of its range: a turn counts when the curve moves at least a tenth of it before and after",
    lowest=0.0,
    highest=0.5,
)


Sentence = Annotated[int, Field(ge=0)]


class CurveSettings(Parameters):
    """Two sentences (counted from 0), a character, the first and the last layer."""

    sentences: tuple[Sentence, Sentence] = Field(description="two sentences of bert.yaml, from 0")
    character: int = Field(default=0, ge=0, description="character of the word, from 0")
    first: int = Field(default=0, ge=0, description="first layer; 0 is the embedding output")
    last: int = Field(default=11, ge=1, description="last layer")
    metric: Metric = Field(default="cosine", description="how two states are compared")


class ShapeClaim(Parameters):
    """The curve has this shape."""

    shape: Shape = Field(description="course of the similarity over the layers")


def misfit(curve: Floats, shape: Shape) -> float:
    """Return the share (0 to 1) of the curve's variance that no curve of this shape explains.

    A shape with a turn must move by LEG of the range on both sides of it; else the misfit is 1.
    """
    from scipy.optimize import isotonic_regression

    total = float(((curve - curve.mean()) ** 2).sum())
    # An even curve has no shape: none explains it.
    if total <= 1e-18:
        return 1.0
    if shape in ("falls", "rises"):
        # The best of all curves that only rise (or fall), whatever their steps.
        fitted = isotonic_regression(curve, increasing=shape == "rises").x
        return float(((curve - fitted) ** 2).sum()) / total
    best = 1.0
    for turn in range(1, len(curve) - 1):
        up_first = shape == "rises_then_falls"
        # The turn belongs to both legs, and is counted in the first alone below.
        a = isotonic_regression(curve[: turn + 1], increasing=up_first).x
        b = isotonic_regression(curve[turn:], increasing=not up_first).x
        legs = min(abs(a[-1] - a[0]), abs(b[-1] - b[0]))  # movement before and after the turn
        if legs < LEG.now() * (curve.max() - curve.min()):
            continue
        rest = ((curve[: turn + 1] - a) ** 2).sum() + ((curve[turn + 1 :] - b[1:]) ** 2).sum()
        best = min(best, float(rest) / total)
    return best


@rule(
    "bert.embeddings.curve_over_layers",
    settings=CurveSettings,
    claim=ShapeClaim,
    needs=lambda settings: ["embeddings"],
)
def curve_over_layers(
    evidence: Evidence, settings: CurveSettings, claims: Sequence[ShapeClaim]
) -> Decision:
    """Share of the curve's movement over the layers that each shape explains. A turn counts only
    if the curve moves a tenth of its range on both sides of it. The best shape holds.

    Where states were not kept, a curve of the same two sentences is taken even if it is of the
    word's other character or of fewer layers; the note then says so."""
    curve, first, note = curve_of(evidence.get("embeddings"), settings)
    fits = [1 - misfit(curve, claim.shape) for claim in claims]
    verdicts = strongest(
        fits,
        [SHAPES[claim.shape] for claim in claims],
        unit="share of variance explained",
        what=('how well "{0}" fits', "「{0}」的吻合度"),
    )
    parameters = {"values": [round(float(v), 6) for v in curve], "first": first}
    caption = ("Similarity over the layers", "各層相似度")
    return Decision(verdicts, [Figure("bert_curve", parameters, caption)], note)


def curve_of(record: Record, settings: CurveSettings) -> tuple[Floats, int, Pair | None]:
    """Return the curve, its first layer, and a note where it differs from the settings.

    Raises:
        EvidenceError: a layer, a sentence or a character that is not there.
        MissingEvidence: neither states nor a curve of these sentences are there.
    """
    if "states" not in record.arrays:
        return _kept_curve(record, settings)
    states = checked_states(record)
    if settings.last >= len(states) or max(settings.sentences) >= states.shape[1]:
        raise EvidenceError(
            "the question asks for a layer or a sentence that is not there",
            zh="題目所問的層或句子不存在",
        )
    if settings.character >= states.shape[2]:
        raise EvidenceError(
            f"the word has {states.shape[2]} characters", zh=f"該詞只有 {states.shape[2]} 個字"
        )
    pair = list(settings.sentences)
    curve = [
        pairwise(states[layer, pair, settings.character], settings.metric)[0, 1]
        for layer in range(settings.first, settings.last + 1)
    ]
    return np.array(curve), settings.first, None


def _kept_curve(record: Record, settings: CurveSettings) -> tuple[Floats, int, Pair | None]:
    about = tables_of(record).get("curve", {})
    # In either order: similarity is the same both ways.
    same = sorted(about.get("sentences", [])) == sorted(settings.sentences)
    if not same or about.get("metric", "cosine") != settings.metric:
        raise MissingEvidence(
            [record.id],
            ("states, or a curve of these two sentences", "隱藏狀態，或這兩句的曲線"),
        )
    curve = record.array("curve", 1).astype(np.float64)
    start, character = int(about.get("first", 0)), int(about["character"])
    last = min(settings.last, start + len(curve) - 1)
    first = max(settings.first, start)
    # As far as it was kept: a curve that lacks a layer at an end still has a shape.
    part = curve[first - start : last - start + 1]
    # Two points have no turn.
    if len(part) < 3:
        raise MissingEvidence(
            [record.id], ("a curve over the layers asked for", "題目所問各層的曲線")
        )
    english, chinese = [], []
    if character != settings.character:
        english.append("of the word's other character")
        chinese.append("同一詞的另一個字")
    if (first, last) != (settings.first, settings.last):
        english.append(f"of layers {first} to {last} only")
        chinese.append(f"僅第 {first} 到 {last} 層")
    if not english:
        return part, first, None
    return (
        part,
        first,
        (
            f"The curve that was kept is {' and '.join(english)}.",
            f"所保留的曲線為{'、'.join(chinese)}。",
        ),
    )


ROUNDING = threshold(
    "embeddings.rounding",
    1e-4,
    "of a cosine of 1: float32 sums in another order move it by 1e-6, another word by a tenth",
    lowest=1e-6,
)


class TrialSettings(Parameters):
    """The character of the word, counted from 0."""

    character: int = Field(default=1, ge=0, description="character of the word, from 0")


class CauseClaim(Parameters):
    """The similarity does not depend on this."""

    independent_of: Cause = Field(description="what has no influence")


@rule(
    "bert.embeddings.layer0_independent",
    settings=TrialSettings,
    claim=CauseClaim,
    needs=lambda settings: ["embedding_trials", "embeddings"],
    partial=True,
)
def layer0_independent(
    evidence: Evidence, settings: TrialSettings, claims: Sequence[CauseClaim]
) -> Decision:
    """Fall of the cosine at layer 0 between before and after one change, the rest held: the largest
    over the sentences. The similarity is independent of a cause that moves it by no more than
    rounding.

    Where no such trials were made, the sentences there are are compared in pairs, as in the
    cross-check."""
    if "embedding_trials" not in evidence:
        if "embeddings" not in evidence:
            raise MissingEvidence(["embedding_trials"])
        causes = [claim.independent_of for claim in claims]
        return compared_pairs(evidence.get("embeddings"), settings.character, causes)
    record = evidence.get("embedding_trials")
    similarities = record.array("similarities", 3)
    changes = list(record.value("changes"))
    verdicts = []
    for claim in claims:
        if claim.independent_of not in changes or settings.character >= similarities.shape[2]:
            raise EvidenceError(
                f"record {record.id} has no trial of {claim.independent_of}",
                zh=f"紀錄 {record.id} 沒有 {claim.independent_of} 的試驗",
            )
        row = similarities[changes.index(claim.independent_of), :, settings.character]
        name = CAUSES[claim.independent_of]
        verdicts.append(
            below(
                # The largest: a cause that moves one sentence has an influence.
                float(np.abs(1 - row).max()),
                ROUNDING.now(),
                unit="cosine",
                what=(
                    f"most that similarity moves with {name[0]} alone",
                    f"只改變{name[1]}時相似度的最大變動",
                ),
                against=("rounding", "捨入誤差"),
            )
        )
    note = (
        "The trials were not made on the course's model, but every BERT makes layer 0 alike.",
        "這些試驗並非以課程的模型進行，但各種 BERT 的第 0 層做法相同。",
    )
    elsewhere = record.values.get("source")  # of trials that were made on another model
    return Decision(verdicts, [_trial_table(record)], note if elsewhere else None)


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
