"""Solids in random poses and jugs with a handle, drawn as a noisy map would show them."""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy.spatial import ConvexHull
from scipy.spatial.transform import Rotation

from fixtures.make.solid_maps import SIDE, SOLIDS, nothing_map, shown, solid_map
from solver.evidence import Record
from tests.benchmarks.simulated import FAMILIES, Case, Floats, Generator, one_of
from tests.solver.rules.shapes.test_solid import SHAPES, SIZES, drawn

SIDES = ("top", "bottom", "left", "right", "middle")


def solid(name: str, clear: bool, generator: Generator) -> Case:
    """A solid in a pose that shows three of its faces, or in any pose; or no solid."""
    drawn = nothing_map(generator) if name == "nothing" else solid_map(name, generator)
    while clear and not drawn.clear:
        drawn = solid_map(name, generator)
    claims = [{"solid": one} for one in SOLIDS]
    truth = [one == name for one in SOLIDS]
    return Case([Record("saliency/0", {"map": drawn.values})], {"picture": 0}, claims, truth)


def pen(name: str, generator: Generator) -> Case:
    """A solid in a clear pose, drawn by a pen of 3 pixels, each pixel brighter or darker."""
    pose = generator.uniform(-180, 180, 3)
    while name != "ball" and not _three_quarters(name, pose):
        pose = generator.uniform(-180, 180, 3)
    values = drawn(name, tuple(pose), SIZES[name] * generator.uniform(0.8, 1.15))
    values = values * generator.uniform(0.4, 1, values.shape)
    values = values + generator.uniform(0.05, 0.2) * generator.random(values.shape)
    claims = [{"solid": one} for one in SOLIDS]
    truth = [one == name for one in SOLIDS]
    return Case([Record("saliency/0", {"map": values})], {"picture": 0}, claims, truth)


def _three_quarters(name: str, pose: Floats) -> bool:
    """Whether a pose shows three faces, or enough of a cylinder's end and of its wall."""
    turned = Rotation.from_euler("xyz", pose, degrees=True).as_matrix()
    if name == "cylinder":
        return bool(0.3 < abs(turned[2, 2]) < 0.9)
    hull = ConvexHull(SHAPES[name] @ turned.T)
    faces: dict[tuple[float, ...], float] = {}
    for face, equation in zip(hull.simplices, hull.equations, strict=True):
        a, b, c = hull.points[face]
        area = float(np.linalg.norm(np.cross(b - a, c - a))) / 2 * equation[2]
        key = tuple(np.round(equation, 6))
        faces[key] = faces.get(key, 0.0) + max(area, 0.0)
    areas = np.array(list(faces.values()))
    noticed = areas > 0.1 * areas.sum()
    # Two of a pyramid's triangles are a tetrahedron's, too; its base is its only square.
    base = name == "pyramid" and _base_seen(faces, noticed, turned)
    return int(noticed.sum()) >= (2 if base else 3)


def _base_seen(faces: dict[tuple[float, ...], float], noticed: Floats, turned: Floats) -> bool:
    normals = np.array([key[:3] for key in faces])
    return bool((noticed & (normals @ turned[:, 2] < -0.99)).any())


for _name in (*SOLIDS, "nothing"):
    FAMILIES.add("shapes.solid", f"clear pose, {_name}")(partial(solid, _name, True))
for _name in SOLIDS:
    FAMILIES.add("shapes.solid", f"pen, {_name}")(partial(pen, _name))
for _name in SOLIDS:
    FAMILIES.add("shapes.solid", f"any pose, {_name}")(partial(solid, _name, False))


def handle(side: str, generator: Generator) -> Case:
    """A jug of a random profile with a handle on a side, or in front of it; turned and mirrored so
    that the handle comes to lie there."""
    height, belly = generator.uniform(34, 46), generator.uniform(17, 26)
    at = np.linspace(-1, 1, 60)
    neck, rim, foot = belly * generator.uniform([0.6, 0.7, 0.6], [0.95, 1.05, 0.95])
    knots = [-1, generator.uniform(-0.75, -0.5), generator.uniform(0, 0.5), 1]
    radius = np.interp(at, knots, [rim, neck, belly, foot])
    walls = [np.stack([sign * radius, height * at], 1) for sign in (-1, 1)]
    ends = [
        np.array([[-radius[end], height * at[end]], [radius[end], height * at[end]]])
        for end in (0, -1)
    ]
    top, low = generator.uniform(-0.75, -0.4), generator.uniform(0.1, 0.55)
    arc = np.linspace(0, np.pi, 50)
    down = top + (low - top) * (1 - np.cos(arc)) / 2
    out = belly * generator.uniform(0.5, 0.9) * np.sin(arc)
    base = -out.max() / 2 if side == "middle" else np.interp(down, at, radius)
    lines = [*walls, *ends, np.stack([base + out, height * down], 1)]
    turn = {"right": 0, "middle": 0, "left": 2, "top": 1, "bottom": 3}[side]
    if side == "left":
        lines = [line * [-1, 1] for line in lines]
    elif turn:
        lines = [line[:, ::-1] * ([1, -1] if side == "top" else [1, 1]) for line in lines]
    scale, middle = generator.uniform(0.85, 1.1), SIDE / 2 + generator.uniform(-6, 6, 2)
    lines = [line * scale + middle for line in lines]
    claims = [{"side": one} for one in SIDES]
    record = Record("saliency/1", {"map": shown(lines, generator)})
    return Case([record], {"picture": 1}, claims, one_of(5, SIDES.index(side)))


for _side in SIDES:
    FAMILIES.add("shapes.handle", _side)(partial(handle, _side))
