"""Other draws of LIME and SmoothGrad, from the samples a record keeps: no network is needed.

A record that holds its samples (docs/evidence-format.md) can be made again from a bootstrap of them
(Efron 1979, doi:10.1214/aos/1176344552): drawn as many with replacement, as another seed would draw
others; drawn fewer or more, as another sample count would.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import Ridge

from solver.evidence import Record

Floats = npt.NDArray[np.float64]

COUNTS = (0.5, 0.25, 2.0)
"""Other sample counts, as parts of the course's own."""

KERNEL_WIDTH = 0.25
SHOWN, MIN_WEIGHT = 11, 0.05
"""Of the course's overlay, where a record's settings do not say."""


def has_samples(record: Record) -> bool:
    """Say whether a record keeps the samples it was made from."""
    return {"lime": {"draws", "answers", "segments"}, "smoothgrad": {"group_means", "map"}}.get(
        record.kind, {""}
    ) <= set(record.arrays)


def resampled_draws(record: Record, generator: np.random.Generator, factor: float = 1.0) -> Record:
    """Return the record as `factor` times as many other samples would have made it.

    Raises:
        EvidenceError: the record lacks an array.
        ValueError: its arrays do not fit one another.
    """
    remade = _smoothgrad if record.kind == "smoothgrad" else _lime
    return remade(record, generator, factor)


def with_other_count(record: Record, generator: np.random.Generator, factor: float) -> Record:
    """Return the record as `factor` times the course's samples would have made it.

    A record that stopped early, since what rests on it was decided, is not taken to fewer than
    that: the course's count is in its settings, its own in its values.
    """
    course, taken = record.settings.get(f"{record.kind}_samples"), record.values.get("samples")
    if isinstance(course, int) and isinstance(taken, int) and 0 < taken <= course:
        factor = factor * course / taken
    return resampled_draws(record, generator, factor)


def _smoothgrad(record: Record, generator: np.random.Generator, factor: float) -> Record:
    """A bootstrap of the groups of samples: their mean, scaled by one min-max as in the record."""
    groups = record.array("group_means", 4)  # (G, H, W, 3), parts of raw_max
    count = max(1, round(factor * len(groups)))
    chosen = generator.integers(0, len(groups), count)
    weights = np.bincount(chosen, minlength=len(groups)) / count
    mean = np.tensordot(weights, groups.astype(np.float64), 1)  # (H, W, 3)
    low, high = float(mean.min()), float(mean.max())
    scaled = (mean - low) / (high - low) if high > low else np.zeros_like(mean)
    values = dict(record.values)
    if isinstance(values.get("raw_max"), int | float):
        unit = float(values["raw_max"])
        values |= {"raw_min": low * unit, "raw_max": high * unit}
    arrays = {**record.arrays, "map": scaled.astype(np.float32)}
    return Record(record.id, arrays, values, record.settings, record.inputs)


def _lime(record: Record, generator: np.random.Generator, factor: float) -> Record:
    """The regression on a bootstrap of the samples; the first, which hides nothing, always stays,
    since the kernel measures every other one's distance from it."""
    draws, answers = record.array("draws", 2), record.array("answers", 1)
    if len(draws) != len(answers) or len(draws) < 2:
        raise ValueError(f"{record.id}: {len(draws)} draws and {len(answers)} answers")
    count = max(1, round(factor * len(draws)) - 1)
    chosen = np.concatenate([[0], generator.integers(1, len(draws), count)])
    weights, intercept, score = lime_regression(draws[chosen], answers[chosen])
    segments = record.array("segments", 2)
    signs = drawn_signs(
        segments,
        weights,
        int(record.settings.get("lime_shown", SHOWN)),
        float(record.settings.get("lime_min_weight", MIN_WEIGHT)),
    )
    arrays = {**record.arrays, "weights": weights, "signs": signs}
    values = {**record.values, "intercept": intercept, "score": score}
    return Record(record.id, arrays, values, record.settings, record.inputs)


def lime_regression(
    draws: npt.NDArray[np.integer], answers: npt.NDArray[np.floating]
) -> tuple[Floats, float, float]:
    """Return (weights (segments,), intercept, R2) as lime's `LimeBase` fits them.

    `draws` (samples, segments) are 0/1 with a first row of ones; weighted ridge regression with
    alpha 1, each sample weighted by an exponential kernel of its cosine distance to the first row.
    """
    shares = draws.sum(1) / draws.shape[1]
    distances = 1 - np.sqrt(shares)  # cosine of a 0/1 row with the row of ones
    kernel = np.sqrt(np.exp(-(distances**2) / KERNEL_WIDTH**2))
    rows = draws.astype(np.float64)
    ridge = Ridge(alpha=1, fit_intercept=True).fit(rows, answers, sample_weight=kernel)
    score = float(ridge.score(rows, answers, sample_weight=kernel))
    return np.asarray(ridge.coef_, np.float64), float(ridge.intercept_), score


def drawn_signs(
    segments: npt.NDArray[np.integer], weights: Floats, shown: int, min_weight: float
) -> npt.NDArray[np.int8]:
    """Return the overlay (H, W) of the first `shown` segments by weight: 1 for, -1 against, else 0.

    The same as `solver.explain.lime_segments.shown_signs`, which cannot be had without torch.
    """
    order = np.argsort(-np.abs(weights), kind="stable")[:shown]
    by_segment = np.zeros(int(max(segments.max() + 1, len(weights))), np.int8)
    kept = order[np.abs(weights[order]) >= min_weight]
    by_segment[kept] = np.sign(weights[kept])
    signs: npt.NDArray[np.int8] = by_segment[segments]
    return signs
