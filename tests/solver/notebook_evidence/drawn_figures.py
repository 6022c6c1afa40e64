"""The course's figures drawn by the installed matplotlib from arrays that are known."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

Array = npt.NDArray[np.float64]
SIDE = 128
STYLES = {1: "ro-", 2: "go-", 3: "bd-"}
ROLES = {1: "question", 2: "context", 3: "answer"}
"""Of the tokens in a plot of hidden states, as its legend names them."""


def smooth(seed: int, pixels: int = SIDE, channels: int = 3) -> Array:
    """An image of 8 x 8 blocks with noise over it, like no picture of the course's."""
    random = np.random.default_rng(seed)
    coarse = random.random((8, 8, channels))
    block = np.kron(coarse, np.ones((pixels // 8, pixels // 8, 1)))
    return np.clip(0.7 * block + 0.3 * random.random((pixels, pixels, channels)), 0, 1)


def figure_of(
    rows: Sequence[Sequence[Array]],
    dpi: int = 72,
    tight: bool = True,
    cmap: str | Sequence[str] = "hot",
    size: tuple[float, float] = (15, 8),
) -> bytes:
    """A figure of panels; `cmap` is of all rows, or one a row."""
    figure = _figure(size)
    axes = figure.subplots(len(rows), len(rows[0]), squeeze=False)
    maps = [cmap] * len(rows) if isinstance(cmap, str) else cmap
    for line, images, colours in zip(axes, rows, maps, strict=True):
        for one, image in zip(line, images, strict=True):
            one.imshow(image, cmap=colours)
    return saved(figure, dpi, tight)


def plot_of(
    points: Array,
    roles: npt.NDArray[np.int64],
    words: bool = True,
    dpi: float = 72,
    tight: bool = True,
    size: tuple[float, float] = (12, 10),
    legend: str = "upper right",
) -> bytes:
    """A plot of hidden states in the course's style."""
    figure = _figure(size)
    axes = figure.add_subplot()
    axes.set_title("Layer 1")
    for role, style in STYLES.items():
        axes.plot([], [], style, label=ROLES[role])
    for number, ((x, y), role) in enumerate(zip(points, roles, strict=True)):
        axes.plot(x, y, STYLES[int(role)])
        if words:
            axes.annotate(f"word{number}", (x + 0.1, y + 0.1), fontsize=12)
    axes.legend(loc=legend)
    axes.set_xlim(points[:, 0].min() - 1, points[:, 0].max() + 2)
    axes.set_ylim(points[:, 1].min() - 1, points[:, 1].max() + 2)
    return saved(figure, dpi, tight)


def matrix_of(
    matrix: Array, dpi: float = 72, tight: bool = True, size: tuple[float, float] = (12, 10)
) -> bytes:
    """A heat map of distances or similarities, with its numbers and a colour bar."""
    figure = _figure(size)
    axes = figure.subplots()
    image = axes.imshow(matrix)
    for i, j in np.ndindex(matrix.shape):
        axes.text(j, i, f"{matrix[i, j]:.2f}", ha="center", va="center")
    figure.colorbar(image)
    return saved(figure, dpi, tight)


def saved(figure: Figure, dpi: float, tight: bool) -> bytes:
    """A figure's PNG, as a notebook's inline backend saves it (`tight`) or as it is."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=dpi, bbox_inches="tight" if tight else None)
    return file.getvalue()


def _figure(size: tuple[float, float]) -> Figure:
    figure = Figure(figsize=size)
    FigureCanvasAgg(figure)
    return figure
