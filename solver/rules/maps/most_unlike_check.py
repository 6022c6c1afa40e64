"""Cross-check of the picture in which two explanations are most unlike: their marked places."""

from __future__ import annotations

from collections.abc import Sequence

from solver.evidence import Evidence
from solver.rules.maps.agreement_check import overlap
from solver.rules.maps.most_unlike import UnlikeClaim, UnlikeSettings, ranked
from solver.rules.registry import Decision, cross_check


@cross_check("maps.most_unlike")
def most_unlike_by_overlap(
    evidence: Evidence, settings: UnlikeSettings, claims: Sequence[UnlikeClaim]
) -> Decision:
    """Overlap, beyond chance, of the places that the two explanations mark.

    The share of each one's brightest twentieth (of LIME all of the colour) that has one of the
    other's within half a block, beyond the share of places at random, mean of both directions. The
    brightest places alone count here, not their brightness.
    """
    what = ("overlap beyond chance in {0}", "{0}超出隨機的重疊程度")
    return ranked(evidence, settings, claims, overlap, "overlap beyond chance", what)
