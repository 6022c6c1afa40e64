"""Bootstrap of LIME and SmoothGrad from the samples a record keeps, without a network.

A record that holds its samples (docs/formats/evidence.md) is made again from a bootstrap of them
(Efron 1979, doi:10.1214/aos/1176344552): as many with replacement stand for another seed, fewer or
more for another sample count.
"""

from __future__ import annotations

import numpy as np

from solver.evidence import Record
from solver.explain.cnn.lime_surrogate import ridge_fit, shown_signs

COUNTS = (0.5, 0.25, 2.0)
"""Other sample counts, as parts of the course's own."""

SHOWN, MIN_WEIGHT = 11, 0.05
"""Settings of the course's overlay, for records that do not hold them."""


def has_samples(record: Record) -> bool:
    """Return whether a record keeps the samples it was made from."""
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
    """Return the record as `factor` times the course's samples would have made it."""
    # A record that stopped early has the course's count in its settings and its own in its values:
    # the factor is of the course's.
    course, taken = record.settings.get(f"{record.kind}_samples"), record.values.get("samples")
    if isinstance(course, int) and isinstance(taken, int) and 0 < taken <= course:
        factor = factor * course / taken
    return resampled_draws(record, generator, factor)


def _smoothgrad(record: Record, generator: np.random.Generator, factor: float) -> Record:
    """The mean over a bootstrap of the groups of samples, min-max scaled as in the record."""
    groups = record.array("group_means", 4)  # (G, H, W, 3), parts of raw_max
    count = max(1, round(factor * len(groups)))
    chosen = generator.integers(0, len(groups), count)
    weights = np.bincount(chosen, minlength=len(groups)) / count
    # Weights in place of the groups drawn: each is read once, however often it was chosen.
    mean = np.einsum("g,ghwc->hwc", weights, groups.astype(np.float64))
    low, high = float(mean.min()), float(mean.max())
    scaled = (mean - low) / (high - low) if high > low else np.zeros_like(mean)
    values = dict(record.values)
    if isinstance(values.get("raw_max"), int | float):
        unit = float(values["raw_max"])
        values |= {"raw_min": low * unit, "raw_max": high * unit}
    arrays = {**record.arrays, "map": scaled.astype(np.float32)}
    return Record(record.id, arrays, values, record.settings, record.inputs)


def _lime(record: Record, generator: np.random.Generator, factor: float) -> Record:
    """LIME's regression on a bootstrap of the samples."""
    draws, answers = record.array("draws", 2), record.array("answers", 1)
    if len(draws) != len(answers) or len(draws) < 2:
        raise ValueError(f"{record.id}: {len(draws)} draws and {len(answers)} answers")
    count = max(1, round(factor * len(draws)) - 1)
    # Sample 0 hides nothing and always stays: the kernel measures every distance from it.
    chosen = np.concatenate([[0], generator.integers(1, len(draws), count)])
    weights, intercept, score = ridge_fit(draws[chosen], answers[chosen])
    segments = record.array("segments", 2)
    signs = shown_signs(
        segments,
        weights,
        int(record.settings.get("lime_shown", SHOWN)),
        float(record.settings.get("lime_min_weight", MIN_WEIGHT)),
    )
    arrays = {**record.arrays, "weights": weights, "signs": signs}
    values = {**record.values, "intercept": intercept, "score": score}
    return Record(record.id, arrays, values, record.settings, record.inputs)
