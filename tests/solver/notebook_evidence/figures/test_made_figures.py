"""Figures drawn by today's matplotlib, whose values are known, read back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib import colormaps
from matplotlib.image import AxesImage

from solver.banks.course_settings import LimeSettings
from solver.notebook_evidence import notebook_reading
from solver.notebook_evidence.figures import grid_figures, panels
from solver.notebook_evidence.figures.colours import (
    map_of,
    mixture_of,
    values_of_mixtures,
    values_on,
)
from solver.notebook_evidence.figures.grid_figures import cut_row
from solver.notebook_evidence.figures.heat_maps import read_heat_map
from solver.notebook_evidence.figures.known_pictures import KnownPicture
from solver.notebook_evidence.figures.lime_overlay import read_overlay
from solver.notebook_evidence.figures.panels import find_boxes, find_panels, open_figure, readable
from solver.notebook_evidence.figures.resampling import coarseness, drawn
from solver.notebook_evidence.findings import ReadingSettings
from solver.notebook_evidence.notebook_file import ExecutedNotebook, NotebookFigure
from tests.solver.notebook_evidence.drawn_figures import SIDE, figure_of, matrix_of, smooth

THREE, FOUR = (4.4, 2.0), (15.0, 8.0)
"""Inches of figures whose three panels are as large as the course's ten, and four larger."""


