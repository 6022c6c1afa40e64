"""Integrated gradients against a plain loop and captum, and the path that is fed."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from captum.attr import IntegratedGradients
from torch import Tensor

from solver.bundle.bundle import Bundle
from solver.errors import BundleError
from solver.explain.cnn import integrated_gradients as module
from solver.explain.cnn.integrated_gradients import (
    integrated_gradients,
    integrated_path,
    mean_path_gradient,
)
from solver.explain.job import ExplainSettings, Job, fast_settings, picture_tensor

PLACES = [1, 7]


class WideJob(Job):
    """A job in float64, where no rounding turns a ReLU round."""

    def picture_tensor(self, place: int) -> Tensor:
        return super().picture_tensor(place).double()


def double(bundle: Bundle) -> Bundle:
    wide = Bundle(bundle.folder, bundle.pictures, bundle.device)
    wide.__dict__["network"] = copy.deepcopy(bundle.network).double()
    return wide


def course_loop(
    bundle: Bundle, place: int, steps: int, dtype: torch.dtype = torch.float32
) -> Tensor:
    """Mean over alpha = 0, 1/steps ... of d logit / d pixel: (3, 128, 128)."""
    picture = picture_tensor(bundle, place).to(dtype)
    gradients = []
    for step in range(steps):
        pixels = (picture * (step / steps)).requires_grad_()
        bundle.network(pixels)[0, bundle.picture(place).label].backward()
        assert pixels.grad is not None
        gradients.append(pixels.grad[0])
    return torch.stack(gradients).mean(0)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("steps", [2, 7, 10])
def test_it_equals_the_courses_loop_in_float64(demo: Bundle, place: int, steps: int) -> None:
    wide = double(demo)
    expected = course_loop(wide, place, steps, torch.float64)
    mine = mean_path_gradient(WideJob(f"integrated_gradients/{place}/{steps}", wide), place, steps)
    # captum keeps the width of a step in float32, hence not to the last digit.
    assert torch.allclose(mine, expected, rtol=1e-6, atol=1e-7 * float(expected.abs().max()))
    assert float(expected.abs().max()) > 0


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("steps", [2, 10])
def test_it_equals_the_courses_loop(demo: Bundle, place: int, steps: int) -> None:
    expected = course_loop(demo, place, steps).permute(1, 2, 0).numpy()
    record = integrated_gradients(Job(f"integrated_gradients/{place}/{steps}", demo))
    low, high = record.values["raw_min"], record.values["raw_max"]
    mine = record.arrays["map"] * (high - low) + low
    gap = np.abs(mine - expected)
    assert np.quantile(gap, 0.99) < 1e-3 * np.abs(expected).max()
    assert gap.mean() < 1e-4 * np.abs(expected).max()
    assert (record.arrays["map"].min(), record.arrays["map"].max()) == (0, 1)
    ground = record.values["neutral"] * (high - low) + low
    assert ground == pytest.approx(0, abs=1e-9 * (high - low))


def test_it_equals_captum_unchunked(demo: Bundle) -> None:
    picture, label = picture_tensor(demo, 7), demo.picture(7).label
    method = IntegratedGradients(demo.network, multiply_by_inputs=False)
    theirs = method.attribute(picture, target=label, n_steps=10, method="riemann_left")
    mine = mean_path_gradient(Job("integrated_gradients/7/10", demo), 7, 10)
    assert float((mine - theirs[0]).abs().mean()) < 1e-5 * float(theirs.abs().max())


def test_the_batch_does_not_matter(demo: Bundle) -> None:
    maps = [
        integrated_gradients(
            Job("integrated_gradients/1/5", demo, ExplainSettings(micro_batch=batch))
        ).arrays["map"]
        for batch in (1, 2, 5)
    ]
    for other in maps[1:]:
        assert np.abs(other - maps[0]).mean() < 1e-4
    assert maps[0].std() > 0


def test_it_is_not_multiplied_by_the_picture(demo: Bundle) -> None:
    expected = course_loop(demo, 7, 10)
    mine = mean_path_gradient(Job("integrated_gradients/7/10", demo), 7, 10)
    papers = expected * picture_tensor(demo, 7)[0]
    error = float((mine - expected).abs().mean())
    assert error < 0.01 * float((mine - papers).abs().mean())


def test_the_path_goes_from_black_to_a_step_before_the_picture(demo: Bundle) -> None:
    record = integrated_path(Job("integrated_path/7", demo))
    picture = picture_tensor(demo, 7)[0].permute(1, 2, 0).numpy()
    assert np.array_equal(record.arrays["picture"], picture)
    assert not record.arrays["baseline"].any()
    assert record.arrays["samples"].shape == (10, 128, 128, 3)
    for step, sample in enumerate(record.arrays["samples"]):
        assert np.allclose(sample, picture * step / 10, atol=1e-6)


@pytest.mark.parametrize("steps", [0, 1])
def test_too_few_steps_are_refused_in_a_sentence(demo: Bundle, steps: int) -> None:
    with pytest.raises(BundleError, match="2 steps or more"):
        integrated_gradients(Job(f"integrated_gradients/7/{steps}", demo))


@pytest.mark.parametrize("chosen", [ExplainSettings(), fast_settings()])
@pytest.mark.parametrize("steps", [100, 1000])
def test_a_long_path_takes_each_of_its_steps_once(
    demo: Bundle, monkeypatch: pytest.MonkeyPatch, steps: int, chosen: ExplainSettings
) -> None:
    """At once, or a tenth of them first and the rest in paths of five.

    The gradient at each alpha is put in: 1 in the pixel of that step, so that steps are seen.
    """
    side, fed = demo.side, np.zeros(steps, int)

    def at_its_step(job: Job, place: int, count: int, begin: float = 0.0) -> Tensor:
        taken = np.round((np.arange(count) / count + begin) * steps).astype(int)
        fed[taken] += 1
        mean = torch.zeros(3 * side * side)
        mean[torch.from_numpy(taken)] = 1 / count
        return mean.reshape(3, side, side)

    monkeypatch.setattr(module, "mean_path_gradient", at_its_step)
    record = integrated_gradients(Job(f"integrated_gradients/7/{steps}", demo, chosen))
    assert (fed == 1).all() and record.value("samples") == steps
    low, high = record.value("raw_min"), record.value("raw_max")
    mean = (record.array("map") * (high - low) + low).transpose(2, 0, 1).ravel()
    assert mean[:steps] == pytest.approx(np.full(steps, 1 / steps), rel=1e-5)
    assert not mean[steps:].any()


@pytest.mark.parametrize("begin", [0.0, 0.13])
def test_a_path_that_begins_later_goes_from_its_baseline_to_the_picture(
    demo: Bundle, begin: float
) -> None:
    settings = ExplainSettings(integrated_baseline=0.4, micro_batch=1)
    job, fed = Job("integrated_gradients/7/5", demo, settings), []
    hook = demo.network.register_forward_pre_hook(lambda _, x: fed.append(x[0].detach().clone()))
    try:
        mean_path_gradient(job, 7, 5, begin)
    finally:
        hook.remove()
    picture = picture_tensor(demo, 7)
    for step, sample in enumerate(fed):
        assert torch.allclose(sample, 0.4 + (begin + step / 5) * (picture - 0.4), atol=1e-6)
    assert len(fed) == 5


def test_a_gradient_that_is_nothing_is_a_map_of_zeros_whose_ground_is_0(
    demo: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = torch.zeros(3, demo.side, demo.side)
    monkeypatch.setattr(module, "mean_path_gradient", lambda *_: nothing)
    record = integrated_gradients(Job("integrated_gradients/7/5", demo))
    assert not record.array("map").any()
    ends = [record.value(name) for name in ("raw_min", "raw_max", "neutral")]
    assert ends == [0, 0, 0]
