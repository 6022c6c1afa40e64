"""LIME's overlay read off figures drawn by the matplotlib that is installed."""

from __future__ import annotations

import numpy as np
import pytest

from solver.notebook_evidence.figures.grid_figures import Cut, cut_row
from solver.notebook_evidence.figures.known_pictures import KnownPicture, SuperpixelVersion
from solver.notebook_evidence.figures.panels import find_panels, open_figure
from solver.notebook_evidence.lime_records import lime_panels, lime_records, read_lime
from tests.solver.notebook_evidence.drawn_figures import SIDE, figure_of, smooth

PICTURES, ACROSS, DRAWN = 3, 6, 8


def grid_labels(across: int) -> np.ndarray:
    """across x across superpixels, whose borders lie at no multiple of 8."""
    at = (np.arange(SIDE) + 3) * across // (SIDE + 6)
    return (at[:, None] * across + at[None]).astype(np.uint8)


def known(place: int) -> KnownPicture:
    right, other = (grid_labels(across) for across in (ACROSS, ACROSS - 1))
    versions = SuperpixelVersion("0.16", 0, right), SuperpixelVersion("0.19", 0, other)
    return KnownPicture(f"{place}_0", place, "0" * 16, ("2021",), versions)


def cuts_of(images: list[np.ndarray], dpi: int) -> list[Cut]:
    rgb, told = open_figure(figure_of([images], dpi, True, size=(4.4, 2.0)), 10**8)
    (row,) = find_panels(rgb)
    return cut_row(rgb, told, row)


@pytest.mark.parametrize("dpi", [100, 420], ids=["smaller than the pictures", "in blocks"])
def test_an_overlay_at_fractions_of_a_pixel_is_read(dpi: int) -> None:
    random = np.random.default_rng(72)
    pictures = [0.1 + 0.8 * smooth(seed) for seed in range(PICTURES)]
    drawn = [random.choice(ACROSS**2, DRAWN, replace=False) for _ in pictures]
    signs = [np.zeros(ACROSS**2, np.int8) for _ in pictures]
    overlays = []
    for picture, some, sign in zip(pictures, drawn, signs, strict=True):
        sign[some] = random.choice([-1, 1], DRAWN)
        painted = picture.copy()
        for place in some:
            painted[grid_labels(ACROSS) == place, int(sign[place] > 0)] = picture.max()
        overlays.append(painted)
    before, shown = cuts_of(pictures, dpi), cuts_of(overlays, dpi)
    for place, cut in enumerate(before):
        cut.picture = known(place)
    figure = read_lime(lime_panels(shown, before), DRAWN, 0)
    assert figure.version == ("0.16", 0)
    records = lime_records(figure)
    assert [record.id for record in records] == [f"lime/{place}" for place in range(PICTURES)]
    for record, sign in zip(records, signs, strict=True):
        assert record.values["drawn"] == DRAWN and record.values["explained"] > 0.997
        assert (record.arrays["signs"] == sign[grid_labels(ACROSS)]).all()
