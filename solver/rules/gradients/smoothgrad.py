"""Rules on SmoothGrad's procedure, and on the effect of its last normalization.

Values are drawn by the kind of figure ``table`` (`solver.page.figures.charts`); the cross-check of
the normalization is in `solver.rules.gradients.smoothgrad_check`.

>>> trace = Record(
...     "smoothgrad_trace/0",
...     {"likeness": np.array([[0.9, 0.1]] * 5), "noise_std": np.full(5, 0.1)},
...     {"maps_gap": 0.0, "output_gap": None, "result_shape": [3], "output_shape": [11]},
... )
>>> claims = [
...     ProcedureClaim(fed="noisy_copies", watched="saliency_map"),
...     ProcedureClaim(fed="several_pictures", watched="output"),
... ]
>>> found = procedure(Evidence({trace.id: trace}), TraceSettings(picture=0), claims)
>>> [verdict.holds for verdict in found.verdicts]
[True, False]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from pydantic import Field

from solver.evidence import Evidence, Record, record_id
from solver.rules.gradients.saliency import PicturesSettings, needed_number, raw_map
from solver.rules.maps.displayed import LUMA, Floats, correlation
from solver.rules.parameters import Picture
from solver.rules.registry import Decision, Figure, Parameters, Verdict, rule
from solver.rules.thresholds import threshold
from solver.rules.verdicts import Pair, above, below, undecided
from solver.text.record_names import record_name


class TraceSettings(Parameters):
    """Picture of the traced run."""

    picture: Picture


class ProcedureClaim(Parameters):
    """Such inputs are fed, and such outputs averaged."""

    fed: Literal["noisy_copies", "several_pictures"] = Field(
        description="what the network is given: noisy copies of a picture, or different pictures"
    )
    watched: Literal["output", "saliency_map"] = Field(description="what is averaged")


MOSTLY = threshold(
    "smoothgrad.mostly",
    0.5,
    "share of the inputs times likeness of the result: more so than not",
    lowest=0.0,
    highest=0.99,
)
_FED = {
    "noisy_copies": ("noisy copies of the one picture", "加了雜訊的同一張圖"),
    "several_pictures": ("different pictures", "多張不同圖片"),
}
_WATCHED = {"output": ("the output", "輸出"), "saliency_map": ("the saliency map", "顯著圖")}


@rule(
    "gradients.smoothgrad.procedure",
    settings=TraceSettings,
    claim=ProcedureClaim,
    needs=lambda s: [record_id("smoothgrad_trace", s.picture)],
)
def procedure(
    evidence: Evidence, settings: TraceSettings, claims: Sequence[ProcedureClaim]
) -> Decision:
    """Share of the inputs that are as claimed, times how near the result is to the claimed mean.

    Inputs caught at the network count as noisy copies of the one picture when they resemble it more
    than any other of the bundle and differ from it, as different pictures when they resemble
    another. The result is compared with the mean of the inputs' own saliency maps and with the mean
    of their outputs; another shape counts as 0. More so than not holds.
    """
    record = evidence.get("smoothgrad_trace", settings.picture)
    nearest = record.array("likeness", 2).argmax(1)  # (samples,)
    # Above float rounding: a copy without noise is the picture itself.
    noisy = record.array("noise_std", 1) > 1e-6  # (samples,)
    own = float(((nearest == settings.picture) & noisy).mean())
    fed = {"noisy_copies": own, "several_pictures": float((nearest != settings.picture).mean())}
    near = {
        "saliency_map": _nearness(record, "maps_gap"),
        "output": _nearness(record, "output_gap"),
    }
    verdicts = [
        above(
            fed[claim.fed] * near[claim.watched],
            MOSTLY.now(),
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
    columns = [["part of the run", "項目"], ["measured", "量測"]]
    figure = Figure("table", {"columns": columns, "rows": shapes}, ("The run, watched", "執行紀錄"))
    return Decision(verdicts, [figure])


def _nearness(record: Record, name: str) -> float:
    gap = record.value(name)
    # Another shape cannot be the mean of such things.
    return 0.0 if gap is None else max(0.0, 1.0 - float(gap))


def _shown_gap(record: Record, name: str) -> object:
    gap = record.value(name)
    return ["another shape", "形狀不同"] if gap is None else f"{float(gap):.2g}"


Effect = Literal["same", "outline_clearer", "elsewhere", "nothing", "swap"]


class UnnormalizedClaim(Parameters):
    """Without the last normalization a viewer sees this."""

    effect: Effect = Field(description="what a viewer sees, beside the normalized map")


VISIBLE = threshold(
    "smoothgrad.visible",
    0.1,
    "of 1: on an sRGB display it gives 1 % of white's luminance, black to the eye beside a white "
    "page",
    lowest=0.004,
    highest=0.9,
)
ALIKE = threshold(
    "smoothgrad.alike",
    0.02,
    "of 1: mean difference up to which two pictures look the same, five of 255 steps",
    lowest=0.001,
)
CLEARER = threshold(
    "smoothgrad.clearer",
    1.1,
    "times the contrast: a tenth more is the least that is seen in a picture shown beside another "
    "(contrast discrimination, Legge and Foley 1980)",
    lowest=1.0,
)
TURNED = threshold(
    "smoothgrad.turned",
    0.5,
    "correlation: the same places from here on, the same places turned round from minus this on",
    lowest=0.05,
    highest=0.95,
)

RangeOf = tuple[float, float] | None


@rule(
    "gradients.smoothgrad.unnormalized",
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
    *elsewhere* and *swap*: correlation of the shown picture with the normalized map, likewise.

    Where the range before normalization was not kept, it is only known that the raw means are not
    negative and in the order of the normalized ones: that decides *elsewhere* and *swap* alone, and
    the others stay undecided.
    """
    records = [evidence.get("smoothgrad", picture) for picture in settings.pictures]
    # All or none: a median over some of the pictures would be another question.
    if any(raw_range(record) is None for record in records):
        return without_range([claim.effect for claim in claims])
    each = [record.cached("as viewed", partial(_viewed, record)) for record in records]
    viewed = _Viewed(*(float(np.median(values)) for values in zip(*each, strict=True)))
    verdicts = [viewed.verdict(claim.effect) for claim in claims]
    rows = [
        [list(record_name(record.id)), f"{brightest:.3g}"]
        for record, (brightest, *_) in zip(records, each, strict=True)
    ]
    columns = [["map", "圖"], ["brightest value without normalization", "未正規化的最大值"]]
    figure = Figure("table", {"columns": columns, "rows": rows}, ("As a viewer shows it", "顯示值"))
    return Decision(verdicts, [figure])


