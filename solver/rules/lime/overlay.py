"""Rules on LIME's overlay: places of its colours, and their meaning.

The overlay shows the first segments by absolute weight, green for the class, red against it. A
hand-made record may hold only `signs` (read off a figure) and no weights. Overlays are drawn by the
kind of figure ``lime_overlay`` (`solver.page.figures.maps`); the cross-checks, by weights and by
pieces, are in `solver.rules.lime.overlay_check`.

>>> left = np.arange(128) < np.full((128, 1), 64)  # the left half of (128, 128)
>>> signs = Record("lime/6", {"signs": np.where(left, 1, -1).astype(np.int8)})
>>> halves = Record("regions/6", {"food": left, "plate": ~left})
>>> evidence = Evidence({signs.id: signs, halves.id: halves})
>>> claims = [SignPlace(sign="for", region="food"), SignPlace(sign="for", region="plate")]
>>> [one.holds for one in sign_in_region(evidence, RegionsSettings(picture=6), claims).verdicts]
[True, False]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from solver.errors import MissingEvidence
from solver.evidence import Evidence, Record, record_id
from solver.rules.maps.chance import chance_sentence, share_by_chance
from solver.rules.maps.displayed import (
    Floats,
    Mask,
    fitted_to,
    region,
    region_name,
    reservations,
    valid_places,
)
from solver.rules.parameters import Picture, Rank, Region
from solver.rules.registry import Decision, Figure, Note, Parameters, Verdict, rule
from solver.rules.thresholds import threshold
from solver.rules.verdicts import Pair, above, amount, amounts, one_note, strongest
from solver.text.numbers import number

Sign = Literal["for", "against"]
SIGN = {"for": 1, "against": -1}
_SIGN_NAMES = {"for": ("green (for)", "綠色（支持）"), "against": ("red (against)", "紅色（反對）")}


class PlaceSettings(Parameters):
    """The picture."""

    picture: Picture


class RegionsSettings(PlaceSettings):
    """The picture, and whether most or least is asked for."""

    rank: Rank = "most"


class SignPlace(Parameters):
    """The sign is on this region."""

    sign: Sign = Field(description="for the class (green), or against it (red)")
    region: Region


def overlay_figure(picture: int, regions: Sequence[str]) -> Figure:
    """Return the figure of LIME's overlay with regions outlined."""
    names = list(dict.fromkeys(regions))
    caption = (
        f"LIME of picture {picture}: green for the class, red against it",
        f"圖片 {picture} 的 LIME：綠色支持該類別，紅色反對",
    )
    return Figure("lime_overlay", {"picture": picture, "regions": names}, caption)


def _needs(settings: PlaceSettings) -> list[str]:
    return [record_id(kind, settings.picture) for kind in ("lime", "regions", "picture")]


def overlay_signs(
    evidence: Evidence, picture: int, shape: npt.NDArray[np.generic]
) -> tuple[Mask, Mask, Mask]:
    """Return (drawn for, drawn against, readable) as bool, each at the size of `shape`."""
    record = evidence.get("lime", picture)
    signs = record.array("signs", 2)
    valid = valid_places(record, "signs")
    at_size = [fitted_to(mask, shape.shape) for mask in (signs > 0, signs < 0, valid)]
    # Where nothing can be read, nothing is drawn either: not counted for, nor against.
    return at_size[0] & at_size[2], at_size[1] & at_size[2], at_size[2]


