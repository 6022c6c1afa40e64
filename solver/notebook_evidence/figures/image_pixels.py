"""An image's own pixels, from a row of panels that are larger than it.

Matplotlib's resampling is linear (`resampling`): where a panel has more pixels than its image,
least squares give the image back. Where it lies, to a hundredth of a pixel, the panels say
themselves: at its true place an image explains its panel up to the cutting to whole levels,
elsewhere none does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.optimize import minimize

from solver.notebook_evidence.figures.panels import Panel
from solver.notebook_evidence.figures.placing import Placing, even_placings
from solver.notebook_evidence.figures.resampling import (
    CLOSE,
    in_blocks,
    window,
    windows,
)

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]
Shown = tuple[Panel, npt.NDArray[Any], Mask]
"""A panel's place, its levels (side, side, channels) and where these are valid."""

LEAST_SCALE = 1.2
"""Screen pixels an image pixel from which on an image is read out: at 1.1 a rounding grows 1.4
fold, at 1.25 not, at 2 it shrinks to .7; at 1 there is no telling neighbours apart."""
ROUGH_SCALE = 1.1
"""The same where a level or two do not matter: for an image whose colours are a map's alone, so
that the nearest one is taken, and for a picture under LIME's overlay."""
SHOWN = 0.75
"""Share of an image pixel's weight that must be seen, not under a spine or ink."""
ROUNDING = 0.5
"""What matplotlib cuts off of a level, on average."""
SOMEWHAT_SHOWN = 0.2  # the same of its eight neighbours
MOST_GROWTH = 1.5
"""Times the usual growth of a rounding from which on a pixel is not known."""
NINETY_NINE = 3.3
"""Standard deviations within which 999 of 1,000 normal errors lie."""
SHARP = 1e-6  # ridge: an edge's pixel may not be seen at all
OFF_BLOCKS = 0.03
"""Share of a panel that blocks may leave unexplained: pixels at borders between two of them."""
STILL = 30  # steps of conjugate gradients; the error of a step is two thirds of the last one's
REACH = 4  # image pixels beside ink that are solved again


@dataclass(frozen=True)
class ImagePixels:
    """An image read out of its panel.

    Attributes:
        levels: (n, n, channels), 0 to 255.
        valid: where they are known (n, n).
        off: levels by which 999 of 1,000 may be wrong.
        placing: where the image lies in its panel.
    """

    levels: Floats
    valid: Mask
    off: float
    placing: Placing


def row_images(
    shown: Sequence[Shown], pixels: int, least: float = LEAST_SCALE
) -> list[ImagePixels] | None:
    """Return the images of a row of panels; None where these are too small or images of so many
    pixels do not explain most of them.

    Args:
        shown: the panels.
        pixels: of each image.
        least: screen pixels an image pixel below which panels are too small.
    """
    if not shown or len(shown[0][1]) < least * pixels:
        return None
    some = [(panel, levels + ROUNDING, valid) for panel, levels, valid in shown]
    placings = _placings(some, pixels)
    images = [_image(levels, valid, pixels, placing)
              for (_, levels, valid), placing in zip(some, placings, strict=True)]  # fmt: skip
    close = sum(one is not None for one in images)
    if 2 * close <= len(images):
        return None
    # A panel that is not explained has nothing valid: another figure lies over it.
    nothing = np.zeros((pixels, pixels), bool)
    return [
        one or ImagePixels(np.zeros((pixels, pixels, levels.shape[-1])), nothing, 255.0, placing)
        for one, (_, levels, _), placing in zip(images, some, placings, strict=True)
    ]


