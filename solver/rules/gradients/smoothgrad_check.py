"""Cross-check of SmoothGrad without its last normalization: lightness, structure, and places."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from solver.evidence import Evidence
from solver.rules.gradients.saliency import PicturesSettings
from solver.rules.gradients.smoothgrad import Effect, UnnormalizedClaim, as_viewed
from solver.rules.maps.displayed import Floats, brightest_places
from solver.rules.registry import Decision, Verdict, cross_check
from solver.rules.thresholds import threshold
from solver.rules.verdicts import Pair, above, below

DARK = threshold(
    "smoothgrad_check.dark",
    10.0,
    "CIE L*, black 0 and white 100: under 10 a print counts as black",
    lowest=1.0,
    highest=90.0,
)
ALIKE = threshold(
    "smoothgrad_check.alike",
    0.95,
    "structural similarity (Wang et al. 2004), 1 for equal pictures: .95 is the usual bound under "
    "which a difference is seen",
    lowest=0.3,
    highest=0.999,
)
CLEARER = threshold(
    "smoothgrad_check.clearer",
    1.1,
    "times the mean step of lightness from a pixel to the next: a tenth more is the least seen",
    lowest=1.0,
)
HALF = threshold(
    "smoothgrad_check.half",
    0.5,
    "of the brightest twentieth: more of it than not",
    lowest=0.05,
    highest=0.95,
)


@cross_check("gradients.smoothgrad.unnormalized")
def unnormalized_by_structure(
    evidence: Evidence, settings: PicturesSettings, claims: Sequence[UnnormalizedClaim]
) -> Decision:
    """The raw means as displayed, in lightness (CIE L*), beside the normalized maps.

    Medians over the pictures. *nothing*: the lightest thousandth of the pixels is black to the eye.
    *same*: structural similarity. *outline clearer*: steps of lightness from a pixel to the next
    grow. *swap*: the brightest twentieth of the normalized map is the darkest of the shown picture.
    *elsewhere*: it is neither the brightest nor the darkest.
    """
    records = [evidence.get("smoothgrad", picture) for picture in settings.pictures]
    every = np.median([_measured(*as_viewed(record)) for record in records], axis=0)
    found = [float(value) for value in every]
    return Decision([_verdict(claim.effect, *found) for claim in claims])


def _measured(raw: Floats, normalized: Floats) -> tuple[float, float, float, float, float]:
    """Lightness of the brightest, similarity, gain of steps, share kept bright, share turned."""
    from skimage.color import rgb2lab
    from skimage.metrics import structural_similarity

    # Lightness as the eye has it: equal steps look equal, in the dark too.
    shown, before = rgb2lab(raw)[..., 0], rgb2lab(normalized)[..., 0]  # L*, (H, W)
    # L* goes to 100 whatever a map holds, so that similarities of pictures can be compared.
    similarity = structural_similarity(before, shown, data_range=100.0)
    gain = _steps(shown) / max(_steps(before), 1e-9)
    everywhere = np.ones(shown.shape, bool)
    marked = brightest_places(before, everywhere)
    count = max(int(marked.sum()), 1)
    bright, dark = (
        # -1 turns dark into bright: the darkest places are found by the same function.
        float((marked & brightest_places(sign * shown, everywhere)).sum() / count)
        for sign in (1, -1)
    )
    # The lightest thousandth, not the lightest pixel, which noise alone may light.
    return float(np.quantile(shown, 0.999)), float(similarity), float(gain), bright, dark


def _steps(lightness: Floats) -> float:
    return float(np.mean([np.abs(np.diff(lightness, axis=axis)).mean() for axis in (0, 1)]))


def _verdict(
    effect: Effect, lightest: float, similarity: float, gain: float, bright: float, dark: float
) -> Verdict:
    black, half = DARK.now(), HALF.now()
    if effect == "nothing" or (lightest < black and effect != "same"):
        what: Pair = ("lightness of the lightest thousandth", "最亮千分之一的明度")
        decide = below if effect == "nothing" else above
        return decide(lightest, black, unit="L*", what=what, against=("black", "黑色"))
    if effect == "same":
        what = ("structural similarity to the normalized map", "與正規化後的圖的結構相似度")
        return above(
            similarity, ALIKE.now(), unit="SSIM", what=what, against=("no difference", "無差異")
        )
    if effect == "outline_clearer":
        what = ("steps of lightness over those before", "明度變化與正規化後的圖之比")
        return above(
            gain, CLEARER.now(), unit="times", what=what, against=("more, to be seen", "看得出更高")
        )
    if effect == "swap":
        what = ("share of the brightest places that are darkest now", "最亮處變成最暗的比例")
        return above(dark, half, unit="share", what=what, against=("most", "大多數"))
    what = ("share of the brightest places that stay marked", "最亮處仍然顯著的比例")
    return below(max(bright, dark), half, unit="share", what=what, against=("most", "大多數"))