@rule("lime.overlay.sign_in_region", settings=RegionsSettings, claim=SignPlace, needs=_needs)
def sign_in_region(
    evidence: Evidence, settings: RegionsSettings, claims: Sequence[SignPlace]
) -> Decision:
    """Share of a region that the overlay covers in a colour, against the other pairs claimed.

    It is a share of the region, not of the colour: regions differ in size, and a colour that spills
    over a large plate would else beat one that covers the food; and the place of a colour of which
    little is drawn means little. Rivals are the other pairs of colour and region the question
    offers. No threshold is chosen. The note gives the share of the ways to lay the same overlay
    over the picture in which the leading region would have as much of its colour.
    """
    values, found = [], []
    for claim in claims:
        inside = region(evidence, settings.picture, claim.region)
        positive, negative, valid = overlay_signs(evidence, settings.picture, inside)
        drawn = positive if claim.sign == "for" else negative
        # A share of the region, not of the colour: one that spills over a large plate would else
        # beat one that covers the food.
        values.append(float((drawn & inside).sum() / max((inside & valid).sum(), 1)))
        found.append((drawn.astype(float), [inside], valid))
    verdicts = strongest(
        values,
        [pair_name(evidence, settings.picture, claim) for claim in claims],
        unit="share of the region",
        what=("share of the region covered by {0}", "{0}占該區域面積的比例"),
        rank=settings.rank,
        says=[_covers(evidence, settings.picture, claim) for claim in claims],
    )
    figure = overlay_figure(settings.picture, [claim.region for claim in claims])
    said = overlay_reservations(evidence.get("lime", settings.picture))
    leader = int(np.argmax(values))
    place = region_name(evidence, settings.picture, claims[leader].region)

    def note() -> Note:
        return one_note([chance_sentence(place, share_by_chance(*found[leader])), *said])

    return Decision(verdicts, [figure], note if settings.rank == "most" else one_note(said))


def _covers(evidence: Evidence, picture: int, claim: SignPlace) -> Pair:
    """The clause "green covers {0} of the food"."""
    colour = COLOUR_NAMES["green" if claim.sign == "for" else "red"]
    place = region_name(evidence, picture, claim.region)
    return f"{colour[0]} covers {{0}} of {place[0]}", f"{colour[1]}覆蓋{place[1]}的 {{0}}"


def pair_name(evidence: Evidence, picture: int, claim: SignPlace) -> Pair:
    """Return the name of a colour on a region in sentences, in both languages."""
    sign, place = _SIGN_NAMES[claim.sign], region_name(evidence, picture, claim.region)
    return f"{sign[0]} on {place[0]}", f"{place[1]}上的{sign[1]}"


def overlay_reservations(record: Record) -> list[Pair]:
    """Return the limits of an overlay that was read off a figure, as sentences."""
    said = reservations(record, "signs")
    hidden = [record.values.get(f"share_where_{one}_cannot_be_seen") for one in CHANNEL]
    most = max((share for share in hidden if isinstance(share, (int, float))), default=0.0)
    # Less than half a percent is shown as 0%.
    if most >= 0.005:
        said.append(
            (
                f"On {most:.0%} of the picture, which is bright already, a colour cannot be seen.",
                f"圖片有 {most:.0%} 原已太亮，看不出是否上色。",
            )
        )
    weights = record.arrays.get("weights")
    if weights is not None and weights.size and not record.array("signs").any():
        largest = number(float(np.abs(weights).max()))
        said.append(
            (
                f"No segment is drawn: the largest weight is {largest}, below the least that is "
                "drawn (min_weight in bank.yaml).",
                f"沒有任何區塊上色：最大的權重為 {largest}，未達上色所需的最小權重"
                "（bank.yaml 的 min_weight）。",
            )
        )
    return said


class ContourSettings(PlaceSettings):
    """The picture, and the region to measure: a contour, or any other part."""

    region: Region = "contour"


class ContourClaim(Parameters):
    """The region has this role."""

    role: Literal["for", "against", "both", "unused"] = Field(
        description="wholly for the class, wholly against it, partly each, or not used"
    )


USED = threshold(
    "lime.used_share",
    0.10,
    "Less than this share of the contour in colour, and it is not used: the eleven segments shown, "
    "of some hundred, cover about a tenth of any band by chance.",
    highest=1.0,
)
MINOR = threshold(
    "lime.minor_share",
    0.10,
    "The lesser colour must have this share of the coloured contour for both to be there: one "
    "drawn segment of eleven.",
    highest=0.5,
)

