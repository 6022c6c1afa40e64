"""Cross-check of a jug's handle: the strokes without a mirror image in the jug's own axis.

No drawing is fitted. Of all upright and level axes through the middle of the map the best one is
that about which the strokes are most like their mirror image (correlation); strokes without a
mirror image are the handle. Beyond the body's half width it lies to one side, within it in the
middle. A handle that is itself symmetric about the axis (a basket's, over the rim) is not found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from solver.evidence import Evidence
from solver.rules.maps.displayed import displayed_brightness
from solver.rules.registry import Decision, cross_check
from solver.rules.shapes.handle import NAMES, HandleClaim, HandleSettings, Side
from solver.rules.shapes.pose_scores import GRID, Floats, Mask
from solver.rules.shapes.wireframe_fit import (
    MARKED_SHARE,
    stroke_contrast,
    strongest_if_clear,
)
from solver.rules.thresholds import threshold

SYMMETRIC = threshold(
    "handle.symmetric",
    0.35,
    "Correlation of the strokes with their mirror image. On 40 maps of noise (white, smooth, pink, "
    "and with the spectrum of a jug's map) the best axis gave 0.30 at most.",
    lowest=0.0,
    highest=1.0,
)
BODY_SHARE = threshold(
    "handle.body_share",
    0.75,
    "The half width of the body is taken where it holds this share of what has a mirror image: the "
    "walls are its largest part, rim and foot lie nearer to the axis.",
    lowest=0.5,
    highest=0.95,
)
_AXES = range(round(0.35 * 2 * GRID), round(0.65 * 2 * GRID) + 1)  # in half cells
_SLACK = 5  # cells across in which a stroke may find its mirror image: no body is quite symmetric


@dataclass(frozen=True)
class Asymmetry:
    """The part of a map's strokes that has no mirror image.

    Attributes:
        symmetry: correlation of the strokes with their mirror image about the best axis.
        unmatched: share of all strokes that has no mirror image and lies on each side.
    """

    symmetry: float
    unmatched: dict[Side, float]


def find_asymmetry(brightness: Floats) -> Asymmetry:
    """Return the symmetry of a map (H, W) about its best axis, and the unmatched share by side."""
    contrast, seen = stroke_contrast(brightness)
    level = float(np.quantile(contrast[seen], 1 - MARKED_SHARE.now()))
    if level <= 0 or np.ptp(contrast[seen]) <= 1e-9 * level:
        return Asymmetry(0.0, dict.fromkeys(NAMES, 0.0))  # type: ignore[arg-type]
    # A stroke counts by how much of one it is, up to those that would be marked.
    strokes = np.where(seen, np.clip(contrast / level, 0, 1), 0.0)
    # A jug without its handle is a turned body, and so its own mirror image about its axis.
    upright, level_axis = _best_axis(strokes, seen), _best_axis(strokes.T, seen.T)
    lying = level_axis[0] > upright[0]
    symmetry, axis = level_axis if lying else upright
    clear = np.clip(2 * strokes - 1, 0, 1)  # only clear strokes may lack a mirror image
    before, within, after = _unmatched(clear.T if lying else clear, axis)
    first: Side = "top" if lying else "left"
    last: Side = "bottom" if lying else "right"
    unmatched: dict[Side, float] = dict.fromkeys(NAMES, 0.0)  # type: ignore[arg-type]
    unmatched.update({first: before, "middle": within, last: after})
    return Asymmetry(symmetry, unmatched)


def _mirrored(values: Floats | Mask, axis: int) -> Floats:
    """Columns mirrored about the column `axis` / 2; nothing comes from beyond the map."""
    from_column = axis - np.arange(GRID)
    there = (from_column >= 0) & (from_column < GRID)
    image: Floats = np.zeros(values.shape, values.dtype)
    image[:, there] = values[:, from_column[there]]
    return image


def _best_axis(strokes: Floats, seen: Mask) -> tuple[float, int]:
    """(correlation with the mirror image, axis in half columns) of the best upright axis.

    Strokes whose mirror place lies beyond the map count as unlike it.
    """
    from scipy import ndimage

    soft = ndimage.gaussian_filter(strokes, 1)
    found = []
    for axis in _AXES:
        both = seen & _mirrored(seen, axis).astype(bool)
        here, there = soft[both], _mirrored(soft, axis)[both]
        like = np.corrcoef(here, there)[0, 1] if here.std() > 0 else 0.0
        found.append(float(like * here.sum() / soft[seen].sum()))
    best = int(np.argmax(found))
    return found[best], _AXES[best]


def _unmatched(clear: Floats, axis: int) -> tuple[float, float, float]:
    """Shares of strokes without a mirror image: left of the body, before it, right of it."""
    from scipy import ndimage

    image = ndimage.maximum_filter(_mirrored(clear, axis), _SLACK)
    without, matched = np.clip(clear - image, 0, None).sum(0), np.minimum(clear, image).sum(0)
    from_axis = np.arange(GRID) - axis / 2
    order = np.argsort(np.abs(from_axis), kind="stable")
    held = np.cumsum(matched[order])  # mass within each distance of the axis
    half = float(np.abs(from_axis)[order][np.searchsorted(held, BODY_SHARE.now() * held[-1])])
    parts = (from_axis < -half, np.abs(from_axis) <= half, from_axis > half)
    total = max(float(clear.sum()), 1e-12)
    before, within, after = (float(without[part].sum()) / total for part in parts)
    return before, within, after


@cross_check("shapes.handle")
def handle_by_asymmetry(
    evidence: Evidence, settings: HandleSettings, claims: Sequence[HandleClaim]
) -> Decision:
    """Share of the strokes without a mirror image about the best axis, by side.

    As a share of all strokes. A jug without its handle is its own mirror image, so that this is the
    handle. Where no axis makes the strokes clearly more like their mirror image than noise is, the
    question is left open.
    """
    found = find_asymmetry(displayed_brightness(evidence.get(settings.source, settings.picture)))
    verdicts = strongest_if_clear(
        [found.unmatched[claim.side] for claim in claims],
        [NAMES[claim.side] for claim in claims],
        unit="share of the strokes",
        what=(
            "strokes without a mirror image that lie at {0}",
            "位於{0}且沒有鏡像對應的線條所占的比例",
        ),
        clearness=found.symmetry,
        least=SYMMETRIC.now(),
        measure=("likeness of the strokes to their mirror image", "線條與其鏡像的相似度"),
    )
    return Decision(verdicts)
