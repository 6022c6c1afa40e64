"""Cross-checks of the places where a map is bright: by its brightest places alone.

The rules take means, to which every dim place adds. Here only the brightest twentieth counts, and
not by how much it is brighter; so a wide faint glow and a few very bright points, which move a
mean, change nothing here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from solver.evidence import Evidence
from solver.rules.maps.brightest_region import (
    ClearPlaceClaim,
    ClearPlaceSettings,
    PlaceClaim,
    PlaceSettings,
    clear_decision,
    masks_of,
    place_figure,
)
from solver.rules.maps.chance import CHANCE, not_beyond_chance, share_by_chance
from solver.rules.maps.displayed import (
    brightest_of,
    density,
    readable_brightness,
    reservations,
    valid_places,
)
from solver.rules.registry import Decision, cross_check
from solver.rules.verdicts import Pair, amount, one_note, strongest


@cross_check("maps.brightest_region")
def most_marked_region(
    evidence: Evidence, settings: PlaceSettings, claims: Sequence[PlaceClaim]
) -> Decision:
    """Share of the brightest twentieth in each region, over that of an even spread.

    The displayed brightness is read, in both readings of the rule. The leading region holds only if
    in fewer than a hundredth of the ways to move and turn the map over the picture it is as much
    brighter than any one other region; else none holds, for noise has brightest places too, and one
    of two equal regions leads. (Chance is tested on mean brightness: any region may hold one
    compact clump whole, and then a few pixels decide how many of the ways do as well.)
    """
    record = evidence[settings.record]
    bright, valid = readable_brightness(record)
    marked = brightest_of(record).astype(float)
    masks = [masks_of(evidence, settings.picture, claim, bright.shape) for claim in claims]
    values = [min(density(marked, mask, valid) for mask in parts) for parts in masks]
    names = [claim.name(evidence, settings.picture) for claim in claims]
    verdicts = strongest(
        values,
        names,
        unit="times an even spread",
        what=("brightest places on {0}", "最亮處落在{0}的比例"),
        rank=settings.rank,
    )
    least = settings.rank == "least"
    leader = int(np.argmin(values) if least else np.argmax(values))
    # On mean brightness: any region may hold one compact clump whole, and then a few pixels of the
    # brightest twentieth decide how many of the ways do as well.
    chances = {
        rival: share_by_chance(bright, masks[rival], valid, masks[leader])
        if least
        else share_by_chance(bright, masks[leader], valid, masks[rival])
        for rival in range(len(claims))
        if rival != leader
    }
    # One of two equal regions always leads: the lead is held against its nearest rival.
    closest = max(chances, key=lambda rival: chances[rival])
    if verdicts[leader].holds and chances[closest] >= CHANCE.now():
        lead = _lead_named(names[leader], names[closest], values[leader], least=least)
        # The others fail by their own numbers already.
        verdicts[leader] = not_beyond_chance(chances[closest], "share of placements", lead)
    note = one_note(reservations(record))
    return Decision(verdicts, [place_figure(settings, claims)], note)


def _lead_named(name: Pair, rival: Pair, value: float, *, least: bool) -> Pair:
    """A region's lead in both languages, to be held against chance."""
    few, leads = ("fewest", f"is behind {rival[0]}") if least else ("most", f"leads {rival[0]}")
    many, ahead = ("最少", f"落後{rival[1]}") if least else ("最多", f"領先{rival[1]}")
    dense = amount(value, "times an even spread")
    return (
        f"{name[0]} has {few} of the brightest places, {dense[0]}, and {leads} in brightness",
        f"最亮處落在{name[1]}的{many}，為{dense[1]}，亮度{ahead}",
    )


@cross_check("maps.brightest_region.clear_place")
def clearly_marked_place(
    evidence: Evidence, settings: ClearPlaceSettings, claims: Sequence[ClearPlaceClaim]
) -> Decision:
    """The same test on the brightest twentieth alone: its density on a region.

    A person who names the place of "the points" sees the bright ones, not the mass of the dim ones.
    """
    record = evidence[settings.record]
    valid = valid_places(record)
    marked = brightest_of(record).astype(float)
    what = ("density of the brightest places on {0}", "{0}上最亮處的密度")
    return clear_decision(evidence, settings, claims, marked, valid, what, record)
