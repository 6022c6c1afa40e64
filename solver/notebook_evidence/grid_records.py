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
from solver.notebook_evidence.figures.colours import values_of_mixtures
from solver.notebook_evidence.figures.grid_figures import PICTURE_SIDE, Cut, Row
from solver.notebook_evidence.figures.known_pictures import whole_picture

SOURCE = "a figure of an executed notebook"
TOP = 255
FINE = 2 * PICTURE_SIDE
"""Panels with more pixels than this are read at the picture's own."""
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
    for cut in row.cuts:
        if cut.picture is None or cut.picture.place is None:
            continue
        k = cut.picture.place
        if row.kind == "pictures":
            if k not in seen:
                seen.add(k)
                yield from _picture_records(cut, k, regions)
        elif row.kind == "saliency":
            yield _map("saliency", (k,), cut, "hot", "raw_min and raw_max: the scale before it")
        elif row.kind == "smoothgrad":
            yield _map("smoothgrad", (k,), cut, "", "raw_min and raw_max", "the seed")
        elif row.kind == "activation":
            yield _map("activation", (settings["cnnid"], k), cut, "viridis", "the scale")
        elif row.kind == "filter_visualization":
            yield _map(row.kind, (settings["cnnid"], k), cut, "", "first and last", name="rgb")
        elif row.kind == "integrated_gradients":
            place = (k, settings["steps"])
            yield _map(row.kind, place, cut, "", "neutral: where a gradient of 0 lies")


def _map(kind: str, place: tuple[Any, ...], cut: Cut, colours: str, *lacks: str,
         name: str = "map") -> Record:  # fmt: skip
    # Without a colour map the panel's own colours are the values.
    values = values_of_mixtures(colours, cut.rgb, cut.valid) if colours else cut.rgb / TOP
    valid = cut.valid
    if len(values) > FINE:
        values, valid = _at_picture_side(values), _at_picture_side(valid)
    arrays = {name: values.astype(np.float32), "valid": valid, "figure": cut.rgb}
    return Record(record_id(kind, *place), arrays, from_figure(len(values), *lacks))


def from_figure(side: int, *lacks: str) -> dict[str, Any]:
    """Return the values by which a record says that it came through a figure, and how fine."""
    return {"source": SOURCE, "figure_pixels": side, "lacks": list(lacks)}


def _at_picture_side(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    # The middle of each pixel: at its border a panel mixes two.
    at = ((np.arange(PICTURE_SIDE) + 0.5) * len(values) / PICTURE_SIDE).astype(int)
    return values[np.ix_(at, at)]


def _picture_records(cut: Cut, k: int, regions: Path) -> Iterator[Record]:
    assert cut.picture is not None
    name, label = cut.picture.name, cut.picture.label
    rgb = whole_picture(cut.rgb, cut.valid)
    values = {**from_figure(len(cut.rgb), "the picture's own pixels"), "label": label, "name": name}
    yield Record(record_id("picture", k), {"rgb": rgb}, values)
    picture = Picture(k, name, label, Path(name), rgb, (PICTURE_SIDE, PICTURE_SIDE))
    drawn = drawn_regions(picture, regions)
    if drawn is not None:
        yield drawn
