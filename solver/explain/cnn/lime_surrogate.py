"""LIME's surrogate: the weight of each segment, and the segments its overlay shows.

Nothing here needs torch or lime, so that samples kept as evidence can be fitted again without them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

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
    near, middle, centred = _centred(draws)
    level = float(near / near.sum() @ answers)
    rise = answers - level
    weighted = centred.T * near  # (segments, samples)
    products = weighted @ centred + np.eye(len(middle))
    weights = np.linalg.solve(products, weighted @ rise).astype(np.float64)
    spread = float(near @ rise**2)
    missed = float(near @ (rise - centred @ weights) ** 2)
    score = 1 - missed / spread if spread > 0 else float(missed == 0)
    return weights, level - float(middle @ weights), score


def _centred(draws: npt.NDArray[np.integer]) -> tuple[Floats, Floats, Floats]:
    """(lime's weight of each sample (samples,), the mean draw (segments,), draws less that mean).

    Centred, so that the ridge leaves the intercept alone, as scikit-learn's does.
    """
    shown = draws.astype(np.float64)
    near = exponential_kernel(1 - np.sqrt(shown.mean(1)))  # distance to a row of ones
    middle = (near / near.sum() @ shown).astype(np.float64)
    return near, middle, shown - middle


def ridge_posterior(
    draws: npt.NDArray[np.integer], answers: npt.NDArray[np.floating], weights: Floats
) -> Floats:
    """Return the covariance of a fit's weights about those of any number of samples.

    ``s2 (X' W X + I)^-1``, (segments, segments): the ridge fit is the mean of a normal posterior
    whose prior has the variance of the noise, and its covariance holds what the ridge shrinks as
    well as the noise. The covariance over other samples alone is 1.5 to 1.8 times too small an
    error at as many samples as segments; this one is within a fifth, at 100 samples and at 400
    (Hoerl and Kennard 1970, Technometrics 12:55; weights of two pictures, 20 orders of the draws).

    Raises:
        numpy.linalg.LinAlgError: weights that are no number.
    """
    near, _, centred = _centred(draws)
    products = (centred.T * near) @ centred
    inverse = np.linalg.inv(products + np.eye(len(products))).astype(np.float64)
    left = answers - near / near.sum() @ answers - centred @ weights
    noise = float(near @ left**2) / _freedom(len(answers), inverse, products)
    covariance: Floats = noise * inverse
    return covariance


def ridge_freedom(draws: npt.NDArray[np.integer]) -> float:
    """Return the degrees of freedom that a fit on these draws (samples, segments) leaves."""
    near, _, centred = _centred(draws)
    products = (centred.T * near) @ centred
    inverse = np.linalg.inv(products + np.eye(len(products))).astype(np.float64)
    return _freedom(len(draws), inverse, products)


def informative_rows(draws: npt.NDArray[np.integer], taken: Ints, number: int) -> Ints:
    """Return the rows of `draws` from which the weights are learned best, after those in `taken`.

    Each is the one whose answer the fit on those before tells least about, which makes the
    determinant of ``X' W X + I`` largest (D-optimal, one row at a time: Dykstra 1971, "The
    Augmentation of Experimental Data to Maximize |X'X|", Technometrics 13:682). No answer has a
    part in it.

    Args:
        draws: the course's draws (samples, segments), 1 where a segment is shown.
        taken: rows of `draws`.
        number: of rows to return.
    """
    near, _, centred = _centred(draws)
    design = np.sqrt(near)[:, None] * np.column_stack([np.ones(len(draws)), centred])
    known = design[taken]
    covariance = np.linalg.inv(known.T @ known + np.eye(design.shape[1]))
    untold = design @ covariance
    leverage = np.einsum("ij,ij->i", untold, design)
    leverage[taken] = -np.inf
    chosen = []
    for _ in range(number):
        row = int(np.argmax(leverage))
        chosen.append(row)
        # The covariance after one row more, without inverting it anew (Sherman and Morrison 1950).
        direction = untold[row] / np.sqrt(1 + leverage[row])
        along = design @ direction
        untold -= np.outer(along, direction)
        leverage -= along**2
        leverage[row] = -np.inf
    return np.array(chosen, np.int64)


def _freedom(samples: int, inverse: Floats, products: Floats) -> float:
    """Samples less the intercept and the trace, which counts what the ridge does not hold."""
    return max(samples - 1 - float(np.sum(inverse * products)), 1.0)


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
