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

from solver.bundle.pictures import Picture
from solver.bundle.regions import region_words, regions_for
from solver.evidence import Record, record_id

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

HALF = 0.5
"""A screen pixel is taken as drawn when the segment fills at least half of it."""
LEAST_ROOM = 4
"""Levels a channel must have left below the picture's largest value for a fraction of a quarter to
show; where a place is already as bright as the overlay would make it, nothing can be seen."""


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


def drawn_shares(small: Bytes, overlay: Bytes, top: int) -> tuple[npt.NDArray[np.float64], Mask]:
    """Return how much of each pixel is drawn red and green, and where that can be told.

    LIME's overlay sets one channel of a segment to the picture's largest value `top` and leaves the
    others, so (overlay - picture) / (top - picture) is the share of the screen pixel that the
    segment fills.

    Args:
        small: the picture as drawn (H, W, 3).
        overlay: the same with the segments (H, W, 3).
        top: the largest value of the picture at the network's size.

    Returns:
        shares float (H, W, 2), red then green; bool (H, W, 2), false where the picture is as bright
        in that channel as the overlay would make it.
    """
    room = top - small[..., :2].astype(np.float64)
    rise = overlay[..., :2].astype(np.float64) - small[..., :2]
    shares = np.clip(rise / np.maximum(room, 1), 0, 1)
    return shares, room >= LEAST_ROOM


def lime_record(k: int, small: Bytes, overlay: Bytes, valid: Mask, picture: Bytes) -> Record:
    """Return the signs of LIME's overlay; `valid` where at least one colour could be seen."""
    shares, told = drawn_shares(small, overlay, int(picture.max()))
    drawn = (shares >= HALF) & told
    red, green = drawn[..., 0], drawn[..., 1]
    # On the border of a red and a green segment the fuller one counts.
    signs = np.where(green & (shares[..., 1] >= shares[..., 0]), 1, np.where(red, -1, 0))
    seen = valid & framed(told.any(-1), False)
    unseen = ~framed(told, False) & valid[..., None]
    values = _said("71x71, overlay against picture", "segments and weights", "what is not drawn")
    values["share_where_red_cannot_be_seen"] = round(float(unseen[..., 0].sum() / valid.sum()), 4)
    values["share_where_green_cannot_be_seen"] = round(float(unseen[..., 1].sum() / valid.sum()), 4)
    return Record(
        record_id("lime", k), {"signs": framed(signs.astype(np.int8)), "valid": seen}, values
    )
