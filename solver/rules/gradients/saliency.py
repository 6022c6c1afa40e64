"""Rules on saliency maps: the derivative they show, and the effect of their normalization.

Values are drawn by the kinds of figure ``scatter`` and ``table`` (`solver.page.figures.charts`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from solver.errors import MissingEvidence
from solver.evidence import Evidence, Record, record_id
from solver.rules.parameters import Pictures
from solver.rules.registry import Decision, Figure, Parameters, rule
from solver.rules.thresholds import threshold
from solver.rules.verdicts import Pair, above, below
from solver.text.record_names import record_name

Floats = npt.NDArray[np.float64]


def needed_number(record: Record, name: str) -> float:
    """Return a number of a record.

    Raises:
        MissingEvidence: the value is missing or not a number, which leaves the question open.
    """
    value = record.values.get(name)
    # `bool` is an `int` to isinstance.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MissingEvidence([record.id], (f"the value {name!r}", f"數值 {name!r}"))
    return float(value)


class DerivativeSettings(Parameters):
    """No settings."""


class DerivativeClaim(Parameters):
    """The map shows d numerator / d denominator."""

    numerator: Literal["loss", "parameters", "input"] = Field(description="what is derived")
    denominator: Literal["input", "parameters", "loss", "label"] = Field(
        description="by what it is derived"
    )


_QUANTITY = {
    "loss": ("loss", "損失"),
    "parameters": ("parameters", "參數"),
    "input": ("input", "輸入"),
    "label": ("label", "標籤"),
}

LIKENESS = threshold(
    "saliency.likeness",
    0.9,
    "correlation with the finite differences: their own error at a kink of a ReLU is a few "
    "percent, another quantity has no reason to come near",
    lowest=0.1,
    highest=0.99,
)


@rule(
    "gradients.saliency.derivative",
    settings=DerivativeSettings,
    claim=DerivativeClaim,
    needs=lambda settings: ["saliency_derivative"],
)
def derivative(
    evidence: Evidence, settings: DerivativeSettings, claims: Sequence[DerivativeClaim]
) -> Decision:
    """Likeness of the method's values to finite differences of each candidate derivative.

    0 where the candidate does not exist (the numerator does not move with the denominator) or has
    another shape than the map; else the correlation of the method's values with finite differences
    at the pixels with the largest gradient.
    """
    record = evidence.get("saliency_derivative")
    missing = record.values.get("one_minus_p", 1.0)
    # Below it a gradient is rounding alone: likeness to it would be chance.
    if isinstance(missing, float) and missing < SUREST:
        raise MissingEvidence(
            what=(
                "a picture of whose label the network is less sure (1 - p is "
                f"{missing:.1g} at most, and the gradient has no digits of it below {SUREST:.0e})",
                "網路對其標籤較不確信的圖片"
                f"（1 - p 至多 {missing:.1g}，低於 {SUREST:.0e} 時梯度已無有效數字）",
            )
        )
    verdicts = []
    for claim in claims:
        likeness, why = _likeness(record, claim)
        numerator, denominator = _QUANTITY[claim.numerator], _QUANTITY[claim.denominator]
        what = (
            f"likeness of the map to d {numerator[0]} / d {denominator[0]} ({why[0]})",
            f"顯著圖與「d {numerator[1]} / d {denominator[1]}」的相似度（{why[1]}）",
        )
        against = ("needed of the right one", "正確的量應達到")
        verdicts.append(
            above(
                likeness,
                LIKENESS.now(),
                unit="correlation",
                what=what,
                against=against,
                inclusive=True,
            )
        )
    figure = Figure(
        "scatter",
        {
            "x": record.array("differences", 1).tolist(),
            "y": record.array("method", 1).tolist(),
            "x_label": ["finite difference of the loss", "損失的有限差分"],
            "y_label": ["what the method returns", "方法的結果"],
            "log": False,
        },
        ("The pixels with the largest gradient", "梯度最大的像素"),
    )
    return Decision(verdicts, [figure])


SUREST = 1e-13
"""1 - p of the label from which on its gradient has digits left in double precision (3 of 16)."""


def _likeness(record: Record, claim: DerivativeClaim) -> tuple[float, Pair]:
    moves = record.value("moves")
    if not moves.get(f"{claim.numerator} with {claim.denominator}", False):
        return 0.0, ("it does not move with it", "前者不隨後者改變")
    if claim.denominator == "parameters":
        count, size = needed_number(record, "parameters"), needed_number(record, "map_size")
        # A map has a value a pixel; a derivative by the parameters has one a parameter.
        if count != size:
            return 0.0, (
                f"{count:.0f} values, the map has {size:.0f}",
                f"它有 {count:.0f} 個值，顯著圖有 {size:.0f} 個",
            )
    method, differences = record.array("method", 1), record.array("differences", 1)
    if len(method) < 3 or method.std() == 0 or differences.std() == 0:
        raise MissingEvidence(
            [record.id], ("three or more differing gradients", "三個以上不同的梯度")
        )
    # Correlation, not the ratio: a constant factor makes no other quantity.
    r = float(np.corrcoef(method, differences)[0, 1])
    # For the sentence alone; a difference of 0 has no ratio.
    ratio = float(np.median(method / np.where(differences == 0, np.nan, differences)))
    return max(r, 0.0), (f"ratio of the values {ratio:.3g}", f"數值的比 {ratio:.3g}")


class PicturesSettings(Parameters):
    """The pictures to measure."""

    pictures: Pictures


class NormalizationClaim(Parameters):
    """Normalizing each map on its own does this."""

    effect: Literal["none", "lowers_scale", "raises_scale", "spreads", "marks"] = Field(
        description="nothing; lowers or raises the effect of different scales; spreads saliency; "
        "makes it more marked"
    )


SMALL_CHANGE = threshold(
    "saliency.small_change",
    0.01,
    "of the range: one part in a hundred is below two steps of an 8-bit display; nobody sees it",
    lowest=1e-6,
)


@rule(
    "gradients.saliency.normalization",
    settings=PicturesSettings,
    claim=NormalizationClaim,
    needs=lambda s: [record_id("saliency", picture) for picture in s.pictures],
)
def normalization(
    evidence: Evidence, settings: PicturesSettings, claims: Sequence[NormalizationClaim]
) -> Decision:
    """Differences between the maps before and after each was normalized on its own.

    The scale: largest raw maximum of the pictures over the smallest, in powers of ten, before and
    after. No difference: mean difference to the maps shown on one common scale. Evenness: entropy
    of each map's values as shares, of its greatest. Markedness: standard deviation of a map over
    its range. The last two are held against a change nobody sees.
    """
    records = [evidence.get("saliency", picture) for picture in settings.pictures]
    raws = [raw_map(record, 2) for record in records]
    measured = _normalization_changes(raws, [r.array("map", 2).astype(float) for r in records])
    verdicts = []
    for claim in claims:
        value, unit, what = measured[claim.effect]
        if claim.effect == "none":
            verdicts.append(below(value, SMALL_CHANGE.now(), unit=unit, what=what, against=_UNSEEN))
        elif claim.effect in ("lowers_scale", "raises_scale"):
            against = ("no change", "不變")
            verdicts.append(above(value, SMALL_CHANGE.now(), unit=unit, what=what, against=against))
        else:
            verdicts.append(above(value, SMALL_CHANGE.now(), unit=unit, what=what, against=_UNSEEN))
    rows = [
        [list(record_name(record.id)), f"{raw.max():.3g}", f"{record.array('map').max():.3g}"]
        for record, raw in zip(records, raws, strict=True)
    ]
    columns = [["map", "圖"], ["largest gradient before", "正規化前最大值"], ["after", "正規化後"]]
    figure = Figure("table", {"columns": columns, "rows": rows}, ("Scales", "尺度"))
    return Decision(verdicts, [figure])


_UNSEEN = ("a change nobody sees", "肉眼看不出的變化")


def raw_map(record: Record, axes: int) -> Floats:
    """Return a map (`axes` axes) as it was before it was scaled to 0..1.

    Raises:
        MissingEvidence: its range was not kept.
    """
    low, high = needed_number(record, "raw_min"), needed_number(record, "raw_max")
    raw: Floats = record.array("map", axes).astype(np.float64) * (high - low) + low
    return raw


def _normalization_changes(
    raws: list[Floats], shown: list[Floats]
) -> dict[str, tuple[float, str, Pair]]:
    maxima = [raw.max() for raw in raws]
    if min(maxima) <= 0:
        raise MissingEvidence(
            what=("saliency maps that are not zero everywhere", "並非處處為零的顯著圖")
        )
    # Powers of ten: gradients of sure and unsure pictures differ by many.
    before = float(np.log10(max(maxima) / min(maxima)))  # range of scales between pictures
    after = float(np.log10(max(m.max() for m in shown) / min(m.max() for m in shown)))
    common = [raw / max(maxima) for raw in raws]  # all maps on one scale
    difference = np.mean([np.abs(a - b).mean() for a, b in zip(common, shown, strict=True)])
    largest = np.max([np.abs(a - b).max() for a, b in zip(common, shown, strict=True)])
    pairs = list(zip(raws, shown, strict=True))
    even = float(np.mean([_evenness(new) - _evenness(old) for old, new in pairs]))
    marked = float(np.mean([_markedness(new) - _markedness(old) for old, new in pairs]))
    scale = f"{before:.3g} before, {after:.3g} after"
    scale_zh = f"之前 {before:.3g}，之後 {after:.3g}"
    power = "powers of ten"
    return {
        "none": (
            float(max(difference, largest)),
            "of full brightness",
            ("largest difference to maps on one scale", "與採用共同尺度的圖相比的最大差異"),
        ),
        "lowers_scale": (
            before - after,
            power,
            (
                f"fall of the ratio of scales between pictures ({scale})",
                f"圖片之間尺度差距的下降（{scale_zh}）",
            ),
        ),
        "raises_scale": (
            after - before,
            power,
            (
                f"rise of the ratio of scales between pictures ({scale})",
                f"圖片之間尺度差距的上升（{scale_zh}）",
            ),
        ),
        "spreads": (
            even,
            "of the greatest entropy",
            ("change of evenness of a map", "圖上分布均勻程度的變化"),
        ),
        "marks": (
            marked,
            "of the range",
            ("change of the spread of a map's values", "圖的數值離散程度的變化"),
        ),
    }


def _evenness(values: Floats) -> float:
    total = values.sum()
    if total <= 0:
        return 0.0
    share = values.ravel() / total
    # 0 log 0 is 0, which NumPy calls NaN.
    share = share[share > 0]
    return float(-(share * np.log(share)).sum() / np.log(values.size))


def _markedness(values: Floats) -> float:
    spread = float(values.max() - values.min())
    return float(values.std()) / spread if spread > 0 else 0.0
