"""Figures of panels: the pictures, and what the methods made of them, told apart by content.

A row of saliency is on matplotlib's `hot`, a filter's activation on its `viridis`; LIME's overlay
is the pictures with one channel raised; SmoothGrad has many dark places and few bright ones, while
in integrated gradients the commonest value is that of a gradient of 0, a middle grey.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from solver.notebook_evidence.figures.colours import map_of, mixture_of, values_on
from solver.notebook_evidence.figures.image_pixels import (
    LEAST_SCALE,
    ROUGH_SCALE,
    ImagePixels,
    row_images,
)
from solver.notebook_evidence.figures.known_pictures import KnownPicture, picture_of
from solver.notebook_evidence.figures.panels import Box, Bytes, Mask, Panel, find_panels, readable
from solver.notebook_evidence.figures.resampling import SIDES, coarseness, explains

PICTURE_SIDE = 128
UNCHANGED = 1
"""Levels by which the blue of LIME's overlay may differ from the picture's."""
COVERED = 0.03
"""Share of a panel that labels of empty axes beside it may cover."""
RAISED = 0.003
"""Least share of a panel that an overlay raises."""
DARK_MEDIAN = 0.42
"""SmoothGrad's median place is .2 to .3 of its largest, a gradient of 0 in integrated gradients
mostly .45 to .55; what lies nearer than that to the limit is left to the cell's own call."""


@dataclass
class Cut:
    """One panel of a row, cut out of its figure.

    Attributes:
        rgb: (side, side, 3).
        valid: where it can be read (side, side).
        panel: its place in the figure.
        picture: the course's picture it belongs to; None for one that is not known.
    """

    rgb: Bytes
    valid: Mask
    panel: Panel
    picture: KnownPicture | None = None


@dataclass
class Row:
    """A row of panels that show one thing of several pictures.

    Attributes:
        kind: pictures, lime, saliency, smoothgrad, integrated_gradients, activation,
            filter_visualization, or "" where it cannot be told.
        pixels: side of the image each panel was drawn from; None where that is not seen, as in
            mixed colours of a panel hardly larger than it.
        images: the images themselves, where the layer's size was told by them.
    """

    kind: str
    cuts: list[Cut] = field(default_factory=list)
    pixels: int | None = PICTURE_SIDE
    images: list[ImagePixels] | None = None
    remarks: list[str] = field(default_factory=list)


def cut_row(rgb: Bytes, dpi: float, row: list[Panel], pixels: int = PICTURE_SIDE) -> list[Cut]:
    """Return the panels of a row, cut out of a figure that draws images of so many pixels."""
    others = [*row[1:], None]
    return [
        Cut(panel.cut(rgb).copy(), readable(panel, beside, dpi, pixels, rgb), panel)
        for panel, beside in zip(row, others, strict=True)
    ]


def read_grid(
    rgb: Bytes,
    boxes: list[Box],
    dpi: float,
    known: list[KnownPicture],
    pictures: list[Cut] | None,
    method: str,
) -> list[Row]:
    """Return the rows of a figure of panels, each with its kind.

    Args:
        rgb, boxes, dpi: the figure and the boxes in it.
        known: pictures that may be in it.
        pictures: panels of the notebook's figure of pictures, for LIME's overlay.
        method: what the figure's cell calls; it decides only where content leaves two kinds.
    """
    panels = find_panels(rgb, boxes)
    cut = [cut_row(rgb, dpi, row) for row in panels]
    if not cut:
        return []
    for one in cut[0]:
        one.picture = picture_of(one.rgb, one.valid, known)
    rows = [Row(_kind_of_first(cut[0], pictures), cut[0])]
    if rows[0].kind == "lime" and pictures is not None:
        for one, before in zip(cut[0], pictures, strict=False):
            one.picture = before.picture
    for number, cuts in enumerate(cut[1:], start=1):
        for one, above in zip(cuts, cut[0], strict=False):
            one.picture = above.picture
        shown = np.concatenate([one.rgb[one.valid] for one in cuts])
        if not len(shown):  # thick lines or ink over all of it
            rows.append(Row("", cuts))
            continue
        colour, _ = map_of(shown)
        # Below activations lie visualizations, which may look like mixtures of a map's colours.
        mixed = "" if colour or rows[-1].kind == "activation" else mixture_of(shown)
        kind = _kind_of(cuts, colour or mixed, rows[-1].kind, method)
        row = Row(kind, cuts, None if mixed else PICTURE_SIDE)
        if row.kind == "activation":
            _find_pixels(row, rgb, dpi, panels[number])
            # Read out at their own pixels, a layer's colours are its map's, and no mixtures.
            if row.images and not _on_viridis(row.images):
                row = Row(
                    _kind_of(cuts, "", rows[-1].kind, method), cut_row(rgb, dpi, panels[number])
                )
                for one, above in zip(row.cuts, cut[0], strict=False):
                    one.picture = above.picture
        rows.append(row)
    return rows


