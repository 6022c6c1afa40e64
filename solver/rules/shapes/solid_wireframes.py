"""The five solids as line drawings: their visible edges in every pose, many poses at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from solver.rules.shapes.pose_kernels import edges, turned
from solver.rules.shapes.pose_scores import Drawing, Lines, Singles

_PLACE = ((0.25, 0.75), (0.25, 0.75))
_TILT = ((0.0, 2 * np.pi), (0.0, np.pi))
_ALONG_EDGE = np.linspace(0, 1, 16, dtype=np.float32)


def _flat_rotations(angles: Singles) -> Singles:
    """Euler angles (3, S), z-x-z, to the rows of x and y of rotation matrices (2, 3, S)."""
    (ca, cb, cc), (sa, sb, sc) = np.cos(angles), np.sin(angles)
    return np.array(
        [
            [ca * cc - sa * cb * sc, -ca * sc - sa * cb * cc, sa * sb],
            [sa * cc + ca * cb * sc, -sa * sc + ca * cb * cc, -ca * sb],
        ]
    )


class _Polyhedron:
    """A convex solid: an edge is seen when one of its two faces looks at the viewer."""

    def __init__(self, vertices: Sequence[Sequence[float]], faces: Sequence[Sequence[int]]) -> None:
        self.vertices = np.asarray(vertices, np.float32)  # (V, 3)
        ends = sorted(
            {
                (min(a, b), max(a, b))
                for face in faces
                for a, b in zip(face, [*face[1:], face[0]], strict=True)
            }
        )
        # Three corners of each face, counter-clockwise from outside.
        self.corners = np.array([self._from_outside(face[:3]) for face in faces])  # (F, 3)
        self.beside = np.array(
            [[at for at, face in enumerate(faces) if {a, b} <= set(face)] for a, b in ends]
        )  # (E, 2): the two faces of each edge
        self.ends = np.array(ends)  # (E, 2)

    def _from_outside(self, three: Sequence[int]) -> list[int]:
        a, b, c = self.vertices[list(three)]
        outward = np.cross(b - a, c - a) @ (a - self.vertices.mean(0)) > 0
        return list(three) if outward else [three[0], three[2], three[1]]

    def wires(self, place: Singles, half_sides: Singles, angles: Singles) -> Lines:
        """Place (2, S), half sides (3, S), angles (3, S) to 16 points of each edge."""
        rows = _flat_rotations(angles) * half_sides
        flat = np.matmul(self.vertices, rows) + place[:, None]  # (2, V, S)
        many = (len(self.ends), flat.shape[2])
        x, y = np.empty((2, len(_ALONG_EDGE), *many), np.float32)
        steps, weights = np.empty((2, *many), np.float32), np.empty(many, np.float32)
        edges(flat, self.ends, self.corners, self.beside, _ALONG_EDGE, x, y, steps, weights)
        weights *= np.hypot(*steps)
        return x, y, weights


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


def _cuboid(p: Singles) -> Lines:
    sides = p[2] * np.stack([np.ones_like(p[3]), p[3], p[4]])
    return _CUBE.wires(p[:2], sides, p[5:8])


def _pyramid(p: Singles) -> Lines:
    sides = p[2] * np.stack([np.ones_like(p[3]), np.ones_like(p[3]), p[3]])
    return _PYRAMID.wires(p[:2], sides, p[4:7])


def _tetrahedron(p: Singles) -> Lines:
    return _TETRAHEDRON.wires(p[:2], np.stack([p[2]] * 3), p[3:6])


_CIRCLE = np.linspace(0, 2 * np.pi, 96, endpoint=False, dtype=np.float32)[:, None, None]


def _ball(p: Singles) -> Lines:
    x = p[0] + p[2] * np.cos(_CIRCLE)
    y = p[1] + p[2] * np.sin(_CIRCLE)
    return x, y, np.ones((1, p.shape[1]), np.float32)


_RING = np.linspace(0, 2 * np.pi, 64, endpoint=False, dtype=np.float32)
_SEEN_HALF = np.sin(_RING) >= 0  # of the far end
_ALONG = np.linspace(-1, 1, 24, dtype=np.float32)
# A cylinder of radius 1 and half length 1: the near end, the seen half of the far one, two sides.
_END = np.ones_like(_RING)
# A cylinder of radius 1 and half length 1: the near end, the seen half of the far one, two sides.
# Each point across, round and along the axis.
_CYLINDER = np.concatenate(
    [
        [np.cos(_RING), np.sin(_RING), -_END],
        [np.cos(_RING[_SEEN_HALF]), np.sin(_RING[_SEEN_HALF]), _END[_SEEN_HALF]],
        [np.ones_like(_ALONG), np.zeros_like(_ALONG), _ALONG],
        [-np.ones_like(_ALONG), np.zeros_like(_ALONG), _ALONG],
    ],
    axis=1,
)


def _cylinder(p: Singles) -> Lines:
    """Place, radius, half length as seen, flatness of the round ends, turn in the plane."""
    radius, length, flat = p[2:5]
    x, y = np.empty((2, 1, _CYLINDER.shape[1], p.shape[1]), np.float32)
    sizes = np.stack([radius, radius * flat, length])
    turned(_CYLINDER, sizes, p[:2].copy(), np.cos(p[5]), np.sin(p[5]), x, y)
    weights = np.empty(x.shape[1:], np.float32)
    weights[:] = radius * (0.5 + 0.5 * flat) * np.float32(2 * np.pi / len(_RING))
    weights[-2 * len(_ALONG) :] = 2 * length / len(_ALONG)
    return x, y, weights


_SIZE = (0.10, 0.40)


_HALF_TURN, _QUARTER_TURN = (0.0, np.pi), (0.0, np.pi / 2)

# Chance is the mean score on seven maps of white and seven of smooth noise
# (`python -m tests.benchmarks.drawing_chance --maps 7`): 0.569, 0.362, 0.504, 0.560, 0.510, each
# with a standard error of 0.005 to 0.008; one map differs by 0.02.
# A box looks the same after half a turn about its own axis, a pyramid after a quarter, a
# tetrahedron, which stands on an edge here, after half a turn.
DRAWINGS: dict[str, Drawing] = {
    each.name: each
    for each in (
        Drawing(
            "cube",
            _cuboid,
            (*_PLACE, _SIZE, (0.5, 1.6), (0.5, 1.6), *_TILT, _HALF_TURN),
            turns=(5, 7),
            chance=0.57,
        ),
        Drawing("ball", _ball, (*_PLACE, (0.12, 0.48)), chance=0.36),
        Drawing(
            "cylinder",
            _cylinder,
            (*_PLACE, _SIZE, (0.08, 0.40), (0.3, 0.8), (0.0, 2 * np.pi)),
            turns=(5,),
            chance=0.50,
        ),
        Drawing(
            "pyramid",
            _pyramid,
            (*_PLACE, _SIZE, (0.6, 1.6), *_TILT, _QUARTER_TURN),
            turns=(4, 6),
            chance=0.56,
        ),
        Drawing(
            "tetrahedron",
            _tetrahedron,
            (*_PLACE, _SIZE, *_TILT, _HALF_TURN),
            turns=(3, 5),
            chance=0.51,
        ),
    )
}