def _placings(shown: Sequence[Shown], pixels: int) -> list[Placing]:
    """Where the images lie: all of a row are as wide and begin at one height."""
    side = len(shown[0][1])
    rows, columns = (
        np.flatnonzero(np.min([valid.mean(axis) for *_, valid in shown], 0) > SHOWN)
        for axis in (1, 0)
    )
    across = [_products(levels, valid, columns) for _, levels, valid in shown]
    down = np.mean(
        [_products(levels.transpose(1, 0, 2), valid.T, rows) for _, levels, valid in shown], 0
    )
    # Rounded edges lie within half a pixel of the image's.
    rough = even_placings([panel for panel, *_ in shown])[0].width

    def left(place: Floats) -> float:
        width, low = place
        return _left(down, rows, side, pixels, float(width), float(side - width + low))

    ends = np.linspace(-0.5, 0.5, 6)
    first = min((np.array([rough + more, low]) for more in ends for low in ends), key=left)
    simplex = first + np.array([[0.0, 0.0], [0.1, 0.0], [0.0, 0.1]])
    found = minimize(
        left, first, method="Nelder-Mead",
        options={"initial_simplex": simplex, "xatol": 0.01, "fatol": 1e-4, "maxiter": 50},
    )  # fmt: skip
    width, low = map(float, found.x)
    begins = [_x(square, columns, side, pixels, width) for square in across]
    # The matplotlib of 2021 stretches an image over whole pixels, in both directions.
    whole = _left(down, rows, side, pixels, side, 0.0) + float(
        np.mean([_left(square, columns, side, pixels, side, 0.0) for square in across])
    )
    apart = found.fun + float(
        np.mean([_left(square, columns, side, pixels, width, x)
                 for square, x in zip(across, begins, strict=True)])
    )  # fmt: skip
    if whole <= 1.1 * apart:
        return [Placing(float(side))] * len(shown)
    places = [Placing(width, x, side - width + low) for x in begins]
    return _by_blocks(shown, pixels, places) if in_blocks(width, pixels) else places


def _by_blocks(shown: Sequence[Shown], pixels: int, places: list[Placing]) -> list[Placing]:
    """Places of images in blocks, by the lines between these: a line lies within half a screen
    pixel of where one image pixel ends."""
    width, y = places[0].width, places[0].y
    lines = np.concatenate([_lines(levels, valid) for _, levels, valid in shown])
    number = np.round((lines - y) * pixels / width)
    if len(np.unique(number)) < 2:
        return places
    slope, y = np.polyfit(number, lines, 1)
    across = [_lines(levels.transpose(1, 0, 2), valid.T) for _, levels, valid in shown]
    begins = [
        float(np.mean(some - slope * np.round((some - one.x) * pixels / width)))
        if len(some) else one.x
        for some, one in zip(across, places, strict=True)
    ]  # fmt: skip
    return [Placing(float(slope * pixels), x, float(y)) for x in begins]


def _lines(levels: Floats, valid: Mask) -> Floats:
    """Between which rows of a panel many places change."""
    change = np.abs(np.diff(levels, axis=0)).max(-1) > 0
    both = valid[1:] & valid[:-1]
    changed = np.flatnonzero((change & both).sum(1) > 0.1 * both.sum(1))
    return (changed + 1).astype(np.float64)


def _x(products: Floats, columns: Places, side: int, pixels: int, width: float) -> float:
    """Where an image of known width begins, by halving steps."""

    def left(at: float) -> float:
        return _left(products, columns, side, pixels, width, at)

    x, step = min(np.linspace(-0.5, 0.5, 6).tolist(), key=left), 0.1
    while step > 0.01:
        x, step = min((x - step, x, x + step), key=left), step / 2
    return float(x)


def _products(levels: Floats, valid: Mask, columns: Places) -> Floats:
    """Products of a panel's columns with one another, over the rows where all of them are seen, by
    the number of rows."""
    rows = np.flatnonzero(valid[:, columns].all(1))
    one = levels[np.ix_(rows, columns)]
    flat = (one - one.mean()).transpose(0, 2, 1).reshape(-1, len(columns))
    product: Floats = flat.T @ flat / max(len(flat), 1)
    return product


def _left(
    products: Floats, columns: Places, side: int, pixels: int, width: float, at: float
) -> float:
    """Mean square of a column that no image at this place explains."""
    basis, _ = np.linalg.qr(window(side, pixels, width, at)[columns])
    explained = float(((products @ basis) * basis).sum())
    freedom = max(len(columns) - pixels, 1)
    return (float(np.trace(products)) - explained) / freedom


