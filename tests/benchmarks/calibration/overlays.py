"""Simulated LIME: classifiers whose weights are known, explained from a number of samples."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.spatial import cKDTree

from solver.evidence import Record
from solver.explain.cnn.lime_surrogate import ridge_fit, shown_signs
from tests.benchmarks.calibration.maps import KINDS, PICTURE, SIDE, Array, Draw, scene
from tests.benchmarks.calibration.simulated import Family, Simulated, lead, question_of
from tests.solver.rules.made_maps import evidence_of

SHOWN = 11


def scattered(generator: Draw, count: int) -> Array:
    """Superpixels around places at random."""
    return _cells(generator.uniform(0, SIDE, (count, 2)))


def gridded(generator: Draw, count: int) -> Array:
    """Superpixels around the places of a grid, each somewhat moved."""
    side = int(np.sqrt(count))
    at = (np.stack(np.mgrid[:side, :side], -1).reshape(-1, 2) + 0.5) * SIDE / side
    return _cells(at + generator.normal(0, 0.25 * SIDE / side, at.shape))


def _cells(points: Array) -> Array:
    places = np.stack(np.mgrid[:SIDE, :SIDE], -1).reshape(-1, 2)
    return cKDTree(points).query(places)[1].reshape(SIDE, SIDE)


def answers_of(draws: Array, weights: Array, generator: Draw, *, beyond: bool) -> Array:
    """A classifier's answers: a sum over the segments shown, and what no sum explains.

    Pairs of segments count around their mean, so that the weights stay those of the sum.
    """
    answers = draws @ weights
    scale = float(np.abs(weights).mean())
    noise = generator.normal(size=len(draws)) * scale * np.exp(generator.normal(0.3, 0.6))
    if not beyond:
        return answers + noise
    pairs = generator.integers(0, draws.shape[1], (2, draws.shape[1]))
    centred = draws - 0.5
    strength = generator.laplace(size=draws.shape[1]) * scale * generator.uniform(0.5, 3)
    heavy = generator.standard_t(3, size=len(draws)) / np.sqrt(3)
    return answers + (centred[:, pairs[0]] * centred[:, pairs[1]]) @ strength + noise * heavy


def lime(kinds: str, generator: Draw, weight_of: Array, *, beyond: bool) -> tuple[Record, Record]:
    """LIME as it is seen on a map of weights, and as samples without end would draw it."""
    segments = (gridded if beyond else scattered)(generator, int(generator.integers(90, 150)))
    used = np.unique(segments)
    segments = np.searchsorted(used, segments)
    count = len(used)
    size = np.bincount(segments.ravel(), minlength=count)
    weights = np.bincount(segments.ravel(), weight_of.ravel(), count) / size
    weights = weights + generator.laplace(size=count) * 0.3 * np.abs(weights).mean()
    samples = int(generator.choice([200, 400, 1000]))
    draws = generator.integers(0, 2, (samples, count), dtype=np.uint8)
    draws[0] = 1
    answers = answers_of(draws.astype(float), weights, generator, beyond=beyond)
    fitted = ridge_fit(draws, answers)[0]
    signs = shown_signs(segments, fitted, SHOWN, 0.0)
    arrays = {"signs": signs, "segments": segments}
    kept = generator.random()
    if kept < 0.7:
        arrays["weights"] = fitted
    if kept < 0.4:
        arrays |= {"draws": draws, "answers": answers}
    settings = {"lime_shown": SHOWN, "lime_min_weight": 0.0, "lime_samples": samples}
    record = Record("lime/0", arrays, {"samples": samples}, settings)
    exact = {"signs": shown_signs(segments, weights, SHOWN, 0.0), "segments": segments}
    return record, Record("lime/0", {**exact, "weights": weights}, {}, settings)


def signs_in_regions(kinds: str, *, beyond: bool) -> Callable[[Draw], Simulated]:
    """Which pair of colour and region covers the largest share of its region."""

    def make(generator: Draw) -> Simulated:
        depths, true, drawn = scene(kinds, generator, 2)
        levels = generator.normal(0, 1, 2)
        levels[1] = levels[0] * generator.choice([-1, 1]) + generator.normal(0, 1) * lead(generator)
        weights = np.zeros((SIDE, SIDE)) + 0.2 * generator.normal()
        for level, depth in zip(levels, depths, strict=True):
            weights[depth > 0] = level
        seen, exact = lime(kinds, generator, weights, beyond=beyond)
        claims = [{"sign": s, "region": r} for s in ("for", "against") for r in "xy"]
        return Simulated(
            question_of("lime.overlay.sign_in_region", {"picture": 0}, claims),
            evidence_of(seen, *drawn),
            evidence_of(exact, Record("regions/0", true, drawn["regions/0"].values), PICTURE),
        )

    return make


def signs_along(kinds: str, *, beyond: bool) -> Callable[[Draw], Simulated]:
    """What a region's segments speak for."""

    def make(generator: Draw) -> Simulated:
        depths, true, drawn = scene(kinds, generator, 1)
        weights = 0.6 * generator.normal() * np.ones((SIDE, SIDE))
        half = generator.uniform(-1, 1) * depths[0].max()
        turn = np.gradient(depths[0])[0] * depths[0].max() > half
        level, other = generator.normal(0, 1.2, 2)
        weights[depths[0] > 0] = np.where(turn, level, other)[depths[0] > 0]
        seen, exact = lime(kinds, generator, weights, beyond=beyond)
        claims = [{"role": role} for role in ("for", "against", "both", "unused")]
        return Simulated(
            question_of("lime.overlay.signs_along_contour", {"picture": 0, "region": "x"}, claims),
            evidence_of(seen, *drawn),
            evidence_of(exact, Record("regions/0", true, drawn["regions/0"].values), PICTURE),
        )

    return make


FAMILIES = [
    Family(
        f"{rule.__name__}: {kinds}, {'pairs' if beyond else 'sums'}",
        name,
        rule(kinds, beyond=beyond),
        not beyond,
        120,
    )
    for rule, name in (
        (signs_in_regions, "lime.overlay.sign_in_region"),
        (signs_along, "lime.overlay.signs_along_contour"),
    )
    for kinds, beyond in zip(KINDS, (False, False, True, True), strict=True)
]
