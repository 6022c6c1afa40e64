"""Rules on the bright places of a map: on one of several named regions, or on none clearly.

Maps are drawn by the kind of figure ``map`` (`solver.page.figures.maps`). The cross-checks, by the
brightest places alone, are in `solver.rules.maps.brightest_region_check`.

>>> left = np.arange(128) < np.full((128, 1), 64)  # the left half of (128, 128)
>>> shown = Record("saliency/2", {"map": left.astype(np.float32)})
>>> halves = Record("regions/2", {"food": left, "plate": ~left})
>>> evidence = Evidence({shown.id: shown, halves.id: halves})
>>> claims = [PlaceClaim(region="food"), PlaceClaim(region="plate")]
>>> settings = PlaceSettings(map="saliency", picture=2)
>>> [one.holds for one in brightest_region(evidence, settings, claims).verdicts]
[True, False]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from solver.errors import MissingEvidence
from solver.evidence import Evidence, Record, record_id
from solver.rules.maps.chance import CHANCE, lead_sentence, share_by_chance
from solver.rules.maps.displayed import (
    BACKGROUND,
    Floats,
    Mask,
    density,
    mean_inside,
    readable_brightness,
    region,
    region_name,
    reservations,
    share_inside,
    standing_out,
)
from solver.rules.maps.seen import halo_sentence, leads_by_border, spread_sentence
from solver.rules.parameters import MapSettings, Rank, Region
from solver.rules.registry import Decision, Figure, Note, Parameters, Verdict, rule
from solver.rules.thresholds import threshold
from solver.rules.verdicts import (
    PLACEMENTS,
    Pair,
    above,
    amount,
    by_chance,
    one_note,
    strongest,
)
from solver.text.record_names import record_name


class PlaceSettings(MapSettings):
    """The map to read, and its regions."""

    reading: Literal["brightness", "standing_out"] = Field(
        default="brightness",
        description="brightness: the displayed values; standing_out: how far each place is "
        "brighter than its surroundings",
    )
    rank: Rank = "most"


class PlaceClaim(Parameters):
    """The brightest (or, by `rank`, the dimmest) is this region."""

    region: Region | None = Field(default=None, description="name of a region in regions.yaml")
    minus: list[Region] = Field(
        default_factory=list,
        description="regions taken away from it first, since other options claim them",
    )
    evenly: list[Region] = Field(
        default_factory=list,
        description="the region is bright as a whole: its value is that of the dimmest of these",
    )
    outside: list[Region] = Field(
        default_factory=list,
        description="instead of a region: everything that is in none of these",
    )

    @model_validator(mode="after")
    def _one(self) -> PlaceClaim:
        if (self.region is None) == (not self.outside):
            raise ValueError("a claim names a 'region' or what it is 'outside' of")
        return self

    def name(self, evidence: Evidence, picture: int) -> Pair:
        """Its name in a sentence."""
        return region_name(evidence, picture, self.region) if self.region else BACKGROUND


def _needs(settings: MapSettings) -> list[str]:
    return [
        settings.record,
        *(record_id(kind, settings.picture) for kind in ("regions", "picture")),
    ]


@rule("maps.brightest_region", settings=PlaceSettings, claim=PlaceClaim, needs=_needs)
def brightest_region(
    evidence: Evidence, settings: PlaceSettings, claims: Sequence[PlaceClaim]
) -> Decision:
    """Mean of the map in each region over its mean in the whole picture; the densest holds.

    The mean, not the sum: a large region would else win by its size. A region claimed "as a whole"
    is worth its dimmest part, so that a bright rim alone does not make a bright bowl. Read as
    displayed; or, where the ground itself glows, by the difference to the surroundings, as the eye
    sees brightness there. Held against the densest other region; no threshold decides, only the
    reach of the surroundings where they are used. The note gives the share of the ways to lay the
    same map over the picture in which it would lead that other region by as much, and says where a
    halo beside the border makes the lead (`solver.rules.maps.seen`), which decides nothing.
    """
    record = evidence[settings.record]
    bright, valid = readable_brightness(record)
    if settings.reading == "standing_out":
        bright = standing_out(bright, valid)
    masks = [masks_of(evidence, settings.picture, claim, bright.shape) for claim in claims]
    # The dimmest part: a bright rim alone does not make a bright bowl.
    values = [min(density(bright, mask, valid) for mask in parts) for parts in masks]
    read = {
        "brightness": ("brightness", "的亮度"),
        "standing_out": ("brightness above the surroundings", "比周圍亮的程度"),
    }[settings.reading]
    names = [claim.name(evidence, settings.picture) for claim in claims]
    verdicts = strongest(
        values,
        names,
        unit="times the picture's mean",
        what=(f"{read[0]} of {{0}}", f"{{0}}{read[1]}"),
        rank=settings.rank,
    )
    said = reservations(record)
    # A lead needs somebody to lead.
    if len(claims) == 1:
        return Decision(verdicts, [place_figure(settings, claims)], one_note(said))
    leader, runner_up = first_two(values)
    if settings.rank == "least":  # how the next dimmest leads the dimmest
        runner_up, leader = first_two([-value for value in values])

    def note() -> Note:
        chance = share_by_chance(bright, masks[leader], valid, masks[runner_up])
        lines = [lead_sentence(names[leader], names[runner_up], chance)]
        if settings.reading == "brightness":
            # Half a pixel or more of a region is a place of it.
            sides = ([part >= 0.5 for part in masks[at]] for at in (leader, runner_up))
            leads = leads_by_border(bright, valid, *sides)
            lines += halo_sentence(leads, names[leader], names[runner_up])
        return one_note([*lines, *said])

    return Decision(verdicts, [place_figure(settings, claims)], note)


def first_two(values: Sequence[float]) -> tuple[int, int]:
    """Return the places of the largest value and of the next."""
    order = sorted(range(len(values)), key=lambda at: values[at], reverse=True)
    return order[0], order[1]


def masks_of(
    evidence: Evidence, picture: int, claim: PlaceClaim, shape: tuple[int, ...]
) -> list[Floats]:
    """Return the share of each pixel of a map in the parts a claim is about; one part unless
    claimed "as a whole"."""
    if claim.evenly:
        return [share_inside(region(evidence, picture, part), shape) for part in claim.evenly]
    if claim.region is None:
        named = [region(evidence, picture, name) for name in claim.outside]
        inside: Mask = ~np.logical_or.reduce(named)  # outside of all that are named
    else:
        inside = region(evidence, picture, claim.region)
        for name in claim.minus:
            inside = inside & ~region(evidence, picture, name)
    return [share_inside(inside, shape)]


def place_figure(settings: PlaceSettings, claims: Sequence[PlaceClaim]) -> Figure:
    """Return the figure of the map and the regions claimed."""
    regions = [claim.region for claim in claims if claim.region]
    return map_figure(settings.record, settings.picture, regions)


def map_figure(record: str, picture: int, regions: Sequence[str]) -> Figure:
    """Return the figure of a map beside its picture, with regions outlined."""
    english, chinese = record_name(record)
    return Figure(
        "map",
        {"record": record, "picture": picture, "regions": list(dict.fromkeys(regions))},
        (english[:1].upper() + english[1:], chinese),
    )


TIMES = threshold(
    "places.clear_times",
    2.0,
    "The smallest whole-number contrast, which one would state as a fact: twice as dense.",
    lowest=1.0,
)


class ClearPlaceSettings(MapSettings):
    """The map to read, and the bound for "clearly"."""

    times: float = Field(
        default=TIMES.value, gt=1, description="how many times as dense as elsewhere is clear"
    )
    chance: float = Field(
        default=CHANCE.value,
        gt=0,
        lt=1,
        description="share of the ways to move the map over the picture that may do as well",
    )


class ClearPlaceClaim(Parameters):
    """The points lie clearly on this region, or (`nowhere`) on none."""

    region: Region | None = Field(default=None, description="name of a region in regions.yaml")
    nowhere: bool = Field(default=False, description="true: on none of the regions claimed")

    @model_validator(mode="after")
    def _one(self) -> ClearPlaceClaim:
        if (self.region is None) == (not self.nowhere):
            raise ValueError("a claim names a 'region' or says 'nowhere: true'")
        return self


EVERYTHING = 1e6
"""The contrast of a map that is dark outside the region: large, and still a number."""


@rule(
    "maps.brightest_region.clear_place",
    settings=ClearPlaceSettings,
    claim=ClearPlaceClaim,
    needs=_needs,
)
def clear_place(
    evidence: Evidence, settings: ClearPlaceSettings, claims: Sequence[ClearPlaceClaim]
) -> Decision:
    """Density of a map inside a region over that in the rest, and the share of chance in it.

    Points lie "clearly" on a region when they are at least `times` as dense there as elsewhere, and
    fewer than `chance` of all the ways to move, turn and mirror the map over the picture do as
    well. Of several regions that pass the densest holds. "Nowhere" holds when none passes. The note
    says whether the map is diffuse to the eye, and which of the regions its brightest spot lies on
    (`solver.rules.maps.seen`), which decides nothing.
    """
    record = evidence[settings.record]
    bright, valid = readable_brightness(record)
    what = ("density on {0}", "{0}上的密度")
    decision = clear_decision(evidence, settings, claims, bright, valid, what, record)
    things = {
        region_name(evidence, settings.picture, name): inside >= 0.5
        for name in (claim.region for claim in claims)
        if name is not None
        for inside in [share_inside(region(evidence, settings.picture, name), bright.shape)]
    }

    def note() -> Note:
        return one_note([spread_sentence(bright, valid, things), *reservations(record)])

    return replace(decision, told=note)


@dataclass(frozen=True)
class Clearness:
    """Clearness of a map on a region: density there over the rest, and the share by chance."""

    contrast: float
    chance: float


def clear_decision(
    evidence: Evidence,
    settings: ClearPlaceSettings,
    claims: Sequence[ClearPlaceClaim],
    values: Floats,
    valid: Mask,
    what: Pair,
    record: Record,
) -> Decision:
    """Return the decision on the region where `values` (H, W), not negative, lie clearly.

    Raises:
        MissingEvidence: no claim names a region, or one is not drawn.
    """
    found = {}
    for name in (claim.region for claim in claims if claim.region is not None):
        inside = share_inside(region(evidence, settings.picture, name), values.shape)
        chance = share_by_chance(values, [inside], valid)
        found[name] = Clearness(_contrast(values, inside, valid), chance)
    if not found:
        raise MissingEvidence(what=("a claim that names a region", "指出區域的選項"))
    names = {name: region_name(evidence, settings.picture, name) for name in found}
    test = _Test(TIMES.now(settings.times), CHANCE.now(settings.chance), what, names)
    verdicts = [test.verdict(claim.region, found) for claim in claims]
    figure = map_figure(settings.record, settings.picture, list(found))
    return Decision(verdicts, [figure], one_note(reservations(record)))


def _contrast(values: Floats, inside: Floats, valid: Mask) -> float:
    within, rest = (mean_inside(values, part, valid) for part in (inside, 1 - inside))
    if within is None or rest is None or within <= 0:
        return 0.0
    # A finite number: JSON and YAML of a key have no infinity.
    return min(within / rest, EVERYTHING) if rest > 0 else EVERYTHING


@dataclass(frozen=True)
class _Test:
    """The bound for "clearly", and the measurement's text with a place for the region's name."""

    times: float
    level: float
    what: Pair
    names: Mapping[str, Pair]

    def passes(self, one: Clearness) -> bool:
        return one.contrast >= self.times and one.chance < self.level

    def verdict(self, name: str | None, found: Mapping[str, Clearness]) -> Verdict:
        """The verdict on a region, or on "nowhere" (None)."""
        passing = {key: one.contrast for key, one in found.items() if self.passes(one)}
        best = max(passing, key=lambda key: passing[key]) if passing else None
        if name is None:
            # "Nowhere" hangs on the region that comes nearest to passing.
            densest = best or max(found, key=lambda key: found[key].contrast)
            return replace(self._limited(densest, found[densest]), holds=best is None)
        if name in passing and name != best:
            assert best is not None
            order = [name, best]  # it passes, but less than another does
            return strongest(
                [passing[key] for key in order],
                [self.names[key] for key in order],
                unit="times the rest",
                what=self.what,
            )[0]
        return self._limited(name, found[name])

    def _limited(self, name: str, one: Clearness) -> Verdict:
        """The verdict by the test that a region fails or, where it passes both, by the contrast."""
        english, chinese = (
            text.format(own) for text, own in zip(self.what, self.names[name], strict=True)
        )
        if one.contrast >= self.times and one.chance >= self.level:
            dense = amount(one.contrast, "times the rest")
            said = f"{english}: {dense[0]}", f"{chinese}：{dense[1]}"
            return by_chance(one.chance, self.level, said)
        chance = amount(one.chance, PLACEMENTS)
        return above(
            one.contrast,
            self.times,
            unit="times the rest",
            what=(
                f"{english} (by chance {chance[0]})",
                f"{chinese}（偶然如此：{chance[1]}）",
            ),
            against=(
                "clearly denser",
                "明顯較密",
            ),
            inclusive=True,
        )
