"""Rules on how SmoothGrad works, and on what its last normalization does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from solver.evidence import Evidence, Record, record_id
from solver.rules.displayed import LUMA, Floats, correlation
from solver.rules.registry import Decision, Figure, Parameters, rule
from solver.rules.saliency_method import PicturesSettings, needed_number
from solver.rules.verdicts import Pair, above, below


class TraceSettings(Parameters):
    """Which picture the traced run was of."""

    picture: int


class ProcedureClaim(Parameters):
    """What is fed, and what is watched and averaged."""

    fed: Literal["noisy_copies", "several_pictures"]
    watched: Literal["output", "saliency_map"]


_FED = {
    "noisy_copies": ("noisy copies of the one picture", "同一張圖加雜訊"),
    "several_pictures": ("different pictures", "多張不同圖片"),
}
_WATCHED = {"output": ("the output", "輸出"), "saliency_map": ("the saliency map", "顯著圖")}


@rule(
    "smoothgrad.procedure",
    settings=TraceSettings,
    claim=ProcedureClaim,
    needs=lambda s: [record_id("smoothgrad_trace", s.picture)],
)
def procedure(
    evidence: Evidence, settings: TraceSettings, claims: Sequence[ProcedureClaim]
) -> Decision:
    """Share of the inputs that are as claimed, times how near the result is to the claimed mean.

    Inputs caught at the network's door count as noisy copies of the one picture when they resemble
    it more than any other of the bundle and differ from it, as different pictures when they
    resemble another. The result is compared with the mean of the inputs' own saliency maps and
    with the mean of their outputs; another shape counts as nothing near. Held against one half.
    """
    record = evidence.get("smoothgrad_trace", settings.picture)
    nearest = record.array("likeness", 2).argmax(1)
    noisy = record.array("noise_std", 1) > 1e-6
    own = float(((nearest == settings.picture) & noisy).mean())
    fed = {"noisy_copies": own, "several_pictures": float((nearest != settings.picture).mean())}
    near = {
        "saliency_map": _nearness(record, "maps_gap"),
        "output": _nearness(record, "output_gap"),
    }
    verdicts = [
        above(
            fed[claim.fed] * near[claim.watched],
            0.5,
            unit="share",
            what=(
                f"{_FED[claim.fed][0]} fed ({fed[claim.fed]:.2g} of the inputs), the mean of "
                f"{_WATCHED[claim.watched][0]} returned (likeness {near[claim.watched]:.2g})",
                f"輸入為{_FED[claim.fed][1]}（比例 {fed[claim.fed]:.2g}），"
                f"結果為{_WATCHED[claim.watched][1]}的平均（相似度 {near[claim.watched]:.2g}）",
            ),
            against=("more so than not", "過半"),
        )
        for claim in claims
    ]
    shapes = [
        [["result", "結果"], str(record.value("result_shape"))],
        [["output of the network", "網路輸出"], str(record.value("output_shape"))],
        [["gap to the mean of the maps", "與顯著圖平均之差"], _shown_gap(record, "maps_gap")],
        [["gap to the mean of the outputs", "與輸出平均之差"], _shown_gap(record, "output_gap")],
    ]
    columns = [["what", "項目"], ["measured", "量測"]]
    figure = Figure("table", {"columns": columns, "rows": shapes}, ("The run, watched", "執行紀錄"))
    return Decision(verdicts, [figure])


def _nearness(record: Record, name: str) -> float:
    gap = record.value(name)
    return 0.0 if gap is None else max(0.0, 1.0 - float(gap))


def _shown_gap(record: Record, name: str) -> object:
    gap = record.value(name)
    return ["another shape", "形狀不同"] if gap is None else f"{float(gap):.2g}"


class UnnormalizedClaim(Parameters):
    """What is seen when the last normalization is left out."""

    effect: Literal["same", "outline_clearer", "elsewhere", "nothing", "swap"]


VISIBLE = 0.1
"""A value of 0.1 of 1 on an sRGB display gives 1 % of white's luminance: black to the eye beside a
white page."""

ALIKE = 0.02
"""Mean difference up to which two pictures look the same: five of 255 steps of brightness."""


@rule(
    "smoothgrad.unnormalized",
    settings=PicturesSettings,
    claim=UnnormalizedClaim,
    needs=lambda s: [record_id("smoothgrad", picture) for picture in s.pictures],
)
def unnormalized(
    evidence: Evidence, settings: PicturesSettings, claims: Sequence[UnnormalizedClaim]
) -> Decision:
    """The raw means as a picture viewer shows them (clipped to 0..1), beside the normalized maps.

    Medians over the pictures. *nothing*: the brightest value shown. *same*: mean difference.
    *outline clearer*: gain of contrast (standard deviation), provided something can be seen.
    *elsewhere* and *swap*: correlation of what is shown with the normalized map, likewise.
    """
    shown = [_as_viewed(evidence.get("smoothgrad", picture)) for picture in settings.pictures]
    brightest = float(np.median([raw.max() for raw, _ in shown]))
    visible = brightest >= VISIBLE
    difference = float(np.median([np.abs(raw - norm).mean() for raw, norm in shown]))
    gain = float(np.median([raw.std() / max(norm.std(), 1e-12) for raw, norm in shown]))
    r = float(np.median([correlation(raw @ LUMA, norm @ LUMA) for raw, norm in shown]))
    verdicts = []
    dark: Pair = ("what a viewer still sees as black", "看起來仍是黑色")
    for claim in claims:
        if claim.effect == "nothing" or (not visible and claim.effect != "same"):
            what = ("the brightest value shown", "顯示的最大值")
            if claim.effect == "nothing":
                verdicts.append(below(brightest, VISIBLE, unit="of 1", what=what, against=dark))
            else:
                verdicts.append(above(brightest, VISIBLE, unit="of 1", what=what, against=dark))
        elif claim.effect == "same":
            what = ("mean difference to the normalized map", "與正規化後之圖的平均差異")
            against = ("looks the same", "看起來相同")
            verdicts.append(below(difference, ALIKE, unit="of 1", what=what, against=against))
        elif claim.effect == "outline_clearer":
            what = ("contrast over that of the normalized map", "對比度與正規化後之比")
            against = ("the same contrast", "對比相同")
            verdicts.append(above(gain, 1.0, unit="times", what=what, against=against))
        elif claim.effect == "swap":
            what = ("correlation with the normalized map", "與正規化後之圖的相關係數")
            turned: Pair = ("turned round", "反轉")
            verdicts.append(below(r, -0.5, unit="correlation", what=what, against=turned))
        else:  # neither the same places nor, turned round, the same places dark
            what = ("likeness to the normalized map", "與正規化後之圖的相似度")
            against = ("half of it gone", "失去一半")
            verdicts.append(below(abs(r), 0.5, unit="|correlation|", what=what, against=against))
    rows = [
        [record_id("smoothgrad", picture), f"{raw.max():.3g}"]
        for picture, (raw, _) in zip(settings.pictures, shown, strict=True)
    ]
    columns = [["map", "圖"], ["brightest value without normalization", "未正規化的最大值"]]
    figure = Figure("table", {"columns": columns, "rows": rows}, ("As a viewer shows it", "顯示值"))
    return Decision(verdicts, [figure])


def _as_viewed(record: Record) -> tuple[Floats, Floats]:
    low, high = needed_number(record, "raw_min"), needed_number(record, "raw_max")
    normalized = record.array("map", 3).astype(np.float64)
    return np.clip(normalized * (high - low) + low, 0, 1), normalized
