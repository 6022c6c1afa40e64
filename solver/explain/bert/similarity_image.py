"""Numbers of a similarity matrix, read off a picture of it.

The picture is matplotlib's `imshow` in its default colours (viridis) with text and other things
around it: the largest connected field of pixels near a colour of that map is the matrix, and each
cell gets the place of its colour on the map, 0 to 1. imshow stretches the colours from the smallest
value to the largest, so that a picture tells no more.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from solver.bundle.pictures import open_rgb
from solver.errors import BundleError
from solver.evidence import Record
from solver.explain.job import Job, bert_inputs, no_picture
from solver.explain.registry import explanation, record_of

NEAR = 40.0
"""Distance (RGB, Euclidean) of a pixel from the nearest colour of the map at the most: room for
JPEG and colour profiles."""
BRIDGE = 4
"""Width (pixels) of the blurred line between two cells at the most."""
MAX_SIDE = 6000  # far more than any slide has
Pixels = npt.NDArray[np.uint8]
Values = npt.NDArray[np.float64]


@explanation("similarity_picture", pictures=no_picture, passes=lambda job: 0, inputs=bert_inputs)
def similarity_picture(job: Job) -> Record:
    """The matrix that the bundle's slide shows.

    Arrays: colours uint8 (n, n, 3); values float64 (n, n), place on the colour map, 0 to 1.
    Values: box, [top, left, bottom, right] of the field; off_map, the mean distance of the
    colours from the map.

    >>> similarity_picture(Job("similarity_picture", demo)).array("values").shape
    (10, 10)
    """
    materials = job.bundle.bert
    n = len(materials.embeddings.sentences)
    colours, box = read_matrix(open_picture(materials.slide), n, materials.slide)
    values, distance = on_map(colours)
    return record_of(
        job,
        {"colours": colours, "values": values},
        {"box": list(box), "off_map": float(distance.mean())},
    )


def open_picture(path: Path) -> Pixels:
    """Return a picture as uint8 (H, W, 3).

    Raises:
        BundleError: it is not a picture, or far larger than a slide.
    """
    image = open_rgb(path)
    if max(image.size) > MAX_SIDE:
        raise BundleError(
            f"is larger than {MAX_SIDE} pixels a side", path=path, zh=f"每邊大於 {MAX_SIDE} 像素"
        )
    return np.asarray(image)


def slide_record(path: Path, count: int = 10) -> Record:
    """Return the matrix that a picture of a slide shows, without a bundle.

    Raises:
        BundleError: it is no picture, or holds no field of `count` by `count` cells.
    """
    colours, box = read_matrix(open_picture(path), count, path)
    values, distance = on_map(colours)
    told = {"box": list(box), "off_map": float(distance.mean()), "source": "the course's slide"}
    return Record("similarity_picture", {"colours": colours, "values": values}, told)


def viridis() -> Values:
    """Return the 256 colours of the map, 0 to 255: (256, 3)."""
    from matplotlib import colormaps

    table: Values = np.asarray(colormaps["viridis"](np.arange(256)))[:, :3] * 255
    return table


def on_map(colours: npt.NDArray[np.generic]) -> tuple[Values, Values]:
    """Return the place (0 to 1) of each colour (..., 3) on the map, and its distance from it."""
    from scipy.spatial import cKDTree

    distance, index = cKDTree(viridis()).query(colours.astype(np.float64))
    return np.asarray(index) / 255.0, np.asarray(distance)


def read_matrix(pixels: Pixels, n: int, path: Path) -> tuple[Pixels, tuple[int, int, int, int]]:
    """Return the colours (n, n, 3) of the field's cells, and its box.

    Raises:
        BundleError: there is no field of n by n even cells.
    """
    box = find_field(pixels)
    top, left, bottom, right = box
    # Three pixels a cell: one in the middle that its neighbours do not reach.
    if min(bottom - top, right - left) < 3 * n:
        raise BundleError(
            f"holds no field of {n} by {n} cells in matplotlib's default colours",
            path=path,
            mend="Give the slide's picture uncropped, as PNG.",
            zh=f"沒有 {n} 乘 {n} 格、以 matplotlib 預設色階繪製的圖；請給未裁切的 PNG",
        )
    # Edges of cells
    rows, columns = np.linspace(top, bottom, n + 1), np.linspace(left, right, n + 1)
    colours = np.zeros((n, n, 3), np.uint8)
    uneven = 0
    for i in range(n):
        for j in range(n):
            cell = pixels[_middle(rows, i), _middle(columns, j)].reshape(-1, 3)
            colours[i, j] = np.median(cell, axis=0)  # the median: JPEG blurs a cell's rim
            off = np.linalg.norm(cell.astype(float) - colours[i, j], axis=1)
            uneven += int(np.median(off) > NEAR)
    if uneven > n * n // 10:
        raise BundleError(
            f"its coloured field is not made of {n} by {n} even cells",
            path=path,
            zh=f"著色的部分不是 {n} 乘 {n} 的均勻方格",
        )
    return colours, box


def _middle(edges: Values, place: int) -> slice:
    begin, end = edges[place], edges[place + 1]
    quarter = (end - begin) / 4
    # The middle half of a cell: its rim is blended with its neighbours.
    return slice(int(begin + quarter), max(int(end - quarter), int(begin + quarter) + 1))


def find_field(pixels: Pixels) -> tuple[int, int, int, int]:
    """Return [top, left, bottom, right] of the largest connected field of the map's colours."""
    from scipy import ndimage

    _, distance = on_map(pixels)
    # Opened: thin lines and letters in a colour of the map would join fields.
    near = ndimage.binary_opening(distance < NEAR, np.ones((5, 5)))
    # Where two cells meet, the blend of their colours is none of the map's: bridge it.
    joined = ndimage.binary_closing(np.pad(near, BRIDGE), np.ones((2 * BRIDGE + 1,) * 2))
    labels, count = ndimage.label(joined[BRIDGE:-BRIDGE, BRIDGE:-BRIDGE])
    if count == 0:
        return 0, 0, 0, 0
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    rows, columns = ndimage.find_objects(labels)[int(sizes.argmax()) - 1]
    return rows.start, columns.start, rows.stop, columns.stop
