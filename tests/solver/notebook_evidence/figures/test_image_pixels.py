"""Images read out of panels that today's matplotlib made larger than they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib import colormaps

from solver.notebook_evidence.figures.colours import values_of_mixtures
from solver.notebook_evidence.figures.grid_figures import Cut, cut_row, images_of, read_grid
from solver.notebook_evidence.figures.known_pictures import KnownPicture
from solver.notebook_evidence.figures.panels import find_boxes, find_panels, open_figure
from solver.notebook_evidence.figures.resampling import drawn
from solver.notebook_evidence.grid_records import grid_records
from tests.solver.notebook_evidence.drawn_figures import SIDE, figure_of, smooth

THREE = (4.4, 4.4)
"""Inches of a figure whose three panels are as large as the course's ten."""


def layers(pixels: int) -> list[np.ndarray]:
    made = [smooth(seed, pixels, 1)[..., 0] for seed in range(3)]
    return [(one - one.min()) / (one.max() - one.min()) for one in made]


def rows_of(rows: list[list[np.ndarray]], dpi: int, maps: list[str]) -> tuple[list[list[Cut]], int]:
    rgb, told = open_figure(figure_of(rows, dpi, True, maps, THREE), 10**8)
    return [cut_row(rgb, told, row) for row in find_panels(rgb)], round(told)


@pytest.mark.parametrize("dpi", [160, 420])
def test_an_image_is_read_out_of_a_larger_panel(dpi: int) -> None:
    """Of colours smoothed at 160 dots an inch, in blocks at 420."""
    pictures = [smooth(seed) for seed in range(3)]
    ((cuts, *_), _) = rows_of([pictures], dpi, ["hot"])
    images = images_of(cuts)
    assert images is not None and images_of(cuts, SIDE // 2) is None
    for image, picture in zip(images, pictures, strict=True):
        off = np.abs(image.levels - picture * 255).max(-1)[image.valid]
        assert np.quantile(off, 0.999) <= image.off < 2
        assert image.valid.mean() > 0.9


@pytest.mark.parametrize("dpi", [100, 200])
def test_a_layers_size_and_values_are_told_by_colours_smoothed_or_in_blocks(dpi: int) -> None:
    pictures, maps = [smooth(seed) for seed in range(3)], layers(64)
    rgb, told = open_figure(figure_of([pictures, maps], dpi, True, "viridis", THREE), 10**8)
    known = KnownPicture("0_0", 0, "0" * 16)
    row = read_grid(rgb, find_boxes(rgb), told, [known], None, "filters")[1]
    assert row.kind == "activation" and row.pixels == 64 and row.images is not None
    row.cuts = row.cuts[:1]
    row.cuts[0].picture = known
    (record,) = grid_records(row, {"cnnid": 15}, Path(), set())
    off = np.abs(record.array("map", 2) - maps[0])[record.array("valid")] * 255
    assert np.quantile(off, 0.99) <= 1.5 and off.max() <= 3
    assert record.values["levels_off"] >= 1 and record.values["figure_pixels"] == len(
        row.cuts[0].rgb
    )


def test_pale_colours_that_may_be_mixtures_of_viridis_are_not_an_activation() -> None:
    pictures = [smooth(seed) for seed in range(3)]
    pale = [np.array([0.15, 0.5, 0.53]) + 0.1 * (one - 0.5) for one in pictures]
    rgb, told = open_figure(figure_of([pictures, pale], 200, True, "viridis", THREE), 10**8)
    known = KnownPicture("0_0", 0, "0" * 16)
    row = read_grid(rgb, find_boxes(rgb), told, [known], None, "integrated_gradients")[1]
    assert row.kind in ("integrated_gradients", "smoothgrad")


def test_a_panel_hardly_larger_than_its_image_is_left_as_it_is() -> None:
    ((cuts, *_), _) = rows_of([[smooth(seed) for seed in range(3)]], 144, ["hot"])
    assert images_of(cuts) is None


@pytest.mark.parametrize(("name", "off"), [("hot", 1.2), ("viridis", 4)])
def test_a_few_mixtures_in_a_dark_map_are_read_as_means(name: str, off: float) -> None:
    """They are a few places of 1,000, no more than the faint ink that a label may leave."""
    values = np.zeros((SIDE, SIDE))
    at = np.random.default_rng(1).choice(SIDE * SIDE, 12, replace=False)
    values.flat[at] = np.linspace(0.5, 1, 12)
    colours = np.floor(drawn(colormaps[name](values)[..., :3] * 255, 71)).astype(np.uint8)
    read, mixed = values_of_mixtures(name, colours, np.ones((71, 71), bool))
    assert mixed and np.abs(read - drawn(values, 71)).max() <= off / 255
