"""Matplotlib colours read back to the values they were drawn for.

The matplotlib of 2021 smooths values and colours them afterwards, so that every colour is one of
the map's. Matplotlib 3.11 smooths the colours of a picture, unless it is blown up three times or
more: between two values then lies a mixture of their colours, off the map but within its hull.
"""

from __future__ import annotations

from functools import cache
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]

MAPS = ("hot", "viridis")
"""Colour maps of the course's notebook: saliency is drawn with `hot`, else matplotlib's own."""
ON_MAP = 3.0
"""Levels (of 255, largest channel) that a colour may lie off its map: rounding. A JPEG shows as 9
to 11."""
SHARE_ON_MAP = 0.97  # labels of neighbouring axes may cover a little of a panel
NEAR_INK = 3  # pixels beside what cannot be read, where a label's faint ink may be left
SHARE_MIXED = 0.0005
"""Share of a panel's colours, far from ink, off its map, from which on they are mixtures: values
smoothed before they are coloured leave none."""


def brightest(rgb: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the largest channel of each pixel (..., 3); NumPy's `max` over so short an axis takes
    ten times as long."""
    return np.maximum(np.maximum(rgb[..., 0], rgb[..., 1]), rgb[..., 2])


def darkest(rgb: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the least channel of each pixel (..., 3)."""
    return np.minimum(np.minimum(rgb[..., 0], rgb[..., 1]), rgb[..., 2])


def grey(rgb: npt.NDArray[Any]) -> Floats:
    """Return the mean of each pixel's channels (..., 3)."""
    red, green, blue = (rgb[..., channel].astype(np.float64) for channel in range(3))
    result: Floats = (red + green + blue) / 3
    return result


def _packed(rgb: Bytes) -> npt.NDArray[np.int32]:
    """Each colour (..., 3) as the 24 bits of one number."""
    wide = rgb.astype(np.int32)
    packed: npt.NDArray[np.int32] = (wide[..., 0] << 16) | (wide[..., 1] << 8) | wide[..., 2]
    return packed


def _unpacked(packed: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    return np.stack([packed >> 16, (packed >> 8) & 255, packed & 255], -1)


def _powers(rgb: npt.NDArray[Any]) -> Floats:
    """The products of up to three channels of colours (n, 3), 1 among them: (n, 20)."""
    shares = rgb / 255
    products = [np.ones(len(rgb))]
    for count in (1, 2, 3):
        for chosen in combinations_with_replacement(range(3), count):
            products.append(np.prod(shares[:, chosen], axis=1))
    return np.stack(products, 1)


class _Table:
    """A colour map's 256 colours, and the nearest one of every colour that was asked for."""

    def __init__(self, name: str) -> None:
        from matplotlib import colormaps
        from scipy.spatial import ConvexHull, cKDTree

        # A 2D array is coloured by 256 entries, cut to whole levels when they become bytes.
        shares = np.asarray(colormaps[name](np.arange(256)))[:, :3]
        self.colours = np.floor(shares * 255.999)
        self._uncut = cKDTree(shares * 255)
        self._tree = cKDTree(self.colours)
        self._faces = ConvexHull(self.colours).equations
        # A mixture of colours stands for the mean of their values. On `hot` a value is a sum of
        # multiples of the channels (to .001); on viridis a cubic of them gives the mean of any two
        # to .003 (root mean square), .016 at most.
        one, other = (at[::7] for at in np.triu_indices(256))
        of_two = np.concatenate([self.colours[one] * (1 - share) + self.colours[other] * share
                                 for share in (0, 0.25, 0.5)])  # fmt: skip
        means = np.concatenate([one * (1 - share) + other * share for share in (0, 0.25, 0.5)])
        self._weights = np.linalg.lstsq(_powers(of_two), means / 255, rcond=None)[0]
        # 1 + the nearest entry, by the 24 bits of a colour; 0 where it was not searched yet. The
        # figures of a notebook show the same few thousand colours again and again.
        self._nearest = np.zeros(1 << 24, np.int16)

    def nearest(self, rgb: Bytes) -> npt.NDArray[np.int64]:
        """Return the index of the colour nearest to each of (..., 3)."""
        packed = _packed(rgb)
        new = np.unique(packed[self._nearest[packed] == 0])
        if len(new):
            self._nearest[new] = self._tree.query(_unpacked(new).astype(np.float64))[1] + 1
        return self._nearest[packed].astype(np.int64) - 1

    def nearest_uncut(self, levels: Floats) -> npt.NDArray[np.int64]:
        """Return the index of the colour nearest to levels (..., 3) that are not cut to bytes."""
        index: npt.NDArray[np.int64] = self._uncut.query(levels)[1]
        return index

    def mixed(self, rgb: npt.NDArray[Any]) -> Floats:
        """Return the values (n,), 0 to 1, of mixtures (n, 3) of the map's colours."""
        result: Floats = np.clip(_powers(rgb) @ self._weights, 0, 1)
        return result

    def outside(self, rgb: Bytes) -> Floats:
        """Return how far (levels) colours (n, 3) lie outside of all mixtures of the map's."""
        shown, place = np.unique(_packed(rgb), return_inverse=True)
        away = (_unpacked(shown) @ self._faces[:, :3].T + self._faces[:, 3]).max(1)
        result: Floats = np.maximum(away, 0)[place.ravel()]
        return result


_table = cache(_Table)


def values_on(name: str, rgb: Bytes) -> tuple[Floats, Floats]:
    """Return the places (0 to 1) of colours (..., 3) on a colour map, and how far off it they lie.

    Example:
        >>> values, off = values_on("viridis", np.array([[253, 231, 37]], np.uint8))
        >>> float(values[0]), float(off[0]) <= 1
        (1.0, True)
    """
    table = _table(name)
    index = table.nearest(rgb)
    off = brightest(np.abs(table.colours[index] - rgb))
    return index / 255.0, off


def values_of_levels(name: str, levels: Floats) -> Floats:
    """Return the values (0 to 1) of a colour map's colours (..., 3), known to parts of a level.

    A colour stands for a 256th of the scale, of which the middle is returned.
    """
    values: Floats = (_table(name).nearest_uncut(levels) + 0.5) / 256
    return values


def values_of_mixtures(name: str, rgb: Bytes, valid: npt.NDArray[np.bool_]) -> tuple[Floats, bool]:
    """Return the values (0 to 1) of a panel's colours (side, side, 3), and whether there are
    mixtures among them.

    Args:
        name: of the colour map.
        rgb: the panel.
        valid: where it shows its map; colours off the map elsewhere are ink.
    """
    values, off = values_on(name, rgb)
    far = ~ndimage.binary_dilation(~valid, np.ones((3, 3)), NEAR_INK)
    mixed = bool(far.any() and (off[far] > ON_MAP).mean() > SHARE_MIXED)
    if mixed:
        values = _table(name).mixed(rgb.reshape(-1, 3)).reshape(values.shape)
    return values, mixed


def mixture_of(rgb: Bytes) -> str:
    """Return the colour map that colours (n, 3) are mixtures of, "" for none.

    Photographs of food may be mixtures of `hot`: what a picture is, is to be told before.
    """
    # So many colours beyond the limit put the quantile beyond it, and a part may hold as many.
    too_many = len(rgb) - int(SHARE_ON_MAP * (len(rgb) - 1))
    # viridis first: `hot` goes from black to white, and its mixtures take in most colours.
    for name in reversed(MAPS):
        outside = _table(name).outside
        # An eighth first: it is enough to refuse most panels.
        if (outside(rgb[::8]) > ON_MAP).sum() >= too_many:
            continue
        if float(np.quantile(outside(rgb), SHARE_ON_MAP)) <= ON_MAP:
            return name
    return ""


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