def _image(levels: Floats, valid: Mask, pixels: int, placing: Placing) -> ImagePixels | None:
    """The image of a panel, None where no image explains it."""
    side = len(levels)
    rows, columns = (np.flatnonzero(valid.mean(axis) > SHOWN) for axis in (1, 0))
    if min(len(rows), len(columns)) < pixels:
        return None
    if in_blocks(placing.width, pixels):
        return _middles(levels, valid, pixels, placing)
    whole = windows(side, pixels, placing)
    down, across = whole[0][rows], whole[1][columns]
    cut, seen = levels[np.ix_(rows, columns)], valid[np.ix_(rows, columns)]
    nearest = ndimage.distance_transform_edt(~seen, return_distances=False, return_indices=True)
    middle = cut[seen].mean()
    filled = cut[tuple(nearest)] - middle
    to_rows, to_columns = _inverse(down), _inverse(across)
    image = np.stack([to_rows @ filled[..., c] @ to_columns.T for c in range(levels.shape[-1])], -1)
    image += middle
    if not seen.all():
        _solve_beside_ink(image, cut, seen, down, across)
    again = np.stack([down @ image[..., c] @ across.T for c in range(levels.shape[-1])], -1)
    freedom = 1 - pixels**2 / seen.sum()
    if freedom <= 0:
        return None
    spread = float(np.sqrt(((again - cut)[seen] ** 2).mean() / freedom))
    if spread > CLOSE:
        return None
    # Of all of a pixel's weight, as much is seen as lies on readable pixels.
    visible = (down.T @ seen @ across) / (whole[0].sum(0)[:, None] * whole[1].sum(0)[None])
    grows = np.sqrt((to_rows**2).sum(1)[:, None] * (to_columns**2).sum(1)[None])
    # At an edge that a spine covers, little is seen of a pixel, and its neighbour takes its part.
    known = (visible >= SHOWN) & (grows <= MOST_GROWTH * np.median(grows))
    # What ink hides wholly may be anything, and its neighbours make up for it.
    known &= ndimage.minimum_filter(visible, 3, mode="nearest") >= SOMEWHAT_SHOWN
    off = NINETY_NINE * spread * float(grows[known].max(initial=0.0))
    return ImagePixels(np.clip(image, 0, 255), known, max(off, ROUNDING), placing)


def _middles(levels: Floats, valid: Mask, pixels: int, placing: Placing) -> ImagePixels | None:
    """The image of a panel of blocks, one an image pixel: what the blocks show in their middles."""
    side = len(levels)
    down, across = (
        np.floor(begin + (np.arange(pixels) + 0.5) * placing.width / pixels).astype(int)
        for begin in (placing.y, placing.x)
    )
    rows, columns = (k.argmax(1) for k in windows(side, pixels, placing))
    image, known = levels[np.ix_(down, across)], valid[np.ix_(down, across)]
    off = np.abs(image[np.ix_(rows, columns)] - levels).max(-1) > CLOSE
    if (off & known[np.ix_(rows, columns)])[valid].mean() > OFF_BLOCKS:
        return None
    return ImagePixels(image, known, ROUNDING, placing)


def _inverse(k: Floats) -> Floats:
    """The least squares of a window, which leave pixels that are not seen at 0."""
    square = k.T @ k
    result: Floats = np.linalg.solve(square + SHARP * np.eye(len(square)), k.T).astype(float)
    return result


def _solve_beside_ink(image: Floats, cut: Floats, seen: Mask, down: Floats, across: Floats) -> None:
    """Solve the columns of an image from the first one with ink on, by what is seen alone."""
    inked = across.T @ (~seen).sum(0)
    first = max(int(np.flatnonzero(inked)[0]) - REACH, 0)
    touched = np.flatnonzero(across[:, first:].any(1))
    k, weight = across[touched][:, first:], seen[:, touched]
    for c in range(image.shape[-1]):
        off = weight * (cut[:, touched, c] - down @ image[..., c] @ across[touched].T)
        toward = steepest = down.T @ off @ k
        least = start = float((steepest**2).sum())
        for _ in range(STILL):
            if least <= 1e-8 * start:
                break
            seen_of = weight * (down @ toward @ k.T)
            share = least / max(float((seen_of**2).sum()), 1e-12)
            image[:, first:, c] += share * toward
            off -= share * seen_of
            steepest = down.T @ off @ k
            now = float((steepest**2).sum())
            toward, least = steepest + now / least * toward, now
