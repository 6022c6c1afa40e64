"""LIME's surrogate: the weight of each segment, and the segments its overlay shows.

Nothing here needs torch or lime, so that samples kept as evidence can be fitted again without them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

KERNEL_WIDTH = 0.25  # lime's default for pictures


def exponential_kernel(distances: Floats, width: float = KERNEL_WIDTH) -> Floats:
    """Return lime's weight of samples at these cosine distances from the picture: same shape."""
    kernel: Floats = np.sqrt(np.exp(-(distances**2) / width**2))
    return kernel


def ridge_fit(
    draws: npt.NDArray[np.integer], answers: npt.NDArray[np.floating]
) -> tuple[Floats, float, float]:
    """Return (weights (segments,), intercept, R2) as lime's `LimeBase` fits them, solved directly.

    `draws` (samples, segments) are 1 where a segment was shown; `answers` (samples,). Weighted
    ridge regression with alpha 1, each sample weighted by its cosine distance to a picture with
    nothing hidden. Equal to lime's to rounding; lime fits twice, this once.
    """
    shown = draws.astype(np.float64)
    near = exponential_kernel(1 - np.sqrt(shown.mean(1)))  # cosine distance to a row of ones
    share = near / near.sum()  # (samples,)
    middle, level = share @ shown, float(share @ answers)  # (segments,), one number
    centred, rise = shown - middle, answers - level
    weighted = centred.T * near  # (segments, samples)
    # Centred, so that the ridge leaves the intercept alone, as scikit-learn's does.
    weights: Floats = np.linalg.solve(weighted @ centred + np.eye(shown.shape[1]), weighted @ rise)
    spread = float(near @ rise**2)
    missed = float(near @ (rise - centred @ weights) ** 2)
    score = 1 - missed / spread if spread > 0 else float(missed == 0)
    return weights, level - float(middle @ weights), score


def shown_signs(
    segments: npt.NDArray[np.integer], weights: Floats, shown: int, min_weight: float
) -> npt.NDArray[np.int8]:
    """Return the course's overlay: int8 (H, W), 1 green, -1 red, 0 neither.

    Among the first `shown` segments by absolute weight, those of at least `min_weight`
    (lime's `get_image_and_mask` with positive_only=False, hide_rest=False).
    """
    # Stable: of equal weights the first segment, on every machine.
    order = np.argsort(-np.abs(weights), kind="stable")[:shown]
    kept = order[np.abs(weights[order]) >= min_weight]  # fewer than `shown` may be left
    by_segment = np.zeros(int(max(segments.max() + 1, len(weights))), np.int8)
    by_segment[kept] = np.where(weights[kept] > 0, 1, -1)
    signs: npt.NDArray[np.int8] = by_segment[segments]
    return signs
