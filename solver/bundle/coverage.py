"""The pixels that shapes cover, by exact areas: polygons, and bands along lines.

A pixel belongs to a shape when at least half of its area does, so that a shape is drawn as large as
it is, and a turned or mirrored one as the turned or mirrored pixels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
Points = npt.NDArray[np.float64]

_HALF = 0.5 - 1e-9
"""Half a pixel, less the loss of sums of 64-bit numbers: an edge through a pixel's middle counts on
both of its sides."""

_FINE = 8


def polygons_mask(polygons: Sequence[Points], size: tuple[int, int]) -> Mask:
    """Return the pixels (height, width) that polygons cover together.

    Where one polygon crosses itself, what it goes round twice is outside (even-odd, as browsers
    and labelme fill it). Of several polygons the areas in a pixel are added.

    Args:
        polygons: corners (n, 2) as x, y in pixels; x runs right and y down from the corner of the
            picture. Fewer than 3 corners cover nothing.
        size: width and height.

    >>> half = np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 1.5], [0.0, 1.5]])
    >>> polygons_mask([half], (3, 3)).astype(int).tolist()
    [[1, 1, 0], [1, 1, 0], [0, 0, 0]]
    """
    shares = np.zeros((size[1], size[0]))
    for polygon in polygons:
        if len(polygon) >= 3:
            shares += polygon_shares(polygon, size)
    return shares >= _HALF


def polygon_shares(polygon: Points, size: tuple[int, int]) -> npt.NDArray[np.float64]:
    """Return the share of each pixel (height, width) that a polygon covers, 0 to 1.

    The area to the right of an edge is added, with the sign of the edge's direction up or down:
    once round the polygon this leaves the area inside it.
    """
    wide, high = size
    starts, ends = _cut_at_pixels(polygon, size)
    falls = ends[:, 1] - starts[:, 1]
    x, y = ((starts + ends) / 2).T
    row = np.floor(y).astype(np.int64)
    column = np.floor(np.clip(x, 0, wide)).astype(np.int64)
    right = np.clip(column + 1 - x, 0, 1)  # the share of its own pixel right of the piece
    seen = (row >= 0) & (row < high)
    sums = np.zeros((high, wide + 2))
    # `add.at`: several pieces of an outline may fall into one pixel, of which `+=` adds the last.
    np.add.at(sums, (row[seen], column[seen]), (falls * right)[seen])
    np.add.at(sums, (row[seen], column[seen] + 1), (falls * (1 - right))[seen])
    turns = np.cumsum(sums, axis=1)[:, :wide]
    # Even-odd: one turn is 1, two are 0, one and a half is a half.
    shares: npt.NDArray[np.float64] = np.abs((turns + 1) % 2 - 1)
    return shares


def _cut_at_pixels(polygon: Points, size: tuple[int, int]) -> tuple[Points, Points]:
    """Starts and ends (m, 2) of a polygon's edges, cut where they go into another pixel.

    Outside the picture nothing is cut but where an edge comes in or leaves.
    """
    froms = np.asarray(polygon, dtype=np.float64)
    along = np.roll(froms, -1, axis=0) - froms
    edges = np.arange(len(froms))
    which, places = [edges, edges], [np.zeros(len(froms)), np.ones(len(froms))]
    for axis in (0, 1):
        low = np.minimum(froms[:, axis], froms[:, axis] + along[:, axis])
        first = np.maximum(np.ceil(low), 0)
        many = np.minimum(np.floor(low + np.abs(along[:, axis])), size[axis]) - first + 1
        many = np.where(along[:, axis] == 0, 0, np.maximum(many, 0)).astype(np.int64)
        edge = np.repeat(edges, many)
        nth = np.arange(len(edge)) - np.repeat(np.cumsum(many) - many, many)
        at = (first[edge] + nth - froms[edge, axis]) / along[edge, axis]
        which.append(edge)
        places.append(np.clip(at, 0, 1))
    edge, place = np.concatenate(which), np.concatenate(places)
    # By edge, and along it: then neighbours in the list are the ends of one piece.
    order = np.lexsort((place, edge))
    edge, place = edge[order], place[order]
    points = froms[edge] + along[edge] * place[:, None]
    same = edge[1:] == edge[:-1]
    return points[:-1][same], points[1:][same]


def bands_mask(lines: Sequence[Points], width: float, size: tuple[int, int]) -> Mask:
    """Return the pixels (height, width) of bands along lines: straight ends, round bends.

    Args:
        lines: points (n, 2) as x, y in pixels.
        width: of the bands, in pixels.
        size: width and height.
    """
    # Round bends have no exact area to add: 64 cells a pixel are counted.
    wide, high = size[0] * _FINE, size[1] * _FINE
    inside = np.zeros((high, wide), dtype=bool)
    reach = max(width * _FINE, 1.0) / 2
    for line in lines:
        points = np.asarray(line, dtype=np.float64) * _FINE
        for at in range(len(points) - 1):
            _stroke(inside, points[at], points[at + 1], reach, round_end=at < len(points) - 2)
    shares = inside.reshape(size[1], _FINE, size[0], _FINE).mean(axis=(1, 3))
    return shares >= _HALF


def _stroke(inside: Mask, start: Points, end: Points, reach: float, *, round_end: bool) -> None:
    """Add one straight piece of a band to the cells, and the bend after it."""
    low = np.clip(np.floor(np.minimum(start, end) - reach), 0, None).astype(np.int64)
    high = np.ceil(np.maximum(start, end) + reach).astype(np.int64)
    part = inside[low[1] : max(high[1], 0), low[0] : max(high[0], 0)]
    y, x = np.mgrid[low[1] : low[1] + part.shape[0], low[0] : low[0] + part.shape[1]] + 0.5
    along = end - start
    length = float(np.hypot(*along))
    if length > 0:
        forward = ((x - start[0]) * along[0] + (y - start[1]) * along[1]) / length
        aside = ((x - start[0]) * along[1] - (y - start[1]) * along[0]) / length
        slack = 1e-6  # as in `_HALF`
        part |= (np.abs(aside) <= reach + slack) & (forward >= -slack) & (forward <= length + slack)
    if round_end:
        part |= np.hypot(x - end[0], y - end[1]) <= reach