@pytest.mark.parametrize(
    ("dpi", "tight", "size"),
    [(72, True, THREE), (72, False, THREE), (90, True, THREE), (100, True, THREE),
     (100, False, THREE), (130, True, THREE), (144, False, THREE), (200, True, THREE),
     (220, False, THREE), (300, True, THREE), (180, True, FOUR)],
)  # fmt: skip
def test_a_panel_is_the_image_that_matplotlib_drew(
    dpi: int, tight: bool, size: tuple[float, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Level for level: also where a spine leaves a faint rim, or its place is rounded two ways."""
    images: list[np.ndarray] = []
    make_image = AxesImage.make_image

    def kept(self: AxesImage, *rest: object, **more: object) -> tuple[Any, ...]:
        made: tuple[Any, ...] = make_image(self, *rest, **more)
        images.append(np.asarray(made[0])[::-1, :, :3].astype(int))
        return made

    monkeypatch.setattr(AxesImage, "make_image", kept)
    count = 4 if size == FOUR else 3
    png = figure_of([[smooth(n) for n in range(count)]], dpi, tight, size=size)
    rgb, told = open_figure(png, 10**8)
    (row,) = find_panels(rgb)
    cuts = cut_row(rgb, told, row)
    assert len(cuts) == count
    for cut, image in zip(cuts, images[-count:], strict=True):
        high, wide = np.minimum(image.shape[:2], len(cut.rgb))
        off = np.abs(cut.rgb[-high:, :wide] - image[-high:, :wide]).max(-1)
        assert not off[cut.valid[-high:, :wide]].any()
        assert cut.valid.mean() > 0.88


def test_labels_over_a_panel_are_left_out_and_little_else() -> None:
    white, black = np.ones((SIDE, SIDE, 3)), np.zeros((SIDE, SIDE, 3))
    rgb, dpi = open_figure(figure_of([[white] * 10], 72, True), 10**8)
    panels = find_panels(rgb)[0]
    for one, beside in zip(panels, [*panels[1:], None], strict=True):
        valid = readable(one, beside, dpi, SIDE, rgb)
        assert (one.cut(rgb)[valid] == 255).all()
        assert valid.mean() > 0.93
    rgb, dpi = open_figure(figure_of([[black] * 10], 72, True), 10**8)
    assert [len(row) for row in find_panels(rgb)] == [10]


@pytest.mark.parametrize("name", ["hot", "viridis"])
def test_maps_are_told_and_read_back(name: str) -> None:
    values = np.linspace(0, 1, 256)
    rgb = (np.asarray(colormaps[name](np.arange(256)))[:, :3] * 255).astype(np.uint8)
    assert map_of(rgb)[0] == name
    assert np.abs(values_on(name, rgb)[0] - values).max() <= 1.01 / 255


@pytest.mark.parametrize("name", ["hot", "viridis"])
def test_mixtures_of_a_maps_colours_are_told_and_read_as_means(name: str) -> None:
    """Matplotlib 3.11 smooths the colours, not the values; of viridis they were SmoothGrad's."""
    values = np.random.default_rng(1).random((64, 64))
    rgb = open_figure(figure_of([[values] * 10], 72, True, name), 10**8)[0]
    panel = find_panels(rgb)[0][0]
    shown, inside = panel.cut(rgb)[6:-6, 6:-20], np.ones((1, 1), bool)
    assert map_of(shown.reshape(-1, 3))[0] == "" and mixture_of(shown.reshape(-1, 3)) == name
    ends = np.asarray(colormaps[name]([0.1, 0.3, 0.9]))[:, :3]
    mean = np.floor(ends.mean(0) * 255).astype(np.uint8)[None, None]
    assert abs(values_of_mixtures(name, mean, inside)[0].item() - 1.3 / 3) < 0.01
    assert mixture_of((smooth(3) * 255).astype(np.uint8).reshape(-1, 3)) == ""


@pytest.mark.parametrize("hidden", [0, 1])
def test_a_row_of_which_nothing_can_be_read_is_of_no_kind(
    hidden: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rgb, dpi = open_figure(figure_of([[smooth(1)] * 2, [smooth(2)] * 2], size=(3, 3)), 10**7)
    boxes = find_boxes(rgb)
    top = find_panels(rgb, boxes)[hidden][0].top
    monkeypatch.setattr(
        grid_figures, "readable",
        lambda panel, *_: np.full((panel.height, panel.width), panel.top != top),
    )  # fmt: skip
    known = [KnownPicture("0_0", 0, "0" * 16)]
    rows = grid_figures.read_grid(rgb, boxes, dpi, known, None, "")
    assert len(rows) == 2 and rows[hidden].kind == ""
    before = [grid_figures.Cut(one.rgb, one.valid, one.panel) for one in rows[hidden].cuts]
    assert not grid_figures.is_overlay(rows[hidden].cuts, before)


def test_a_panel_larger_than_any_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    rgb, _ = open_figure(figure_of([[smooth(1)] * 2], size=(3, 3)), 10**7)
    assert find_panels(rgb)
    monkeypatch.setattr(panels, "MOST_SIDE", find_panels(rgb)[0][0].width - 2)
    assert not find_panels(rgb)


def test_large_figures_are_opened_quietly_and_have_a_limit_together(
    monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    png = figure_of([[smooth(1)]], size=(1, 1), tight=False)
    monkeypatch.setattr(panels.Image, "MAX_IMAGE_PIXELS", 4000)
    monkeypatch.setattr(notebook_reading, "MOST_IN_ALL", 72 * 72 + 9)
    notebook = ExecutedNotebook("a", "", [NotebookFigure(1, 1, png), NotebookFigure(2, 1, png)])
    known = [KnownPicture("0_0", 0, "0" * 16)]
    settings = ReadingSettings("2021", Path(), known, LimeSettings())
    first, second = notebook_reading.read_figures(notebook, 1, settings)
    assert second.remarks == ["it has 72 x 72 pixels, more than are read"]
    assert first.remarks != second.remarks and not recwarn.list


def test_a_photograph_is_on_no_map() -> None:
    rgb = (smooth(3) * 255).astype(np.uint8).reshape(-1, 3)
    assert map_of(rgb)[0] == ""


@pytest.mark.parametrize("pixels", [32, 64])
def test_a_layers_pixels_are_counted(pixels: int) -> None:
    random = np.random.default_rng(pixels)
    image = random.random((pixels, pixels)) * 255
    panel, valid = np.floor(drawn(image, 71)), np.ones((71, 71), bool)
    valid[:, 0] = valid[0] = False
    assert coarseness(panel, valid, pixels) < 0.5
    assert coarseness(panel, valid, pixels // 2) > 5


def test_an_overlay_is_read_with_its_signs() -> None:
    picture = smooth(5) * 250
    labels = np.kron(np.arange(64).reshape(8, 8), np.ones((16, 16), int))
    painted = picture.copy()
    signs = np.zeros(64, int)
    for place, sign in ((3, 1), (17, -1), (18, 1), (40, 1), (63, -1)):
        painted[labels == place, int(sign > 0)] = picture.max()
        signs[place] = sign
    shown, overlay = np.floor(drawn(picture, 71)), np.floor(drawn(painted, 71))
    valid = np.ones((71, 71), bool)
    found = read_overlay(picture, shown, overlay, valid, labels, 11)
    assert (found.signs == signs).all() and found.unexplained == 0 and found.count == 5
    # Other superpixels do not explain it.
    other = np.kron(np.arange(49).reshape(7, 7), np.ones((19, 19), int))[:SIDE, :SIDE]
    assert read_overlay(picture, shown, overlay, valid, other, 11).error > 20 * found.error


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_a_heat_map_is_read_in_its_units(metric: str) -> None:
    random = np.random.default_rng(1)
    states = random.normal(size=(10, 6))
    if metric == "cosine":
        unit = states / np.linalg.norm(states, axis=1, keepdims=True)
        matrix = (1 + unit @ unit.T) / 2
    else:
        matrix = np.linalg.norm(states[:, None] - states[None], axis=-1)
    rgb, _ = open_figure(matrix_of(matrix), 10**8)
    found = read_heat_map(rgb, find_boxes(rgb))
    assert found is not None and found.metric == metric
    span = matrix.max() - matrix.min()
    assert np.abs(found.shares - (matrix - matrix.min()) / span).max() <= 0.0075
    if found.scale is not None:
        assert np.abs(found.values - matrix).max() <= 0.012 * span
