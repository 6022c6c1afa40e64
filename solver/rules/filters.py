"""Rules on filters: what a module is, how activations change with depth, what the section does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from pydantic import Field
from scipy import ndimage

from solver.evidence import Evidence, Record, record_id
from solver.rules.displayed import Floats, valid_places
from solver.rules.map_agreement import block_correlation
from solver.rules.registry import Decision, Figure, Parameters, Verdict, rule
from solver.rules.verdicts import above, below


class ModuleSettings(Parameters):
    """The index into ``cnn``."""

    index: int


class ModuleClaim(Parameters):
    """``cnn[index]`` is of this class."""

    module: Literal["Conv2d", "BatchNorm2d", "ReLU", "MaxPool2d", "Linear"]


@rule(
    "network.module",
    settings=ModuleSettings,
    claim=ModuleClaim,
    needs=lambda s: [record_id("module", s.index)],
)
def module(evidence: Evidence, settings: ModuleSettings, claims: Sequence[ModuleClaim]) -> Decision:
    """The class of the loaded network's module at an index. There is no threshold to it."""
    record = evidence.get("module", settings.index)
    found = str(record.value("class"))
    verdicts = [
        Verdict(
            holds=claim.module == found,
            value=found,
            unit="",
            against="claimed",
            threshold=claim.module,
            margin=None,
            sentence=(
                f"cnn[{settings.index}] is a {found}"
                + ("." if claim.module == found else f", not a {claim.module}."),
                f"cnn[{settings.index}] 是 {found}"
                + ("。" if claim.module == found else f"，不是 {claim.module}。"),
            ),
        )
        for claim in claims
    ]
    rows = [[settings.index, str(record.values.get("printed", found))]]
    figure = Figure("table", {"columns": [["index", "索引"], ["module", "模組"]], "rows": rows})
    return Decision(verdicts, [figure])


class DepthSettings(Parameters):
    """The earlier and the later layer, and the pictures."""

    early: int
    late: int
    pictures: list[int] = Field(min_length=1)


class DepthClaim(Parameters):
    """What the later layer's activation is, compared with the earlier one's."""

    detail: Literal["sharper", "blurrier"] | None = None
    place: Literal["same", "other"] | None = None


def _depth_needs(settings: DepthSettings) -> list[str]:
    return [
        record_id("activation", layer, picture)
        for layer in (settings.early, settings.late)
        for picture in settings.pictures
    ]


@rule("activation.with_depth", settings=DepthSettings, claim=DepthClaim, needs=_depth_needs)
def with_depth(
    evidence: Evidence, settings: DepthSettings, claims: Sequence[DepthClaim]
) -> Decision:
    """Detail and place of a later layer's activation against an earlier one's, over the pictures.

    Detail: mean spatial frequency of the map's power spectrum, in cycles a picture, late over
    early; held against 1. Place: correlation, on 16x16 blocks, of where the two maps react (the
    distance from their median, since a filter may answer by darkness); "roughly the same places"
    when the median over the pictures is above that of a picture's early map with the *other*
    pictures' late maps, which have the same layout of frame and centre but another content.
    """
    early = [_filled(evidence.get("activation", settings.early, k)) for k in settings.pictures]
    late = [_filled(evidence.get("activation", settings.late, k)) for k in settings.pictures]
    ratios = [mean_frequency(b) / mean_frequency(a) for a, b in zip(early, late, strict=True)]
    detail = float(np.median(ratios))
    own = float(np.median([_place_likeness(a, b) for a, b in zip(early, late, strict=True)]))
    others = [
        _place_likeness(a, b)
        for at, a in enumerate(early)
        for other, b in enumerate(late)
        if at != other
    ]
    chance = float(np.median(others)) if others else 0.0
    verdicts = []
    for claim in claims:
        if claim.detail is not None:
            what = ("mean spatial frequency, late over early", "平均空間頻率，後層與前層之比")
            decide = above if claim.detail == "sharper" else below
            verdicts.append(
                decide(detail, 1.0, unit="times", what=what, against=("unchanged", "不變"))
            )
        else:
            what = ("agreement of the places that react", "反應位置的一致度")
            against = ("maps of other pictures", "與其他圖片相比")
            decide = above if claim.place == "same" else below
            verdicts.append(decide(own, chance, unit="correlation", what=what, against=against))
    rows: list[dict[str, Any]] = [
        {
            "label": [f"cnn[{layer}]", f"cnn[{layer}]"],
            "records": [record_id("activation", layer, k) for k in settings.pictures],
        }
        for layer in (settings.early, settings.late)
    ]
    figure = Figure("strip", {"rows": rows}, ("Filter 0 of both layers", "兩層的第 0 個濾波器"))
    return Decision(verdicts, [figure])