_ROLES = {
    "for": ("{0} is wholly for", "{0}全為支持"),
    "against": ("{0} is wholly against", "{0}全為反對"),
    "both": ("{0} is partly for, partly against", "{0}部分支持、部分反對"),
    "unused": ("{0} is not used", "{0}未被使用"),
}


@rule(
    "lime.overlay.signs_along_contour", settings=ContourSettings, claim=ContourClaim, needs=_needs
)
def signs_along_contour(
    evidence: Evidence, settings: ContourSettings, claims: Sequence[ContourClaim]
) -> Decision:
    """Shares of a contour that the drawn segments cover, by colour.

    First the share of the contour in any colour: below a tenth, which segments laid anywhere would
    cover, it is not used. Then the lesser colour's share of the coloured part: from a tenth on, one
    segment of the eleven drawn, both are there. The note compares with the rest of the picture.
    """
    inside = region(evidence, settings.picture, settings.region)
    positive, negative, valid = overlay_signs(evidence, settings.picture, inside)
    size = max(int((inside & valid).sum()), 1)
    shares = {"for": (positive & inside).sum() / size, "against": (negative & inside).sum() / size}
    used = float(shares["for"] + shares["against"])
    minor = float(min(shares.values()) / used) if used > 0 else 0.0
    place = region_name(evidence, settings.picture, settings.region)
    words: RoleWords = {
        "region": place,
        "used": (f"share of {place[0]} in colour", f"{place[1]}被上色的比例"),
        "minor": (f"share of the lesser colour on {place[0]}", f"{place[1]}上較少的顏色所占的比例"),
    }
    verdicts = [role_verdict(claim.role, used, minor, shares, words) for claim in claims]
    rest = (positive | negative)[~inside & valid]
    elsewhere = float(rest.mean()) if rest.size else 0.0
    note = [
        (
            f"Coloured are {used:.0%} of {place[0]} and {elsewhere:.0%} of the rest.",
            f"上色部分占{place[1]}的 {used:.0%}，占其餘部分的 {elsewhere:.0%}。",
        ),
        *overlay_reservations(evidence.get("lime", settings.picture)),
    ]
    figure = overlay_figure(settings.picture, [settings.region])
    return Decision(verdicts, [figure], one_note(note))


RoleWords = Mapping[Literal["region", "used", "minor"], Pair]
"""A region's name, and the names of the measurements of its use and of its lesser colour."""


def role_verdict(
    role: str, used: float, minor: float, shares: Mapping[str, float], words: RoleWords
) -> Verdict:
    """Return the verdict on a region's role.

    Args:
        role: "for", "against", "both" or "unused".
        used: share of the region in colour.
        minor: share of the lesser colour in that.
        shares: of each colour, by "for" and "against".
        words: names for the sentence.
    """
    # Use first: of a contour without colour neither colour is the lesser one.
    is_used = used >= USED.now()
    both = is_used and minor >= MINOR.now()
    major = "for" if shares["for"] > shares["against"] else "against"
    holds = {
        "unused": not is_used,
        "both": both,
        "for": is_used and not both and major == "for",
        "against": is_used and not both and major == "against",
    }[role]
    by_use = role == "unused" or not is_used
    value, limit = (used, USED.now()) if by_use else (minor, MINOR.now())
    measured = words["used" if by_use else "minor"]
    green, red = (
        # Counts from the cross-check, shares from the rule.
        str(one) if isinstance(one, int) else amount(float(one), "share")[0]
        for one in (shares["for"], shares["against"])
    )
    own, other = amounts(value, limit, "share")
    over = (
        ("above", "高於")
        if value > limit
        else ("below", "低於")
        if value < limit
        else ("at", "等於")
    )
    english, chinese = (
        text.format(name) for text, name in zip(_ROLES[role], words["region"], strict=True)
    )
    return Verdict(
        holds=holds,
        value=value,
        unit="share",
        against=measured[0],
        threshold=limit,
        margin=abs(value - limit),
        sentence=(
            f"{english[:1].upper()}{english[1:]}: {'yes' if holds else 'no'}; green {green}, red "
            f"{red}; {measured[0]}: {own[0]}, {over[0]} the limit of {other[0]}.",
            f"{chinese}：{'是' if holds else '否'}；綠色 {green}、紅色 {red}；"
            f"{measured[1]} {own[1]}，{over[1]}門檻 {other[1]}。",
        ),
    )


