"""Rule on a later layer's activation, compared with an earlier one's: detail and places.

The maps are drawn by the kind of figure ``strip`` (`solver.page.figures.maps`); the cross-check is
in `solver.rules.filters.activation_depth_check`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from solver.errors import EvidenceError
from solver.evidence import Evidence, Record, record_id
from solver.rules.maps.agreement import block_means
from solver.rules.maps.displayed import Floats, Mask, correlation, fitted_to, valid_places
from solver.rules.parameters import Layer, Pictures
from solver.rules.registry import Decision, Figure, Parameters, Verdict, rule
from solver.rules.thresholds import threshold
from solver.rules.verdicts import above, below
from solver.text.record_names import layer_label


class DepthSettings(Parameters):
    """The earlier and the later layer, and the pictures."""

    early: Layer = Field(description="the layer nearer to the input, by index or name")
    late: Layer = Field(description="the layer nearer to the output, by index or name")
    pictures: Pictures


class DepthClaim(Parameters):
    """The later layer's activation is so, compared with the earlier one's."""

    detail: Literal["sharper", "blurrier"] | None = Field(
        default=None, description="it has finer or coarser detail"
    )
    place: Literal["same", "other"] | None = Field(
        default=None, description="it reacts in roughly the same places, or in others"
    )


def _depth_needs(settings: DepthSettings) -> list[str]:
    return [
        record_id("activation", layer, picture)
        for layer in (settings.early, settings.late)
        for picture in settings.pictures
    ]


NOTICED = threshold(
    "filters.noticed",
    1.2,
    "times finer or coarser: blur is told apart from 10 to 20 % on (Watson and Ahumada 2011)",
    lowest=1.0,
)
SHARED = threshold(
    "filters.shared",
    0.2,
    "correlation above that with other pictures: under it the two share less than 4 % of where "
    "they vary, which nobody would call the same places",
)


@rule("filters.activation_depth", settings=DepthSettings, claim=DepthClaim, needs=_depth_needs)
def activation_depth(
    evidence: Evidence, settings: DepthSettings, claims: Sequence[DepthClaim]
) -> Decision:
    """Detail and place of a later layer's activation against an earlier one's, over the pictures.

    Detail: mean spatial frequency of the map's power spectrum, in cycles a picture, late over
    early, median over the pictures. Both maps are shown at one size and scaled to their own range,
    and neither changes this number. Sharper or blurrier is a change that is noticed.

    Place: correlation, on 16x16 blocks, of where the two maps react (the distance from their
    median, since a filter may answer by darkness), median over the pictures. It is held against
    that of a picture's early map with the *other* pictures' late maps, which have the same layout
    of frame and centre but another content: "roughly the same places" are clearly above it.

    Of a figure that is covered in places the largest rectangle is read that is covered in neither.
    """
    pairs = shown_pairs(evidence, settings)
    # Cycles a picture, not a pixel: maps of 128 and of 32 pixels are compared.
    ratios = [mean_frequency(late) / mean_frequency(early) for early, late in pairs]
    detail = float(np.exp(np.median(np.log(ratios))))  # the median of ratios, symmetric in both
    places = [tuple(block_means(_reaction(values)) for values in pair) for pair in pairs]
    own, others = own_and_others(places, correlation)
    verdicts = [_depth_verdict(claim, detail, own, others) for claim in claims]
    rows: list[dict[str, Any]] = [
        {
            "label": [layer_label(layer), layer_label(layer)],
            "records": [record_id("activation", layer, k) for k in settings.pictures],
        }
        for layer in (settings.early, settings.late)
    ]
    figure = Figure("strip", {"rows": rows}, ("Filter 0 of both layers", "兩層的第 0 個濾波器"))
    return Decision(verdicts, [figure])


def _depth_verdict(claim: DepthClaim, detail: float, own: float, others: float) -> Verdict:
    if claim.detail is not None:
        what = ("mean spatial frequency, late over early", "平均空間頻率，後層與前層之比")
        against = ("a change that is noticed", "看得出的變化")
        noticed = NOTICED.now()
        if claim.detail == "sharper":
            return above(detail, noticed, unit="times", what=what, against=against)
        return below(detail, 1 / noticed, unit="times", what=what, against=against)
    # Against the same number: "same" and "other" cannot both hold.
    decide = above if claim.place == "same" else below
    return decide(
        own,
        others + SHARED.now(),
        unit="correlation",
        what=(
            f"agreement of the places that react (with other pictures {others:.2g})",
            f"活化位置的一致程度（與其他圖片相比為 {others:.2g}）",
        ),
        against=("clearly more than with other pictures", "明顯高於與其他圖片相比時"),
    )


def shown_pairs(evidence: Evidence, settings: DepthSettings) -> list[tuple[Floats, Floats]]:
    """Return the readable parts of the two layers' maps of each picture."""
    return [
        shown_pair(
            evidence.get("activation", settings.early, k),
            evidence.get("activation", settings.late, k),
        )
        for k in settings.pictures
    ]


