"""Rules on where a map is bright: in which of several named regions, or nowhere in particular."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from solver.evidence import Evidence, MissingEvidence, Record, record_id
from solver.rules.displayed import (
    SIDE,
    Floats,
    Mask,
    density,
    displayed_brightness,
    fitted_to,
    region,
    region_name,
    standing_out,
    valid_places,
)
from solver.rules.registry import Decision, Figure, Parameters, Verdict, rule
from solver.rules.verdicts import above, strongest


class PlaceSettings(Parameters):
    """Which map is read, and how.

    `reading`: "brightness", the displayed values; "standing_out", how far each place is brighter
    than its surroundings. `record` is the id of the map, such as ``smoothgrad/9``.
    """

    record: str = Field(pattern=r"^[a-z_]+(/[0-9]+)+$")
    picture: int
    reading: Literal["brightness", "standing_out"] = "brightness"


class PlaceClaim(Parameters):
    """The brightest is this region.

    minus: regions taken away from it first, since others claim them.
    evenly: the region is bright as a whole: its value is that of its dimmest part of these.
    outside: everything that is in none of these regions, instead of a region.
    """

    region: str | None = None
    minus: list[str] = Field(default_factory=list)
    evenly: list[str] = Field(default_factory=list)
    outside: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one(self) -> PlaceClaim:
        if (self.region is None) == (not self.outside):
            raise ValueError("a claim names a 'region' or what it is 'outside' of")
        return self

    @property
    def name(self) -> tuple[str, str]:
        """How a sentence calls it."""
        return region_name(self.region or "background")


def _needs(settings: PlaceSettings) -> list[str]:
    return [
        settings.record,
        *(record_id(kind, settings.picture) for kind in ("regions", "picture")),
    ]


def _readings(record: Record, reading: str) -> tuple[Floats, Mask]:
    bright = record.array("map", 2).astype(float) if record.kind == "activation" else None
    if bright is None:
        bright = displayed_brightness(record)
    if reading == "standing_out":
        bright = standing_out(bright)
    elif bright.min() < 0:
        bright = bright - bright.min()  # an activation is displayed from its lowest value up
    return bright, valid_places(record)


def _claimed(evidence: Evidence, picture: int, claim: PlaceClaim) -> Mask:
    if claim.region is None:
        everything = [region(evidence, picture, name) for name in claim.outside]
        outside: Mask = ~np.logical_or.reduce(everything)
        return outside
    inside = region(evidence, picture, claim.region)
    for name in claim.minus:
        inside = inside & ~region(evidence, picture, name)
    return inside


@rule("map.brightest_region", settings=PlaceSettings, claim=PlaceClaim, needs=_needs)
def brightest_region(
    evidence: Evidence, settings: PlaceSettings, claims: Sequence[PlaceClaim]
) -> Decision:
    """Mean of the map in each region over its mean in the whole picture; the densest holds.

    Why density and not mass: a large region would else win by its size. A region claimed "as a
    whole" is worth its dimmest part, so that a bright rim alone does not make a bright bowl. Read
    as displayed, or by what stands out from its surroundings where the ground itself glows. Held
    against the densest other region; no threshold is chosen.
    """
    record = evidence.get(*settings.record.split("/"))
    bright, valid = _readings(record, settings.reading)
    values = [_place_value(evidence, settings, claim, bright, valid) for claim in claims]
    read = {
        "brightness": ("brightness", "亮度"),
        "standing_out": ("brightness above the surroundings", "高於周圍的亮度"),
    }[settings.reading]
    verdicts = strongest(
        values,
        [claim.name for claim in claims],
        unit="times the picture's mean",
        what=(f"{read[0]} of {{0}} over the picture's mean", f"{{0}}的{read[1]}與全圖平均之比"),
    )
    regions = [claim.region for claim in claims if claim.region]
    return Decision(verdicts, [_map_figure(settings.record, settings.picture, regions)])


def _place_value(
    evidence: Evidence, settings: PlaceSettings, claim: PlaceClaim, bright: Floats, valid: Mask
) -> float:
    parts = claim.evenly or [""]
    masks = [
        region(evidence, settings.picture, part)
        if part
        else _claimed(evidence, settings.picture, claim)
        for part in parts
    ]
    return min(density(bright, fitted_to(mask, bright.shape), valid) for mask in masks)


def _map_figure(record: str, picture: int, regions: Sequence[str]) -> Figure:
    return Figure(
        "map",
        {"record": record, "picture": picture, "regions": list(dict.fromkeys(regions))},
        (f"Picture {picture} and its map ({record})", f"圖片 {picture} 與其圖（{record}）"),
    )


class ClearPlaceSettings(Parameters):
    """Which map is read, and what "clearly" means."""

    record: str = Field(pattern=r"^[a-z_]+(/[0-9]+)+$")
    picture: int
    times: float = Field(default=2.0, gt=1)
    chance: float = Field(default=0.01, gt=0, lt=1)


class ClearPlaceClaim(Parameters):
    """The points lie clearly on this region, or (`nowhere`) on none."""

    region: str | None = None
    nowhere: bool = False

    @model_validator(mode="after")
    def _one(self) -> ClearPlaceClaim:
        if (self.region is None) == (not self.nowhere):
            raise ValueError("a claim names a 'region' or says 'nowhere: true'")
        return self


SHUFFLES = 999

EVERYTHING = 1e6
"""The contrast given to a map that is dark outside the region: large, and still a number."""


def _clear_needs(settings: ClearPlaceSettings) -> list[str]:
    return [
        settings.record,
        *(record_id(kind, settings.picture) for kind in ("regions", "picture")),
    ]


@rule("map.clear_place", settings=ClearPlaceSettings, claim=ClearPlaceClaim, needs=_clear_needs)
def clear_place(
    evidence: Evidence, settings: ClearPlaceSettings, claims: Sequence[ClearPlaceClaim]
) -> Decision:
    """Density of a map inside a region over that in the rest, and how far chance would take it.

    Points lie "clearly" on a region when they are at least `times` as dense there as elsewhere (2:
    the smallest whole-number contrast one would state as a fact) and fewer than `chance` of 999
    shuffles of the map do as well. A shuffle lays its 64 tiles of 16x16 pixels out anew, which
    keeps clumps of up to an eighth of the picture together; a test pixel by pixel would take such
    a clump for many independent points. Of several regions that pass the densest holds. "Nowhere"
    holds when none passes.
    """
    record = evidence.get(*settings.record.split("/"))
    bright, valid = displayed_brightness(record), valid_places(record)
    found = {}
    for claim in claims:
        if claim.region is not None:
            mask = fitted_to(region(evidence, settings.picture, claim.region), bright.shape)
            found[claim.region] = _contrast_and_chance(bright, mask, valid)
    if not found:
        raise MissingEvidence(["a claim that names a region"])
    passing = {
        name: contrast
        for name, (contrast, chance) in found.items()
        if contrast >= settings.times and chance < settings.chance
    }
    best = max(passing, key=lambda name: passing[name]) if passing else None
    verdicts = [_clear_verdict(claim, found, best, settings) for claim in claims]
    return Decision(verdicts, [_map_figure(settings.record, settings.picture, list(found))])


def _contrast_and_chance(bright: Floats, mask: Mask, valid: Mask) -> tuple[float, float]:
    """(density inside over density outside, share of shuffled maps that do at least as well)."""
    values, counted = _tiles(np.where(valid, bright, 0.0)), _tiles(valid.astype(float))
    inside = _tiles(mask.astype(float))
    # Entry [t, p]: what tile t of the map would bring into the region if it lay at place p.
    mass, area = values @ inside.T, counted @ inside.T
    generator, order = np.random.default_rng(0), np.arange(len(values))
    arrangements = [order, *(generator.permutation(order) for _ in range(SHUFFLES))]
    contrasts = [
        _contrast(mass[order, places].sum(), area[order, places].sum(), values, counted)
        for places in arrangements
    ]
    as_good = sum(contrast >= contrasts[0] for contrast in contrasts[1:])
    return contrasts[0], (as_good + 1) / (SHUFFLES + 1)


def _tiles(values: Floats) -> Floats:
    """An (H, W) map as its 8x8 tiles of 16 pixels: (64, 256)."""
    at_size = values[np.ix_(*(np.arange(SIDE) * length // SIDE for length in values.shape))]
    tiles = at_size.reshape(8, 16, 8, 16).transpose(0, 2, 1, 3)
    return tiles.reshape(64, 256)


def _contrast(mass: float, area: float, values: Floats, counted: Floats) -> float:
    rest_mass, rest_area = float(values.sum()) - mass, float(counted.sum()) - area
    if area <= 0 or rest_area <= 0 or mass <= 0:
        return 0.0
    if rest_mass <= 0:
        return EVERYTHING
    return min(float((mass / area) / (rest_mass / rest_area)), EVERYTHING)


def _clear_verdict(
    claim: ClearPlaceClaim,
    found: dict[str, tuple[float, float]],
    best: str | None,
    settings: ClearPlaceSettings,
) -> Verdict:
    against = ("twice as dense is clear", "達兩倍密度才算明顯")
    if settings.times != 2:
        against = (
            f"{settings.times:g} times as dense is clear",
            f"達 {settings.times:g} 倍才算明顯",
        )
    if claim.region is None:
        densest = max(found, key=lambda name: found[name][0])
        name, (contrast, _) = region_name(densest), found[densest]
        verdict = above(
            contrast,
            settings.times,
            unit="times the rest",
            what=(
                f"the densest region, {name[0]}, against the rest",
                f"最密的區域（{name[1]}）與其餘之比",
            ),
            against=against,
            inclusive=True,
        )
        return _with_holds(verdict, best is None)
    name, (contrast, chance) = region_name(claim.region), found[claim.region]
    verdict = above(
        contrast,
        settings.times,
        unit="times the rest",
        what=(
            f"density on {name[0]} against the rest (by chance: {chance:.3g})",
            f"{name[1]}上的密度與其餘之比（偶然機率 {chance:.3g}）",
        ),
        against=against,
        inclusive=True,
    )
    return _with_holds(verdict, best == claim.region)


def _with_holds(verdict: Verdict, holds: bool) -> Verdict:
    return replace(verdict, holds=holds)
