"""Solids as a noisy map would show them: drawings in random poses, broken and among specks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from solver.rules.shapes.pose_scores import GRID, Drawing, Mask, Singles, cells_of
from solver.rules.shapes.wireframe_fit import FRAME, MARKED_SHARE

_EXTENT = (0.45, 0.80)  # of the map's side, the larger of height and width
_MARGIN = 0.14  # kept free in all, so that no line lies in the frame
_SHIFT = 0.15  # either way, at most, where there is room
_UNEVEN = 0.6  # standard deviation of the logarithm of a line's strength
_EVEN_OVER = 6.0  # points over which that strength hardly changes
_SPECKS = (0.05, 0.25)  # standard deviation of the noise, of a line's median strength
_SPECK_SIZE = 1.0  # cells


def simulated_marks(drawing: Drawing, count: int, generator: np.random.Generator) -> Mask:
    """Return the marks (count, 64, 64) of maps that show a drawing in random poses."""
    from scipy import ndimage

    x, y, seen = _lines(drawing, count, generator)
    noise = generator.standard_normal(x.shape)
    smooth = ndimage.gaussian_filter1d(noise, _EVEN_OVER, axis=1)
    strength = np.exp(_UNEVEN * smooth / smooth.std()) * seen
    drawn = np.zeros((count, GRID * GRID))  # strongest line in each cell
    steps = np.diff(x, axis=1, append=x[:, -1:]), np.diff(y, axis=1, append=y[:, -1:])
    same_line = np.hypot(*steps) < 0.12  # a longer step leads from one edge to the next
    for part in (0, 1 / 3, 2 / 3):
        between = (x + part * same_line * steps[0], y + part * same_line * steps[1])
        np.maximum.at(drawn, (np.arange(count)[:, None], cells_of(*between)), strength)
    values = ndimage.gaussian_filter(drawn.reshape(count, GRID, GRID), (0, 0.9, 0.9))
    specks = _grainy(count, _SPECK_SIZE, generator)
    return _marked(values + specks * generator.uniform(*_SPECKS, (count, 1, 1)))


def _lines(
    drawing: Drawing, count: int, generator: np.random.Generator
) -> tuple[Singles, Singles, Mask]:
    """Points x, y (count, N) of random poses, brought to a random size and place."""
    low, high = np.array(drawing.bounds, np.float32).T
    # Whole turns, of which a search needs only a part.
    high[list(drawing.turns)] = 2 * np.pi
    poses = low[:, None] + (high - low)[:, None] * generator.random((len(low), count), np.float32)
    x, y, weights = drawing.wires(poses)  # (points, lines, count)
    each_point = np.broadcast_to(weights, x.shape)
    *points, weights = (each.T.reshape(count, -1) for each in (x, y, each_point))
    seen = weights > 0
    ends = [(np.where(seen, each, 9).min(1), np.where(seen, each, -9).max(1)) for each in points]
    size = np.maximum(*(last - first for first, last in ends))  # (count,)
    scale = generator.uniform(*_EXTENT, count) / size
    placed = []
    for each, (first, last) in zip(points, ends, strict=True):
        room = np.clip(1 - _MARGIN - scale * (last - first), 0, 2 * _SHIFT)
        middle = 0.5 + room * generator.uniform(-0.5, 0.5, count)
        centred = each - ((first + last) / 2)[:, None]
        placed.append((centred * scale[:, None] + middle[:, None]).astype(np.float32))
    return placed[0], placed[1], seen


def _grainy(count: int, grain: float, generator: np.random.Generator) -> npt.NDArray[np.float64]:
    from scipy import ndimage

    noise = generator.standard_normal((count, GRID, GRID))
    smooth = ndimage.gaussian_filter(noise, (0, grain, grain))
    scaled: npt.NDArray[np.float64] = smooth / smooth.std()
    return scaled


def _marked(values: npt.NDArray[np.float64]) -> Mask:
    """The clearest tenth of each map, its frame left out."""
    frame = int(FRAME.value) * GRID // 128
    inner = values[:, frame:-frame, frame:-frame]
    level = np.quantile(inner.reshape(len(inner), -1), 1 - MARKED_SHARE.value, axis=1)
    marks = np.zeros(values.shape, bool)
    marks[:, frame:-frame, frame:-frame] = inner > level[:, None, None]
    return marks
