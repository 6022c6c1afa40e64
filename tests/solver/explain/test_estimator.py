"""Means over samples: taken further they are the mean that never stopped; drawn again they differ
as much as the theory says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from solver.bundle.bundle import Bundle
from solver.evidence import Evidence, Record
from solver.explain.cnn import integrated_gradients as integrated
from solver.explain.cnn import lime as lime_segments
from solver.explain.cnn import smoothgrad
from solver.explain.cnn.lime_surrogate import informative_rows, shown_signs
from solver.explain.cnn.saliency import min_max
from solver.explain.estimator import Share, Units, groups_of, left_out, looks_at
from solver.explain.job import ExplainSettings, Job, fast_settings
from solver.explain.registry import may_stop, sampling_of
from solver.explain.sampling.critical_values import critical_value
from solver.explain.sampling.sequential_test import REDRAWS

FEW = fast_settings(smoothgrad_samples=40, lime_samples=80)


@given(most=st.integers(1, 2000), unit=st.integers(1, 50), least=st.integers(0, 300))
def test_looks_ascend_in_whole_units_to_the_courses_count(most: int, unit: int, least: int) -> None:
    looks = looks_at(most, unit, least)
    assert looks == sorted(set(looks))
    assert looks[-1] == most
    assert all(look % unit == 0 and least <= look < most for look in looks[:-1])


@given(samples=st.integers(1, 1000))
def test_groups_are_of_one_size(samples: int) -> None:
    count = groups_of(samples)
    assert 1 <= count <= 20
    assert samples % count == 0


@given(units=st.integers(2, 200), taken=st.integers(1, 999), most=st.integers(2, 1000))
def test_what_is_left_out_moves_a_mean_as_far_as_what_is_still_to_come(
    units: int, taken: int, most: int
) -> None:
    left = left_out(units, taken, most)
    if taken >= most:
        assert left == 0
        return
    assert 1 <= left < units
    per_unit = units / taken  # a unit's mean has the variance of a sample over its size
    drawn = left / (units * (units - left)) * per_unit
    to_come = 1 / taken - 1 / most
    assert drawn >= to_come * 0.999 or left == units - 1
    fewer = left - 1
    assert fewer / (units * (units - fewer)) * per_unit < to_come * 1.001


def test_redrawn_means_spread_as_means_do() -> None:
    """Of 20 groups of one number each: the spread of what is drawn is that of new samples."""
    generator = np.random.default_rng(5)
    taken, most, spreads, errors = 100, 500, [], []
    for _ in range(150):
        samples = generator.exponential(size=(most, 1, 1, 1))
        means = samples[:taken].reshape(5, 20, 1, 1, 1).mean(0)
        pair = np.concatenate([means, np.zeros_like(means)], 1)  # a second pixel that is always 0
        record = Record("smoothgrad/0", {"group_means": pair}, {"raw_max": 1.0, "samples": taken})
        redrawn = smoothgrad.SAMPLING.redraw(record, most, generator, 30)
        drawn = [one.values["raw_max"] for one in redrawn]
        spreads.append(np.mean((np.array(drawn) - means.mean()) ** 2))
        errors.append((samples.mean() - means.mean()) ** 2)
    assert np.mean(spreads) == pytest.approx(np.mean(errors), rel=0.35)


@given(number=st.integers(1, 70))
def test_each_unit_is_left_out_once(number: int) -> None:
    chosen: list[list[int]] = []

    def only(some: np.ndarray) -> Record:
        chosen.append(some.tolist())
        return Record("numbers/0")

    divided = replace(smoothgrad.SAMPLING, units_of=lambda record, most: Units(number, 0, only))
    assert len(list(divided.each_left_out(Record("numbers/0"), 100))) == min(number, 20)
    lacking = [sorted(set(range(number)) - set(some)) for some in chosen]
    assert sorted(unit for some in lacking for unit in some) == list(range(number))
    assert max(map(len, lacking)) - min(map(len, lacking)) <= 1


def test_what_is_left_of_smoothgrad_is_the_mean_of_the_other_groups() -> None:
    means = np.random.default_rng(1).random((5, 4, 4, 3))
    record = Record("smoothgrad/0", {"group_means": means}, {"raw_max": 2.0, "samples": 5})
    for at, one in enumerate(smoothgrad.SAMPLING.each_left_out(record, 20)):
        others = np.delete(means, at, axis=0).mean(0)
        assert one.value("raw_max") == pytest.approx(2 * others.max(), rel=1e-6)
        assert np.allclose(one.array("map"), min_max(others)[0], atol=1e-6)


@pytest.mark.parametrize("cut", [20])
def test_smoothgrad_taken_further_is_smoothgrad(demo: Bundle, cut: int) -> None:
    job = Job("smoothgrad/4", demo, FEW)
    begun = smoothgrad.SAMPLING.extend(job, None, cut)
    assert begun.value("samples") == cut
    assert begun.array("group_means").shape == (20, 128, 128, 3)
    further, whole = smoothgrad.SAMPLING.extend(job, begun, 40), smoothgrad.smoothgrad(job)
    assert np.allclose(further.array("map"), whole.array("map"), atol=1e-6)
    assert further.value("raw_max") == pytest.approx(whole.value("raw_max"), rel=1e-6)
    groups = whole.array("group_means").astype(float)
    assert np.allclose(further.array("group_means"), groups, atol=2e-3 * groups.max())
    mean = groups.mean(0) * whole.value("raw_max")
    low, high = whole.value("raw_min"), whole.value("raw_max")
    assert np.allclose(mean, whole.array("map") * (high - low) + low, atol=1e-3 * high)


def test_lime_taken_further_is_lime_to_the_last_bit(demo: Bundle) -> None:
    job = Job("lime/3", demo, FEW)
    begun = lime_segments.SAMPLING.extend(job, None, 50)
    further, whole = lime_segments.SAMPLING.extend(job, begun, 80), lime_segments.lime(job)
    assert further.values == whole.values
    for name, array in whole.arrays.items():
        assert np.array_equal(further.array(name), array), name
    rows = begun.array("rows")
    assert whole.array("draws")[0].all() and rows[0] == 0
    assert whole.array("rows").tolist() == list(range(80))
    assert begun.array("answers").tolist() == whole.array("answers")[rows].tolist()


def test_lime_takes_the_most_informative_draws_in_any_shares_of_work(demo: Bundle) -> None:
    job = Job("lime/3", demo, FEW)
    begun = lime_segments.SAMPLING.extend(job, None, 30)
    draws = lime_segments.lime(job).array("draws")
    chosen = informative_rows(draws, np.array([0]), 29)
    assert begun.array("rows").tolist() == sorted([0, *chosen.tolist()])
    whole = lime_segments.SAMPLING.extend(job, begun, 50)
    parts = [lime_segments.measured(job, begun, 50, Share(at, 3)) for at in range(3)]
    joined = lime_segments.joined(job, begun, 50, np.concatenate(parts))
    assert np.array_equal(joined.array("answers"), whole.array("answers"))
    added = informative_rows(draws, begun.array("rows"), 20)
    assert whole.array("rows").tolist() == sorted([*begun.array("rows").tolist(), *added.tolist()])


def test_lime_on_the_prepared_network_is_lime(demo: Bundle) -> None:
    exact = lime_segments.lime(Job("lime/3", demo, ExplainSettings(lime_samples=80)))
    fast = lime_segments.lime(Job("lime/3", demo, FEW))
    assert np.allclose(fast.array("answers"), exact.array("answers"), atol=1e-4)
    assert np.array_equal(fast.array("draws"), exact.array("draws"))
    assert np.allclose(fast.array("weights"), exact.array("weights"), atol=1e-4)
    assert np.array_equal(fast.array("signs"), exact.array("signs"))


def test_lime_drawn_again_is_the_record_with_other_weights(demo: Bundle) -> None:
    record = lime_segments.lime(Job("lime/3", demo, FEW))
    generator = np.random.default_rng(0)
    one, other = lime_segments.SAMPLING.redraw(record, 200, generator, 2)
    assert not np.array_equal(one.array("weights"), other.array("weights"))
    limits = [record.settings[name] for name in ("lime_shown", "lime_min_weight")]
    shown = shown_signs(one.array("segments"), one.array("weights"), *limits)
    assert np.array_equal(one.array("signs"), shown)
    # At the course's count nothing is left to chance.
    (same,) = lime_segments.SAMPLING.redraw(record, 80, generator, 1)
    assert np.array_equal(same.array("weights"), record.array("weights"))
    assert np.array_equal(same.array("signs"), record.array("signs"))


@pytest.mark.parametrize("name", ["lime/6", "smoothgrad/2", "integrated_gradients/7/1000"])
def test_a_clear_claim_is_decided_at_the_first_look(demo: Bundle, name: str) -> None:
    """One draw counts as if it came to the line, so no claim is clearer than ten of its errors."""
    job = Job(name, demo, ExplainSettings(confidence=0.999))
    assert critical_value([job], 1, 84) < np.sqrt(REDRAWS + 1)
    assert sampling_of(job).looks(job)[0] <= 150


def test_a_hundred_steps_begun_from_ten_are_a_hundred_steps(demo: Bundle) -> None:
    def run(steps: int, settings: ExplainSettings, *made: Record) -> tuple[Record, int]:
        passes: list[int] = []
        known = Evidence({one.id: one for one in made})
        job = Job(f"integrated_gradients/7/{steps}", demo, settings, passes.append, known)
        return integrated.integrated_gradients(job), sum(passes)

    exact, _ = run(100, ExplainSettings())
    ten, _ = run(10, FEW)
    begun, more = run(100, FEW, ten)
    alone, all_of_them = run(100, FEW)
    assert (more, all_of_them) == (90, 100)
    assert np.array_equal(begun.array("map"), alone.array("map"))
    assert np.abs(begun.array("map") - exact.array("map")).mean() < 1e-3


def test_a_path_may_stop_and_go_on(demo: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a gradient that is known at every alpha, so that the mean over all is known."""
    shape, run = torch.rand(2, 3, 128, 128, generator=torch.Generator().manual_seed(1)), []

    def gradient(job: Job, place: int, steps: int, begin: float = 0.0) -> torch.Tensor:
        run.append(begin)
        alphas = begin + np.arange(steps) / steps
        return float(np.mean(alphas**2)) * shape[0] + float(np.mean(np.sin(9 * alphas))) * shape[1]

    monkeypatch.setattr(integrated, "mean_path_gradient", gradient)
    job = Job("integrated_gradients/7/1000", demo, FEW)
    assert may_stop(job)
    begun = integrated.SAMPLING.extend(job, None, 300)
    assert sorted(run)[:2] == [0.0, 0.001] or 0.0 in run
    first = len(run)
    further = integrated.SAMPLING.extend(job, begun, 1000)
    whole = integrated.integrated_gradients(job)
    expected = gradient(job, 7, 1000).permute(1, 2, 0).numpy()
    for record in (further, whole):
        low, high = record.value("raw_min"), record.value("raw_max")
        assert np.allclose(record.array("map") * (high - low) + low, expected, atol=1e-5)
    assert first == 19 + 40  # the path of a hundred, and forty of the 180 it lacks
    assert whole.value("samples") == 1000 > begun.value("samples")
    # Nothing is run twice: together they are every tenth of a thousandth once.
    redrawn = list(integrated.SAMPLING.redraw(begun, 1000, np.random.default_rng(0), 5))
    assert all(not np.array_equal(one.array("map"), begun.array("map")) for one in redrawn)
    assert np.abs(redrawn[0].array("map") - begun.array("map")).max() < 0.2
