"""Cross-check of two maps' agreement: distances instead of shares and correlations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from solver.evidence import Evidence
from solver.rules.maps.agreement import (
    BLOCKS,
    CompareClaim,
    CompareSettings,
    Measure,
    Reading,
    compared,
    readings,
)
from solver.rules.maps.chance import CHANCE
from solver.rules.maps.displayed import (
    Floats,
    Mask,
    brightest_places,
    fitted_to,
    readable_brightness,
    region,
    region_name,
)
from solver.rules.registry import Decision, cross_check


@cross_check("maps.agreement")
def compare_by_distance(
    evidence: Evidence, settings: CompareSettings, claims: Sequence[CompareClaim]
) -> Decision:
    """Distance of each map's mass from the region, and between the places that two maps mark.

    Closer: 1 less the mean distance of the map's mass from the region (0 inside), as a share of an
    evenly bright map's; mean over the pictures. All of the map counts, by its brightness. The
    nearer kind holds only if the pictures side with it as clearly by chance less than once in a
    hundred (signed ranks of the differences, Wilcoxon 1945, doi:10.2307/3001968); fewer than 7
    pictures cannot pass that test and are not put to it.

    Agreement: the share of each map's brightest twentieth that has one of the other's within half a
    block, beyond the share of places at random (0: as by chance, 1: all), mean of both directions.
    """
    nearness: dict[str, Floats] = {
        kind: np.array([_nearness(evidence, kind, k, settings) for k in settings.pictures])
        for kind in (settings.first, settings.second)
    }
    place = region_name(evidence, settings.pictures[0], settings.region)
    measure = Measure(
        agreement=lambda first, second: overlap(*readings(first, second)),
        closeness={kind: float(values.mean()) for kind, values in nearness.items()},
        lead_by_chance=_lead_by_chance(*nearness.values()),
        agreement_unit="overlap beyond chance",
        closeness_unit="share of an even map's distance",
        closeness_what=(
            f"how much nearer to {place[0]} than an even map the mass of {{0}} lies",
            f"{{0}}的亮度比均勻分布更貼近{place[1]}的程度",
        ),
    )
    return compared(evidence, settings, claims, measure)


def _nearness(evidence: Evidence, kind: str, picture: int, settings: CompareSettings) -> float:
    from scipy import ndimage

    bright, valid = readable_brightness(evidence[settings.record(kind, picture)])
    inside = fitted_to(region(evidence, picture, settings.region), bright.shape)
    if inside.all() or not inside.any():
        return 0.0  # every place is as near as any other
    distance = ndimage.distance_transform_edt(~inside)[valid]
    mass, even = bright[valid], float(distance.mean())
    if mass.sum() <= 0 or even <= 0:
        return 0.0
    return 1 - float((distance * mass).sum() / mass.sum()) / even


def _lead_by_chance(first: Floats, second: Floats) -> float:
    """Probability that chance makes the pairs lead as clearly (Wilcoxon, one-sided).

    0 where there are too few pairs for any lead to be beyond chance.
    """
    from scipy import stats

    # All pairs on one side, the clearest result there is, comes by chance once in 2 ** n.
    if 2.0 ** -len(first) >= CHANCE.value:
        return 0.0
    # Turned so that the leading kind is positive: the test is one-sided.
    lead = (first - second) * np.sign((first - second).sum())
    apart = lead[lead != 0]  # Wilcoxon's test drops ties
    return float(stats.wilcoxon(apart, alternative="greater").pvalue) if apart.size else 1.0


def overlap(first: Reading, second: Reading) -> float:
    """Return the overlap of the brightest twentieths of two maps of one shape: 0 chance, 1 all."""
    valid = first[1] & second[1]
    these, those = (brightest_places(bright, valid) for bright, _ in (first, second))
    if not these.any() or not those.any():
        return 0.0
    reach = max(valid.shape) / BLOCKS.now() / 2  # half a block, in pixels
    # Both directions: a small mark within a large one is near it, and not the other way round.
    both_ways = (_within(these, those, valid, reach), _within(those, these, valid, reach))
    return float(np.mean(both_ways))


def _within(these: Mask, those: Mask, valid: Mask, reach: float) -> float:
    from scipy import ndimage

    distance: Floats = ndimage.distance_transform_edt(~those)
    near = (distance <= reach)[valid]
    by_chance = float(near.mean())
    if by_chance >= 1:
        return 0.0
    return (float((distance[these] <= reach).mean()) - by_chance) / (1 - by_chance)