def _kind_of_first(cuts: list[Cut], pictures: list[Cut] | None) -> str:
    if pictures is not None and is_overlay(cuts, pictures):
        return "lime"
    shown = np.concatenate([one.rgb[one.valid] for one in cuts])
    colour = map_of(shown)[0] if len(shown) else ""
    return "pictures" if not colour and any(one.picture for one in cuts) else ""


def is_overlay(cuts: list[Cut], pictures: list[Cut]) -> bool:
    """Say whether panels are the pictures with red or green raised and blue left as it was."""
    raised = []
    for one, before in zip(cuts, pictures, strict=False):
        # Another size of figure: the two cannot be held against each other by pixel.
        if one.rgb.shape != before.rgb.shape:
            return False
        both = one.valid & before.valid
        if not both.any():
            return False
        change = one.rgb.astype(int) - before.rgb
        blue = np.abs(change[..., 2][both])
        if (blue > UNCHANGED).mean() > COVERED or (change[both] < -UNCHANGED).mean() > COVERED:
            return False
        # More than 2 levels: two figures of one picture differ by rounding.
        raised.append(float((change[..., :2].max(-1) > 2)[both].mean()))
    # One panel is enough: LIME may draw nothing on some of its pictures.
    return bool(raised) and max(raised) >= RAISED


def _kind_of(cuts: list[Cut], colour: str, before: str, method: str) -> str:
    # Told by content: a cell's code may be changed, and its picture is what a student looked at.
    if colour == "hot":
        return "saliency"
    if colour == "viridis":
        return "activation"
    # The notebook draws a filter's visualization below its activation, with no map of its own.
    if before == "activation":
        return "filter_visualization"
    medians = [float(np.median(one.rgb[one.valid])) / 255 for one in cuts]
    middle = float(np.median(medians))
    # Only where content leaves two kinds does the cell's own call decide.
    if abs(middle - DARK_MEDIAN) < 0.05 and method in ("smoothgrad", "integrated_gradients"):
        return method
    return "smoothgrad" if middle < DARK_MEDIAN else "integrated_gradients"


def images_of(
    cuts: list[Cut], pixels: int = PICTURE_SIDE, least: float = LEAST_SCALE
) -> list[ImagePixels] | None:
    """Return the images of panels at their own pixels, None where the panels are not finer."""
    return row_images([(one.panel, one.rgb, one.valid) for one in cuts], pixels, least)


def _find_pixels(row: Row, rgb: Bytes, dpi: float, panels: list[Panel]) -> None:
    """Set how many pixels the layer has: the fewest that explain most panels, with the ticks that
    an image of so many has. Where that cannot be told, the ticks of all sizes are left out."""
    # Values smoothed over whole panels, as in 2021, else colours or blocks at fractions of a pixel.
    of_values = row.pixels is not None
    apart = not of_values or _of_blocks(row.cuts[0])
    # The fewest pixels that explain a panel: twice as many explain it as well.
    for pixels in sorted(SIDES):
        if pixels >= len(row.cuts[0].rgb):
            continue
        cuts = cut_row(rgb, dpi, panels, pixels)
        off = (
            coarseness(values_on("viridis", one.rgb)[0] * 255, one.valid, pixels) for one in cuts
        )
        row.images = images_of(cuts, pixels, ROUGH_SCALE) if apart else None
        if row.images or (of_values and pixels != PICTURE_SIDE and explains(off, len(cuts))):
            row.pixels = pixels
            for one, again in zip(row.cuts, cuts, strict=True):
                one.valid = again.valid
            return
    # Of colours smoothed in a panel hardly larger than the layer, or smaller, nothing is told.
    if apart:
        row.pixels = None
        for pixels in SIDES:
            for one, again in zip(row.cuts, cut_row(rgb, dpi, panels, pixels), strict=True):
                one.valid = one.valid & again.valid


def _on_viridis(images: list[ImagePixels]) -> bool:
    levels = np.concatenate([one.levels[one.valid] for one in images])
    return map_of(np.clip(np.rint(levels - 0.5), 0, 255).astype(np.uint8))[0] == "viridis"


def _of_blocks(cut: Cut) -> bool:
    """Whether most rows of a panel are equal to the next, as of an image blown up in blocks."""
    inside = cut.valid.mean(0) > 0.5
    same = (cut.rgb[1:, inside] == cut.rgb[:-1, inside]).all((1, 2))
    return bool(same.mean() > 0.5)
