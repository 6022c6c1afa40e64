"""Other draws from the samples a record keeps: the same regression, the same normalization."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from solver.bundle.bundle import Bundle
from solver.decide.resample_draws import has_samples, resampled_draws, with_other_count
from solver.evidence import Evidence, Record
from solver.explain.job import ExplainSettings
from solver.explain.run.runner import run_explanations
from solver.pipeline.reseed import with_other_seeds

FEW = ExplainSettings(lime_samples=300, smoothgrad_samples=40)


def draws(samples: int, segments: int, seed: int = 0) -> np.ndarray:
    made = np.random.default_rng(seed).integers(0, 2, (samples, segments)).astype(np.uint8)
    made[0] = 1
    return made


@pytest.fixture(scope="module")
def record() -> Evidence:
    """A LIME of a linear model that answers with noise, a SmoothGrad of groups of noise."""
    generator = np.random.default_rng(5)
    rows = draws(800, 20)
    answers = rows @ np.linspace(-2, 3, 20) + generator.normal(size=800)
    segments = np.arange(400).reshape(20, 20) // 20
    lime = {"draws": rows, "answers": answers, "segments": segments, "weights": np.zeros(20)}
    groups = (generator.exponential(size=(20, 32, 32, 3)) / 5).astype(np.float16)
    smoothgrad = {"group_means": groups, "map": np.zeros((32, 32, 3), np.float32)}
    return Evidence(
        {
            "lime/1": Record("lime/1", lime),
            "smoothgrad/1": Record("smoothgrad/1", smoothgrad, {"raw_min": 0.1, "raw_max": 3.0}),
        }
    )


def test_drawn_again_a_record_is_another_of_the_same_shapes(record: Evidence) -> None:
    for kind, array in (("lime", "weights"), ("smoothgrad", "map")):
        one = record.get(kind, 1)
        assert has_samples(one)
        again = resampled_draws(one, np.random.default_rng(0))
        assert again.arrays[array].shape == one.arrays[array].shape
        assert not np.array_equal(again.arrays[array], one.arrays[array])
        same = resampled_draws(one, np.random.default_rng(0))
        np.testing.assert_array_equal(same.arrays[array], again.arrays[array])


def test_a_smoothgrad_map_drawn_again_is_normalized_and_keeps_its_scale(record: Evidence) -> None:
    one = record.get("smoothgrad", 1)
    again = resampled_draws(one, np.random.default_rng(0))
    assert again.array("map").min() == 0 and again.array("map").max() == 1
    # The groups are parts of raw_max, 3; the mean of the resample is about theirs.
    mean = 3.0 * one.array("group_means").astype(float).mean()
    assert _unscaled(again).mean() == pytest.approx(mean, rel=0.1)
    assert 0 <= again.value("raw_min") < again.value("raw_max")


def test_fewer_samples_spread_more(record: Evidence) -> None:
    for kind in ("lime", "smoothgrad"):
        spread = {}
        for factor in (0.25, 1.0, 4.0):
            generator = np.random.default_rng(0)
            made = [resampled_draws(record.get(kind, 1), generator, factor) for _ in range(12)]
            spread[factor] = float(np.std([_unscaled(one) for one in made], axis=0).mean())
        assert spread[0.25] > 1.4 * spread[1.0] > 1.4 * 1.4 * spread[4.0]


def test_a_count_is_a_part_of_the_courses_also_where_sampling_stopped_early(
    record: Evidence,
) -> None:
    whole = record.get("lime", 1)  # 800 samples
    stopped = replace(whole, settings={"lime_samples": 3200}, values={"samples": 800})
    alike = with_other_count(stopped, np.random.default_rng(0), 0.25)
    same = with_other_count(whole, np.random.default_rng(0), 1.0)
    np.testing.assert_array_equal(alike.array("weights"), same.array("weights"))
    odd = replace(whole, settings={"lime_samples": "many"}, values={"samples": 0})
    assert with_other_count(odd, np.random.default_rng(0), 0.5).array("weights").shape == (20,)


def _unscaled(record: Record) -> np.ndarray:
    if record.kind == "lime":
        return record.array("weights")
    low, high = record.value("raw_min"), record.value("raw_max")
    return record.array("map") * (high - low) + low


def test_what_keeps_no_samples_is_known_by_its_arrays() -> None:
    assert not has_samples(Record("lime/1", {"signs": np.zeros((4, 4))}))
    assert not has_samples(Record("smoothgrad/1", {"map": np.zeros((4, 4, 3))}))
    assert not has_samples(Record("saliency/1", {"map": np.zeros((4, 4))}))


@pytest.mark.slow
def test_a_bootstrap_spreads_as_other_seeds_really_do(demo: Bundle) -> None:
    seeds, again = 8, 30
    real: dict[str, list[np.ndarray]] = {"lime/1": [], "smoothgrad/1": []}
    records: list[Evidence] = []
    for at in range(seeds):
        found, _ = run_explanations(list(real), demo, with_other_seeds(FEW, at))
        records.append(found)
        for name in real:
            real[name].append(_statistic(found.get(*name.split("/"))))
    for name, statistics in real.items():
        spread = np.std(statistics, axis=0, ddof=1)
        boots = []
        for found in records[:4]:
            generator = np.random.default_rng(0)
            one = found.get(*name.split("/"))
            made = [_statistic(resampled_draws(one, generator)) for _ in range(again)]
            boots.append(np.std(made, axis=0, ddof=1))
        ratio = float(np.mean(boots) / spread.mean())
        print(name, "bootstrap spread over that of real seeds:", round(ratio, 3))
        assert 0.7 < ratio < 1.5


def _statistic(record: Record) -> np.ndarray:
    """What verdicts rest on: the segments' weights; the brightness of 16x16 places."""
    if record.kind == "lime":
        return record.array("weights")
    return record.array("map").reshape(8, 16, 8, 16, 3).mean(axis=(1, 3, 4)).ravel()
