"""Cross-check of the effect of more steps on integrated gradients: places that stand out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from solver.errors import EvidenceError
from solver.evidence import Evidence, Record
from solver.rules.gradients.integrated_gradients import (
    StepsClaim,
    StepsSettings,
    kept_steps,
)
from solver.rules.maps.displayed import LUMA, Floats, Mask, valid_places
from solver.rules.registry import Decision, Verdict, cross_check
from solver.rules.thresholds import threshold
from solver.rules.verdicts import above, below

MARKED = threshold(
    "integrated_gradients_check.marked",
    0.05,
    "of the picture is called bright: a twentieth, as few places as can still be seen as a shape",
    lowest=0.005,
    highest=0.5,
)
KEPT = threshold(
    "integrated_gradients_check.kept",
    0.5,
    "of the marked places, beyond chance: more of them stay than go",
    lowest=0.0,
    highest=0.99,
)
SEEN = threshold(
    "integrated_gradients_check.seen",
    0.02,
    "of full brightness away from the ground: five of 255 steps, the least that is seen",
    lowest=0.001,
)
LEFT = threshold(
    "integrated_gradients_check.left",
    0.1,
    "of the places that could be seen: with fewer than a tenth of them left there is nothing",
    lowest=0.0,
    highest=0.9,
)


@cross_check("gradients.integrated_gradients.more_steps")
def steps_by_overlap(
    evidence: Evidence, settings: StepsSettings, claims: Sequence[StepsClaim]
) -> Decision:
    """Fate of the places that stand out from the grey ground, as displayed, with more steps.

    The strongest twentieth at the course's number of steps is marked. *same*: more of it than not,
    beyond chance, is also the strongest twentieth at more steps, on the same side of the ground.
    *swap*: more than not, but on the other side: bright is now dark. *random*: less than half stays
    either way. *nothing*: fewer than a tenth as many places as before differ visibly from the
    ground. The least over the numbers of steps, median over the pictures.
    """
    found = []
    more = kept_steps(evidence, settings)
    for picture in settings.pictures:
        base = evidence.get("integrated_gradients", picture, settings.steps)
        others = [evidence.get("integrated_gradients", picture, n) for n in more]
        found.append(np.min([_changes(base, other) for other in others], axis=0))
    same, turned, left = (float(value) for value in np.median(found, axis=0))
    return Decision([_verdict(claim.effect, same, turned, left) for claim in claims])


def _changes(base: Record, other: Record) -> tuple[float, float, float]:
    """Shares of the marked places that stay, that stay and change sides, and of places seen."""
    first, second = base.array("map", 3), other.array("map", 3)
    # Nothing to compare: no place stays, and all could still be seen.
    if first.shape != second.shape:
        return 0.0, 0.0, 1.0
    valid = valid_places(base) & valid_places(other)
    if not valid.any():
        raise EvidenceError(
            f"{base.id} and {other.id} have no place that can be read in both",
            zh=f"{base.id} 與 {other.id} 沒有兩者皆可讀取之處",
        )
    before, after = _from_ground(base, first, valid), _from_ground(other, second, valid)
    marked, still = _strongest(before), _strongest(after)
    side = np.sign(before @ LUMA) == np.sign(after @ LUMA)  # bright or dark as before
    count, chance = max(marked.sum(), 1), still.mean()
    same, turned = ((marked & still & where).sum() / count for where in (side, ~side))
    seen = [(np.abs(one).max(-1) > SEEN.now()).sum() for one in (before, after)]
    return _beyond(same, chance), _beyond(turned, chance), float(seen[1] / max(seen[0], 1))


def _from_ground(record: Record, shown: Floats, valid: Mask) -> Floats:
    """Difference of each readable place from the colour of a gradient of 0: (n, 3)."""
    values = shown.astype(np.float64)[valid]
    neutral = record.values.get("neutral")
    ground = np.median(values, axis=0) if neutral is None else float(neutral)
    distance: Floats = values - ground
    return distance


def _strongest(distance: Floats) -> Mask:
    # The channel farthest from the ground, as the eye sees a coloured place on grey.
    strength = np.abs(distance).max(-1)
    # More than 0: on an even map every place is the strongest twentieth.
    marked: Mask = (strength >= np.quantile(strength, 1 - MARKED.now())) & (strength > 0)
    return marked


def _beyond(share: float, chance: float) -> float:
    # As Cohen's kappa: 0 is chance, 1 is all.
    return float(max(share - chance, 0.0) / max(1 - chance, 1e-9))


def _verdict(effect: str, same: float, turned: float, left: float) -> Verdict:
    kept, least = KEPT.now(), LEFT.now()
    seen = ("places seen, over those before", "看得見的位置數與之前之比")
    if effect == "nothing":
        return below(left, least, unit="times", what=seen, against=("nothing left", "幾乎不剩"))
    if left < least:
        return above(left, least, unit="times", what=seen, against=("still there", "仍在"))
    more: tuple[str, str] = ("more stay than go", "留下的過半")
    if effect == "same":
        what = ("strongest places that stay, beyond chance", "最強處保留的比例（扣除偶然）")
        return above(same, kept, unit="share", what=what, against=more)
    if effect == "swap":
        what = ("strongest places that turn from bright to dark", "最強處由亮轉暗（或反之）的比例")
        return above(turned, kept, unit="share", what=what, against=more)
    what = ("strongest places that stay, bright or dark", "最強處保留的比例（不論亮暗）")
    return below(max(same, turned), kept, unit="share", what=what, against=more)
