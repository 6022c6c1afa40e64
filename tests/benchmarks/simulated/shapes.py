"""Solids in random poses and jugs with a handle, drawn as a noisy map would show them."""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy.spatial import ConvexHull
from scipy.spatial.transform import Rotation

from fixtures.make.jug_maps import SIDES, jug_map, no_handle_map
from fixtures.make.stroke_maps import SOLIDS, nothing_map, solid_map
from solver.evidence import Record
from tests.benchmarks.simulated import FAMILIES, Case, Floats, Generator, one_of
from tests.solver.rules.shapes.test_handle import jug
from tests.solver.rules.shapes.test_solid import SHAPES, SIZES, drawn


def solid(name: str, clear: bool, grained: bool, generator: Generator) -> Case:
    """A solid in a pose that shows three of its faces, or in any pose; or no solid. As a drawing,
    or grained as a saliency map."""
    if name == "nothing":
        return _solid(name, nothing_map(generator).values)
    made = solid_map(name, generator, must_be_clear=clear, grained=grained)
    return _solid(name, made.values)


def pen(name: str, generator: Generator) -> Case:
    """A solid in a clear pose, drawn by a pen of 3 pixels, each pixel brighter or darker."""
    pose = generator.uniform(-180, 180, 3)
    while name != "ball" and not _three_quarters(name, pose):
        pose = generator.uniform(-180, 180, 3)
    values = drawn(name, tuple(pose), SIZES[name] * generator.uniform(0.8, 1.15))
    values = values * generator.uniform(0.4, 1, values.shape)
    values = values + generator.uniform(0.05, 0.2) * generator.random(values.shape)
    return _solid(name, values)


def _solid(name: str, values: Floats) -> Case:
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


FAMILIES.add("shapes.solid", "nothing")(partial(solid, "nothing", True, False))
for _name in SOLIDS:
    FAMILIES.add("shapes.solid", _name)(partial(solid, _name, True, False))
    FAMILIES.add("shapes.solid", f"pen, {_name}")(partial(pen, _name))
    FAMILIES.add("shapes.solid", f"grained: {_name}")(partial(solid, _name, True, True))
    FAMILIES.add("shapes.solid", f"any pose: {_name}")(partial(solid, _name, False, False))


def handle(side: str, grained: bool, generator: Generator) -> Case:
    """A jug of any profile with its handle on a side, or in front of it; as a drawing, or grained
    as a saliency map."""
    return _jug(side, jug_map(side, generator, grained=grained).values)


def pen_jug(side: str, generator: Generator) -> Case:
    """The one jug of the rule's tests, drawn by a pen, turned, mirrored and moved."""
    values = jug(int(generator.integers(10**6)), middle=side == "middle")
    values = values + generator.uniform(0, 0.15) * generator.random(values.shape)
    values = np.roll(values, generator.integers(-4, 5, 2), (0, 1))
    quarters = {"right": 0, "middle": 0, "top": 1, "left": 2, "bottom": 3}[side]
    return _jug(side, np.rot90(values, quarters))


def _jug(side: str, values: Floats) -> Case:
    claims = [{"side": one} for one in SIDES]
    truth = one_of(5, SIDES.index(side))
    return Case([Record("saliency/1", {"map": values})], {"picture": 1}, claims, truth)


def no_handle(generator: Generator) -> Case:
    """Noise, a few strokes, a jug without a handle, or a solid."""
    values = no_handle_map(generator).values
    claims = [{"side": one} for one in SIDES]
    return Case([Record("saliency/1", {"map": values})], {"picture": 1}, claims, [False] * 5)


FAMILIES.add("shapes.handle", "no handle")(no_handle)
for _side in SIDES:
    FAMILIES.add("shapes.handle", f"pen, {_side}")(partial(pen_jug, _side))
    FAMILIES.add("shapes.handle", _side)(partial(handle, _side, False))
    FAMILIES.add("shapes.handle", f"grained: {_side}")(partial(handle, _side, True))
