"""The eight published notebooks, read: skipped where they are not beside this checkout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from solver.banks.course_settings import LimeSettings
from solver.decide.redraw_smoothgrad import redrawn
from solver.evidence import Record
from solver.files.resources import shipped_bank
from solver.notebook_evidence.figures.known_pictures import handed_out, known_pictures
from solver.notebook_evidence.figures.panels import find_panels, open_figure, readable
from solver.notebook_evidence.findings import Finding, ReadingSettings
from solver.notebook_evidence.notebook_file import read_executed_notebook
from solver.notebook_evidence.notebook_reading import read_figures

NOTEBOOKS = Path(__file__).resolve().parents[4] / "shared" / "notebooks"
pytestmark = pytest.mark.skipif(
    not NOTEBOOKS.is_dir(), reason="the published notebooks are not beside this checkout"
)
ELEVEN = {
    0: ([29, 84, 89], [20, 24, 49, 54, 64, 67, 74, 99]),
    1: ([37, 46, 47, 50, 104], [2, 20, 27, 28, 48, 113]),
    2: ([23, 32, 40, 46, 49, 55, 56, 69, 93], [2, 36]),
    3: ([5, 26, 27, 28, 42, 74, 92, 95, 105, 112], [138]),
    4: ([5, 22, 24, 35, 37, 46, 47, 49, 51, 52, 57], []),
    5: ([36, 37, 41, 42, 49, 51, 53, 54, 56, 59, 69], []),
    6: ([25, 35, 47, 48, 56, 58, 59, 69, 73, 86], [75]),
    7: ([31, 32, 40, 45, 48, 61, 69, 75, 83, 104, 110], []),
    8: ([22, 29, 33, 37, 39, 49, 54, 56, 66, 71], [130]),
    9: ([3, 25, 31, 39, 53, 56, 101, 119, 121, 122, 125], []),
}
"""Superpixels drawn green and red in 2021's published figure, proved by drawing it again."""


def findings(name: str, *methods: str) -> list[Finding]:
    """The findings on the pictures and on those figures whose cells call the methods."""
    regions = shipped_bank() / "regions" / "2021.yaml"
    settings = ReadingSettings(
        "2021", regions, known_pictures(regions), LimeSettings(), handed_out()
    )
    notebook = read_executed_notebook(next(NOTEBOOKS.glob(f"{name}-*.ipynb")))
    first, *rest = notebook.figures
    notebook.figures = [first, *(one for one in rest if one.method in methods)]
    return read_figures(notebook, 1, settings)


def test_the_eleven_superpixels_of_2021_are_read_in_every_picture() -> None:
    _, lime = findings("n00", "lime")
    assert lime.handed_out and "scikit-image 0.16" in lime.sure
    assert [record.id for record in lime.records] == [f"lime/{k}" for k in range(10)]
    for k, record in enumerate(lime.records):
        signs, segments = record.array("signs", 2), record.array("segments", 2)
        green, red = (np.unique(segments[signs == sign]).tolist() for sign in (1, -1))
        assert (green, red) == ELEVEN[k]
        assert signs.shape == (128, 128) and "valid" not in record.arrays


@pytest.mark.parametrize(
    ("name", "version", "panels"), [("n08", "0.18", 10), ("n10", "0.19", 10), ("n11", "0.19", 1)]
)
def test_the_scikit_image_of_a_lime_figure_is_told(name: str, version: str, panels: int) -> None:
    lime = next(one for one in findings(name, "lime") if one.what == "LIME")
    assert f"scikit-image {version}" in lime.sure and f"each of {panels} overlays" in lime.sure
    assert "11 are drawn" in lime.sure
    assert any("another LIME" in remark for remark in lime.remarks)
    assert any("empty" in remark for remark in lime.remarks) == (name == "n11")


