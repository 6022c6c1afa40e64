"""Rule on the solid that a map's strokes show, by its visible edges fitted to them.

Where each part is:

- the drawings, five solids in every pose: `solver.rules.shapes.solid_wireframes`
- the strokes of a map and the fit of a drawing to them: `solver.rules.shapes.wireframe_fit`
- the search for the best pose: `solver.rules.shapes.pose_search`
- the cross-check, without any drawing laid over the map: `solver.rules.shapes.solid_check`

The value of a solid is the F score of its best pose on the clearest strokes of the map, corrected
for chance; it is compared with the other solids. A person who sees points "form a cube" sees its
edges in them. Where no solid is clearly above chance, or the best leads by no more than searches
for its pose end apart, none is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from solver.evidence import Evidence, record_id
from solver.rules.maps.displayed import displayed_brightness
from solver.rules.parameters import Picture
from solver.rules.registry import Decision, Parameters, rule
from solver.rules.shapes.pose_scores import Floats
from solver.rules.shapes.solid_wireframes import DRAWINGS
from solver.rules.shapes.wireframe_fit import (
    AGREED,
    CLEAR,
    Fit,
    fit,
    note_on_searches,
    stroke_marks,
    strongest_if_clear,
    wireframe_figure,
)

Solid = Literal["cube", "ball", "cylinder", "pyramid", "tetrahedron"]

NAMES = {
    "cube": ("a cube", "立方體"),
    "ball": ("a ball", "球體"),
    "cylinder": ("a cylinder", "圓柱體"),
    "pyramid": ("a pyramid", "角錐"),
    "tetrahedron": ("a tetrahedron", "四面體"),
}


class SolidSettings(Parameters):
    """The map to read."""

    source: Literal["saliency", "smoothgrad"] = Field(default="saliency", description="kind of map")
    picture: Picture


class SolidClaim(Parameters):
    """The points look like this solid."""

    solid: Solid = Field(description="the solid whose drawn edges fit best")


def fit_solids(brightness: Floats, seed: int = 0) -> dict[str, Fit]:
    """Return the best fit of every solid to a map (H, W)."""
    # Strokes, not the brightest places: every solid fits a mere glow. A bump of noise in the middle
    # of a map gets scores above 0.8 by brightness, 0.55 by strokes.
    marks = stroke_marks(brightness)
    return {name: fit(drawing, marks, seed=seed) for name, drawing in DRAWINGS.items()}


@rule(
    "shapes.solid",
    settings=SolidSettings,
    claim=SolidClaim,
    needs=lambda s: [record_id(s.source, s.picture), record_id("picture", s.picture)],
)
def solid(evidence: Evidence, settings: SolidSettings, claims: Sequence[SolidClaim]) -> Decision:
    """Fit of the best pose of each solid's visible edges to the map's clearest strokes.

    The F score, corrected for the solid's score on noise: 0 is chance, 1 a drawing without a fault.
    Margins are less by how far searches for the pose end apart. Where none is clearly above chance,
    or none leads by more than that, the question is left open.
    """
    fits = fit_solids(displayed_brightness(evidence.get(settings.source, settings.picture)))
    # Some solids can be turned and stretched more than others, and so fit noise better.
    values = [fits[claim.solid].above_chance for claim in claims]
    names = [NAMES[claim.solid] for claim in claims]
    spreads = [fits[claim.solid].spread for claim in claims]
    verdicts = strongest_if_clear(
        values,
        names,
        unit="F score above chance",
        what=(
            "fit of the visible edges of {0} to the strokes, above chance",
            "{0}的可見稜線與線條的吻合度（高於隨機的部分）",
        ),
        clearness=max(values),
        least=CLEAR.now(),
        spreads=spreads,
    )
    best = claims[int(np.argmax(values))].solid
    points = DRAWINGS[best].points(fits[best].parameters)
    caption = (f"The best fit: {NAMES[best][0]}", f"最佳吻合：{NAMES[best][1]}")
    return Decision(
        verdicts,
        [wireframe_figure(settings.source, settings.picture, points, caption)],
        note_on_searches(
            max(spreads),
            ("F score above chance", "F 分數（高於隨機的部分）"),
            [name for name, spread in zip(names, spreads, strict=True) if spread > AGREED],
        ),
    )
