"""Rule on the picture in which two explanations, LIME's among them, are most unlike.

Maps are drawn by the kinds of figure ``strip`` and ``lime_overlay`` (`solver.page.figures.maps`).
The cross-check, by the overlap of marked places, is in `solver.rules.maps.most_unlike_check`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from solver.errors import EvidenceError
from solver.evidence import Evidence, Record
from solver.rules.maps.agreement import Reading, block_correlation, same_size, strip
from solver.rules.maps.displayed import readable_brightness, valid_places
from solver.rules.parameters import Picture, Rank, TwoMaps
from solver.rules.registry import Decision, Figure, Parameters, rule
from solver.rules.verdicts import Pair, strongest

Explained = Literal["lime", "saliency", "smoothgrad", "integrated_gradients"]


class UnlikeSettings(TwoMaps):
    """The two explanations, the pictures, and whether the most or the least unlike is asked for."""

    first: Explained = Field(description="one explanation")
    second: Explained = Field(description="the other")
    sign: Literal["for", "against"] = Field(
        default="for", description="which of LIME's colours: for is green, against red"
    )
    rank: Rank = "most"


class UnlikeClaim(Parameters):
    """In this picture they are most unlike (or, by `rank`, least)."""

    picture: Picture


@rule(
    "maps.most_unlike",
    settings=UnlikeSettings,
    claim=UnlikeClaim,
    needs=lambda s: s.records(s.first, s.second, "picture"),
)
def most_unlike(
    evidence: Evidence, settings: UnlikeSettings, claims: Sequence[UnlikeClaim]
) -> Decision:
    """Agreement of two explanations in each picture offered; the least holds.

    Correlation of the means of 16x16 blocks, as `maps.agreement` measures it. Of LIME the drawn
    segments of one colour are the map, 1 inside and 0 outside. No threshold is chosen: pictures are
    held against each other.
    """
    unit, what = "correlation", ("agreement in {0}", "{0}的一致程度")
    verdicts = ranked(evidence, settings, claims, correlated, unit, what)
    kinds = (settings.first, settings.second)
    maps = [kind for kind in kinds if kind != "lime"]
    figures = [strip(settings, maps, ("Each picture", "各張圖片"))]
    if "lime" in kinds:
        figures += [
            Figure(
                "lime_overlay",
                {"picture": claim.picture, "regions": []},
                (f"LIME of picture {claim.picture}", f"圖片 {claim.picture} 的 LIME"),
            )
            for claim, verdict in zip(claims, verdicts.verdicts, strict=True)
            if verdict.holds
        ]
    return Decision(verdicts.verdicts, figures)


def correlated(first: Reading, second: Reading) -> float:
    """Return the correlation of the block means of two maps of one shape."""
    return block_correlation(first[0], second[0], first[1] & second[1])


def ranked(
    evidence: Evidence,
    settings: UnlikeSettings,
    claims: Sequence[UnlikeClaim],
    agreement: Callable[[Reading, Reading], float],
    unit: str,
    what: Pair,
) -> Decision:
    """Return the verdicts by a measure of agreement of two maps of one shape: the least holds.

    Raises:
        EvidenceError: an option is of a picture that the settings do not name.
    """
    strange = sorted({claim.picture for claim in claims} - set(settings.pictures))
    if strange:
        raise EvidenceError(
            f"picture {strange[0]} is offered, and is not among 'pictures'",
            zh=f"選項中有圖片 {strange[0]}，但 'pictures' 未列出",
        )
    values = []
    for claim in claims:
        first, second = (
            reading_of(evidence[settings.record(kind, claim.picture)], settings.sign)
            for kind in (settings.first, settings.second)
        )
        values.append(agreement(first, same_size(first, second)))
    verdicts = strongest(
        values,
        [(f"picture {claim.picture}", f"圖片 {claim.picture}") for claim in claims],
        unit=unit,
        what=what,
        # Most unlike is the least agreement.
        rank="least" if settings.rank == "most" else "most",
    )
    return Decision(verdicts)


def reading_of(record: Record, sign: str) -> Reading:
    """Return an explanation as a map (H, W), and its readable places."""
    if record.kind != "lime":
        return readable_brightness(record)
    signs = record.array("signs", 2)
    drawn = signs > 0 if sign == "for" else signs < 0
    return drawn.astype(np.float64), valid_places(record, "signs")