@dataclass(frozen=True)
class _Viewed:
    """Raw means compared with normalized maps: medians over the pictures."""

    brightest: float
    difference: float
    gain: float
    r: float

    def verdict(self, effect: Effect) -> Verdict:
        visible, turned = VISIBLE.now(), TURNED.now()
        # Of a black picture nothing else is seen: every other effect fails by the same number.
        if effect == "nothing" or (self.brightest < visible and effect != "same"):
            what: Pair = ("the brightest value shown", "顯示的最大值")
            dark: Pair = ("what a viewer still sees as black", "看起來仍是黑色")
            decide = below if effect == "nothing" else above
            return decide(self.brightest, visible, unit="of 1", what=what, against=dark)
        if effect == "same":
            what = ("mean difference to the normalized map", "與正規化後的圖的平均差異")
            against: Pair = ("looks the same", "看起來相同")
            return below(self.difference, ALIKE.now(), unit="of 1", what=what, against=against)
        if effect == "outline_clearer":
            what = ("contrast over that of the normalized map", "對比度與正規化後的圖之比")
            against = ("more, to be seen", "看得出更高")
            return above(self.gain, CLEARER.now(), unit="times", what=what, against=against)
        if effect == "swap":
            what = ("correlation with the normalized map", "與正規化後的圖的相關係數")
            against = ("turned round", "反轉")
            return below(self.r, -turned, unit="correlation", what=what, against=against)
        # Elsewhere: neither the same places nor, turned round, the same places dark.
        what = ("likeness to the normalized map", "與正規化後的圖的相似度")
        against = ("half of it gone", "失去一半")
        return below(abs(self.r), turned, unit="|correlation|", what=what, against=against)


def raw_range(record: Record) -> RangeOf:
    """Return the least and the largest raw mean of a map, or None where they were not kept."""
    if record.values.get("raw_min") is None or record.values.get("raw_max") is None:
        return None
    return needed_number(record, "raw_min"), needed_number(record, "raw_max")


def as_viewed(record: Record) -> tuple[Floats, Floats]:
    """Return the raw means clipped to a viewer's range 0..1, and the normalized map."""
    return np.clip(raw_map(record, 3), 0, 1), record.array("map", 3).astype(np.float64)


def _viewed(record: Record) -> tuple[float, float, float, float]:
    """One picture's numbers of `_Viewed`."""
    raw, norm = as_viewed(record)
    return (
        float(raw.max()),
        float(np.abs(raw - norm).mean()),
        float(raw.std() / max(norm.std(), 1e-12)),
        correlation(raw @ LUMA, norm @ LUMA),
    )


def without_range(effects: Sequence[Effect]) -> Decision:
    """Return the verdicts on raw means whose range was not kept, from the order of places alone."""
    limit = TURNED.now()
    kept: Pair = ("order of the places kept by any min-max", "任何 min-max 都會保留的次序")
    verdicts = []
    for effect in effects:
        if effect == "swap":
            against: Pair = ("turned round", "反轉")
            # Rank correlation of two orders that are the same: 1, whatever the range was.
            verdicts.append(below(1.0, -limit, unit="rank correlation", what=kept, against=against))
        elif effect == "elsewhere":
            against = ("half of it gone", "失去一半")
            verdicts.append(below(1.0, limit, unit="rank correlation", what=kept, against=against))
        else:
            english, chinese = _HANGS[effect]
            verdicts.append(
                undecided(
                    (
                        f"{english} hangs on the largest value before normalization, which was "
                        "not kept.",
                        f"{chinese}取決於正規化前的最大值，而該值沒有保留。",
                    )
                )
            )
    note = (
        "The range of the maps before normalization was not kept. So it could be tested whether "
        "places change their order (they do not), and not how bright anything would be: with a "
        f"largest raw value under {VISIBLE.now():.2g} nothing is seen, near 1 it looks the same.",
        "正規化前的數值範圍沒有保留，因此只能檢驗位置的次序是否改變（不會），無法檢驗會有多亮："
        f"若未正規化的最大值低於 {VISIBLE.now():.2g} 則什麼都看不到，接近 1 則看起來相同。",
    )
    return Decision(verdicts, (), note)


_HANGS = {
    "same": ("Whether it looks the same", "是否看起來相同"),
    "outline_clearer": ("Whether the outline is clearer", "輪廓是否更清楚"),
    "nothing": ("Whether anything bright is seen", "是否看得到亮點"),
}
