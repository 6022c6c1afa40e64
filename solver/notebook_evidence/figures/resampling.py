"""Matplotlib's resampling of an image to a panel of screen pixels, and where it can be undone.

An image of n x n is stretched over the panel's pixels and smoothed by a Hann window over one screen
pixel, or over one image pixel where these are larger: ``panel = K @ image @ K.T``, cut to whole
levels. This is matplotlib's `antialiased` interpolation, the default since 3.2. An image blown up
more than three times, or exactly to its size or twice, is not smoothed: each screen pixel shows
the image pixel that its middle lies in. Of an image that begins at a fraction of a pixel, as
matplotlib 3.11 sets them, K has other weights for rows and for columns
(`solver.notebook_evidence.figures.placing`).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from solver.notebook_evidence.figures.placing import Placing

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

SIDES = (128, 64, 32, 16, 8, 4)
"""Sides of the network's layers for a picture of 128x128."""
BLOWN_UP = 3
"""Times as many screen pixels as image pixels beyond which matplotlib does not smooth."""
CLOSE = 0.8
"""Levels of 255, as a root mean square, that a panel may differ from one drawn from so few pixels:
rounding is .1 to .5, an image twice as fine .6 (where nothing is in it) to 6."""


@lru_cache(maxsize=256)
def window(side: int, pixels: int, width: float | None = None, begin: float = 0.0) -> Floats:
    """Return K (side, pixels): the weight of each image pixel in each screen pixel.

    Args:
        side: screen pixels of the panel.
        pixels: of the image.
        width: screen pixels of the image, where that is not the whole panel.
        begin: screen pixel, from the panel's edge, at which the image begins.

    Example:
        >>> window(2, 4).round(2).tolist()
        [[0.46, 0.46, 0.08, 0.0], [0.0, 0.08, 0.46, 0.46]]
    """
    width = side if width is None else width
    scale = pixels / width
    reach = max(scale, 1.0)
    middles = (np.arange(side) + 0.5 - begin) * scale
    if in_blocks(width, pixels):
        nearest = np.clip(np.floor(middles), 0, pixels - 1)
        blocks: Floats = (nearest[:, None] == np.arange(pixels)).astype(np.float64)
        blocks.setflags(write=False)
        return blocks
    away = (np.arange(pixels)[None] + 0.5 - middles[:, None]) / reach
    # Matplotlib's own filter ("hanning") for images that are drawn smaller.
    weights = np.where(np.abs(away) < 1, 0.5 + 0.5 * np.cos(np.pi * np.clip(away, -1, 1)), 0.0)
    # A screen pixel beyond the image, at the panel's edge, repeats the image's last pixel.
    beyond = weights.sum(1) == 0
    weights[beyond, np.where(middles[beyond] < 0, 0, pixels - 1)] = 1
    result: Floats = weights / weights.sum(1, keepdims=True)
    # It is cached: a caller that wrote into it would change the next one's.
    result.setflags(write=False)
    return result


def in_blocks(width: float, pixels: int) -> bool:
    """Say whether an image of so many pixels is drawn so wide without smoothing.

    Example:
        >>> in_blocks(197.0, 64), in_blocks(197.0, 128), in_blocks(256.0, 128)
        (True, False, True)
    """
    return width > BLOWN_UP * pixels or width in (pixels, 2 * pixels)


def windows(side: int, pixels: int, placing: Placing | None) -> tuple[Floats, Floats]:
    """Return K of the rows and of the columns of a panel, whose picture is stretched over the whole
    of it where no placing is given."""
    if placing is None:
        return window(side, pixels), window(side, pixels)
    return (
        window(side, pixels, placing.width, placing.y),
        window(side, pixels, placing.width, placing.x),
    )


def drawn(image: npt.NDArray[Any], side: int, placing: Placing | None = None) -> Floats:
    """Return an image (n, n) or (n, n, channels) as drawn on side x side screen pixels."""
    down, across = windows(side, image.shape[0], placing)
    if image.ndim == 2:
        small: Floats = down @ image @ across.T
        return small
    return np.stack([down @ image[..., c] @ across.T for c in range(image.shape[-1])], -1)


def coarseness(panel: Floats, valid: Mask, pixels: int) -> float:
    """Return how far (root mean square) a panel (side, side) is from any image of so few pixels.

    The best image is found by least squares over the panel's valid pixels, rows and columns in
    turn; where a panel has fewer pixels than the image, every panel fits and 0 is returned.
    """
    side = len(panel)
    if side <= pixels:
        return 0.0
    # Rows under a spine are left out; ink is filled in from the fit, a few times over.
    rows, columns = np.flatnonzero(valid.mean(1) > 0.5), np.flatnonzero(valid.mean(0) > 0.5)
    k = window(side, pixels)
    across, down = k[columns], k[rows]
    to_rows, to_columns = down @ np.linalg.pinv(down), across @ np.linalg.pinv(across)
    cut, seen = panel[np.ix_(rows, columns)], valid[np.ix_(rows, columns)]
    filled = np.where(seen, cut, np.median(cut[seen]))
    # A fixed number, not until it is still: the same figure is to give the same number.
    for _ in range(60):
        fit = to_rows @ filled @ to_columns.T
        filled = np.where(seen, cut, fit)
    return float(np.sqrt(((fit - cut)[seen] ** 2).mean()))


def explains(off: Iterable[float], count: int) -> bool:
    """Say whether images of so few pixels explain most of `count` panels, by their `coarseness`;
    no more panels are looked at than that takes.

    Example:
        >>> explains([0.1, 0.1, 9.0], 3), explains([0.1, 9.0, 9.0], 3)
        (True, False)
    """
    close = far = 0
    for one in off:
        close, far = close + (one <= CLOSE), far + (one > CLOSE)
        if 2 * close > count or 2 * far > count:
            break
    return 2 * close > count
