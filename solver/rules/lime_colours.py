"""Rules on LIME's overlay: which colour lies where, and what the colours mean.

The overlay is what a student sees: among the first segments by absolute weight, green for the
class, red against it. A hand-made record may hold only `signs` (read off a figure) and no weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from solver.evidence import Evidence, MissingEvidence, record_id
from solver.rules.displayed import Mask, fitted_to, region, region_name
from solver.rules.registry import Decision, Figure, Parameters, Verdict, rule
from solver.rules.verdicts import above, strongest

Sign = Literal["for", "against"]
_SIGN = {"for": 1, "against": -1}
_SIGN_NAMES = {"for": ("green (for)", "綠色（支持）"), "against": ("red (against)", "紅色（反對）")}


class PlaceSettings(Parameters):
    """Which picture."""

    picture: int


class SignPlace(Parameters):
    """This region is where this sign is."""

    sign: Sign
    region: str


def _overlay_figure(picture: int, regions: Sequence[str]) -> Figure:
    names = list(dict.fromkeys(regions))
    caption = (
        f"LIME of picture {picture}: green for the class, red against it",
        f"圖片 {picture} 的 LIME：綠色支持該類別，紅色反對",
    )
    return Figure("lime_overlay", {"picture": picture, "regions": names}, caption)


def _needs(settings: PlaceSettings) -> list[str]:
    return [record_id(kind, settings.picture) for kind in ("lime", "regions", "picture")]


def _signs(evidence: Evidence, picture: int, shape: Mask) -> tuple[Mask, Mask, Mask]:
    """(drawn for, drawn against, readable), each at the regions' size."""
    record = evidence.get("lime", picture)
    signs = record.array("signs", 2)
    valid = record.arrays.get("valid", np.ones(signs.shape, bool)).astype(bool)
    at_size = [fitted_to(mask, shape.shape) for mask in (signs > 0, signs < 0, valid)]
    return at_size[0] & at_size[2], at_size[1] & at_size[2], at_size[2]


@rule("lime.sign_in_region", settings=PlaceSettings, claim=SignPlace, needs=_needs)
def sign_in_region(
    evidence: Evidence, settings: PlaceSettings, claims: Sequence[SignPlace]
) -> Decision:
    """Share of a region that the overlay covers in a colour, against the other pairs claimed.

    Why a share of the region and not of the colour: regions differ in size, and a colour that
    spills over a large plate would else beat one that covers the food. Rivals are the other pairs
    of colour and region the question offers. No threshold is chosen.
    """
    values = []
    for claim in claims:
        inside = region(evidence, settings.picture, claim.region)
        positive, negative, valid = _signs(evidence, settings.picture, inside)
        drawn = positive if claim.sign == "for" else negative
        values.append(float((drawn & inside).sum() / max((inside & valid).sum(), 1)))
    names = [
        (
            f"{_SIGN_NAMES[c.sign][0]} on {region_name(c.region)[0]}",
            f"{region_name(c.region)[1]}上的{_SIGN_NAMES[c.sign][1]}",
        )
        for c in claims
    ]
    verdicts = strongest(
        values,
        names,
        unit="share of the region",
        what=("share of the region covered by {0}", "該區域被覆蓋的比例，{0}"),
    )
    return Decision(verdicts, [_overlay_figure(settings.picture, [c.region for c in claims])])


class ContourSettings(PlaceSettings):
    """Which picture, and which of its regions is the contour."""

    region: str = "contour"


class ContourClaim(Parameters):
    """How the contour is used."""

    role: Literal["for", "against", "both", "unused"]


USED_SHARE = 0.10
"""Less than this share of the contour in colour, and it is not used: the eleven segments shown,
of some hundred, cover about a tenth of any band by chance."""

MINOR_SHARE = 0.10
"""The lesser colour must have this share of the coloured contour for both to be there: one drawn
segment of eleven."""

_ROLES = {
    "for": ("the contour is wholly for", "輪廓全為支持"),
    "against": ("the contour is wholly against", "輪廓全為反對"),
    "both": ("the contour is partly for, partly against", "輪廓部分支持、部分反對"),
    "unused": ("the contour is not used", "輪廓未被使用"),
}


