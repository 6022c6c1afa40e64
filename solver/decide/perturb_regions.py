"""Region edges moved at random, as another person might have drawn them.

A region is its signed distance (positive inside, in pixels): moving the map of distances shifts the
region, and another level of it grows or shrinks it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import combinations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from solver.evidence import Record
from solver.rules.maps.displayed import SEEN, pixel_of

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

PIXELS = 3.0
"""Farthest move of a point of an edge, about the distance between two people's outlines of one
thing in a picture of 128 pixels."""

KEPT_DEPTH = 0.5
"""Part of a region's inmost depth by which it is shrunk at the most: a thin outline stays."""


def reach_of_edges(records: Iterable[Record]) -> float:
    """Return how far edges are moved for a question: `PIXELS`, or what a coarse map has seen."""
    maps = [record for record in records if record.kind == "activation"]
    return max([PIXELS, *(SEEN * pixel_of(record) for record in maps if "map" in record.arrays)])


def moved_regions(record: Record, generator: np.random.Generator, reach: float = PIXELS) -> Record:
    """Return a ``regions/k`` record with every edge moved by up to `reach`.

    A length up to that is split between a shift in a random direction and growing or shrinking.
    Each region moves on its own, but two names of the same mask stay one region, and regions that
    did not overlap still do not. No region is emptied; one that would be is left where it was.
    """
    distances: dict[bytes, Floats] = {}
    masks = {name: np.asarray(mask, bool) for name, mask in sorted(record.arrays.items())}
    for mask in masks.values():
        if mask.ndim == 2 and mask.any() and not mask.all():
            key = mask.tobytes()
            if key not in distances:
                # By the mask's bytes: two names of one mask stay one region.
                distances[key] = _moved(_distance_of(key, mask.shape), generator, reach)
    depth = {name: distances[m.tobytes()] for name, m in masks.items() if m.tobytes() in distances}
    claimed = {name: distance > 0 for name, distance in depth.items()}
    for one, other in combinations(depth, 2):
        if not (masks[one] & masks[other]).any():
            # A place that both would have now goes to the one it lies deeper in.
            deeper = depth[one] >= depth[other]
            claimed[one], claimed[other] = claimed[one] & deeper, claimed[other] & ~deeper
    moved = {
        name: claimed[name] if claimed.get(name, mask).any() else mask
        for name, mask in masks.items()
        if name in claimed
    }
    return Record(record.id, {**masks, **moved}, record.values, record.settings, record.inputs)


@lru_cache(maxsize=256)  # each repeat moves the same regions: 32 MB of 128 x 128
def _distance_of(mask: bytes, shape: tuple[int, int]) -> Floats:
    return signed_distance(np.frombuffer(mask, bool).reshape(shape))


def signed_distance(mask: Mask) -> Floats:
    """Return each pixel's distance to the region's edge, positive inside; (H, W) like `mask`."""
    inside, outside = (ndimage.distance_transform_edt(part) for part in (mask, ~mask))
    # The edge lies between two pixels' middles, half a pixel from each.
    distance: Floats = np.where(mask, inside - 0.5, 0.5 - outside)
    return distance


def _moved(distance: Floats, generator: np.random.Generator, reach: float) -> Floats:
    length, shared, angle = generator.uniform(0, (reach, 1.0, 2 * np.pi))
    growth = length * (1 - shared) * generator.choice([-1.0, 1.0])
    growth = max(growth, -KEPT_DEPTH * float(distance.max()))
    shift = length * shared * np.array([np.sin(angle), np.cos(angle)])  # down, right
    moved: Floats = ndimage.shift(distance, shift, order=1, mode="nearest") + growth
    return moved
