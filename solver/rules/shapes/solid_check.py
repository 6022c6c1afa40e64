"""Cross-check of the solid: its probability, as a network reads it from the map's brightness.

No drawing is laid over the map, and no strokes are taken out of it: a small network that has seen
simulated maps, and no map of the course, reads the brightness (`solver.rules.shapes.shape_reader`).
How often it is right is measured by `tests.benchmarks.simulated.second_ways`
(docs/measured/second-ways.md).
"""

from __future__ import annotations

from collections.abc import Sequence

from solver.evidence import Evidence
from solver.rules.maps.displayed import displayed_brightness
from solver.rules.registry import Decision, cross_check
from solver.rules.shapes.shape_reader import LIKELY, SOLIDS
from solver.rules.shapes.solid import NAMES, SolidClaim, SolidSettings
from solver.rules.shapes.wireframe_fit import strongest_if_clear


@cross_check("shapes.solid")
def solid_by_reader(
    evidence: Evidence, settings: SolidSettings, claims: Sequence[SolidClaim]
) -> Decision:
    """Probability of each solid, as a small network reads the map's brightness.

    It has learnt from simulated maps alone: of each solid drawn in many poses, and of noise. Where
    no solid is likelier than all else together, the question is left open.
    """
    bright = displayed_brightness(evidence.get(settings.source, settings.picture))
    found = SOLIDS.probabilities(bright)
    values = [found[claim.solid] for claim in claims]
    verdicts = strongest_if_clear(
        values,
        [NAMES[claim.solid] for claim in claims],
        unit="probability",
        what=("probability of {0}, read from the brightness", "依亮度判讀為{0}的機率"),
        clearness=max(values),
        least=LIKELY.now(),
        measure=("the likeliest solid's probability", "最可能立體的機率"),
    )
    return Decision(verdicts)
