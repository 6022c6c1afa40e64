"""The five solids as line drawings: their visible edges in every pose, many poses at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from solver.rules.shapes.wireframe_fit import Drawing, Singles

_PLACE = ((0.25, 0.75), (0.25, 0.75))
_TURN = ((0.0, 2 * np.pi), (0.0, np.pi), (0.0, 2 * np.pi))
_PER_EDGE = 16


def _rotations(angles: Singles) -> Singles:
    """Euler angles (3, S), z-x-z, to matrices (3, 3, S)."""
    (ca, cb, cc), (sa, sb, sc) = np.cos(angles), np.sin(angles)
    return np.array(
        [
            [ca * cc - sa * cb * sc, -ca * sc - sa * cb * cc, sa * sb],
            [sa * cc + ca * cb * sc, -sa * sc + ca * cb * cc, -ca * sb],
            [sb * sc, sb * cc, cb],
        ]
    )


class _Polyhedron:
    """A convex solid: an edge is seen when one of its two faces looks at the viewer."""

    def __init__(self, vertices: Sequence[Sequence[float]], faces: Sequence[Sequence[int]]) -> None:
        self.vertices = np.asarray(vertices, np.float32)  # (V, 3)
        self.edges = sorted(
            {
                (min(a, b), max(a, b))
                for face in faces
                for a, b in zip(face, [*face[1:], face[0]], strict=True)
            }
        )
        # Three corners of each face, counter-clockwise from outside.
        self.corners = np.array([self._from_outside(face[:3]) for face in faces])  # (F, 3)
        self.beside = [
            [at for at, face in enumerate(faces) if a in face and b in face] for a, b in self.edges
        ]

    def _from_outside(self, three: Sequence[int]) -> list[int]:
        a, b, c = self.vertices[list(three)]
        outward = np.cross(b - a, c - a) @ (a - self.vertices.mean(0)) > 0
        return list(three) if outward else [three[0], three[2], three[1]]

    def wires(
        self, place: Singles, half_sides: Singles, angles: Singles
    ) -> tuple[Singles, Singles, Singles]:
        """Place (2, S), half sides (3, S), angles (3, S): x, y and weights (S, E x 16)."""
        sized = self.vertices.T[:, :, None] * half_sides[:, None]  # (3, V, S)
        flat = np.einsum("ijs,jvs->ivs", _rotations(angles)[:2], sized) + place[:, None]
        first, second = np.asarray(self.edges).T
        starts, steps = flat[:, first], flat[:, second] - flat[:, first]  # (2, E, S)
        length = np.hypot(*steps) * self._edges_seen(flat)
        starts, steps = starts.transpose(0, 2, 1)[..., None], steps.transpose(0, 2, 1)[..., None]
        along = np.linspace(0, 1, _PER_EDGE, dtype=np.float32)
        x, y = (starts + steps * along).reshape(2, place.shape[1], -1)
        return x, y, np.repeat(length.T, _PER_EDGE, axis=1)

    def _edges_seen(self, flat: Singles) -> npt.NDArray[np.bool_]:
        """Corners as seen (2, V, S) to (E, S): a face is seen if it still turns the same way."""
        a, b, c = (flat[:, self.corners[:, at]] for at in range(3))  # (2, F, S)
        (ux, uy), (vx, vy) = b - a, c - a
        seen = ux * vy - uy * vx > 0
        return np.stack([seen[beside].any(0) for beside in self.beside])


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


def _cuboid(p: Singles) -> tuple[Singles, Singles, Singles]:
    sides = p[2] * np.stack([np.ones_like(p[3]), p[3], p[4]])
    return _CUBE.wires(p[:2], sides, p[5:8])


def _pyramid(p: Singles) -> tuple[Singles, Singles, Singles]:
    sides = p[2] * np.stack([np.ones_like(p[3]), np.ones_like(p[3]), p[3]])
    return _PYRAMID.wires(p[:2], sides, p[4:7])


def _tetrahedron(p: Singles) -> tuple[Singles, Singles, Singles]:
    return _TETRAHEDRON.wires(p[:2], np.stack([p[2]] * 3), p[3:6])


_CIRCLE = np.linspace(0, 2 * np.pi, 96, endpoint=False, dtype=np.float32)


def _ball(p: Singles) -> tuple[Singles, Singles, Singles]:
    x = p[0][:, None] + p[2][:, None] * np.cos(_CIRCLE)
    y = p[1][:, None] + p[2][:, None] * np.sin(_CIRCLE)
    return x, y, np.ones_like(x)


_RING = np.linspace(0, 2 * np.pi, 64, endpoint=False, dtype=np.float32)
_SEEN_HALF = np.sin(_RING) >= 0  # of the far end
_ALONG = np.linspace(-1, 1, 24, dtype=np.float32)
# A cylinder of radius 1 and half length 1: the near end, the seen half of the far one, two sides.
_ACROSS = np.concatenate(
    [np.cos(_RING), np.cos(_RING[_SEEN_HALF]), np.ones_like(_ALONG), -np.ones_like(_ALONG)]
)
_ROUND = np.concatenate([np.sin(_RING), np.sin(_RING[_SEEN_HALF]), np.zeros(2 * len(_ALONG), "f4")])
_AXIAL = np.concatenate([-np.ones_like(_RING), np.ones(_SEEN_HALF.sum(), "f4"), _ALONG, _ALONG])
_IS_SIDE = np.arange(len(_ACROSS)) >= len(_ACROSS) - 2 * len(_ALONG)


def _cylinder(p: Singles) -> tuple[Singles, Singles, Singles]:
    """Place, radius, half length as seen, flatness of the round ends, turn in the plane."""
    radius, length, flat = (value[:, None] for value in p[2:5])
    across = radius * _ACROSS
    down = (radius * flat) * _ROUND + length * _AXIAL
    ring = radius * (0.5 + 0.5 * flat) * np.float32(2 * np.pi / len(_RING))
    weights = np.where(_IS_SIDE, 2 * length / len(_ALONG), ring)
    cos, sin = np.cos(p[5])[:, None], np.sin(p[5])[:, None]
    x = across * cos - down * sin + p[0][:, None]
    y = across * sin + down * cos + p[1][:, None]
    return x, y, weights


_SIZE = (0.10, 0.40)
# The last number of each is its score by chance: the mean over 36 maps of noise, white and smooth,
# with 7.5, 10 and 12.5 percent marked (it differs by 0.01 between these; one map by 0.03).
DRAWINGS: dict[str, Drawing] = {
    "cube": Drawing(_cuboid, (*_PLACE, _SIZE, (0.5, 1.6), (0.5, 1.6), *_TURN), 0.54),
    "ball": Drawing(_ball, (*_PLACE, (0.12, 0.48)), 0.36),
    "cylinder": Drawing(
        _cylinder, (*_PLACE, (0.10, 0.40), (0.08, 0.40), (0.3, 0.8), (0.0, 2 * np.pi)), 0.50
    ),
    "pyramid": Drawing(_pyramid, (*_PLACE, _SIZE, (0.6, 1.6), *_TURN), 0.53),
    "tetrahedron": Drawing(_tetrahedron, (*_PLACE, _SIZE, *_TURN), 0.50),
}
