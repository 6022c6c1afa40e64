"""Second ways to say where a map is bright: by its brightest places alone.

The first ways take means, to which every dim place adds. Here only the brightest twentieth speaks,
and how much brighter it is does not count; so a wide faint glow and a few very bright points, which
move a mean, move nothing here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from solver.evidence import Evidence
from solver.rules.bright_places import (
    ClearPlaceClaim,
    ClearPlaceSettings,
    PlaceClaim,
    PlaceSettings,
    clear_decision,
    masks_of,
    place_figure,
)
from solver.rules.chance import CHANCE, share_by_chance
from solver.rules.displayed import brightest_places, density, readable_brightness, reservations
from solver.rules.registry import Decision, Verdict, second_way
from solver.rules.verdicts import Pair, below, one_note, strongest


@second_way("map.brightest_region")
def most_marked_region(
    evidence: Evidence, settings: PlaceSettings, claims: Sequence[PlaceClaim]
) -> Decision:
    """How much of the brightest twentieth lies in each region, over what an even spread would give.

    The displayed brightness is read, whatever the first way reads. The leading region holds only if
    fewer than a hundredth of the ways to move and turn the map over the picture make it as bright
    there; else no region holds, for noise has brightest places too. (Chance is asked of the map's
    mean: the share of the brightest places is 1 on any region that holds one compact clump, and
    then a few pixels decide how many of the ways do as well.)
    """
    record = evidence.get(*settings.record.split("/"))
    bright, valid = readable_brightness(record)
    marked = brightest_places(bright, valid).astype(float)
    masks = [masks_of(evidence, settings.picture, claim, bright.shape) for claim in claims]
    values = [min(density(marked, mask, valid) for mask in parts) for parts in masks]
    names = [claim.name for claim in claims]
    verdicts = strongest(
        values,
        names,
        unit="times an even spread",
        what=("brightest places on {0} over an even spread", "落在{0}的最亮處與均勻分布之比"),
    )
    leader = int(np.argmax(values))
    chance = share_by_chance(bright, masks[leader], valid)
    if chance >= CHANCE.now() and verdicts[leader].holds:
        verdicts[leader] = _by_chance(names[leader], values[leader], chance)
    note = one_note(reservations(record))
    return Decision(verdicts, [place_figure(settings, claims)], note)


def _by_chance(name: Pair, value: float, chance: float) -> Verdict:
    verdict = below(
        chance,
        CHANCE.now(),
        unit="share of placements",
        what=(
            f"{name[0]} has most of the brightest places, {value:.3g} times an even spread; "
            "placements of the map that are as bright there",
            f"{name[1]}的最亮處最多，為均勻分布的 {value:.3g} 倍；任意擺放而同樣亮的比例",
        ),
        against=("beyond chance", "非偶然"),
    )
    return replace(verdict, holds=False)


@second_way("map.clear_place")
def clearly_marked_place(
    evidence: Evidence, settings: ClearPlaceSettings, claims: Sequence[ClearPlaceClaim]
) -> Decision:
    """The same test on the brightest twentieth alone: how densely it lies on a region.

    A person who says where "the points" lie looks at those that are seen, and not at the mass of
    the dim ones.
    """
    record = evidence.get(*settings.record.split("/"))
    bright, valid = readable_brightness(record)
    marked = brightest_places(bright, valid).astype(float)
    what = ("brightest places on {0} against the rest", "{0}上最亮處的密度與其餘之比")
    return clear_decision(evidence, settings, claims, marked, valid, what, record)
