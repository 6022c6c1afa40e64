"""Simulated maps that show a solid: its edges, broken, bent and among specks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import ndimage

from solver.evidence import Record
from solver.rules.shapes.solid_wireframes import DRAWINGS
from tests.benchmarks.calibration.maps import (
    PICTURE,
    SIDE,
    Array,
    Draw,
    half_normal,
    in_figure,
    lognormal,
    scaled,
)
from tests.benchmarks.calibration.simulated import Family, Simulated, question_of
from tests.solver.rules.made_maps import evidence_of


def strokes(name: str, generator: Draw, *, bent: bool) -> Array:
    """The edges of a solid in a random pose (128, 128), some fainter than others."""
    low, high = np.array(DRAWINGS[name].bounds, np.float32).T
    points = DRAWINGS[name].points((low + (high - low) * generator.random(len(low))).astype("f4"))
    extent = np.ptp(points, axis=0).max()
    points = (points - points.mean(0)) * generator.uniform(0.45, 0.8) / extent + 0.5
    points += generator.uniform(-0.06, 0.06, 2)
    # Between the points of an edge: a longer step leads from one edge to the next.
    step = np.diff(points, axis=0, append=points[-1:])
    near = np.hypot(*step.T) < 0.12
    points = np.concatenate([points + part * near[:, None] * step for part in (0, 0.25, 0.5, 0.75)])
    rows, columns = np.clip(points[:, ::-1].T * SIDE, 1, SIDE - 2)
    if bent:
        rows = rows + 1.5 * np.sin(columns / 12 + generator.uniform(0, 6))
    drawn = np.zeros((SIDE, SIDE))
    drawn[np.clip(rows.astype(int), 0, SIDE - 1), columns.astype(int)] = 1
    uneven = ndimage.gaussian_filter(generator.normal(size=drawn.shape), 9)
    drawn *= np.exp(generator.uniform(0.3, 0.9) * uneven / uneven.std())
    return ndimage.gaussian_filter(drawn, generator.uniform(1.0, 1.8))


def solids(*, bent: bool) -> Callable[[Draw], Simulated]:
    """Which solid a map shows, from clearly to hardly to be seen."""

    def make(generator: Draw) -> Simulated:
        name = str(generator.choice(list(DRAWINGS)))
        drawn = strokes(name, generator, bent=bent)
        ground = generator.uniform(0.05, 0.8) * drawn.max()
        speckle = lognormal(generator) ** 0.5 if bent else half_normal(generator)
        values = scaled((drawn + ground) * speckle)
        more: dict[str, object] = {}
        if generator.random() < 0.4:
            values = in_figure(values, 70)
            more["figure_pixels"] = 70
        return Simulated(
            question_of("shapes.solid", {"picture": 0}, [{"solid": one} for one in DRAWINGS]),
            evidence_of(Record("saliency/0", {"map": values}, more), PICTURE),
            right=tuple(one == name for one in DRAWINGS),
        )

    return make


FAMILIES = [
    Family(
        f"solids: {'bent' if bent else 'straight'}",
        "shapes.solid",
        solids(bent=bent),
        not bent,
        50,
        6,
    )
    for bent in (False, True)
]