@rule("lime.signs_along_contour", settings=ContourSettings, claim=ContourClaim, needs=_needs)
def signs_along_contour(
    evidence: Evidence, settings: ContourSettings, claims: Sequence[ContourClaim]
) -> Decision:
    """Which colours the drawn segments lay on a contour, as shares of it.

    First the share of the contour in any colour (not used below a tenth), then the lesser colour's
    share of what is coloured (both there from a tenth on).
    """
    inside = region(evidence, settings.picture, settings.region)
    positive, negative, valid = _signs(evidence, settings.picture, inside)
    size = max(int((inside & valid).sum()), 1)
    shares = {"for": (positive & inside).sum() / size, "against": (negative & inside).sum() / size}
    used = float(shares["for"] + shares["against"])
    minor = float(min(shares.values()) / used) if used > 0 else 0.0
    verdicts = [_role_verdict(claim.role, used, minor, shares) for claim in claims]
    return Decision(verdicts, [_overlay_figure(settings.picture, [settings.region])])


def _role_verdict(role: str, used: float, minor: float, shares: dict[str, float]) -> Verdict:
    is_used = used >= USED_SHARE
    both = is_used and minor >= MINOR_SHARE
    major = "for" if shares["for"] > shares["against"] else "against"
    holds = {
        "unused": not is_used,
        "both": both,
        "for": is_used and not both and major == "for",
        "against": is_used and not both and major == "against",
    }[role]
    by_use = role == "unused" or not is_used
    value, threshold = (used, USED_SHARE) if by_use else (minor, MINOR_SHARE)
    measured = (
        ("share of the contour in colour", "輪廓被上色的比例")
        if by_use
        else ("share of the lesser colour on the contour", "輪廓上較少之顏色的比例")
    )
    detail = f"for {shares['for']:.3g}, against {shares['against']:.3g}"
    detail_zh = f"支持 {shares['for']:.3g}、反對 {shares['against']:.3g}"
    english, chinese = _ROLES[role]
    return Verdict(
        holds=holds,
        value=value,
        unit="share",
        against=measured[0],
        threshold=threshold,
        margin=abs(value - threshold),
        sentence=(
            f"{english[:1].upper()}{english[1:]}: {'yes' if holds else 'no'}; {measured[0]} "
            f"{value:.3g}, held against {threshold:.3g} ({detail}).",
            f"{chinese}：{'是' if holds else '否'}；{measured[1]} {value:.3g}，"
            f"門檻 {threshold:.3g}（{detail_zh}）。",
        ),
    )


class NoSettings(Parameters):
    """Nothing to set."""


class ColourMeaning(Parameters):
    """This colour means this."""

    colour: Literal["green", "red"]
    sign: Sign


_CHANNEL = {"red": 0, "green": 1}
_COLOUR_NAMES = {"green": ("green", "綠色"), "red": ("red", "紅色")}
_MEANING = {"for": ("for the class", "支持該類別"), "against": ("against it", "反對該類別")}


@rule(
    "lime.colour_meaning",
    settings=NoSettings,
    claim=ColourMeaning,
    needs=lambda settings: ["lime_known_model"],
)
def colour_meaning(
    evidence: Evidence, settings: NoSettings, claims: Sequence[ColourMeaning]
) -> Decision:
    """Of the segments where a colour rises, the share whose true weight has the claimed sign.

    The classifier explained is one whose weights are known, so the truth does not come from LIME.
    Held against one half, what a colour without meaning would show.
    """
    record = evidence.get("lime_known_model")
    truth, rise = record.array("true_weights", 1), record.array("rise", 2)
    if len(truth) != len(rise):
        raise MissingEvidence([f"{record.id}: 'rise' with a row for each true weight"])
    verdicts = []
    for claim in claims:
        other = 1 - _CHANNEL[claim.colour]
        risen = rise[:, _CHANNEL[claim.colour]] > np.maximum(rise[:, other], 0)
        right = np.sign(truth[risen]) == _SIGN[claim.sign]
        share = float(right.mean()) if risen.any() else 0.0
        colour, meaning = _COLOUR_NAMES[claim.colour], _MEANING[claim.sign]
        verdicts.append(
            above(
                share,
                0.5,
                unit="share of segments",
                what=(
                    f"of {int(risen.sum())} segments drawn {colour[0]}, those truly {meaning[0]}",
                    f"畫成{colour[1]}的 {int(risen.sum())} 個區塊中，真正{meaning[1]}者",
                ),
                against=("a colour without meaning", "顏色無意義時"),
            )
        )
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
    figure = Figure(
        "table",
        {"columns": columns, "rows": sorted(rows, reverse=True)},
        ("A classifier of known weights, explained", "權重已知之分類器的解釋"),
    )
    return Decision(verdicts, [figure])
