"""Cross-check of activations over depth: a blur metric, and ranks of local contrast."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from solver.evidence import Evidence
from solver.rules.filters.activation_depth import (
    SHARED,
    DepthClaim,
    DepthSettings,
    own_and_others,
    shown_pairs,
)
from solver.rules.maps.displayed import Floats
from solver.rules.registry import Decision, Verdict, cross_check
from solver.rules.thresholds import threshold
from solver.rules.verdicts import above, below

MOSTLY = threshold(
    "activation_depth_check.mostly",
    0.75,
    "share of the pictures: of ten pictures without any difference eight or more are of one named "
    "kind in one case of twenty",
    lowest=0.5,
    highest=0.99,
)
SIDE = 64
"""Both maps are brought to this many pixels a side, as they are shown at one size."""


@cross_check("filters.activation_depth")
def depth_by_blur(
    evidence: Evidence, settings: DepthSettings, claims: Sequence[DepthClaim]
) -> Decision:
    """Detail: share of the pictures in which the later map, shown at the earlier one's size, is the
    blurrier one by the blur metric of Crété-Roffet et al. 2007 (how little a picture loses when it
    is blurred once more).

    Place: rank correlation of local contrast, the standard deviation around each of 16x16 places,
    held against other pictures' maps as in the rule; but where these agree by more than .6, as with
    things in the middle of every picture, half of what is left to 1 is clearly above that. Ranks
    weigh all of the picture alike; the strongest places alone may differ. This measure was chosen
    with the real maps in view: on them the overlap of the brightest quarter is only .10 beyond
    chance.
    """
    # Imported here: a third of a second, which the rule alone does not need.
    from skimage.measure import blur_effect

    pairs = [
        (_at_one_size(early), _at_one_size(late)) for early, late in shown_pairs(evidence, settings)
    ]
    blurs = [(blur_effect(early), blur_effect(late)) for early, late in pairs]
    # By count, not by how much: one picture of odd content cannot carry the rest.
    shares = {
        "blurrier": float(np.mean([late > early for early, late in blurs])),
        "sharper": float(np.mean([late < early for early, late in blurs])),
    }
    contrasts = [(local_contrast(early), local_contrast(late)) for early, late in pairs]
    own, others = own_and_others(contrasts, _rank_correlation)
    return Decision([_verdict(claim, shares, own, others) for claim in claims])


def _verdict(claim: DepthClaim, shares: dict[str, float], own: float, others: float) -> Verdict:
    if claim.detail is not None:
        name = {"sharper": "較清晰", "blurrier": "較模糊"}[claim.detail]
        return above(
            shares[claim.detail],
            MOSTLY.now(),
            unit="share of the pictures",
            what=(
                f"pictures in which the later map is {claim.detail}",
                f"後層的圖{name}的圖片所占比例",
            ),
            against=("most of them", "大多數"),
        )
    decide = above if claim.place == "same" else below
    return decide(
        own,
        others + min(SHARED.now(), (1 - others) / 2),
        unit="rank correlation",
        what=(
            f"agreement of where there is contrast (with other pictures {others:.2g})",
            f"有明暗對比之處的一致程度（與其他圖片相比為 {others:.2g}）",
        ),
        against=("clearly more than with other pictures", "明顯高於與其他圖片相比時"),
    )


def _at_one_size(values: Floats) -> Floats:
    from skimage.transform import resize

    low, high = values.min(), values.max()
    shown: Floats = resize(
        # Each on its own range, as it is displayed.
        (values - low) / max(high - low, 1e-12),
        (SIDE, SIDE),
        order=1,
        anti_aliasing=True,
    )
    return shown


def local_contrast(values: Floats) -> Floats:
    """Return the standard deviation around each of 16x16 places of a map (H, W): (16, 16)."""
    from scipy import ndimage

    sigma = len(values) / 16
    mean = ndimage.gaussian_filter(values, sigma)
    # Clipped: rounding may leave an even place below 0.
    spread = np.clip(ndimage.gaussian_filter(values**2, sigma) - mean**2, 0, None)
    step = len(values) // 16
    contrast: Floats = np.sqrt(spread)[step // 2 :: step, step // 2 :: step]
    return contrast


def _rank_correlation(first: Floats, second: Floats) -> float:
    from scipy.stats import spearmanr

    if np.ptp(first) <= 1e-9 or np.ptp(second) <= 1e-9:
        return 0.0
    return float(spearmanr(first.ravel(), second.ravel()).statistic)
