"""Records of LIME from a figure: its overlay by superpixels, and which scikit-image made them.

Where pictures stretched over whole pixels explain an overlay too little, they are taken to lie at
fractions of a pixel, as matplotlib 3.11 sets them, and the place that explains it best is searched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from solver.banks.course_settings import Superpixels, plain
from solver.evidence import Record, record_id
from solver.notebook_evidence.figures.grid_figures import UNCHANGED, Cut, images_of
from solver.notebook_evidence.figures.image_pixels import ROUGH_SCALE, ROUNDING, ImagePixels
from solver.notebook_evidence.figures.known_pictures import (
    KnownPicture,
    SuperpixelVersion,
    whole_picture,
)
from solver.notebook_evidence.figures.lime_overlay import OverlayReading, read_overlay
from solver.notebook_evidence.figures.placing import Placing, even_placings
from solver.notebook_evidence.figures.resampling import drawn, windows
from solver.notebook_evidence.grid_records import from_figure, picture_pixels

Floats = npt.NDArray[np.float64]
Version = tuple[str, int]

SHOWN = 11
TRIED = 3
"""Panels on which the versions are held against each other."""
EXPLAINED = 0.97
"""Least share of an overlay's squared change that a reading must explain. The right superpixels
explain .99 and more of it even with the picture taken from the figure; those of another version .6
to .95 of most panels."""


SMOOTH = 0.01
"""Ridge of the least squares that sharpen a picture."""
HEIGHTS = (-0.4, -0.2, 0.0, 0.2, 0.4)
"""Pixels that a row of pictures may lie above or below the middle of where its edges put it."""
STEPS = (0.1, 0.05, 0.025)
"""Pixels by which the place of a row's pictures is searched, one after another."""


@dataclass(frozen=True)
class LimePanel:
    """One picture's overlay.

    Attributes:
        picture: the course's picture.
        shown: the panel without the overlay (side, side, 3).
        overlay: the panel with it.
        valid: where both can be read (side, side).
        rough: where its picture lies by the edges of the row's panels, if at a fraction of a pixel.
        placing: where it lies; None for a picture stretched over the whole panel.
        pixels: the picture at 128x128, where its panel is fine enough to tell it and its place.
    """

    picture: KnownPicture
    shown: Floats
    overlay: Floats
    valid: npt.NDArray[np.bool_]
    rough: Placing
    placing: Placing | None = None
    pixels: npt.NDArray[np.uint8] | None = None

    @property
    def change(self) -> float:
        """Mean square (levels of 255) by which the overlay changes a pixel."""
        rise = (self.overlay - self.shown)[..., :2]
        return float((rise[self.valid] ** 2).sum() / max(int(self.valid.sum()), 1))


@dataclass(frozen=True)
class LimeFigure:
    """A LIME figure, read.

    Attributes:
        version: scikit-image and first label of the superpixels that explain it best; None where
            none is known.
        readings: by picture, with its superpixels and the share of the change it explains.
    """

    version: Version | None
    readings: list[tuple[LimePanel, SuperpixelVersion, OverlayReading, float]]

    @property
    def explained(self) -> tuple[int, float]:
        """How many panels are explained, and the median share of a panel's change that is."""
        shares = [share for *_, share in self.readings]
        return sum(share >= EXPLAINED for share in shares), float(np.median(shares))


def lime_panels(cuts: list[Cut], pictures: list[Cut]) -> list[LimePanel]:
    """Return the panels whose picture has known superpixels."""
    rough = even_placings([one.panel for one in cuts])
    images: Sequence[ImagePixels | None] = images_of(pictures, least=ROUGH_SCALE) or [None] * len(
        pictures
    )
    return [
        LimePanel(
            before.picture,
            before.rgb.astype(np.float64),
            one.rgb.astype(np.float64),
            one.valid & before.valid & ~_covered(one, before),
            place,
            image.placing if image else None,
            picture_pixels(before, image) if image else None,
        )
        for one, before, image, place in zip(cuts, pictures, images, rough, strict=False)
        if before.picture is not None and before.picture.superpixels
    ]


def _covered(one: Cut, before: Cut) -> npt.NDArray[np.bool_]:
    """Where one of the two shows something else over the picture, such as a label of empty axes:
    an overlay leaves blue as it is."""
    differs = np.abs(one.rgb[..., 2].astype(int) - before.rgb[..., 2]) > UNCHANGED
    return ndimage.binary_dilation(differs, np.ones((3, 3)))


def read_lime(panels: list[LimePanel], shown: int, start_label: int) -> LimeFigure:
    """Return the readings of a figure by the version of superpixels, and the places of its
    pictures, that explain it best.

    Args:
        panels: of pictures whose superpixels are known.
        shown: how many are drawn at most.
        start_label: the first label by the cell; it decides between versions that explain alike.
    """
    if not panels:
        return LimeFigure(None, [])
    whole = _by_version(panels, shown, start_label)
    # Every panel is explained, or its place is known: the search at fractions, which takes seconds,
    # is left out.
    known = all(panel.pixels is not None for panel in panels)
    if known or whole.explained[0] == len(whole.readings):
        return whole
    apart = _by_version(_at_fractions(panels, shown), shown, start_label)
    return max(whole, apart, key=lambda one: one.explained)


