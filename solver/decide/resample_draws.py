"""Other draws of LIME and SmoothGrad, from the samples a record keeps: no network is needed.

A record that holds its samples (docs/evidence-format.md) can be made again from a bootstrap of them
(Efron 1979, doi:10.1214/aos/1176344552): drawn as many with replacement, as another seed would draw
others; drawn fewer or more, as another sample count would.
"""

from __future__ import annotations

import numpy as np

from solver.evidence import Record
from solver.explain.cnn.lime_surrogate import ridge_fit, shown_signs

COUNTS = (0.5, 0.25, 2.0)
"""Other sample counts, as parts of the course's own."""

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
