"""Cross-check of a jug's handle: its side's probability, as a network reads it from the brightness.

No drawing is fitted, and no strokes are taken out of the map: a small network that has seen
simulated jugs, and no map of the course, reads the brightness (`solver.rules.shapes.shape_reader`).
How often it is right is measured by `tests.benchmarks.simulated.second_ways`
(docs/measured/second-ways.md).
"""

from __future__ import annotations

from collections.abc import Sequence

from solver.evidence import Evidence
from solver.rules.maps.displayed import displayed_brightness
from solver.rules.registry import Decision, cross_check
from solver.rules.shapes.handle import NAMES, HandleClaim, HandleSettings
from solver.rules.shapes.shape_reader import HANDLES, LIKELY
from solver.rules.shapes.wireframe_fit import strongest_if_clear


@cross_check("shapes.handle")
def handle_by_reader(
    evidence: Evidence, settings: HandleSettings, claims: Sequence[HandleClaim]
) -> Decision:
    """Probability of a jug's handle on each side, as a small network reads the map's brightness.

    It has learnt from simulated maps alone: of jugs of many forms with a handle and without, of
    solids and of noise. Where no side is likelier than all else together, the question is left
    open.
    """
    bright = displayed_brightness(evidence.get(settings.source, settings.picture))
    found = HANDLES.probabilities(bright)
    values = [found[claim.side] for claim in claims]
    verdicts = strongest_if_clear(
        values,
        [NAMES[claim.side] for claim in claims],
        unit="probability",
        what=(
            "probability of a handle at {0}, read from the brightness",
            "依亮度判讀把手在{0}的機率",
        ),
        clearness=max(values),
        least=LIKELY.now(),
        measure=("the likeliest side's probability", "最可能一側的機率"),
    )
    return Decision(verdicts)
