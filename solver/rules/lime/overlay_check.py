"""Cross-checks of LIME's overlay: by the weights, by whole pieces, and by ranks.

The rules count pixels of the overlay, where a large segment of small weight beats a small one of
large weight. Here segments count by their weights, or once each.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from solver.evidence import Evidence, Record
from solver.rules.lime.overlay import (
    CHANNEL,
    COLOUR_NAMES,
    MEANING,
    SIGN,
    ColourMeaning,
    ContourClaim,
    ContourSettings,
    NoSettings,
    RegionsSettings,
    RoleWords,
    SignPlace,
    known_model,
    known_model_figure,
    overlay_figure,
    overlay_reservations,
    pair_name,
    role_verdict,
)
from solver.rules.maps.displayed import Floats, Mask, fitted_to, region, region_name, valid_places
from solver.rules.registry import Decision, cross_check
from solver.rules.thresholds import threshold
from solver.rules.verdicts import above, one_note, strongest

PIECE = threshold(
    "lime.piece",
    0.001,
    "Where a figure does not tell the segments, an unbroken patch of one colour counts as one; "
    "below this share of the picture it is a speck of the figure's making: of a hundred segments "
    "the smallest have about a tenth of the mean.",
    lowest=0.0,
    highest=0.01,
)
STANDARD_ERRORS = threshold(
    "lime.rank_errors",
    2.0,
    "Standard errors of a rank correlation of independent values, 1/sqrt(n - 1), beyond which "
    "chance is left out (one time in forty, one-sided).",
    lowest=0.0,
)


@cross_check("lime.overlay.sign_in_region")
def weight_in_region(
    evidence: Evidence, settings: RegionsSettings, claims: Sequence[SignPlace]
) -> Decision:
    """Share of LIME's weight that is of a sign and lies in a region, against the other pairs.

    All segments count by the size of their weight, drawn or not, and lie in a region as far as
    their pixels do. Where only the drawn colours are known, each drawn pixel counts alike: then it
    is the share of all that is drawn.
    """
    record = evidence.get("lime", settings.picture)
    weight, told = _weight_of_places(record)
    total = float(np.abs(weight).sum())
    values = []
    for claim in claims:
        inside = fitted_to(region(evidence, settings.picture, claim.region), weight.shape)
        # The other sign counts nothing here; it does in `total`.
        of_sign = np.clip(weight * SIGN[claim.sign], 0, None)
        values.append(float(of_sign[inside].sum()) / total if total > 0 else 0.0)
    what = ("share of the weight that is {0}", "{0}占全部權重的比例")
    if not told:
        what = ("share of all that is drawn that is {0}", "{0}占全部上色面積的比例")
    names = [pair_name(evidence, settings.picture, claim) for claim in claims]
    verdicts = strongest(
        values,
        names,
        unit=f"share of the {'weight' if told else 'drawn'}",
        what=what,
        rank=settings.rank,
    )
    figure = overlay_figure(settings.picture, [claim.region for claim in claims])
    note = overlay_reservations(record)
    return Decision(verdicts, [figure], one_note(note if told else [_AREA_ALONE, *note]))


def _weight_of_places(record: Record) -> tuple[Floats, bool]:
    """LIME's weight, spread over each segment's pixels (H, W); and whether weights are known."""
    signs = record.array("signs", 2)
    valid = valid_places(record, "signs")
    if "segments" not in record.arrays or "weights" not in record.arrays:
        return np.where(valid, np.sign(signs), 0).astype(float), False
    segments, weights = record.array("segments", 2), record.array("weights", 1)
    labels, at, sizes = np.unique(segments, return_inverse=True, return_counts=True)  # at: (H W,)
    # With labels from 1 on the last segment has no weight of its own: lime never hides it.
    known = labels < len(weights)
    each = np.where(known, weights[np.minimum(labels, len(weights) - 1)], 0.0) / sizes
    return np.where(valid, each[at.reshape(segments.shape)], 0.0), True


_AREA_ALONE = (
    "The weights are not told: of the drawn colours only the area could be weighed.",
    "證據沒有權重：只能以上色的面積計算。",
)


@cross_check("lime.overlay.signs_along_contour")
def pieces_along_contour(
    evidence: Evidence, settings: ContourSettings, claims: Sequence[ContourClaim]
) -> Decision:
    """Signs of the drawn segments that lie on a contour; each counts once.

    A segment lies on the contour when the contour has a larger share of it than of the picture,
    that is, more than chance gives it. Not used when less than a tenth of the drawn segments do;
    both signs are there when the rarer has a tenth of those that do. Where a figure does not tell
    the segments, unbroken patches of one colour stand for them.
    """
    record = evidence.get("lime", settings.picture)
    signs, valid = record.array("signs", 2), valid_places(record, "signs")
    inside = fitted_to(region(evidence, settings.picture, settings.region), signs.shape)
    by_chance = float(inside[valid].mean())  # the contour's share of the picture
    pieces, told = _drawn_pieces(record, signs, valid)
    # More than the contour's share of the picture: less would come of a piece laid anywhere.
    on_contour = [sign for sign, piece in pieces if float(inside[piece].mean()) > by_chance]
    count = {"for": on_contour.count(1), "against": on_contour.count(-1)}
    used = len(on_contour) / len(pieces) if pieces else 0.0
    minor = min(count.values()) / len(on_contour) if on_contour else 0.0
    place = region_name(evidence, settings.picture, settings.region)
    words: RoleWords = {
        "region": place,
        "used": (f"share of the drawn pieces on {place[0]}", f"上色區塊落在{place[1]}上的比例"),
        "minor": (
            "share of the rarer side, for or against, among the pieces on it",
            f"{place[1]}上的區塊中較少的一方（支持或反對）所占的比例",
        ),
    }
    verdicts = [role_verdict(claim.role, used, minor, count, words) for claim in claims]
    note = overlay_reservations(record)
    if not told:
        note.insert(0, _PATCHES)
    figure = overlay_figure(settings.picture, [settings.region])
    return Decision(verdicts, [figure], one_note(note))


_PATCHES = (
    "The segments are not told: unbroken patches of one colour stand for them.",
    "證據沒有區塊：以同色相連的區域代替。",
)


def _drawn_pieces(
    record: Record, signs: npt.NDArray[np.generic], valid: Mask
) -> tuple[list[tuple[int, Mask]], bool]:
    """(sign, mask) of each drawn segment, or patch; and whether segments are known."""
    from scipy import ndimage

    told = "segments" in record.arrays
    pieces: list[tuple[int, Mask]] = []
    for sign in (1, -1):
        drawn = (signs == sign) & valid
        if told:
            segments = record.array("segments", 2)
            # Drawn parts alone: at the picture's covered places a segment is cut.
            pieces += [(sign, drawn & (segments == label)) for label in np.unique(segments[drawn])]
            continue
        # Corners join: a segment's diagonal edge is not a gap.
        patches, number = ndimage.label(drawn, structure=np.ones((3, 3)))
        each = ((sign, patches == label) for label in range(1, number + 1))
        pieces += [(s, patch) for s, patch in each if patch.mean() >= PIECE.now()]
    return pieces, told


@cross_check("lime.overlay.colour_meaning")
def colour_by_rank(
    evidence: Evidence, settings: NoSettings, claims: Sequence[ColourMeaning]
) -> Decision:
    """Rank correlation of a segment's true weight with how far a colour rises in it.

    All segments count, drawn or not. A colour means "for" when the correlation is positive by more
    than chance gives independent values, "against" when it is negative by as much.
    """
    from scipy import stats

    truth, rise = known_model(evidence)
    limit = STANDARD_ERRORS.now() / np.sqrt(max(len(truth) - 1, 1))
    verdicts = []
    for claim in claims:
        # A segment drawn in the other colour falls in this one; that is no meaning of its own.
        risen = np.clip(rise[:, CHANNEL[claim.colour]], 0, None)
        # `spearmanr` gives NaN there, with a warning.
        even = len(truth) < 3 or np.ptp(risen) == 0 or np.ptp(truth) == 0
        r = 0.0 if even else float(stats.spearmanr(truth, risen).statistic)
        colour, meaning = COLOUR_NAMES[claim.colour], MEANING[claim.sign]
        verdicts.append(
            above(
                r * SIGN[claim.sign],
                float(limit),
                unit="rank correlation",
                what=(
                    f"how {colour[0]} rises with the true weight {meaning[0]}",
                    f"{colour[1]}隨真實權重（{meaning[1]}）上升的程度",
                ),
                against=("beyond chance", "非偶然的門檻"),
            )
        )
    return Decision(verdicts, [known_model_figure(truth, rise)])