def _by_version(panels: list[LimePanel], shown: int, start_label: int) -> LimeFigure:
    # Those that change most tell most; one version made all panels of a figure.
    tried = sorted(panels, key=lambda panel: -panel.change)[:TRIED]
    versions = {(v.scikit_image, v.start_label) for p in panels for v in p.picture.superpixels}
    done: dict[tuple[int, Version], tuple[SuperpixelVersion, OverlayReading, float]] = {}

    def read(panel: LimePanel, version: Version) -> tuple[SuperpixelVersion, OverlayReading, float]:
        key = (panels.index(panel), version)
        if key not in done:
            done[key] = _best(panel, version, shown)
        return done[key]

    def left(version: Version) -> tuple[float, bool, Version]:
        unexplained = sum((1 - read(panel, version)[2]) * panel.change for panel in tried)
        # Rounded, so that of two versions that explain alike the cell's own label decides.
        return round(unexplained, 2), version[1] != start_label, version

    best = min(sorted(versions), key=left)
    return LimeFigure(best, [(panel, *read(panel, best)) for panel in panels])


def _at_fractions(panels: list[LimePanel], shown: int) -> list[LimePanel]:
    """The panels with their pictures at fractions of a pixel: the edges tell where about, and of
    the two panels that change most, the place is taken that leaves least unexplained."""
    most = sorted(panels, key=lambda panel: -panel.change)[:2]
    versions = sorted({(v.scikit_image, v.start_label) for v in most[0].picture.superpixels})

    def left(version: Version, x: float, y: float, held: list[LimePanel]) -> float:
        found = [
            (1 - _best(_moved(panel, x, y), version, shown)[2]) * panel.change
            for panel in held
            if any((v.scikit_image, v.start_label) == version for v in panel.picture.superpixels)
        ]
        return sum(found) / len(found)

    # Nothing tells y beforehand. A picture half a pixel aside leaves some tenths unexplained.
    _, version, y = min(
        (left(version, 0.0, y, most[:1]), version, y) for version in versions for y in HEIGHTS
    )
    # Downhill from there, by ever smaller steps, as long as one of four ways is better.
    x, least = 0.0, left(version, 0.0, y, most)
    for step in STEPS:
        better = True
        while better:
            better = False
            for to_x, to_y in ((x - step, y), (x + step, y), (x, y - step), (x, y + step)):
                if abs(to_x) > 1 or abs(to_y) > 1:
                    continue
                now = left(version, to_x, to_y, most)
                if now < least:
                    x, y, least, better = to_x, to_y, now, True
    return [_moved(panel, x, y) for panel in panels]


def _moved(panel: LimePanel, x: float, y: float) -> LimePanel:
    return replace(panel, placing=panel.rough.moved(x, y))


def _best(
    panel: LimePanel, version: Version, shown: int
) -> tuple[SuperpixelVersion, OverlayReading, float]:
    found = []
    for one in panel.picture.superpixels:
        if (one.scikit_image, one.start_label) == version:
            picture = _blown_up(panel)
            reading = read_overlay(
                picture, panel.shown, panel.overlay, panel.valid, one.labels, shown, panel.placing
            )
            explained = 1 - reading.error**2 / max(panel.change, 1e-9)
            found.append((one, reading, float(explained)))
    return max(found, key=lambda one: one[2])


def _blown_up(panel: LimePanel) -> Floats:
    """The picture at 128x128 as far as its panel shows it, with the value that the overlay sets."""
    pixels = panel.pixels
    if pixels is None:
        pixels = whole_picture(panel.shown.astype(np.uint8), panel.valid, panel.placing)
    picture = pixels.astype(np.float64)
    if panel.pixels is None and panel.placing is not None:
        picture = _sharpened(picture, panel.shown, panel.valid, panel.placing)
    seen = panel.valid
    top = max(float(panel.overlay[seen][:, :2].max()), float(panel.shown[seen].max()))
    # LIME sets a channel to the picture's largest value, which resampling may have hidden or
    # overshot.
    picture = np.minimum(picture, top)
    picture[0, 0, 0] = top  # the largest value is there somewhere
    return picture


def _sharpened(
    picture: Floats, shown: Floats, valid: npt.NDArray[np.bool_], placing: Placing
) -> Floats:
    """A picture blown up from a smaller panel, with the least change that draws the panel again."""
    down, across = windows(len(shown), len(picture), placing)
    missing = np.where(valid[..., None], shown + ROUNDING - drawn(picture, len(shown), placing), 0)
    to_rows, to_columns = (
        np.linalg.solve(k @ k.T + SMOOTH * np.eye(len(k)), k).T for k in (down, across)
    )
    more = np.stack([to_rows @ missing[..., c] @ to_columns.T for c in range(3)], -1)
    sharp: Floats = np.clip(picture + more, 0, 255)
    return sharp


def lime_records(figure: LimeFigure) -> list[Record]:
    """Return a record for each panel of the bank's pictures that was read."""
    records = []
    for panel, one, reading, explained in figure.readings:
        # Of another edition, not explained, or nothing drawn: no evidence on any question.
        if panel.picture.place is None or explained < EXPLAINED or not reading.count:
            continue
        signs = reading.signs[one.labels]
        values = {
            **from_figure(len(panel.shown), "weights"),
            "drawn": reading.count,
            "explained": round(explained, 4),
        }
        arrays: dict[str, npt.NDArray[Any]] = {
            "signs": signs.astype(np.int8),
            "segments": one.labels.astype(np.int64),
            "figure": panel.overlay.astype(np.uint8),
        }
        superpixels = Superpixels.model_validate(
            {"scikit_image": one.scikit_image, "start_label": one.start_label}
        )
        # The version is a setting, as of a run: a key of another edition says that it differs.
        settings = {"lime_superpixels": plain(superpixels)}
        records.append(Record(record_id("lime", panel.picture.place), arrays, values, settings))
    return records
