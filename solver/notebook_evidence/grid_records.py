"""Records of evidence from figures of panels: maps, activations, visualizations, pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from solver.bundle.pictures import Picture
from solver.evidence import Record, record_id
from solver.notebook_evidence.drawn_regions import drawn_regions
from solver.notebook_evidence.figures.colours import values_of_levels, values_of_mixtures
from solver.notebook_evidence.figures.grid_figures import PICTURE_SIDE, Cut, Row, images_of
from solver.notebook_evidence.figures.image_pixels import ImagePixels
from solver.notebook_evidence.figures.known_pictures import whole_picture

SOURCE = "a figure of an executed notebook"
TOP = 255
FINE = 2 * PICTURE_SIDE
"""Panels with more pixels than this are read at the picture's own."""
MIXED_OFF = {"hot": 1.0, "viridis": 4.0}
"""Levels by which a mean of values may be off that is read from a mixture of their colours: half of
them are less than .4 off on viridis, 99 in 100 less than 1.4."""
MIDDLE_OFF = 26.0
"""Levels by which a pixel's middle may be off in a large panel that no image explains as matplotlib
draws it: it may hold a tenth of the neighbours."""
READ_OFF = {"hot": 0.5, "viridis": 1.5}
"""The same of values read out of a larger panel: half a colour, and on viridis, whose neighbouring
colours are a level apart, another colour."""
COLOURS = {"saliency": "hot", "activation": "viridis"}
LACKS = {
    "saliency": ("raw_min and raw_max: the scale before it",),
    "smoothgrad": ("raw_min and raw_max", "the seed"),
    "activation": ("the scale",),
    "filter_visualization": ("first and last",),
    "integrated_gradients": ("neutral: where a gradient of 0 lies",),
}
"""What a figure does not show of a record."""
POOLS = (9, 19, 29, 33, 37)
"""Places in the network after which a map has half the side."""


def layer_side(layer: int) -> int:
    """Return the side of a layer's map for a picture of 128x128.

    Example:
        >>> [layer_side(layer) for layer in (6, 15, 23)]
        [128, 64, 32]
    """
    return PICTURE_SIDE >> sum(pool <= layer for pool in POOLS)


def grid_records(
    row: Row, settings: dict[str, Any], regions: Path, seen: set[int]
) -> Iterator[Record]:
    """Yield the records of a row whose pictures are the bank's.

    Args:
        row: with its kind told.
        settings: of its cell: `cnnid` for filters, `steps` for integrated gradients.
        regions: the bank's file of regions.
        seen: numbers of the pictures themselves that this notebook has given records of; those of
            the row are added.
    """
    cuts = [
        (at, cut, cut.picture.place)
        for at, cut in enumerate(row.cuts)
        if cut.picture is not None and cut.picture.place is not None
        and not (row.kind == "pictures" and cut.picture.place in seen)
    ]  # fmt: skip
    # Every figure shows the pictures again: they are read once.
    whole = row.images
    if whole is None and cuts and row.kind != "activation":
        whole = images_of(row.cuts)
    for at, cut, k in cuts:
        image = whole[at] if whole else None
        if row.kind == "pictures":
            seen.add(k)
            yield from _picture_records(cut, image, k, regions)
            continue
        place: tuple[Any, ...] = (k,)
        if row.kind in ("activation", "filter_visualization"):
            place = (settings["cnnid"], k)
        elif row.kind == "integrated_gradients":
            place = (k, settings["steps"])
        name = "rgb" if row.kind == "filter_visualization" else "map"
        values, valid, off = _values(cut, image, COLOURS.get(row.kind, ""))
        arrays = {name: values.astype(np.float32), "valid": valid, "figure": cut.rgb}
        told = from_figure(len(cut.rgb) if image else len(values), *LACKS[row.kind])
        if off is not None:
            told["levels_off"] = round(off, 2)
        yield Record(record_id(row.kind, *place), arrays, told)


def _values(
    cut: Cut, image: ImagePixels | None, colours: str
) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_], float | None]:
    """The values of a panel (0 to 1), where they are valid, and by how many levels of 255 they may
    be off, where that is more than rounding."""
    if image is not None:
        if not colours:
            return image.levels / TOP, image.valid, image.off
        # The image is of the map's colours alone.
        return (
            values_of_levels(colours, image.levels),
            image.valid,
            max(image.off, READ_OFF[colours]),
        )
    # Without a colour map the panel's own colours are the values.
    values, off = cut.rgb / TOP, None
    if colours:
        values, mixed = values_of_mixtures(colours, cut.rgb, cut.valid)
        off = MIXED_OFF[colours] if mixed else None
    if len(values) > FINE:
        return _at_picture_side(values), _at_picture_side(cut.valid), MIDDLE_OFF
    return values, cut.valid, off


def from_figure(side: int, *lacks: str) -> dict[str, Any]:
    """Return the values by which a record says that it came through a figure, and how fine."""
    return {"source": SOURCE, "figure_pixels": side, "lacks": list(lacks)}


def _at_picture_side(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    # The middle of each pixel: at its border a panel mixes two.
    at = ((np.arange(PICTURE_SIDE) + 0.5) * len(values) / PICTURE_SIDE).astype(int)
    return values[np.ix_(at, at)]


def picture_pixels(cut: Cut, image: ImagePixels | None) -> npt.NDArray[np.uint8]:
    """Return a panel's picture at 128x128, as far as the panel shows it."""
    if image is None:
        return whole_picture(cut.rgb, cut.valid)
    # A level of a block is known to half a level: the lower one is what was shown.
    rounded = np.clip(np.ceil(image.levels - 0.5), 0, TOP)
    return whole_picture(rounded.astype(np.uint8), image.valid)


def _picture_records(
    cut: Cut, image: ImagePixels | None, k: int, regions: Path
) -> Iterator[Record]:
    assert cut.picture is not None
    name, label = cut.picture.name, cut.picture.label
    rgb = picture_pixels(cut, image)
    values = {**from_figure(len(cut.rgb), "the picture's own pixels"), "label": label, "name": name}
    yield Record(record_id("picture", k), {"rgb": rgb}, values)
    picture = Picture(k, name, label, Path(name), rgb, (PICTURE_SIDE, PICTURE_SIDE))
    drawn = drawn_regions(picture, regions)
    if drawn is not None:
        yield drawn
