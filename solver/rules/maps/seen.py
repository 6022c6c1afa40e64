"""What a person sees of a map beside what its verdict rests on: told, never decided on.

- which of two maps traces the shape of a thing better: `traced`
- whether a region is brighter itself, or by a halo along its border: `leads_by_border`
- whether a map is diffuse, or its mass lies in places: `half_mass`; and whether its brightest spot
  lies on a thing, the pointing game: `points_at`

Each was chosen among others, and its settings fixed, on simulated maps whose truth is known
(`python -m tests.benchmarks.simulated.seen`, docs/measured/second-ways.md), before any was put to
a map of the course.

>>> left = np.arange(128) < np.full((128, 1), 64)  # the left half of (128, 128)
>>> everywhere = np.ones((128, 128), bool)
>>> traced(left.astype(float), left, everywhere), half_mass(np.ones((128, 128)), everywhere)
(1.0, 0.5)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from solver.rules.maps.displayed import Floats, Mask, blurred, density
from solver.rules.verdicts import Pair
from solver.text.numbers import number

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

    # Every second place each way says as much once it is blurred, in a third of the time.
    some = valid[::2, ::2]
    smooth, inside = at_eyes(bright, valid)[::2, ::2][some], thing[::2, ::2][some]
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


def tracing_sentence(scores: Mapping[str, Floats], names: Mapping[str, Pair], thing: Pair) -> Pair:
    """Return the sentence on which of two kinds of map traces a thing better.

    Args:
        scores: of each of the two kinds `traced`, picture by picture.
        names: of the kinds.
        thing: its name.
    """
    (first, of_first), (second, of_second) = scores.items()
    kinds = names[first], names[second]
    means = [number(float(one.mean())) for one in (of_first, of_second)]
    better = int((of_first > of_second).sum()), int((of_first < of_second).sum())
    count = len(of_first)
    return (
        f"Of how well a map traces the shape of {thing[0]} at the eye's resolution (area under the "
        f"ROC curve; .5 is chance) {kinds[0][0]} has {means[0]} and {kinds[1][0]} {means[1]}; "
        f"{kinds[0][0]} traces it better in {better[0]} of {count} pictures, {kinds[1][0]} in "
        f"{better[1]}. The verdict does not hang on it.",
        f"以肉眼解析度描出{thing[1]}形狀的程度（ROC 曲線下面積，.5 為隨機）：{kinds[0][1]}為 "
        f"{means[0]}，{kinds[1][1]}為 {means[1]}；{count} 張圖片中{kinds[0][1]}有 {better[0]} 張、"
        f"{kinds[1][1]}有 {better[1]} 張描得較好。判定不以此為據。",
    )


def halo_sentence(leads: tuple[float, float] | None, name: Pair, rival: Pair) -> list[Pair]:
    """Return the sentence on a lead that is a halo's; none where it is the region's own."""
    if leads is None or leads[0] <= 0 or leads[1] >= BY_HALO * leads[0]:
        return []
    beside, away = (number(lead) for lead in leads)
    return [
        (
            f"In units of the picture's mean {name[0]} leads {rival[0]} by {beside} beside their "
            f"borders and by {away} away from them: to the eye a halo along the border leads. The "
            "verdict does not hang on it.",
            f"以全圖平均為單位，{name[1]}在邊界旁領先{rival[1]} {beside}，離開邊界則為 {away}："
            "肉眼所見是邊界旁的光暈造成領先。判定不以此為據。",
        )
    ]


def spread_sentence(bright: Floats, valid: Mask, things: Mapping[Pair, Mask]) -> Pair:
    """Return the sentence on whether a map is diffuse, and what its brightest spot lies on."""
    half = half_mass(bright, valid)
    on = [name for name, mask in things.items() if points_at(bright, mask, valid)]
    spot = " and ".join(name[0] for name in on), "、".join(name[1] for name in on)
    if not on:
        spot = ("none of the things asked for", "題目所問之外")
    diffuse = half >= DIFFUSE
    word = ("diffuse", "分散") if diffuse else ("bright in places", "集中於數處")
    return (
        f"At the eye's resolution half of the brightness lies on {half:.0%} of the picture (of an "
        f"even map on 50%): the map is {word[0]}; its brightest spot lies on {spot[0]}. The "
        "verdict does not hang on it.",
        f"以肉眼解析度，一半的亮度落在圖片的 {half:.0%}（均勻時為 50%）：此圖{word[1]}；"
        f"最亮的一處在{spot[1]}。判定不以此為據。",
    )
