"""A SmoothGrad map drawn again without its samples is as far off as a real other draw."""

from __future__ import annotations

import math

import numpy as np
import pytest

from solver.decide.redraw_smoothgrad import CHANNELS, HALF_NORMAL, redrawn
from solver.evidence import Record

MAP = np.random.default_rng(1).gamma(2.0, 0.1, (128, 128, 3)).clip(0, 1).astype(np.float32)


def differences(record: Record, draws: int = 12) -> np.ndarray:
    """Relative differences of some draws, each with its scale divided out."""
    generator = np.random.default_rng(0)
    seen = record.array("map") > 0.02
    found = []
    for _ in range(draws):
        again = redrawn(record, generator).array("map").astype(np.float64)
        ratio = np.where(seen & (again < 1), again / np.maximum(record.array("map"), 1e-9), np.nan)
        found.append(ratio / np.nanmedian(ratio) - 1)
    return np.stack(found)


@pytest.mark.parametrize("samples", [100, 500, 2000])
def test_the_spread_is_that_of_means_of_half_normal_gradients(samples: int) -> None:
    """Held against means really taken of that many normal gradients' absolute values."""
    record = Record("smoothgrad/1", {"map": MAP}, {"samples": samples})
    spread = np.nanstd(differences(record)) / math.sqrt(2)
    means = np.abs(np.random.default_rng(2).standard_normal((samples, 4000))).mean(0)
    assert spread == pytest.approx(means.std() / means.mean(), rel=0.08)
    assert spread == pytest.approx(HALF_NORMAL / math.sqrt(samples), rel=0.08)


def test_channels_share_it_and_neighbours_do() -> None:
    found = differences(Record("smoothgrad/1", {"map": MAP}))
    both = np.isfinite(found).all(-1)
    r = np.corrcoef(found[both].T)
    assert r[np.triu_indices(3, 1)] == pytest.approx([CHANNELS] * 3, abs=0.1)
    one = np.nan_to_num(found[..., 0])
    near, far = ((one[:, :, n:] * one[:, :, :-n]).mean() / (one**2).mean() for n in (2, 30))
    assert 0.45 < near < 0.7 and abs(far) < 0.15


def test_hand_made_and_flat_maps_are_taken() -> None:
    generator = np.random.default_rng(0)
    for shape in ((1, 1), (5, 7), (4, 4, 3), (3, 3, 1)):
        for values in (np.zeros(shape), np.ones(shape), np.full(shape, 0.5)):
            record = Record("smoothgrad/1", {"map": values}, {"samples": "many"})
            again = redrawn(record, generator).array("map")
            assert again.shape == shape and np.isfinite(again).all()
            assert again.min() >= 0 and again.max() <= 1


def test_a_figure_that_averages_neighbours_moves_less() -> None:
    fine = differences(Record("smoothgrad/1", {"map": MAP}))
    coarse = differences(Record("smoothgrad/1", {"map": MAP}, {"figure_pixels": 71}))
    assert np.nanstd(coarse) == pytest.approx(0.89 * np.nanstd(fine), rel=0.05)


def test_the_brightest_place_that_scales_a_map_is_drawn_again_too() -> None:
    """Whole maps are brighter or darker by as much as one place is, and no more often brighter."""
    record = Record("smoothgrad/1", {"map": 0.3 * MAP}, {"samples": 200})
    generator = np.random.default_rng(4)
    seen = record.array("map") > 0.01
    levels = [
        float(np.median(redrawn(record, generator).array("map")[seen] / record.array("map")[seen]))
        for _ in range(60)
    ]
    spread = math.sqrt(2) * HALF_NORMAL / math.sqrt(200)
    assert np.mean(levels) == pytest.approx(1, abs=0.03)
    assert np.std(levels) == pytest.approx(spread, rel=0.3)