def _filled(record: Record) -> Floats:
    """The map, with places that cannot be read set to its mean."""
    values, valid = record.array("map", 2).astype(np.float64), valid_places(record)
    return np.where(valid, values, values[valid].mean())


def mean_frequency(values: Floats) -> float:
    """Return the mean spatial frequency of a map, weighted by power, in cycles a picture.

    A Hann window keeps the frame of the map from counting as detail.
    """
    window = np.outer(np.hanning(values.shape[0]), np.hanning(values.shape[1]))
    power = np.abs(np.fft.fft2((values - values.mean()) * window)) ** 2
    down = np.fft.fftfreq(values.shape[0]) * values.shape[0]
    right = np.fft.fftfreq(values.shape[1]) * values.shape[1]
    frequency = np.hypot(down[:, None], right[None])
    total = power.sum()
    return float((power * frequency).sum() / total) if total > 0 else 1e-9


def _place_likeness(first: Floats, second: Floats) -> float:
    return block_correlation(_reaction(first), _reaction(second))


def _reaction(values: Floats) -> Floats:
    reaction: Floats = np.abs(values - np.median(values))
    # One pixel of the coarser map, so that a thin line and its blurred image are compared alike.
    return ndimage.gaussian_filter(reaction, max(values.shape) / 32)


class SectionSettings(Parameters):
    """Which layer and picture the traced run was of."""

    index: int
    picture: int


class SectionClaim(Parameters):
    """What the section's computations find out."""

    finds: Literal[
        "places_that_activate", "picture_that_activates_most", "layer_that_matters", "easiest_layer"
    ]


_FINDS = {
    "places_that_activate": ("which places activate a filter", "哪些位置活化濾波器"),
    "picture_that_activates_most": (
        "which picture activates a filter most",
        "何種圖最能活化濾波器",
    ),
    "layer_that_matters": ("which layer matters for the class", "哪一層對分類重要"),
    "easiest_layer": ("which layer is activated most easily", "哪一層最容易被活化"),
}


@rule(
    "filters.section",
    settings=SectionSettings,
    claim=SectionClaim,
    needs=lambda s: [record_id("filter_trace", s.index, s.picture)],
)
def section(
    evidence: Evidence, settings: SectionSettings, claims: Sequence[SectionClaim]
) -> Decision:
    """How many of the section's two computations find out what is claimed, by what they vary.

    Places: picture, filter and weights are held, and the result is laid out over places. Picture:
    filter and weights are held, the picture is changed, and the filter's sum rises. Layers: more
    than one layer is read; for what matters to the class, the classifier must take part as well.
    """
    record = evidence.get("filter_trace", settings.index, settings.picture)
    runs = {name: dict(record.value(name)) for name in ("activation", "visualization")}
    verdicts = []
    for claim in claims:
        count = sum(_finds(run, claim.finds) for run in runs.values())
        english, chinese = _FINDS[claim.finds]
        verdicts.append(
            above(
                float(count),
                0.5,
                unit="computations",
                what=(f"computations that find {english}", f"能找出「{chinese}」的計算數"),
                against=("one or more", "至少一個"),
            )
        )
    keys = ["picture_changes", "weights_change", "layers_compared", "classifier_calls"]
    keys += ["laid_out_over_places", "rise"]
    rows = [[key.replace("_", " "), *(run.get(key, "") for run in runs.values())] for key in keys]
    columns = [["watched", "觀察項目"], ["activation", "活化圖"], ["visualization", "視覺化"]]
    return Decision(verdicts, [Figure("table", {"columns": columns, "rows": rows})])


def _finds(run: dict[str, Any], what: str) -> bool:
    held = not run["weights_change"]
    layers = run["layers_compared"]
    return {
        "places_that_activate": held and not run["picture_changes"] and run["laid_out_over_places"],
        "picture_that_activates_most": held and run["picture_changes"] and run["rise"] > 0,
        "layer_that_matters": layers > 1 and run["classifier_calls"] > 0,
        "easiest_layer": layers > 1,
    }[what]
