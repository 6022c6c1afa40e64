"""Loops over poses, compiled by numba: the scores of drawings, and the trials of a search.

Arithmetic is that of NumPy's whole arrays, operation by operation, in their order and precision: it
gives the same bits in a fraction of the time. What was compiled is kept in `__pycache__` beside
this module, or where that cannot be written in the user's own cache folder. A kept one holds as
long as this file is not changed, so no loop here may call a function of another file.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, wraps
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Bits = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]
Loop = Callable[..., None]

GRID = 64
"""Cells a side on which lines and marks are compared: one is 2 pixels of a 128-pixel map."""

_TOGETHER = 16
"""Poses whose points are taken into cells at once: as many as one instruction takes at most."""

_ONE, _TWO, _FOUR = np.uint64(1), np.uint64(2), np.uint64(4)
_EVERY_2ND, _EVERY_8TH = np.uint64(0x5555555555555555), np.uint64(0x0101010101010101)
_TWO_OF_4, _FOUR_OF_8 = np.uint64(0x3333333333333333), np.uint64(0x0F0F0F0F0F0F0F0F)
_LAST = np.float32(GRID - 1)
_SIDE = np.float32(GRID)
_NONE = np.float32(0)
_TWO_PARTS = np.float32(2)
_HALF_TURN = np.float32(np.pi)


def compiled(signature: str) -> Callable[[Loop], Loop]:
    """Compile a loop for arguments of these types when it is first called, or load it.

    Where nothing can be kept, each process compiles it again.
    """

    def later(loop: Loop) -> Loop:
        @cache
        def made() -> Loop:
            from numba import njit  # takes a moment to load

            try:
                found: Loop = njit(signature, cache=True, error_model="numpy")(loop)
            except (RuntimeError, OSError):  # no folder to keep it in, or the disk is full
                found = njit(signature, error_model="numpy")(loop)
            return found

        @wraps(loop)
        def run(*arguments: Any) -> None:
            made()(*arguments)

        return run

    return later


@compiled("void(f4[:,:,::1], f4[:,:,::1], f4[:,::1], u8[::1], u8[::1], i8, f8[:,::1])")
def score(
    x: Singles, y: Singles, weights: Singles, marks: Bits, near: Bits, count: int, found: Floats
) -> None:
    """Fill `found` (3, S): F score, share of lines on marks, share of marks on lines.

    Args:
        x, y, weights: lines, as `Drawing.wires` draws them.
        marks: the marked cells of each row, a bit a cell (64,).
        near: those at most one cell from a marked one (64,).
        count: of marked cells, at least 1.
    """
    points, lines, poses = x.shape
    cells = np.empty((lines, points, _TOGETHER), np.int32)
    # Points fall on the two halves by turns: one need not wait until that before it is stored.
    drawn = np.empty((2, GRID + 2), np.uint64)  # a row more on either side
    for first in range(0, poses, _TOGETHER):
        some = min(_TOGETHER, poses - first)
        for line in range(lines):
            for point in range(points):
                for at in range(some):
                    column = min(max(x[point, line, first + at] * _SIDE, _NONE), _LAST)
                    row = min(max(y[point, line, first + at] * _SIDE, _NONE), _LAST)
                    cells[line, point, at] = np.int32(row) * np.int32(GRID) + np.int32(column)
        for at in range(some):
            drawn[:] = 0
            on_marks = 0.0
            length = 0.0
            for line in range(lines):
                weight = weights[line, first + at]
                length += weight
                if weight > 0:
                    hits = np.int32(0)
                    for point in range(points):
                        cell = np.uint32(cells[line, point, at])
                        row = cell // np.uint32(GRID)
                        bit = _ONE << np.uint64(cell % np.uint32(GRID))
                        hits += np.int32((near[row] & bit) != 0)
                        drawn[(line + point) & 1, row + 1] |= bit
                    on_marks += np.float64(weight * np.float32(hits))
            on_marks /= max(length * points, 1e-9)
            # Each cell and the eight around it.
            for row in range(1, GRID + 1):
                bits = drawn[0, row] | drawn[1, row]
                drawn[0, row] = bits | bits << _ONE | bits >> _ONE
            covered = np.int64(0)
            for row in range(GRID):
                bits = (drawn[0, row] | drawn[0, row + 1] | drawn[0, row + 2]) & marks[row]
                # How many are set: the compiler makes one instruction of it, where there is one.
                bits -= (bits >> _ONE) & _EVERY_2ND
                bits = (bits & _TWO_OF_4) + ((bits >> _TWO) & _TWO_OF_4)
                bits = (bits + (bits >> _FOUR)) & _FOUR_OF_8
                covered += np.int64((bits * _EVERY_8TH) >> np.uint64(56))
            share = covered / count
            total = on_marks + share
            found[0, first + at] = 2 * on_marks * share / total if total > 0 else 0.0
            found[1, first + at] = on_marks
            found[2, first + at] = share


@compiled(
    "void(f4[:,:,::1], i8[:,::1], i8[:,::1], i8[:,::1], f8[:,::1], f4[:,:,::1], f4,"
    " f4[:,::1], b1[::1], f4[:,:,::1])"
)
def trials(
    poses: Singles,
    leaders: Places,
    ones: Places,
    others: Places,
    scales: Floats,
    chances: Singles,
    crossing: np.float32,
    bounds: Singles,
    turns: Mask,
    tried: Singles,
) -> None:
    """Fill `tried` (P, islands, poses): poses moved towards a leader, and by a difference.

    Args:
        poses: (P, islands, poses).
        leaders, ones, others: of each pose three poses of its island (islands, poses).
        scales: how far it moves.
        chances: in 0..1; a parameter whose chance is not below `crossing` stays as it is.
        bounds: lowest and highest value of each parameter (P, 2).
        turns: true for parameters that wrap round (P,); others are reflected at their bounds.
    """
    parameters, islands, count = poses.shape
    for parameter in range(parameters):
        low, high = bounds[parameter, 0], bounds[parameter, 1]
        width = high - low
        half = width / _TWO_PARTS
        turn = turns[parameter]
        for island in range(islands):
            for at in range(count):
                own = poses[parameter, island, at]
                towards = poses[parameter, island, leaders[island, at]] - own
                step = (
                    poses[parameter, island, ones[island, at]]
                    - poses[parameter, island, others[island, at]]
                )
                if turn:  # the shorter way round
                    towards += half
                    towards += width if towards < 0 else -width if towards >= width else _NONE
                    towards -= half
                    step += half
                    step += width if step < 0 else -width if step >= width else _NONE
                    step -= half
                moved = own
                if chances[parameter, island, at] < crossing:
                    moved += (towards + step) * np.float32(scales[island, at])
                if turn:
                    moved -= low
                    moved += width if moved < 0 else -width if moved >= width else _NONE
                    kept = low + moved
                else:
                    kept = abs(high - (abs(moved - low) + low))
                    kept = min(max(high - kept, low), high)
                tried[parameter, island, at] = kept


@compiled("void(f4[:,::1], f4[:,::1], f4[:,::1], f4[:,::1], f4[:,::1])")
def arcs(ends: Singles, wide: Singles, angle: Singles, middle: Singles, half: Singles) -> None:
    """Fill angle, middle and half (N, S) of a wall of cosine arcs, whose heights `angle` holds.

    The wall is `middle - half * cos(angle)` wide there. The cosine is left to NumPy.

    Args:
        ends: heights of the ends of the arcs, rising (4, S).
        wide: how wide the wall is at these (4, S).
        angle, middle, half: to be filled.
    """
    heights, poses = angle.shape
    turn = np.empty((3, poses), np.float32)
    for each in range(3):
        for pose in range(poses):
            turn[each, pose] = _HALF_TURN / (ends[each + 1, pose] - ends[each, pose])
    for height in range(heights):
        for pose in range(poses):
            here = angle[height, pose]
            arc = np.int64(here >= ends[1, pose]) + np.int64(here >= ends[2, pose])
            low, high = wide[arc, pose], wide[arc + 1, pose]
            angle[height, pose] = turn[arc, pose] * here - turn[arc, pose] * ends[arc, pose]
            middle[height, pose] = (high + low) / _TWO_PARTS
            half[height, pose] = (high - low) / _TWO_PARTS


@compiled(
    "void(f4[:,:,::1], i8[:,::1], i8[:,::1], i8[:,::1], f4[::1], f4[:,:,::1], f4[:,:,::1],"
    " f4[:,:,::1], f4[:,::1])"
)
def edges(
    flat: Singles,
    ends: Places,
    corners: Places,
    beside: Places,
    along: Singles,
    x: Singles,
    y: Singles,
    steps: Singles,
    seen: Singles,
) -> None:
    """Fill in points of the edges of a solid, where an edge leads, and 1 for those that are seen.

    Args:
        flat: its vertices as they are seen (2, V, S).
        ends: two vertices of each edge (E, 2).
        corners: three vertices of each face, counter-clockwise from outside (F, 3).
        beside: two faces of each edge, of which one must look at the viewer (E, 2).
        along: places of the points on an edge, 0..1 (N,).
        x, y: of the points (N, E, S).
        steps: from an edge's first to its second vertex (2, E, S).
        seen: 1 or 0 (E, S).
    """
    poses = flat.shape[2]
    looks = np.empty((len(corners), poses), np.bool_)
    for face in range(len(corners)):
        a, b, c = corners[face, 0], corners[face, 1], corners[face, 2]
        for pose in range(poses):
            # It still turns the same way.
            ux, uy = flat[0, b, pose] - flat[0, a, pose], flat[1, b, pose] - flat[1, a, pose]
            vx, vy = flat[0, c, pose] - flat[0, a, pose], flat[1, c, pose] - flat[1, a, pose]
            looks[face, pose] = ux * vy - uy * vx > 0
    for edge in range(len(ends)):
        one, other = ends[edge, 0], ends[edge, 1]
        left, right = beside[edge, 0], beside[edge, 1]
        for pose in range(poses):
            steps[0, edge, pose] = flat[0, other, pose] - flat[0, one, pose]
            steps[1, edge, pose] = flat[1, other, pose] - flat[1, one, pose]
            seen[edge, pose] = looks[left, pose] | looks[right, pose]
        for point in range(len(along)):
            for pose in range(poses):
                x[point, edge, pose] = flat[0, one, pose] + steps[0, edge, pose] * along[point]
                y[point, edge, pose] = flat[1, one, pose] + steps[1, edge, pose] * along[point]


@compiled("void(f4[:,::1], f4[:,::1], f4[:,::1], f4[::1], f4[::1], f4[:,:,::1], f4[:,:,::1])")
def turned(
    template: Singles,
    sizes: Singles,
    place: Singles,
    cos: Singles,
    sin: Singles,
    x: Singles,
    y: Singles,
) -> None:
    """Fill in x and y (1, N, S): a template's points, stretched, turned in the plane, and placed.

    Args:
        template: across, round, and along the axis (3, N).
        sizes: what each of the three is multiplied by (3, S).
        place: (2, S).
        cos, sin: of the turn (S,).
        x, y: to be filled.
    """
    for point in range(template.shape[1]):
        for pose in range(sizes.shape[1]):
            across = sizes[0, pose] * template[0, point]
            down = sizes[1, pose] * template[1, point] + sizes[2, pose] * template[2, point]
            x[0, point, pose] = across * cos[pose] - down * sin[pose] + place[0, pose]
            y[0, point, pose] = across * sin[pose] + down * cos[pose] + place[1, pose]


@compiled(
    "void(f4[:,::1], f4[:,::1], f4[:,::1], f4[::1], f4[::1], f4[::1], f4, f4[::1], f4[::1],"
    " f4[:,::1], f4[:,::1], f4[:,::1])"
)
def jug_lines(
    radius: Singles,
    arch: Singles,
    drop: Singles,
    height: Singles,
    wall: Singles,
    level: Singles,
    sign: float,
    middle: Singles,
    centre: Singles,
    across: Singles,
    along: Singles,
    weights: Singles,
) -> None:
    """Fill in a jug's points (N, S) and their weights: right wall, left wall, rim, foot, handle.

    Args:
        radius: of the body (W, S).
        arch, drop: of the handle's points, from the axis and along it (A, S).
        height: half of it (S,).
        wall: heights of the walls' points, -1 rim to 1 foot (W,).
        level: places of the rim's and the foot's points, -1..1 (L,).
        sign: -1 mirrors it.
        middle, centre: its place across its axis and along it (S,).
        across, along: of its axis, where it is.
        weights: the length that each point stands for: longer lines weigh more.
    """
    walls, levels, arches, poses = len(wall), len(level), len(arch), len(height)
    space = np.float32(1) / np.float32(levels - 1)
    for at in range(walls):
        for pose in range(poses):
            out, down = radius[at, pose], height[pose] * wall[at]
            across[at, pose] = sign * out + middle[pose]
            across[walls + at, pose] = -sign * out + middle[pose]
            along[at, pose] = along[walls + at, pose] = down + centre[pose]
            if at:
                step = out - radius[at - 1, pose]
                fall = down - height[pose] * wall[at - 1]
                length = np.float32(math.sqrt(step * step + fall * fall))
                weights[at, pose] = weights[walls + at, pose] = length
                if at == 1:
                    weights[0, pose] = weights[walls, pose] = length
    for at in range(levels):
        for pose in range(poses):
            rim, foot = radius[0, pose], radius[walls - 1, pose]
            first = 2 * walls + at
            across[first, pose] = sign * (rim * level[at]) + middle[pose]
            across[first + levels, pose] = sign * (foot * level[at]) + middle[pose]
            along[first, pose] = -height[pose] + centre[pose]
            along[first + levels, pose] = height[pose] + centre[pose]
            weights[first, pose] = _TWO_PARTS * abs(rim * level[0]) * space
            weights[first + levels, pose] = _TWO_PARTS * abs(foot * level[0]) * space
    for at in range(arches):
        here = 2 * (walls + levels) + at
        for pose in range(poses):
            across[here, pose] = sign * arch[at, pose] + middle[pose]
            along[here, pose] = drop[at, pose] + centre[pose]
            if at:
                step = arch[at, pose] - arch[at - 1, pose]
                fall = drop[at, pose] - drop[at - 1, pose]
                weights[here, pose] = np.float32(math.sqrt(step * step + fall * fall))
                if at == 1:
                    weights[here - 1, pose] = weights[here, pose]
