"""The superpixels of 2021 under the published LIME figure, drawn again."""

from __future__ import annotations

import io
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from solver.banks.course_settings import Superpixels
from solver.explain.cnn.superpixels import superpixels
from tests.real.conftest import REAL

Arrays = Mapping[str, npt.NDArray[np.uint8]]

COUNTS = {
    "0.16": [141, 141, 112, 145, 105, 104, 129, 125, 141, 138],
    "0.18": [140, 139, 114, 145, 104, 102, 126, 124, 141, 138],
    "0.19": [140, 137, 112, 140, 105, 101, 126, 123, 142, 137],
}
# The published figure's eleven superpixels a picture, as an exact reading of it found them.
GREEN = [
    [29, 84, 89],
    [37, 46, 47, 50, 104],
    [23, 32, 40, 46, 49, 55, 56, 69, 93],
    [5, 26, 27, 28, 42, 74, 92, 95, 105, 112],
    [5, 22, 24, 35, 37, 46, 47, 49, 51, 52, 57],
    [36, 37, 41, 42, 49, 51, 53, 54, 56, 59, 69],
    [25, 35, 47, 48, 56, 58, 59, 69, 73, 86],
    [31, 32, 40, 45, 48, 61, 69, 75, 83, 104, 110],
    [22, 29, 33, 37, 39, 49, 54, 56, 66, 71],
    [3, 25, 31, 39, 53, 56, 101, 119, 121, 122, 125],
]
RED = [
    [20, 24, 49, 54, 64, 67, 74, 99],
    [2, 20, 27, 28, 48, 113],
    [2, 36],
    [138],
    [],
    [],
    [75],
    [],
    [130],
    [],
]
PANEL = 15 * 72 * 0.775 / 11.8
"""Width in pixels of one of ten panels of a figure of 15 inches at 72 dpi."""
OFFSET = 0.025, 0.035
"""How far a panel begins beyond a whole pixel, across and up: fitted on the pictures' panels."""
LEVELS = 10
"""Of 255: what matplotlib's versions and the fitted offset leave."""


@pytest.fixture(scope="module")
def pictures() -> npt.NDArray[np.uint8]:
    return _loaded("maps_128px.npz")["images_uint8"]


@pytest.fixture(scope="module")
def figures() -> Arrays:
    return _loaded("figures_70px.npz")


def _loaded(name: str) -> Arrays:
    if not (REAL / name).is_file():
        pytest.skip("the real outputs are not beside this checkout")
    with np.load(io.BytesIO((REAL / name).read_bytes())) as archive:
        return {key: archive[key] for key in archive.files}


@pytest.mark.parametrize("version", COUNTS)
def test_their_number_is_the_versions_own(pictures: npt.NDArray[np.uint8], version: str) -> None:
    settings = Superpixels.model_validate({"scikit_image": version})
    found = [len(np.unique(superpixels(picture, settings))) for picture in pictures]
    assert found == COUNTS[version]


def panel(image: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """One panel of the course's figure, inside its frame: (70, 70, 3)."""
    width, height, margin = 90, 90, 10
    figure = Figure(figsize=(width / 72, height / 72), dpi=72)
    canvas = FigureCanvasAgg(figure)
    across, up = ((margin + offset) / width for offset in OFFSET)
    axes = figure.add_axes((across, up, PANEL / width, PANEL / height))
    axes.set_axis_off()
    axes.imshow(image, aspect="auto")
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[10:80, 11:81, :3].astype(np.int64)


def overlay(picture: npt.NDArray[np.uint8], place: int, version: str) -> npt.NDArray[np.float64]:
    labels = superpixels(picture, Superpixels.model_validate({"scikit_image": version}))
    drawn = picture.astype(np.float64) / 255
    top = drawn.max()
    for channel, names in ((1, GREEN[place]), (0, RED[place])):
        drawn[np.isin(labels, names), channel] = top
    return drawn


@pytest.mark.parametrize("place", range(10))
def test_eleven_of_them_are_the_published_overlay(
    pictures: npt.NDArray[np.uint8], figures: Arrays, place: int
) -> None:
    """Held against the figure wherever no ink of an axis' numbers lies, which the picture's own
    panel tells; the same eleven numbers of another version's superpixels draw something else."""
    assert len(GREEN[place]) + len(RED[place]) == 11
    plain = panel(pictures[place].astype(np.float64) / 255)
    ink = np.abs(plain - figures["pictures_rgb"][place]).max(-1) > LEVELS
    assert ink.mean() < 0.03
    published = figures["lime_overlay_rgb"][place]

    def gaps(version: str) -> npt.NDArray[np.int64]:
        found: npt.NDArray[np.int64] = np.abs(
            panel(overlay(pictures[place], place, version)) - published
        ).max(-1)
        return found[~ink]

    assert gaps("0.16").max() <= LEVELS
    assert (gaps("0.18") > LEVELS).sum() > 40
    assert (gaps("0.19") > LEVELS).sum() > 40
