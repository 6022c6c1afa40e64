"""Shape descriptors of marks that do not change when the map is turned, moved or mirrored.

Magnitudes of Zernike moments (Teague 1980): the marks' variation in waves round and out from their
middle. And straight lines by the Hough transform (Duda, Hart 1972): the spectrum of their
directions, the lengths of the longest, and the angles between them.
"""

from __future__ import annotations

from functools import cache
from math import factorial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from solver.rules.shapes.pose_scores import GRID, Mask

if TYPE_CHECKING:
    from scipy import sparse

Floats = npt.NDArray[np.float64]

_LEAST = 6  # cells: smaller clumps of marks are specks
_DISC = 48  # samples across the disc of the moments
_RADIUS = 1.7  # of the disc, in root mean square distances from the middle
_ORDER = 14
_DIRECTIONS = 60  # of lines, over half a turn
_OFFSETS = 93  # of lines from the middle of the map, a cell apart: its diagonal
_LINES = 8
_ANGLES = (0, 2, 4, 7, 11, 16, 21, 26)  # lowest differences of each class, in 3 degrees


def describe(marks: Mask) -> Floats:
    """Return the numbers (S, F) that describe each of the marks (S, 64, 64)."""
    clean = np.stack([_without_specks(each) for each in marks])
    weights = clean.reshape(len(clean), -1) / clean.sum((1, 2))[:, None]  # (S, cells)
    row, column = (each.ravel().astype(float) for each in np.mgrid[:GRID, :GRID])
    middle = np.stack([weights @ row, weights @ column])  # (2, S)
    squares = weights @ (row**2 + column**2)
    spread = np.sqrt(np.maximum(squares - (middle**2).sum(0), 1.0))
    moments = _moments(clean, middle, spread)
    return np.concatenate([moments, spread[:, None] / 20, *_lines(clean, spread)], axis=1)


def _without_specks(marks: Mask) -> Mask:
    from scipy import ndimage

    labels, _ = ndimage.label(marks, np.ones((3, 3)))
    clean: Mask = marks & (np.bincount(labels.ravel())[labels] >= _LEAST)
    if not clean.any():
        clean[GRID // 2, GRID // 2] = True
    return clean


@cache
def _zernike() -> npt.NDArray[np.complex128]:
    """Zernike polynomials on the disc, from the second order on: (48 x 48, K)."""
    at = (np.arange(_DISC) + 0.5) / _DISC * 2 - 1
    x, y = np.meshgrid(at, at)
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    found = []
    for n in range(2, _ORDER + 1):
        for m in range(n % 2, n + 1, 2):
            radial = np.zeros(radius.shape)
            for k in range((n - m) // 2 + 1):
                below = factorial(k) * factorial((n + m) // 2 - k) * factorial((n - m) // 2 - k)
                radial += (-1) ** k * factorial(n - k) / below * radius ** (n - 2 * k)
            wave = (n + 1) / np.pi * radial * np.exp(-1j * m * angle)
            found.append(np.where(radius <= 1, wave, 0).ravel())
    return np.stack(found, 1)


def _moments(clean: Mask, middle: Floats, spread: Floats) -> Floats:
    from scipy import ndimage

    at = (np.arange(_DISC) + 0.5) / _DISC * 2 - 1
    rows, columns = (
        np.rint(centre[:, None] + _RADIUS * spread[:, None] * at).astype(int) for centre in middle
    )  # (S, 48)
    soft = ndimage.gaussian_filter(clean.astype(np.float32), (0, 1, 1))
    soft = np.pad(soft, ((0, 0), (1, 1), (1, 1)))  # beyond the map lies nothing
    rows, columns = (np.clip(each, -1, GRID) + 1 for each in (rows, columns))
    which = np.arange(len(clean))[:, None, None]
    disc = soft[which, rows[:, :, None], columns[:, None, :]].reshape(len(clean), -1)
    magnitudes: Floats = np.abs(disc / np.maximum(disc.sum(1, keepdims=True), 1e-9) @ _zernike())
    return magnitudes


@cache
def _hough() -> sparse.csr_matrix:
    """The lines through each cell: (64 x 64, directions x offsets)."""
    from scipy import sparse

    angle = np.arange(_DIRECTIONS) * np.pi / _DIRECTIONS
    y, x = (each.reshape(-1, 1) - (GRID - 1) / 2 for each in np.mgrid[:GRID, :GRID])
    offset = np.rint(x * np.cos(angle) + y * np.sin(angle)).astype(int) + _OFFSETS // 2
    lines = (np.arange(_DIRECTIONS) * _OFFSETS + offset).ravel()
    cells = np.repeat(np.arange(GRID * GRID), _DIRECTIONS)
    ones = np.ones(len(lines), np.float32)
    return sparse.csr_matrix((ones, (cells, lines)), (GRID * GRID, _DIRECTIONS * _OFFSETS))


def _lines(clean: Mask, spread: Floats) -> list[Floats]:
    from scipy import ndimage, sparse

    flat = sparse.csr_matrix(clean.reshape(len(clean), -1).astype(np.float32))
    # Cells on a line
    votes = (flat @ _hough()).toarray().reshape(len(clean), _DIRECTIONS, _OFFSETS)
    votes = ndimage.uniform_filter1d(votes, 3, axis=2, mode="constant") * 3
    votes /= spread[:, None, None]
    found: list[Floats] = []
    for power in (2, 4):  # long lines count for more than many short ones
        by_direction = (votes**power).sum(2) ** (1 / power)  # (S, directions)
        waves = np.abs(np.fft.rfft(by_direction, axis=1))[:, :16]
        found += [
            waves[:, :1],
            waves[:, 1:] / waves[:, :1],
            np.sort(by_direction, 1)[:, ::-6] / by_direction.mean(1, keepdims=True),
        ]
    lengths, directions = _longest(votes)
    return [*found, lengths, _angles_between(lengths, directions)]


def _longest(votes: npt.NDArray[np.float32]) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Lengths and directions (S, 8) of the longest lines, each at some distance from the others."""
    left, which = votes.copy(), np.arange(len(votes))
    lengths, directions = [], []
    for _ in range(_LINES):
        direction, offset = np.divmod(left.reshape(len(votes), -1).argmax(1), _OFFSETS)
        lengths.append(left[which, direction, offset])
        directions.append(direction)
        for turn in range(-5, 6):
            turned = direction + turn
            beyond = (turned < 0) | (
                turned >= _DIRECTIONS
            )  # half a turn on, the offset's sign flips
            about = np.where(beyond, _OFFSETS - 1 - offset, offset)
            for aside in range(-4, 5):
                left[which, turned % _DIRECTIONS, np.clip(about + aside, 0, _OFFSETS - 1)] = 0
    return np.stack(lengths, 1).astype(float), np.stack(directions, 1)


def _angles_between(lengths: Floats, directions: npt.NDArray[np.int64]) -> Floats:
    """Share of pairs of long lines, weighed by their lengths, in each class of angles: (S, 8)."""
    apart = np.abs(directions[:, :, None] - directions[:, None])
    apart = np.minimum(apart, _DIRECTIONS - apart)
    weight = lengths[:, :, None] * lengths[:, None] * (1 - np.eye(_LINES))
    classes = np.searchsorted(_ANGLES, apart, side="right") - 1
    shares = [np.where(classes == each, weight, 0).sum((1, 2)) for each in range(len(_ANGLES))]
    total = np.maximum(weight.sum((1, 2)), 1e-9)
    angles: Floats = np.stack(shares, 1) / total[:, None]
    return angles