class NoSettings(Parameters):
    """No settings."""


class ColourMeaning(Parameters):
    """This colour means this."""

    colour: Literal["green", "red"] = Field(description="colour in the overlay")
    sign: Sign = Field(description="for the class, or against it")


CHANNEL = {"red": 0, "green": 1}
COLOUR_NAMES = {"green": ("green", "綠色"), "red": ("red", "紅色")}
MEANING = {"for": ("for the class", "支持該類別"), "against": ("against it", "反對該類別")}


@rule(
    "lime.overlay.colour_meaning",
    settings=NoSettings,
    claim=ColourMeaning,
    needs=lambda settings: ["lime_known_model"],
)
def colour_meaning(
    evidence: Evidence, settings: NoSettings, claims: Sequence[ColourMeaning]
) -> Decision:
    """The share of segments with a rising colour whose true weight has the claimed sign.

    The classifier explained is one whose weights are known, so the truth does not come from LIME.
    Held against one half, the share of a colour without meaning.
    """
    truth, rise = known_model(evidence)
    verdicts = []
    for claim in claims:
        other = 1 - CHANNEL[claim.colour]
        # Drawn in this colour
        risen = rise[:, CHANNEL[claim.colour]] > np.maximum(rise[:, other], 0)
        right = np.sign(truth[risen]) == SIGN[claim.sign]  # truly of the claimed sign
        share = float(right.mean()) if risen.any() else 0.0
        colour, meaning = COLOUR_NAMES[claim.colour], MEANING[claim.sign]
        verdicts.append(
            above(
                share,
                0.5,
                unit="share of segments",
                what=(
                    f"of {int(risen.sum())} segments drawn {colour[0]}, those truly {meaning[0]}",
                    f"畫成{colour[1]}的 {int(risen.sum())} 個區塊中，真正{meaning[1]}的比例",
                ),
                against=("a colour without meaning", "顏色沒有意義時的比例"),
            )
        )
    return Decision(verdicts, [known_model_figure(truth, rise)])


def known_model(evidence: Evidence) -> tuple[Floats, Floats]:
    """Return the true weights (n,) and how far each channel rises inside each segment (n, 3).

    Raises:
        MissingEvidence: the two do not match.
    """
    record = evidence.get("lime_known_model")
    truth, rise = record.array("true_weights", 1), record.array("rise", 2)
    if len(truth) != len(rise):
        raise MissingEvidence(
            [record.id],
            ("'rise' with a row for each true weight", "每個真實權重各一列的 'rise'"),
        )
    return truth.astype(np.float64), rise.astype(np.float64)


def known_model_figure(truth: Floats, rise: Floats) -> Figure:
    """Return the table of the segments that were drawn."""
    rows = [
        [round(float(weight), 2), round(float(red), 3), round(float(green), 3)]
        for weight, (red, green, _) in zip(truth, rise, strict=True)
        if max(red, green) > 0
    ]
    columns = [
        ["true weight", "真實權重"],
        ["red rises by", "紅色上升"],
        ["green rises by", "綠色上升"],
    ]
    return Figure(
        "table",
        {"columns": columns, "rows": sorted(rows, reverse=True)},
        ("A classifier of known weights, explained", "權重已知的分類器的解釋"),
    )