def shown_pair(early: Record, late: Record) -> tuple[Floats, Floats]:
    """Return the largest rectangle of two maps of a picture that can be read in both."""
    maps = [record.array("map", 2).astype(np.float64) for record in (early, late)]
    sizes = [values.shape for values in maps]
    both = valid_places(early) & fitted_to(valid_places(late), sizes[0])
    rows, columns = readable_window(both)
    parts = []
    for values in maps:
        down, right = (there / here for there, here in zip(values.shape, sizes[0], strict=True))
        parts.append(values[_scaled(rows, down), _scaled(columns, right)])
    return parts[0], parts[1]


def _scaled(span: slice, times: float) -> slice:
    # Inwards, so that a pixel of the coarser map that is covered in part stays out.
    return slice(int(np.ceil(span.start * times)), int(np.floor(span.stop * times)))


def readable_window(valid: Mask) -> tuple[slice, slice]:
    """Return the largest rectangle (rows, columns) that is true throughout.

    Raises:
        EvidenceError: nothing is true.
    """
    # Rows that are alike are taken together: labels are rectangles, so there are few kinds.
    cuts = 1 + np.flatnonzero((valid[1:] != valid[:-1]).any(1))
    edges = [0, *(int(cut) for cut in cuts), len(valid)]
    best, found = 0, None
    for at, top in enumerate(edges[:-1]):
        for bottom in reversed(edges[at + 1 :]):
            # Rows that even whole would not be more: shorter ones are not looked at.
            if (bottom - top) * valid.shape[1] <= best:
                break
            columns = _longest_run(np.logical_and.reduce(valid[top:bottom], axis=0))
            area = (bottom - top) * (columns.stop - columns.start)
            if area > best:
                best, found = area, (slice(top, bottom), columns)
    if found is None:
        raise EvidenceError("a map has no place that can be read", zh="有一張圖沒有可讀取之處")
    return found


def _longest_run(flags: npt.NDArray[np.bool_]) -> slice:
    # A false place at either end, so that a run that reaches it has a start and an end too.
    steps = np.diff(np.concatenate([[0], flags.astype(np.int8), [0]]))
    starts, ends = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
    if not len(starts):
        return slice(0, 0)
    longest = int((ends - starts).argmax())
    return slice(int(starts[longest]), int(ends[longest]))


def own_and_others(
    pairs: Sequence[tuple[Floats, ...]], likeness: Callable[[Floats, Floats], float]
) -> tuple[float, float]:
    """Return the median likeness of a picture's two maps, and of its first to others' second."""
    own = [likeness(first, second) for first, second in pairs]
    others = [
        likeness(first, second)
        for at, (first, _) in enumerate(pairs)
        for other, (_, second) in enumerate(pairs)
        if at != other
    ]
    # Of one picture there are no others: 0 is what unrelated maps have.
    return float(np.median(own)), float(np.median(others)) if others else 0.0


def mean_frequency(values: Floats) -> float:
    """Return the mean spatial frequency of a map, weighted by power, in cycles a picture."""
    # Without it the frame of the map, a sharp step all around, would count as detail.
    window = np.outer(np.hanning(values.shape[0]), np.hanning(values.shape[1]))
    power = np.abs(np.fft.fft2((values - values.mean()) * window)) ** 2
    down = np.fft.fftfreq(values.shape[0]) * values.shape[0]  # cycles a picture
    right = np.fft.fftfreq(values.shape[1]) * values.shape[1]
    frequency = np.hypot(down[:, None], right[None])
    total = power.sum()
    return float((power * frequency).sum() / total) if total > 0 else 1e-9


def _reaction(values: Floats) -> Floats:
    from scipy import ndimage

    # A filter may answer by darkness: what counts is the distance from its usual answer.
    reaction: Floats = np.abs(values - np.median(values))
    # One pixel of the coarser map, so that a thin line and its blurred image are compared alike.
    return ndimage.gaussian_filter(reaction, max(values.shape) / 32)
