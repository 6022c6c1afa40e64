"""Superpixels (Achanta et al. 2012, doi:10.1109/TPAMI.2012.120) of an edition's scikit-image.

The course calls ``slic(image, n_segments=200, compactness=1, sigma=1)``, and that call has had
three results: scikit-image 0.16 blurs the RGB picture and then goes to Lab; 0.17 and 0.18 go to Lab
first; 0.19 and later also stretch the picture to 0..1 before. 0.16 reckons the least and the
largest superpixel from the number asked for, the others from the places of the grid. Today's slic
gives the older results when it is handed the older version's Lab picture.

On the twenty pictures of 2021 and 2022 every pixel is equal to the old versions' own. In a patch of
one flat colour, where two superpixels are equally near, the last bit of rounding decides, and the
border between them may run elsewhere.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage.color import rgb2lab
from skimage.segmentation import slic
from skimage.util import regular_grid

from solver.banks.course_settings import Superpixels

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]

LEAST_SIZE, LARGEST_SIZE = 0.5, 3.0
"""slic's own limits of a superpixel's size, as multiples of the expected size."""


def superpixels(picture: npt.NDArray[np.uint8], settings: Superpixels) -> Labels:
    """Return the superpixel of every pixel: int64 (H, W), counted from `settings.start_label`.

    `picture` is uint8 (H, W, 3) as the network gets it. With `start_label` 1 as of 0.18 some pixels
    of a picture may carry the label 0 (see `_enforce_connectivity`).

    Example:
        >>> picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
        >>> labels = superpixels(picture, Superpixels(scikit_image="0.16", segments=16))
        >>> labels.shape, int(labels.min())
        ((64, 64), 0)
    """
    return _labels(picture.tobytes(), picture.shape, settings).copy()


@lru_cache(maxsize=64)  # each part of the samples of a picture needs those of the pictures before
def _labels(rgb: bytes, shape: tuple[int, ...], settings: Superpixels) -> Labels:
    image = np.frombuffer(rgb, np.uint8).reshape(shape).astype(np.double) / 255
    found: Labels = _VERSIONS[settings.scikit_image](image, settings).astype(np.int64)
    return found


def _of_0_16(image: Floats, settings: Superpixels) -> Labels:
    blurred = ndimage.gaussian_filter(image, [settings.sigma, settings.sigma, 0])
    expected = image[..., 0].size / settings.segments  # by the number asked for, not by the grid
    grid = _grid_places(image, settings) / image[..., 0].size
    # Halves are added since slic cuts the product down to a whole number.
    limits = {
        "min_size_factor": (int(LEAST_SIZE * expected) + 0.5) * grid,
        "max_size_factor": (int(LARGEST_SIZE * expected) + 0.5) * grid,
    }
    return _slic_of_lab(rgb2lab(blurred), settings, **limits)


def _of_0_18(image: Floats, settings: Superpixels) -> Labels:
    # 0.17 and 0.18 go to Lab first and blur then; 0.16 the other way round.
    lab = ndimage.gaussian_filter(rgb2lab(image), [settings.sigma, settings.sigma, 0])
    if settings.start_label == 0:
        return _slic_of_lab(lab, settings)
    raw = _slic_of_lab(lab, settings, enforce_connectivity=False)
    expected = image[..., 0].size / _grid_places(image, settings)
    return _enforce_connectivity(raw, int(LEAST_SIZE * expected), int(LARGEST_SIZE * expected))


def _of_0_19(image: Floats, settings: Superpixels) -> Labels:
    # Today's: it stretches the picture to 0..1, then blurs and goes to Lab, all by itself.
    labels: Labels = slic(
        image,
        n_segments=settings.segments,
        compactness=settings.compactness,
        sigma=settings.sigma,
        start_label=settings.start_label,
    )
    return labels


_VERSIONS = {"0.16": _of_0_16, "0.18": _of_0_18, "0.19": _of_0_19}


def _slic_of_lab(lab: Floats, settings: Superpixels, **more: Any) -> Labels:
    """slic of a Lab picture that is neither blurred nor stretched, counted from 0."""
    span = float(lab.max() - lab.min())
    labels: Labels = slic(
        lab,
        n_segments=settings.segments,
        compactness=settings.compactness / (span or 1.0),  # undoes today's stretch to 0..1
        sigma=0,
        convert2lab=False,
        start_label=0,
        **more,
    )
    return labels


def _grid_places(image: Floats, settings: Superpixels) -> int:
    """How many superpixels slic begins with."""
    height, width = image.shape[:2]
    places = np.empty((1, height, width))[regular_grid((1, height, width), settings.segments)]
    return int(places.size)


def _enforce_connectivity(raw: Labels, least: int, largest: int) -> Labels:
    """Return connected superpixels counted from 1, as 0.17 and 0.18 make them of raw labels.

    A part smaller than `least` joins a neighbour; parts that no neighbour was visited before may
    keep 0.
    """
    height, width = raw.shape
    row = width + 2
    labels = np.pad(raw + 1, 1).ravel().tolist()  # a border of 0 around, which no label equals
    joined = [0] * len(labels)
    new = 1
    for start in (y * row + x for y in range(1, height + 1) for x in range(1, width + 1)):
        if joined[start]:
            continue
        part, label, neighbour = [start], labels[start], 0
        joined[start] = new
        for pixel in part:  # grows while it is gone through: breadth first
            if len(part) >= largest:
                break
            for near in (pixel + 1, pixel - 1, pixel + row, pixel - row):
                if labels[near] == label and not joined[near]:
                    joined[near] = new
                    part.append(near)
                    if len(part) >= largest:
                        break
                elif joined[near] and joined[near] != new:
                    neighbour = joined[near]
        if len(part) >= least:
            new += 1
        else:
            # Those versions took 0 both for "no neighbour" and for "not visited yet": a part that
            # is met before all its neighbours stays 0 and is visited again from its next pixel.
            for pixel in part:
                joined[pixel] = neighbour
    return np.reshape(joined, (height + 2, row))[1:-1, 1:-1]