def test_maps_of_the_handed_out_figures_are_the_published_ones() -> None:
    shared = NOTEBOOKS.parent / "real" / "figures_70px.npz"
    if not shared.is_file():
        pytest.skip("the real outputs are not beside this checkout")
    with np.load(shared) as archive:
        figures = {name: archive[name] for name in archive.files}
    found = {r.id: r for one in findings("n00", "filters", "integrated_gradients")
             for r in one.records}  # fmt: skip
    for k in range(10):
        for layer in (6, 23):
            record = found[f"activation/{layer}/{k}"]
            seen = record.array("valid")[1:, 1:]
            published = figures[f"activation_cnn{layer}_idx256"][k].astype(float) / 255
            r = np.corrcoef(record.array("map")[1:, 1:][seen], published[seen])[0, 1]
            assert r > 0.99


def test_a_layer_that_the_cell_contradicts_is_not_carried() -> None:
    regions = shipped_bank() / "regions" / "2021.yaml"
    settings = ReadingSettings("2021", regions, known_pictures(regions), LimeSettings())
    notebook = read_executed_notebook(next(NOTEBOOKS.glob("n04-*.ipynb")))
    figure = next(one for one in notebook.figures if one.settings.get("cnnid") == 15)
    figure.settings["cnnid"] = 6
    notebook.figures = [notebook.figures[0], figure]
    notebook.printed = []
    told = read_figures(notebook, 1, settings)[-1]
    assert "64x64" in told.what and any("cnnid=6" in remark for remark in told.remarks)
    assert not [record for record in told.records if record.kind == "activation"]


def test_the_ink_of_tick_labels_is_masked() -> None:
    with np.load(NOTEBOOKS / "tick_labels.npz") as archive:
        ink = archive["ink"] > 0.5
    notebook = read_executed_notebook(next(NOTEBOOKS.glob("n01-*.ipynb")))
    rgb, dpi = open_figure(notebook.figures[0].png, 10**8)
    panels = find_panels(rgb)[0]
    for k, (panel, beside) in enumerate(zip(panels, [*panels[1:], None], strict=True)):
        valid = readable(panel, beside, dpi, 128, rgb)[1:, 1:]
        assert (ink[k] & valid).sum() <= 0.1 * max(int(ink[k].sum()), 10)
        assert valid.mean() > 0.94


def test_a_contradicted_item_is_told() -> None:
    scatter = [one for one in findings("n00", "") if "hidden states" in one.what]
    assert [one.what for one in scatter] == ["hidden states of 12 layers: model 1, item 2"]
    assert any("its cell says item 1" in remark for remark in scatter[0].remarks)
    assert scatter[0].records[0].array("points", 3).shape[0] == 12


def test_smoothgrad_drawn_again_is_as_far_off_as_independent_runs_are() -> None:
    """Within 1.5 times either way: what is left of a map, the brightest places, a place's own."""
    runs = [{r.id: r for one in findings(name, "smoothgrad") for r in one.records}
            for name in ("n01", "n02", "n05")]  # fmt: skip
    generator = np.random.default_rng(0)
    real, assumed = [], []
    for k in range(10):
        records = [run[f"smoothgrad/{k}"] for run in runs]
        for one, other in ((records[0], records[1]), (records[1], records[2])):
            real.append(apart(one, other))
            assumed.append(apart(one, redrawn(one, generator)))
    ratio = np.mean(assumed, 0) / np.mean(real, 0)
    assert (ratio > 1 / 1.5).all() and (ratio < 1.5).all(), ratio


def apart(one: Record, other: Record) -> tuple[float, float, float]:
    """The share that a correlation leaves, the brightest places not shared, a place's deviation."""
    seen = one.array("valid") & other.array("valid")
    a, b = (r.array("map")[seen].astype(np.float64) for r in (one, other))
    bright = [set(np.argsort(-x.mean(1))[: len(x) // 20].tolist()) for x in (a, b)]
    shared = len(bright[0] & bright[1]) / len(bright[0])
    r = np.corrcoef(a.ravel(), b.ravel())[0, 1]
    return float(np.sqrt(1 - r**2)), 1 - shared, float(np.sqrt(((a - b) ** 2).mean()))
