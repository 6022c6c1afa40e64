"""What a person sees of a map beside what its verdict rests on: told, never decided on.

- which of two maps traces the shape of a thing better: `traced`
- whether a region is brighter itself, or by a halo along its border: `leads_by_border`
- whether a map is diffuse, or its mass lies in places: `half_mass`; and whether its brightest spot
  lies on a thing, the pointing game: `points_at`

Each was chosen among others, and its settings fixed, on simulated maps whose truth is known
(`python -m tests.benchmarks.seen`, docs/second-ways.md), before any was put to a map of the course.

>>> left = np.arange(128) < np.full((128, 1), 64)  # the left half of (128, 128)
>>> everywhere = np.ones((128, 128), bool)
>>> traced(left.astype(float), left, everywhere), half_mass(np.ones((128, 128)), everywhere)
(1.0, 0.5)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from solver.rules.maps.displayed import Floats, Mask, blurred, density

# No thresholds: they bound no verdict, and `--stability` would vary them for nothing.
BLUR = 1 / 32
"""Deviation of the blur by which the eye pools speckle, as a share of the side."""
BORDER = 1 / 16
"""Width of the band beside a border that a halo lies in, as a share of the side."""
BY_HALO = 1 / 3
"""Of the lead beside the borders: with less left away from them a region leads by a halo."""
DIFFUSE = 0.22
"""Share of the picture that half of the brightness lies on, from which on a map is diffuse: of
simulated maps without places .28 or more, of maps with half of their mass in places .17 or less."""


def traced(bright: Floats, thing: Mask, valid: Mask) -> float:
    """Return how well a map traces a thing: the area under the ROC curve, 1 all of it, .5 chance.

    The share of pairs of a place on the thing and one off it in which the first is brighter, at
    the eye's resolution (Green and Swets 1966; as a score of saliency maps: Borji et al. 2013).
    Part of a thing left dark, a halo around it and specks elsewhere count against it.
    """
    from scipy.stats import rankdata

    smooth = at_eyes(bright, valid)[valid]
    inside = thing[valid]
    count, rest = int(inside.sum()), int((~inside).sum())
    if not count or not rest:
        return 0.5
    ranks = rankdata(smooth)
    return float((ranks[inside].sum() - count * (count + 1) / 2) / (count * rest))


def at_eyes(bright: Floats, valid: Mask) -> Floats:
    """Return a map as the eye pools it."""
    return blurred(bright, BLUR * max(bright.shape), valid)


def leads_by_border(
    bright: Floats, valid: Mask, region: Sequence[Mask], rival: Sequence[Mask]
) -> tuple[float, float] | None:
    """Return the lead of a region over a rival beside their borders, and away from them.

    In the map's mean; of a region of several parts the dimmest counts. A halo beside an edge makes
    all of a region seem brighter (Craik 1940, O'Brien 1958, Cornsweet 1970), and its mean too: it
    leads beside the border, and hardly away from it (`BY_HALO`). None where nothing is left there.
    """
    from scipy import ndimage

    reach = BORDER * max(bright.shape)
    near, far = [], []
    for parts in (region, rival):
        beside, away = [], []
        for part in parts:
            # Of each place the distance to the nearest one that is not in the region.
            within = ndimage.distance_transform_edt(_framed(part))[1:-1, 1:-1]
            band, rest = (within > 0) & (within <= reach) & valid, (within > reach) & valid
            if not band.any() or not rest.any():
                return None
            beside.append(density(bright, band, valid))
            away.append(density(bright, rest, valid))
        near.append(min(beside))
        far.append(min(away))
    return near[0] - near[1], far[0] - far[1]


def _framed(mask: Mask) -> Mask:
    # The picture's own edge is no border of a thing.
    return np.pad(mask, 1, mode="edge")


def half_mass(bright: Floats, valid: Mask) -> float:
    """Return the smallest share of the picture that holds half of a map's brightness.

    At the eye's resolution (a point of the Lorenz curve, 1905): .5 for an even map.
    """
    smooth = np.sort(at_eyes(bright, valid)[valid])[::-1]
    total = float(smooth.sum())
    if total <= 0:
        return 0.5
    reached = np.searchsorted(np.cumsum(smooth), total / 2 * (1 - 1e-9)) + 1
    return float(reached / len(smooth))


def points_at(bright: Floats, thing: Mask, valid: Mask) -> bool:
    """Return whether the brightest spot, at the eye's resolution, lies on a thing.

    The pointing game of Zhang et al. 2016, without its tolerance.
    """
    smooth = np.where(valid, at_eyes(bright, valid), -np.inf)
    return bool(thing.ravel()[int(smooth.argmax())])
