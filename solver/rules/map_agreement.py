"""Rules on how far two maps agree, and which of two lies closer to something."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field, model_validator
from scipy import ndimage

from solver.evidence import Evidence, record_id
from solver.rules.displayed import (
    Floats,
    Mask,
    correlation,
    displayed_brightness,
    fitted_to,
    region,
    valid_places,
)
from solver.rules.registry import Decision, Figure, Parameters, Verdict, rule
from solver.rules.verdicts import above, below, strongest

MapKind = Literal["saliency", "smoothgrad", "integrated_gradients"]

_MAP_NAMES = {
    "saliency": ("saliency", "顯著圖"),
    "smoothgrad": ("SmoothGrad", "SmoothGrad"),
    "integrated_gradients": ("integrated gradients", "積分梯度"),
}

BLOCKS = 16
"""Blocks a side on which maps are compared: claims on places of a sixteenth of the picture repeat
between seeds (rank correlation .98), single pixels do not (.57)."""

SAME, DIFFERENT = 0.8, 0.2
"""Correlations: from .8 on the two share most of their variation (r2 = .64), up to .2 almost none
(r2 = .04). Between them they are neither the same nor different."""

BRIGHTEST = 0.05
"""The places a person would call marked: the brightest twentieth, lightly smoothed."""


class CompareSettings(Parameters):
    """The two kinds of map, and the region that "closer" is about."""

    first: MapKind = "saliency"
    second: MapKind = "smoothgrad"
    pictures: list[int] = Field(min_length=1)
    region: str = "food"


class CompareClaim(Parameters):
    """Either the marked places of `picture` are the same (`agree`) or not; or this is `closer`."""

    picture: int | None = None
    agree: bool | None = None
    closer: MapKind | None = None

    @model_validator(mode="after")
    def _one(self) -> CompareClaim:
        agreement = self.picture is not None and self.agree is not None
        partial = (self.picture is None) != (self.agree is None)
        if partial or agreement == (self.closer is not None):
            raise ValueError("a claim has 'picture' and 'agree', or 'closer'")
        return self


def _needs(settings: CompareSettings) -> list[str]:
    kinds = (settings.first, settings.second, "regions", "picture")
    return [record_id(kind, picture) for picture in settings.pictures for kind in kinds]


@rule("map.compare", settings=CompareSettings, claim=CompareClaim, needs=_needs)
def compare(
    evidence: Evidence, settings: CompareSettings, claims: Sequence[CompareClaim]
) -> Decision:
    """Agreement of two kinds of map on a picture; and which lies closer to a region overall.

    Agreement: correlation of the means of 16x16 blocks. Closer: the share of a map's brightest
    twentieth that lies in the region, over the region's share of the picture (1 is chance), mean
    over the pictures; the two kinds are held against each other.
    """
    kinds = (settings.first, settings.second)
    closeness: dict[str, float] = {
        kind: float(np.mean([_lift(evidence, kind, k, settings.region) for k in settings.pictures]))
        for kind in kinds
    }
    verdicts = [_verdict(evidence, settings, claim, closeness) for claim in claims]
    rows = [
        {
            "label": ["picture", "圖片"],
            "records": [record_id("picture", k) for k in settings.pictures],
        },
        *(
            {
                "label": list(_MAP_NAMES[kind]),
                "records": [record_id(kind, k) for k in settings.pictures],
            }
            for kind in kinds
        ),
    ]
    figure = Figure("strip", {"rows": rows}, ("Both maps of each picture", "每張圖片的兩種圖"))
    return Decision(verdicts, [figure])


def _verdict(
    evidence: Evidence,
    settings: CompareSettings,
    claim: CompareClaim,
    closeness: dict[str, float],
) -> Verdict:
    if claim.closer is not None:
        order = [claim.closer, *(kind for kind in closeness if kind != claim.closer)]
        return strongest(
            [closeness[kind] for kind in order],
            [_MAP_NAMES[kind] for kind in order],
            unit="times chance",
            what=(
                f"brightest places of {{0}} that lie in the {settings.region}, over chance",
                "{0}最亮處落在食物內的比例與偶然之比",
            ),
        )[0]
    assert claim.picture is not None
    r = block_correlation(
        displayed_brightness(evidence.get(settings.first, claim.picture)),
        displayed_brightness(evidence.get(settings.second, claim.picture)),
    )
    what = (
        f"agreement of the two maps of picture {claim.picture}",
        f"圖片 {claim.picture} 的兩種圖之一致度",
    )
    if claim.agree:
        against = ("the same places", "位置相同")
        return above(r, SAME, unit="correlation", what=what, against=against, inclusive=True)
    return below(r, DIFFERENT, unit="correlation", what=what, against=("other places", "位置不同"))


def block_correlation(first: Floats, second: Floats) -> float:
    """Return the correlation of the means of 16x16 blocks of two maps."""
    return correlation(_block_means(first), _block_means(second))


def _block_means(values: Floats) -> Floats:
    zoom = tuple(BLOCKS / side for side in values.shape)
    smooth = ndimage.gaussian_filter(values, [side / BLOCKS / 3 for side in values.shape])
    means: Floats = ndimage.zoom(smooth, zoom, order=1, grid_mode=True, mode="nearest")
    return means


def _lift(evidence: Evidence, kind: str, picture: int, name: str) -> float:
    record = evidence.get(kind, picture)
    bright, valid = displayed_brightness(record), valid_places(record)
    inside = fitted_to(region(evidence, picture, name), bright.shape) & valid
    marked = brightest_places(bright, valid)
    area = inside.sum() / valid.sum()
    return float((marked & inside).sum() / max(marked.sum(), 1) / area) if area > 0 else 0.0


def brightest_places(bright: Floats, valid: Mask) -> Mask:
    """Return the brightest twentieth of a map as bool, smoothed by a pixel of 128."""
    smooth = ndimage.gaussian_filter(bright, max(bright.shape) / 128)
    level = np.quantile(smooth[valid], 1 - BRIGHTEST)
    marked: Mask = (smooth > max(level, float(smooth.min()))) & valid
    return marked
