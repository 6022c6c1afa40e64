"""Chance level of a map: the same map laid over the regions in every other way.

Noise has bright places too, and some region always has the most of them; but noise would do as well
anywhere else. So the map is shifted cyclically to every place of the picture, and turned and
mirrored where its shape allows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from solver.rules.maps.displayed import Floats, Mask
from solver.rules.registry import Verdict
from solver.rules.thresholds import threshold
from solver.rules.verdicts import PLACEMENTS, Pair, amount, below, by_chance

CHANCE = threshold(
    "chance.level",
    0.01,
    "The usual twentieth, shared among the up to five options that a question holds against it "
    "(Bonferroni).",
    lowest=1e-6,
    highest=0.5,
)

_ROUNDING = 1e-9  # of the largest value: sums by transforms differ so much from direct ones

Spectrum = tuple[npt.NDArray[np.complex128], float]
"""Of a region's mask: the conjugate of its transform, and its area in pixels."""


def share_by_chance(
    values: Floats,
    masks: Sequence[Floats | Mask],
    valid: Mask,
    rival: Sequence[Floats | Mask] = (),
) -> float:
    """Return the share of the map's placements whose mean in the masks is as high as it is now.

    The placements are all H x W cyclic shifts of the map, in each of its 8 orientations (4 where it
    is not square); the map as it lies is one of them, so the share is never 0.

    Args:
        values: (H, W), not negative.
        masks: the share of each pixel in a region; of several regions the one of lowest mean
            counts, as for a thing that is bright as a whole.
        valid: (H, W), the places that can be read.
        rival: masks of another region; with them the lead over it is compared.
    """
    spectra, rivals = (
        [(np.conj(np.fft.rfft2(mask.astype(float))), float(mask.sum())) for mask in some]
        for some in (masks, rival)
    )
    now: float | None = None
    as_high, placements = 0, 0
    # Whole, so that its grain, its clumps and their spectrum stay. Shuffling tiles takes
    # neighbouring tiles of one clump for independent: on noise with a real map's spectrum it found
    # a place "beyond chance at 1%" in 13 of 60 trials, this test in 2 of 400.
    for mass, area in _orientations(np.where(valid, values, 0.0), valid.astype(float)):
        scores = _lowest_means(mass, area, spectra)
        if rivals:
            scores = scores - _lowest_means(mass, area, rivals)
        # The first orientation, not shifted, is the map as it lies.
        now = float(scores[0, 0]) if now is None else now
        as_high += int((scores >= now - _ROUNDING * float(values.max(initial=0.0))).sum())
        placements += scores.size
    return as_high / placements


def _lowest_means(mass: Floats, area: Floats, spectra: Sequence[Spectrum]) -> Floats:
    """The lowest mean inside the regions for each cyclic shift of the map (H, W)."""
    # By the correlation theorem: sums over all shifts at once.
    of_mass = np.fft.rfft2(mass)
    of_area = None if area.all() else np.fft.rfft2(area)
    means = []
    for spectrum, pixels in spectra:
        inside = np.fft.irfft2(of_mass * spectrum, s=mass.shape)
        # How many readable pixels of the shifted map come to lie in the region.
        if of_area is None:
            counted = np.full_like(inside, pixels)
        else:
            counted = np.fft.irfft2(of_area * spectrum, s=mass.shape)
        # Over half a pixel: transforms leave rounding where there is none.
        means.append(np.divide(inside, counted, out=np.zeros_like(inside), where=counted > 0.5))
    lowest: Floats = np.minimum.reduce(means)
    return lowest


def _orientations(mass: Floats, area: Floats) -> Iterator[tuple[Floats, Floats]]:
    """The map and its readable places: as they are, then turned and mirrored alike."""
    # Turned by a quarter, a map that is not square would not lie on the picture.
    quarter_turns = range(4) if mass.shape[0] == mass.shape[1] else (0, 2)
    for turns in quarter_turns:
        turned = np.rot90(mass, turns), np.rot90(area, turns)
        yield turned
        yield np.fliplr(turned[0]), np.fliplr(turned[1])


def not_beyond_chance(share: float, unit: str, what: Pair) -> Verdict:
    """Return the verdict that does not hold, since chance would do as well in `share` of the cases.

    Args:
        share: of placements, or a probability; at least `CHANCE`.
        unit: of the share.
        what: the finding in both languages; of a probability, with its name.
    """
    if unit == PLACEMENTS:
        return replace(by_chance(share, CHANCE.now(), what), holds=False)
    against = ("beyond chance", "非偶然的門檻")
    verdict = below(share, CHANCE.now(), unit=unit, what=what, against=against)
    return replace(verdict, holds=False)


def chance_sentence(name: tuple[str, str], chance: float) -> tuple[str, str]:
    """Return the result of `share_by_chance` for a region, as a sentence for the note."""
    beyond = chance < CHANCE.value
    english, chinese = amount(chance, PLACEMENTS)
    return (
        f"By chance: {english} of the map, moved and turned over the picture, "
        f"have as much on {name[0]}; {'beyond' if beyond else 'not beyond'} chance.",
        f"偶然性：把圖在畫面上平移與翻轉，{chinese}在{name[1]}達到同樣程度；"
        f"{'並非偶然' if beyond else '不排除偶然'}。",
    )


def lead_sentence(name: tuple[str, str], rival: tuple[str, str], chance: float) -> tuple[str, str]:
    """Return the result of `share_by_chance` for a lead over a rival, as a sentence."""
    beyond = chance < CHANCE.value
    english, chinese = amount(chance, PLACEMENTS)
    return (
        f"By chance: {english} of the map, moved and turned over the picture, lead as far on "
        f"{name[0]} over {rival[0]}; "
        f"{'beyond chance' if beyond else 'not beyond chance, so take the two for a near tie'}.",
        f"偶然性：把圖在畫面上平移與翻轉，{chinese}在{name[1]}領先{rival[1]}達此程度；"
        f"{'並非偶然' if beyond else '不排除偶然，兩者可視為不相上下'}。",
    )
