"""Matplotlib colours read back to the values they were drawn for."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]

MAPS = ("hot", "viridis")
"""Colour maps of the course's notebook: saliency is drawn with `hot`, else matplotlib's own."""
ON_MAP = 3.0
"""Levels (of 255, largest channel) that a colour may lie off its map: rounding. A JPEG shows as 9
to 11."""
SHARE_ON_MAP = 0.97


@cache
def _table(name: str) -> tuple[Floats, cKDTree]:
    from matplotlib import colormaps

    # A 2D array is coloured by 256 entries, cut to whole levels when they become bytes.
    table = np.floor(np.asarray(colormaps[name](np.arange(256)))[:, :3] * 255.999)
    return table, cKDTree(table)


def values_on(name: str, rgb: Bytes) -> tuple[Floats, Floats]:
    """Return the places (0 to 1) of colours (..., 3) on a colour map, and how far off it they lie.

    Example:
        >>> values, off = values_on("viridis", np.array([[253, 231, 37]], np.uint8))
        >>> float(values[0]), float(off[0]) <= 1
        (1.0, True)
    """
    table, tree = _table(name)
    _, index = tree.query(rgb.astype(np.float64))
    off = np.abs(table[index] - rgb).max(-1)
    return np.asarray(index) / 255.0, off


def map_of(rgb: Bytes) -> tuple[str, float]:
    """Return the colour map that colours (n, 3) are of, "" for none, and how far off they lie.

    Greys alone are on no map; a panel of one colour says nothing either. The distance is what 97 in
    a hundred colours keep.
    """
    best, least = "", float("inf")
    for name in MAPS:
        off = float(np.quantile(values_on(name, rgb)[1], SHARE_ON_MAP))
        if off < least:
            best, least = name, off
    return (best, least) if least <= ON_MAP else ("", least)
