"""Which solid do the bright points look like? Its visible edges are fitted to them.

What is measured: for each solid, the F score of its best pose (`solver.rules.wireframe_fit`).
Why: a person who sees points "form a cube" sees its edges in them. Held against: the best pose of
the other solids. Every solid may be turned freely and, within limits, be longer than wide.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from solver.evidence import Evidence, record_id
from solver.rules.displayed import displayed_brightness
from solver.rules.registry import Decision, Figure, Parameters, rule
from solver.rules.verdicts import strongest
from solver.rules.wireframe_fit import Drawing, Fit, Floats, bright_marks, fit, segment_points

Solid = Literal["cube", "ball", "cylinder", "pyramid", "tetrahedron"]

_PLACE = ((0.25, 0.75), (0.25, 0.75))
_TURN = ((0.0, 2 * np.pi), (0.0, np.pi), (0.0, 2 * np.pi))
_PER_EDGE = 16


def _rotations(angles: Floats) -> Floats:
    """Euler angles (3, S), z-x-z, to matrices (S, 3, 3)."""
    (a, b, c) = angles
    zero, one = np.zeros_like(a), np.ones_like(a)
    first = _stack([np.cos(a), -np.sin(a), zero], [np.sin(a), np.cos(a), zero], [zero, zero, one])
    tilt = _stack([one, zero, zero], [zero, np.cos(b), -np.sin(b)], [zero, np.sin(b), np.cos(b)])
    last = _stack([np.cos(c), -np.sin(c), zero], [np.sin(c), np.cos(c), zero], [zero, zero, one])
    turned: Floats = first @ tilt @ last
    return turned


def _stack(*rows: Sequence[Floats]) -> Floats:
    return np.stack([np.stack(list(row), -1) for row in rows], -2)


class _Polyhedron:
    """A convex solid: an edge is seen when one of its two faces looks at the viewer."""

    def __init__(self, vertices: Sequence[Sequence[float]], faces: Sequence[Sequence[int]]) -> None:
        self.vertices = np.asarray(vertices, float)
        self.faces = [list(face) for face in faces]
        self.edges = sorted(
            {
                (min(a, b), max(a, b))
                for face in self.faces
                for a, b in zip(face, [*face[1:], face[0]], strict=True)
            }
        )

    def wires(self, place: Floats, half_sides: Floats, angles: Floats) -> tuple[Floats, Floats]:
        corners = self.vertices[None] * half_sides.T[:, None]  # (S, V, 3)
        corners = corners @ _rotations(angles).transpose(0, 2, 1)
        flat = corners[..., :2] + place.T[:, None]  # (S, V, 2)
        seen = np.stack([self._edge_seen(corners, edge) for edge in self.edges], 1)  # (S, E)
        pairs = np.asarray(self.edges)
        points = segment_points(flat[:, pairs[:, 0]], flat[:, pairs[:, 1]], _PER_EDGE)
        length = np.linalg.norm(flat[:, pairs[:, 0]] - flat[:, pairs[:, 1]], axis=-1)
        return points, np.repeat(seen * length, _PER_EDGE, axis=1)

    def _edge_seen(self, corners: Floats, edge: tuple[int, int]) -> Floats:
        centre = corners.mean(1)  # (S, 3)
        seen = np.zeros(len(corners), bool)
        for face in self.faces:
            if edge[0] in face and edge[1] in face:
                a, b, c = (corners[:, at] for at in face[:3])
                normal = np.cross(b - a, c - a)
                outward = np.sign(np.einsum("si,si->s", normal, a - centre))
                seen |= normal[:, 2] * outward > 0
        return seen.astype(float)


_CUBE = _Polyhedron(
    [(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)],
    [(0, 1, 3, 2), (4, 5, 7, 6), (0, 1, 5, 4), (2, 3, 7, 6), (0, 2, 6, 4), (1, 3, 7, 5)],
)
_PYRAMID = _Polyhedron(
    [(-1, -1, -0.7), (1, -1, -0.7), (1, 1, -0.7), (-1, 1, -0.7), (0, 0, 1.2)],
    [(0, 1, 2, 3), (0, 1, 4), (1, 2, 4), (2, 3, 4), (3, 0, 4)],
)
_TETRAHEDRON = _Polyhedron(
    [(1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)],
    [(0, 1, 2), (0, 1, 3), (0, 2, 3), (1, 2, 3)],
)


def _cuboid(p: Floats) -> tuple[Floats, Floats]:
    sides = p[2] * np.stack([np.ones_like(p[3]), p[3], p[4]])
    return _CUBE.wires(p[:2], sides, p[5:8])


def _pyramid(p: Floats) -> tuple[Floats, Floats]:
    sides = p[2] * np.stack([np.ones_like(p[3]), np.ones_like(p[3]), p[3]])
    return _PYRAMID.wires(p[:2], sides, p[4:7])


def _tetrahedron(p: Floats) -> tuple[Floats, Floats]:
    return _TETRAHEDRON.wires(p[:2], p[2] * np.ones((3, 1)), p[3:6])


_CIRCLE = np.linspace(0, 2 * np.pi, 96, endpoint=False)


def _ball(p: Floats) -> tuple[Floats, Floats]:
    x = p[0][:, None] + p[2][:, None] * np.cos(_CIRCLE)
    y = p[1][:, None] + p[2][:, None] * np.sin(_CIRCLE)
    return np.stack([x, y], -1), np.ones(x.shape)


def _cylinder(p: Floats) -> tuple[Floats, Floats]:
    """Place, radius, half length as seen, flatness of the round ends, turn in the plane."""
    radius, length, flat, turn = (value[:, None] for value in p[2:6])
    ring_x, ring_y = radius * np.cos(_CIRCLE), radius * flat * np.sin(_CIRCLE)
    near = np.stack([ring_x, ring_y - length], -1)
    far = np.stack([ring_x, ring_y + length], -1)
    along = np.linspace(-1, 1, 32)[None]
    right = np.stack(np.broadcast_arrays(radius, along * length), -1)
    left = np.stack(np.broadcast_arrays(-radius, along * length), -1)
    points = np.concatenate([near, far, right, left], 1)
    ring = np.broadcast_to(radius * (0.5 + 0.5 * flat) * 2 * np.pi / 96, ring_x.shape)
    side = np.broadcast_to(2 * length / 32, right.shape[:2])
    half = ring * (np.sin(_CIRCLE) >= 0)  # the far end's other half is hidden
    weights = np.concatenate([ring, half, side, side], 1)
    cos, sin = np.cos(turn), np.sin(turn)
    x = points[..., 0] * cos - points[..., 1] * sin + p[0][:, None]
    y = points[..., 0] * sin + points[..., 1] * cos + p[1][:, None]
    return np.stack([x, y], -1), weights


_SIZE = (0.10, 0.40)
DRAWINGS: dict[str, Drawing] = {
    "cube": Drawing(_cuboid, (*_PLACE, _SIZE, (0.5, 1.6), (0.5, 1.6), *_TURN)),
    "ball": Drawing(_ball, (*_PLACE, (0.12, 0.48))),
    "cylinder": Drawing(
        _cylinder, (*_PLACE, (0.10, 0.40), (0.08, 0.40), (0.3, 0.8), (0.0, 2 * np.pi))
    ),
    "pyramid": Drawing(_pyramid, (*_PLACE, _SIZE, (0.6, 1.6), *_TURN)),
    "tetrahedron": Drawing(_tetrahedron, (*_PLACE, _SIZE, *_TURN)),
}

NAMES = {
    "cube": ("a cube", "立方體"),
    "ball": ("a ball", "球"),
    "cylinder": ("a cylinder", "圓柱"),
    "pyramid": ("a pyramid", "角錐"),
    "tetrahedron": ("a tetrahedron", "四面體"),
}


class SolidSettings(Parameters):
    """Which map."""

    source: Literal["saliency", "smoothgrad"] = "saliency"
    picture: int


class SolidClaim(Parameters):
    """The points look like this solid."""

    solid: Solid


def fit_solids(brightness: Floats, seed: int = 0) -> dict[str, Fit]:
    """Return the best fit of every solid to a map (H, W)."""
    marks = bright_marks(brightness)
    return {name: fit(drawing, marks, seed=seed, restarts=6) for name, drawing in DRAWINGS.items()}


@rule(
    "map.solid",
    settings=SolidSettings,
    claim=SolidClaim,
    needs=lambda s: [record_id(s.source, s.picture), record_id("picture", s.picture)],
)
def solid(evidence: Evidence, settings: SolidSettings, claims: Sequence[SolidClaim]) -> Decision:
    """F score of the best pose of each solid's visible edges against the brightest tenth."""
    fits = fit_solids(displayed_brightness(evidence.get(settings.source, settings.picture)))
    verdicts = strongest(
        [fits[claim.solid].score for claim in claims],
        [NAMES[claim.solid] for claim in claims],
        unit="F score",
        what=("fit of the visible edges of {0} to the bright points", "{0}可見稜線與亮點的吻合度"),
    )
    best = max(claims, key=lambda claim: fits[claim.solid].score).solid
    points, weights = DRAWINGS[best].wires(fits[best].parameters[:, None])
    wires = {"points": np.round(points[0][weights[0] > 0], 4).tolist()}
    figure = Figure(
        "wireframe",
        {
            "record": record_id(settings.source, settings.picture),
            "picture": settings.picture,
            **wires,
        },
        (f"The best fit: {NAMES[best][0]}", f"最佳吻合：{NAMES[best][1]}"),
    )
    return Decision(verdicts, [figure])
