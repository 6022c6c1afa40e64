"""Rule on the agreement of two maps, and on the one that lies closer to a region.

Maps are drawn by the kind of figure ``strip`` (`solver.page.figures.maps`). The cross-check, by
distances instead of shares, is in `solver.rules.maps.agreement_check`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import Field, model_validator

from solver.evidence import Evidence, Record
from solver.rules.maps.chance import CHANCE, not_beyond_chance
from solver.rules.maps.displayed import (
    Floats,
    Mask,
    brightest_of,
    correlation,
    fitted_to,
    readable_brightness,
    region,
    region_name,
    share_inside,
)
from solver.rules.maps.seen import traced, tracing_sentence
from solver.rules.parameters import MapKind, Picture, Region, TwoMaps
from solver.rules.registry import Decision, Figure, Note, Parameters, Verdict, rule
from solver.rules.thresholds import threshold
from solver.rules.verdicts import Pair, above, below, one_note, strongest
from solver.text.numbers import number

NAMES: dict[str, Pair] = {
    "lime": ("LIME", "LIME"),
    "saliency": ("saliency", "顯著圖"),
    "smoothgrad": ("SmoothGrad", "SmoothGrad"),
    "integrated_gradients": ("integrated gradients", "積分梯度"),
}

BLOCKS = threshold(
    "maps.blocks",
    16,
    "Blocks a side on which maps are compared: claims on places of a sixteenth of the picture "
    "repeat between seeds (rank correlation .98), single pixels do not (.57).",
    lowest=2,
    highest=64,
)
SAME = threshold(
    "maps.same",
    0.8,
    "Correlation, or overlap beyond chance, from which on two maps mark the same places: they "
    "share most of their variation (r2 = .64); of overlaps beyond chance .8 is called almost "
    "perfect (Landis and Koch 1977, doi:10.2307/2529310).",
    highest=1.0,
)
DIFFERENT = threshold(
    "maps.different",
    0.2,
    "Correlation, or overlap beyond chance, up to which two maps mark different places: they share "
    "almost nothing (r2 = .04); of overlaps beyond chance up to .2 is called slight (the same). "
    "Between the two they are neither the same nor different.",
)


class CompareSettings(TwoMaps):
    """The two kinds of map, and the region that "closer" is about."""

    first: MapKind = Field(default="saliency", description="one kind of map")
    second: MapKind = Field(default="smoothgrad", description="the other kind of map")
    region: Region = "food"


class CompareClaim(Parameters):
    """Either the marked places of `picture` are the same (`agree`) or not; or this is `closer`."""

    picture: Picture | None = Field(
        default=None, description="picture, counted from 0, whose two maps are compared"
    )
    agree: bool | None = Field(
        default=None, description="true: its marked places are the same; false: they differ"
    )
    closer: MapKind | None = Field(
        default=None,
        description="the kind that lies closer to the region over all pictures; of the two, the "
        "other lies farther from it",
    )

    @model_validator(mode="after")
    def _one(self) -> CompareClaim:
        agreement = self.picture is not None and self.agree is not None
        partial = (self.picture is None) != (self.agree is None)
        if partial or agreement == (self.closer is not None):
            raise ValueError("a claim has 'picture' and 'agree', or 'closer'")
        return self


@rule(
    "maps.agreement",
    settings=CompareSettings,
    claim=CompareClaim,
    needs=lambda s: s.records(s.first, s.second, "regions", "picture"),
)
def compare(
    evidence: Evidence, settings: CompareSettings, claims: Sequence[CompareClaim]
) -> Decision:
    """Agreement of two kinds of map on a picture; and which lies closer to a region overall.

    Agreement: correlation of the means of 16x16 blocks. Closer: the share of a map's brightest
    twentieth, the places seen as marked, that lies in the region; mean over the pictures. Both
    kinds are read on the same pictures with the same regions, so that a region's size need not be
    corrected for, and each picture counts alike. (The share was chosen over its ratio to chance
    with the course's maps in view; they tie either way.) The two kinds are held against each other;
    the note gives the number of pictures for each, and the standard error of the mean; and which
    traces the region's shape better to the eye, which decides nothing (`solver.rules.maps.seen`).
    """
    shares: dict[str, Floats] = {
        kind: np.array([_marked_share(evidence, kind, k, settings) for k in settings.pictures])
        for kind in (settings.first, settings.second)
    }
    place = region_name(evidence, settings.pictures[0], settings.region)
    what = (
        f"share of the brightest places of {{0}} that lies in {place[0]}",
        f"{{0}}最亮處落在{place[1]}內的比例",
    )
    measure = Measure(
        agreement=_block_agreement,
        closeness={kind: float(values.mean()) for kind, values in shares.items()},
        agreement_unit="correlation",
        closeness_unit="share of the brightest twentieth",
        closeness_what=what,
    )

    def note() -> Note:
        scores = {
            kind: np.array([_traced(evidence, kind, k, settings) for k in settings.pictures])
            for kind in shares
        }
        return one_note([*_spread_note(shares, place), tracing_sentence(scores, NAMES, place)])

    told = note if any(claim.closer for claim in claims) else None
    return compared(evidence, settings, claims, measure, told)


def _traced(evidence: Evidence, kind: str, picture: int, settings: CompareSettings) -> float:
    bright, valid = readable_brightness(evidence[settings.record(kind, picture)])
    thing = share_inside(region(evidence, picture, settings.region), bright.shape) >= 0.5
    return traced(bright, thing, valid)


def _spread_note(shares: Mapping[str, Floats], region: Pair) -> list[Pair]:
    (first, of_first), (second, of_second) = shares.items()
    lead = of_first - of_second  # (pictures,)
    error = float(lead.std(ddof=1) / np.sqrt(len(lead))) if len(lead) > 1 else 0.0
    said, count = NAMES[first], int((lead > 0).sum())
    other, others = NAMES[second], int((lead < 0).sum())
    return [
        (
            f"{said[0][:1].upper()}{said[0][1:]} is closer to {region[0]} in {count} pictures, "
            f"{other[0]} in {others}; the mean difference is {number(float(lead.mean()))}, its "
            f"standard error over the pictures {number(error)}.",
            f"{said[1]}在 {count} 張圖片中較貼近{region[1]}，{other[1]}在 {others} 張中較貼近；"
            f"平均差 {number(float(lead.mean()))}，各圖片間的標準誤 {number(error)}。",
        )
    ]


Reading = tuple[Floats, Mask]
"""A map's displayed brightness (H, W) and where it can be read."""


@dataclass(frozen=True)
class Measure:
    """A measure of agreement and one of closeness, with their names in sentences.

    Attributes:
        agreement: of two maps.
        closeness: of each kind of map; larger is closer.
        lead_by_chance: probability that chance makes one kind lead as far; 0: not tested.
    """

    agreement: Callable[[Record, Record], float]
    closeness: Mapping[str, float]
    agreement_unit: str
    closeness_unit: str
    closeness_what: Pair
    lead_by_chance: float = 0.0


def compared(
    evidence: Evidence,
    settings: CompareSettings,
    claims: Sequence[CompareClaim],
    measure: Measure,
    told: Callable[[], Note] | None = None,
) -> Decision:
    """Return the decision by one measure, with both kinds of map of every picture as the figure."""
    verdicts = [_verdict(evidence, settings, claim, measure) for claim in claims]
    kinds = (settings.first, settings.second)
    figure = strip(settings, kinds, ("Both maps of each picture", "每張圖片的兩種圖"))
    return Decision(verdicts, [figure], told)


def strip(settings: TwoMaps, kinds: Sequence[str], caption: Pair) -> Figure:
    """Return the figure of the pictures side by side, and below them their maps of each kind."""
    names = {"picture": ("picture", "圖片"), **{kind: NAMES[kind] for kind in kinds}}
    rows = [
        {"label": list(name), "records": settings.records(kind)} for kind, name in names.items()
    ]
    return Figure("strip", {"rows": rows}, caption)


def _verdict(
    evidence: Evidence, settings: CompareSettings, claim: CompareClaim, measure: Measure
) -> Verdict:
    if claim.closer is not None:
        # The claimed kind first, for `strongest` gives its verdict first.
        order = [claim.closer, *(kind for kind in measure.closeness if kind != claim.closer)]
        verdict = strongest(
            [measure.closeness[kind] for kind in order],
            [NAMES[kind] for kind in order],
            unit=measure.closeness_unit,
            what=measure.closeness_what,
        )[0]
        if not verdict.holds or measure.lead_by_chance < CHANCE.now():
            return verdict
        english, chinese = (sentence.rstrip(".。") for sentence in verdict.sentence)
        clear = (
            f"{english}; by chance the pictures would side with it as clearly",
            f"{chinese}；各圖偶然如此一致的機率",
        )
        return not_beyond_chance(measure.lead_by_chance, "probability", clear)
    assert claim.picture is not None
    first, second = (
        evidence[settings.record(kind, claim.picture)] for kind in (settings.first, settings.second)
    )
    value = measure.agreement(first, second)
    what = (
        f"agreement of the two maps of picture {claim.picture}",
        f"圖片 {claim.picture} 的兩種圖的一致程度",
    )
    unit = measure.agreement_unit
    if claim.agree:
        against = ("the same places", "達此即位置相同")
        return above(value, SAME.now(), unit=unit, what=what, against=against, inclusive=True)
    against = ("other places", "低於此即位置不同")
    return below(value, DIFFERENT.now(), unit=unit, what=what, against=against)


def readings(first: Record, second: Record) -> tuple[Reading, Reading]:
    """Return two maps as displayed, each with its readable places, at the size of the first."""
    one = readable_brightness(first)
    return one, same_size(one, readable_brightness(second))


def same_size(first: Reading, second: Reading) -> Reading:
    """Return the second of two readings at the size of the first."""
    size = first[0].shape
    return fitted_to(second[0], size), fitted_to(second[1], size)


def _block_agreement(first: Record, second: Record) -> float:
    one, other = readable_brightness(first), readable_brightness(second)
    # Read everywhere: block means are kept with the record, for all questions and repeats.
    if one[0].shape == other[0].shape and one[1].all() and other[1].all():
        return correlation(_blocks_of(first), _blocks_of(second))
    these, those = readings(first, second)
    return block_correlation(these[0], those[0], these[1] & those[1])


def _blocks_of(record: Record) -> Floats:
    """The block means of a map that can be read everywhere."""
    return record.cached(
        ("block means", BLOCKS.now()), lambda: block_means(readable_brightness(record)[0])
    )


def block_correlation(first: Floats, second: Floats, valid: Mask | None = None) -> float:
    """Return the correlation of the means of 16x16 blocks of two maps.

    Blocks of which no half can be read do not count.
    """
    if valid is None or valid.all():
        return correlation(block_means(first), block_means(second))
    readable = block_means(valid.astype(float))  # share of each block
    # Of a block with less, the mean would be that of its readable corner.
    kept = readable >= 0.5
    means = (
        block_means(np.where(valid, values, 0.0))[kept] / readable[kept]
        for values in (first, second)
    )
    return correlation(*means) if kept.any() else 0.0


def block_means(values: Floats) -> Floats:
    """Return the means of 16x16 blocks of a map (H, W)."""
    from scipy import ndimage

    # Rounded: `--stability` varies it by a factor, and blocks are whole.
    blocks = round(BLOCKS.now())
    zoom = tuple(blocks / side for side in values.shape)
    # Anti-aliasing
    smooth = ndimage.gaussian_filter(values, [side / blocks / 3 for side in values.shape])
    means: Floats = ndimage.zoom(smooth, zoom, order=1, grid_mode=True, mode="nearest")
    return means


def _marked_share(evidence: Evidence, kind: str, picture: int, settings: CompareSettings) -> float:
    marked = brightest_of(evidence[settings.record(kind, picture)])
    inside = share_inside(region(evidence, picture, settings.region), marked.shape)
    # An even map marks nothing, and nothing of it lies in a region.
    return float(inside[marked].mean()) if marked.any() else 0.0
