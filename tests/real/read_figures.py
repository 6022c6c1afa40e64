"""The real pictures, maps and small figures, as records.

The maps of 128x128 are the network's own. The notebook's figures are panels of 71x71 screen pixels,
drawn by matplotlib, of which the first row and column were cut away: fitted to the pictures
(scale and shift, each free), all ten panels are 70.95 to 71.05 pixels wide and begin 0.97 to 1.04
pixels before the cut. So each figure is laid back into 71x71, no pixel of it resampled, and a
region drawn on the picture falls on the same place of it. The row and column that are lost repeat
their neighbours and are not `valid`; nor is what the tick labels of the next panel cover.

Where a panel of 128x128 was made smaller, or one of 64x64 or 32x32 larger, matplotlib smoothed it
(a Hann window over about one pixel): values are means of neighbours, never of far places.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from solver.banks.course_settings import Superpixels
from solver.bundle.pictures import Picture
from solver.bundle.regions import region_words, regions_for
from solver.evidence import Record, record_id
from solver.explain.cnn.superpixels import superpixels
from solver.notebook_evidence.figures.lime_overlay import read_overlay

Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Arrays = Mapping[str, npt.NDArray[Any]]

LAYERS = (6, 15, 23)
STEPS = (10, 100, 1000)
TOP = 255

SECOND_LABEL = slice(21, 34)
"""Rows of the figure under the label at 50 of 128."""
LABEL_AT_20_OF_32 = 44
"""Row of the figure under the one label below the top that a map of 32x32 has."""

SHOWN = 11
"""Superpixels that the course's overlay draws at most."""


def map_records(maps: Arrays, regions: Path) -> Iterator[Record]:
    """Yield picture, regions, saliency and SmoothGrad of every picture, at 128x128.

    Regions are taken from `regions` by the picture's name and fingerprint.
    """
    names = {name: list(pair) for name, pair in region_words([regions]).items()}
    for k, rgb in enumerate(maps["images_uint8"]):
        name, label = str(maps["names"][k]), int(maps["labels"][k])
        yield Record(record_id("picture", k), {"rgb": rgb}, {"label": label, "name": name})
        picture = Picture(k, name, label, Path(name), rgb, (128, 128))
        masks = regions_for(picture, regions)
        if masks:
            words = {name: pair for name, pair in names.items() if name in masks}
            values = {"source": "drawn for 2021", "words": words}
            yield Record(record_id("regions", k), dict(masks), values)
        yield Record(
            record_id("saliency", k),
            {"map": maps["saliency_idx256"][k].astype(np.float32) / TOP},
            _said("8 bit, min-max normalized", "raw_min and raw_max: the scale before it"),
        )
        yield Record(
            record_id("smoothgrad", k),
            {"map": maps["smoothgrad_uint8"][k].astype(np.float32) / TOP},
            _said("8 bit (rounded down), min-max normalized", "raw_min and raw_max", "the seed"),
        )


def figure_records(figures: Arrays, maps: Arrays) -> Iterator[Record]:
    """Yield LIME, activations, visualizations and integrated gradients, in frames of 71x71."""
    for k, small in enumerate(figures["pictures_rgb"]):
        valid = framed(figures["valid_128"][k], False)
        yield lime_record(k, small, figures["lime_overlay_rgb"][k], valid, maps["images_uint8"][k])
        for layer in LAYERS:
            shown = valid if layer != 23 else framed(_valid_of_32(figures["valid_128"][k]), False)
            arrays = {"map": _framed_map(figures[f"activation_cnn{layer}_idx256"][k])}
            yield Record(
                record_id("activation", layer, k),
                {**arrays, "valid": shown},
                _said("71x71, 8 bit, min-max normalized", "the scale, and the layer's own pixels"),
            )
            yield Record(
                record_id("filter_visualization", layer, k),
                {"rgb": _framed_map(figures[f"visualization_cnn{layer}_rgb"][k]), "valid": valid},
                _said("71x71, 8 bit, normalized", "first and last: the sum that is climbed"),
            )
        for steps in STEPS:
            yield Record(
                record_id("integrated_gradients", k, steps),
                {"map": _framed_map(figures[f"ig_{steps}_rgb"][k]), "valid": valid},
                _said("71x71, 8 bit, min-max normalized", "neutral: where a gradient of 0 lies"),
            )


def _said(read: str, *lacks: str) -> dict[str, Any]:
    return {"source": f"a published run of the course's notebook, {read}", "lacks": list(lacks)}


def framed(values: npt.NDArray[Any], fill: bool | None = None) -> npt.NDArray[Any]:
    """Return (70, 70, ...) as (71, 71, ...): what was cut off is `fill`, or repeats the edge."""
    around = [(1, 0), (1, 0), *[(0, 0)] * (values.ndim - 2)]
    if fill is None:
        return np.pad(values, around, mode="edge")
    return np.pad(values, around, constant_values=fill)


def _framed_map(values: Bytes) -> npt.NDArray[np.float32]:
    return framed(values).astype(np.float32) / TOP


def _valid_of_32(valid: Mask) -> Mask:
    """`valid` of a panel of 128x128 for one of 32x32: labels at 0 and 20, none at 50 and 100."""
    moved = np.ones_like(valid)
    moved[:10] = valid[:10]
    block = valid[SECOND_LABEL]
    start = LABEL_AT_20_OF_32 - len(block) // 2
    moved[start : start + len(block)] = block
    return moved


def lime_record(k: int, small: Bytes, overlay: Bytes, valid: Mask, picture: Bytes) -> Record:
    """Return LIME's overlay by the superpixels of 2021: signs of each, at 128x128."""
    labels = superpixels(picture, Superpixels(scikit_image="0.16"))
    shown, drawn = (framed(one).astype(np.float64) for one in (small, overlay))
    reading = read_overlay(picture.astype(np.float64), shown, drawn, valid, labels, SHOWN)
    values = _said("71x71, overlay against picture", "weights")
    values["drawn"], values["unexplained_pixels"] = reading.count, reading.unexplained
    signs = reading.signs[labels].astype(np.int8)
    return Record(record_id("lime", k), {"signs": signs, "segments": labels}, values)
