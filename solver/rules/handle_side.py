"""On which side is the handle of the jug that the bright points form?

What is measured: the F score (`solver.rules.wireframe_fit`) of the best jug with its handle on each
side. A jug is drawn as the outline of a turned body (rim, walls that widen to a belly, foot) with
an arched handle from one wall; with the handle at the top or bottom the jug lies on its side, and
with it in the middle the arch stands before the body. Strokes, not brightness, are marked: a handle
is thinner and fainter than the body and is seen all the same. Held against: the best jug with the handle
elsewhere. No region is read, so the answer follows the map alone: mirror it and left becomes right.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from solver.evidence import Evidence, record_id
from solver.rules.displayed import displayed_brightness
from solver.rules.registry import Decision, Figure, Parameters, rule
from solver.rules.verdicts import strongest
from solver.rules.wireframe_fit import Drawing, Fit, Floats, fit, stroke_marks

Side = Literal["top", "bottom", "left", "right", "middle"]
SIDES: tuple[Side, ...] = ("top", "bottom", "left", "right", "middle")

_WALL = np.linspace(-1, 1, 40)
_ARC = np.linspace(0, np.pi, 40)
_ACROSS = np.linspace(-1, 1, 24)

_BOUNDS = (
    (0.25, 0.75),  # centre of the body, across
    (0.25, 0.75),  # centre of the body, along its axis
    (0.18, 0.48),  # half height
    (0.12, 0.42),  # radius of the belly
    (0.40, 1.00),  # radius of the rim, as a share of the belly's
    (0.40, 1.00),  # radius of the foot, as a share of the belly's
    (-0.30, 0.70),  # where the belly is, -1 rim to 1 foot
    (-0.95, 0.00),  # where the handle leaves the wall
    (0.50, 1.40),  # how far down it comes back
    (0.30, 1.10),  # how far it stands out, as a share of the belly's radius
)


def _radius(p: Floats, at: Floats) -> Floats:
    """Radius of the body at heights (S, N) from -1 (rim) to 1 (foot), by two cosine arcs."""
    belly, rim, foot, where = (p[index][:, None] for index in (3, 4, 5, 6))
    above = np.clip((where - at) / (where + 1), 0, 1)
    below = np.clip((at - where) / (1 - where), 0, 1)
    share = 1 - (1 - rim) * (1 - np.cos(np.pi * above)) / 2
    share = share - (1 - foot) * (1 - np.cos(np.pi * below)) / 2
    radius: Floats = belly * share
    return radius


def _upright(p: Floats, *, middle: bool) -> tuple[Floats, Floats]:
    """A jug about x = 0, y = 0 with its handle to the right: points (S, N, 2), weights (S, N)."""
    height = p[2][:, None]
    walls = np.broadcast_to(_WALL, (p.shape[1], len(_WALL)))
    radius = _radius(p, walls)
    right = np.stack([radius, height * walls], -1)
    left = np.stack([-radius, height * walls], -1)
    rim = np.stack([radius[:, :1] * _ACROSS, np.broadcast_to(-height, (len(height), 24))], -1)
    foot = np.stack([radius[:, -1:] * _ACROSS, np.broadcast_to(height, (len(height), 24))], -1)
    start, drop, out = (p[index][:, None] for index in (7, 8, 9))
    at = start + drop * (1 - np.cos(_ARC)) / 2
    stand = out * p[3][:, None] * np.sin(_ARC)
    base = -stand / 2 if middle else _radius(p, np.clip(at, -1, 1))
    handle = np.stack([base + stand, height * at], -1)
    points = np.concatenate([right, left, rim, foot, handle], 1)
    return points, _lengths([right, left, rim, foot, handle])


def _lengths(lines: Sequence[Floats]) -> Floats:
    """The length that each point stands for: longer lines weigh more."""
    weights = []
    for line in lines:
        steps = np.linalg.norm(np.diff(line, axis=1), axis=-1)
        weights.append(np.concatenate([steps[:, :1], steps], 1))
    return np.concatenate(weights, 1)


def _jug(side: Side, p: Floats) -> tuple[Floats, Floats]:
    points, weights = _upright(p, middle=side == "middle")
    if side in ("left", "bottom"):
        points = points * np.array([-1, 1])
    if side in ("top", "bottom"):  # lying: what stood out to the right now points up
        points = points[..., ::-1] * np.array([1, -1])
    return points + p[:2].T[:, None], weights


def _drawing(side: Side) -> Drawing:
    return Drawing(lambda p: _jug(side, p), _BOUNDS)


DRAWINGS: dict[str, Drawing] = {side: _drawing(side) for side in SIDES}

NAMES = {
    "top": ("the top", "上方"),
    "bottom": ("the bottom", "下方"),
    "left": ("the left", "左側"),
    "right": ("the right", "右側"),
    "middle": ("the middle", "中間"),
}


class HandleSettings(Parameters):
    """Which map."""

    source: Literal["saliency", "smoothgrad"] = "saliency"
    picture: int


class HandleClaim(Parameters):
    """The handle is on this side."""

    side: Side


def fit_jugs(brightness: Floats, seed: int = 0) -> dict[str, Fit]:
    """Return the best fit of a jug with its handle on each side to a map (H, W)."""
    marks = stroke_marks(brightness)
    return {side: fit(drawing, marks, seed=seed) for side, drawing in DRAWINGS.items()}


@rule(
    "map.handle_side",
    settings=HandleSettings,
    claim=HandleClaim,
    needs=lambda s: [record_id(s.source, s.picture), record_id("picture", s.picture)],
)
def handle_side(
    evidence: Evidence, settings: HandleSettings, claims: Sequence[HandleClaim]
) -> Decision:
    """F score of the best jug with its handle on each side against the clearest strokes."""
    fits = fit_jugs(displayed_brightness(evidence.get(settings.source, settings.picture)))
    verdicts = strongest(
        [fits[claim.side].score for claim in claims],
        [NAMES[claim.side] for claim in claims],
        unit="F score",
        what=(
            "fit of a jug with its handle at {0} to the strokes of the map",
            "把手位於{0}的水壺與圖中線條的吻合度",
        ),
    )
    best = max(claims, key=lambda claim: fits[claim.side].score).side
    wires = {"drawing": f"jug-{best}", "parameters": [float(v) for v in fits[best].parameters]}
    figure = Figure(
        "wireframe",
        {
            "record": record_id(settings.source, settings.picture),
            "picture": settings.picture,
            **wires,
        },
        (f"The best fit: the handle at {NAMES[best][0]}", f"最佳吻合：把手在{NAMES[best][1]}"),
    )
    return Decision(verdicts, [figure])
