"""Screening of poses: shapes drawn once, and laid on coarse marks at every place.

A shape is a drawing's size, sides and turn. Scored on a coarser grid, it is tried at all places by
two matrix products, so that a place costs a hundredth of what a pose costs to score.
"""

from __future__ import annotations

import numpy as np

from solver.rules.shapes.pose_scores import GRID, Drawing, Mask, Singles

_SIDE = 32
"""Cells a side of the coarse grid."""

_STEP = 2
"""Coarse cells from place to place: a line reaches marks one cell away."""

_AT_ONCE = 256


def screened(drawing: Drawing, marks: Mask, shapes: int, keep: int) -> Singles:
    """Return the `keep` best poses (P, keep) of so many shapes, each at its best place.

    The shapes are spread evenly (Sobol 1967, scrambled after Owen 1998), the same in every search.
    """
    from scipy.stats import qmc

    (low, high) = np.asarray(drawing.bounds, np.float32).T[..., None]
    shapes = min(shapes, 4 ** len(low))  # with fewer parameters there are fewer
    unit = qmc.Sobol(len(low) - 2, rng=np.random.default_rng(0)).random(shapes)
    poses = np.concatenate([np.full((2, shapes), 0.5), low[2:] + (high - low)[2:] * unit.T])
    poses = poses.astype(np.float32)
    shifts = _shifts(drawing)
    near, share = _laid(marks, shifts)
    worths, places = [], []
    for at in range(0, shapes, _AT_ONCE):
        weights, lines = _coarse(drawing, poses[:, at : at + _AT_ONCE])
        on_marks, covered = weights @ near, lines @ share  # (shapes, places)
        total = on_marks + covered
        worth = on_marks * covered / np.maximum(total, 1e-9)
        best = worth.argmax(1)
        worths.append(worth[np.arange(len(best)), best])
        places.append(best)
    order = np.argsort(-np.concatenate(worths), kind="stable")[:keep]
    found: Singles = poses[:, order]
    found[:2] += shifts[np.concatenate(places)[order]].T.astype(np.float32) / _SIDE
    return found


def _shifts(drawing: Drawing) -> np.ndarray:
    """Places (K, 2), x and y in coarse cells from the middle, within the drawing's bounds."""
    (x_low, x_high), (y_low, y_high) = drawing.bounds[:2]
    across, down = (
        np.arange(np.ceil((low - 0.5) * _SIDE), (high - 0.5) * _SIDE + 1, _STEP, dtype=np.int64)
        for low, high in ((x_low, x_high), (y_low, y_high))
    )
    return np.stack(np.meshgrid(across, down), -1).reshape(-1, 2)


def _laid(marks: Mask, shifts: np.ndarray) -> tuple[Singles, Singles]:
    """Cells near marks, and the share of all marks in each, seen from each place: (cells, K)."""
    from scipy import ndimage

    by = GRID // _SIDE
    share = marks.reshape(_SIDE, by, _SIDE, by).mean((1, 3)).astype(np.float32)
    near = ndimage.binary_dilation(share > 0, np.ones((3, 3))).astype(np.float32)
    share /= max(float(share.sum()), 1e-9)
    around = int(np.abs(shifts).max())
    found = []
    for values in (near, share):
        wide = np.pad(values, around)
        parts = [
            wide[around + y : around + y + _SIDE, around + x : around + x + _SIDE].ravel()
            for x, y in shifts
        ]
        found.append(np.stack(parts, 1))
    return found[0], found[1]


def _coarse(drawing: Drawing, poses: Singles) -> tuple[Singles, Singles]:
    """Shapes (S, cells): the share of their lines in each cell, and the cells near a line."""
    x, y, weights = drawing.wires(poses)
    count = poses.shape[1]
    # One cell all round for what lies beyond the map: it is not compared.
    wide = _SIDE + 2
    for each in (x, y):
        each *= _SIDE
        each += 1
        np.clip(each, 0, wide - 1, out=each)
    cells = y.astype(np.int64)
    cells *= wide
    cells += x.astype(np.int64)
    cells += np.arange(count) * wide**2
    drawn = np.bincount(
        cells.ravel(), np.broadcast_to(weights, x.shape).ravel(), count * wide**2
    ).astype(np.float32)
    inner = drawn.reshape(count, wide, wide)[:, 1:-1, 1:-1]
    share = inner.reshape(count, -1)
    share /= np.maximum(share.sum(1, keepdims=True), 1e-9)
    lines = (inner > 0).astype(np.float32)
    across = lines.copy()
    np.maximum(across[:, :, 1:], lines[:, :, :-1], out=across[:, :, 1:])
    np.maximum(across[:, :, :-1], lines[:, :, 1:], out=across[:, :, :-1])
    near = across.copy()
    np.maximum(near[:, 1:], across[:, :-1], out=near[:, 1:])
    np.maximum(near[:, :-1], across[:, 1:], out=near[:, :-1])
    return share, near.reshape(count, -1)
