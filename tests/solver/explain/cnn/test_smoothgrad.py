"""SmoothGrad against the course's loop and captum, and what its trace sees of other procedures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from captum.attr import NoiseTunnel, Saliency
from torch.nn import functional

from solver.bundle.bundle import Bundle
from solver.explain.cnn import smoothgrad as module
from solver.explain.cnn.smoothgrad import (
    TRACED,
    course_std,
    mean_absolute_gradient,
    smoothgrad,
    smoothgrad_trace,
)
from solver.explain.estimator import WHOLE, Share
from solver.explain.job import ExplainSettings, Job, picture_tensor
from tests.solver.sure_network import with_logits_times

SAMPLES = 8
PLACES = [0, 4, 9]


def course_loop(bundle: Bundle, place: int, samples: int) -> np.ndarray:
    """Noise added, cross-entropy, backward, absolute gradient; the mean (3, 128, 128)."""
    picture = picture_tensor(bundle, place)[0]
    label = torch.tensor([bundle.picture(place).label])
    # Divided as Python's numbers: in float32 the last digit of the noise is another, and where max
    # pooling has a tie to the last digit, it depends on the processor whether a gradient jumps.
    spread = 0.4 / (picture.max() - picture.min()).item()
    total = torch.zeros(3, 128, 128)
    for _ in range(samples):
        noise = picture.new_zeros(picture.shape).normal_(0, spread**2)
        noisy = (picture + noise)[None].requires_grad_()
        functional.cross_entropy(bundle.network(noisy), label).backward()
        assert noisy.grad is not None
        total += noisy.grad[0].abs()
    return (total / samples).numpy()


def few(**changes: int) -> ExplainSettings:
    return ExplainSettings(**({"smoothgrad_samples": SAMPLES, "micro_batch": 1} | changes))


@pytest.mark.usefixtures("generators_restored")
@pytest.mark.parametrize("place", PLACES)
def test_it_equals_the_courses_loop(demo: Bundle, place: int) -> None:
    torch.manual_seed(7 + place)
    expected = course_loop(demo, place, SAMPLES)
    record = smoothgrad(Job(f"smoothgrad/{place}", demo, few(smoothgrad_seed=7)))
    shown, raw = record.arrays["map"].transpose(2, 0, 1), record.values
    mine = shown * (raw["raw_max"] - raw["raw_min"]) + raw["raw_min"]
    assert np.abs(mine - expected).max() < 2e-6 * expected.max()
    assert expected.max() > 0


@pytest.mark.usefixtures("generators_restored")
def test_it_equals_captums_noise_tunnel(demo: Bundle) -> None:
    place = 4
    labels = torch.tensor([demo.picture(place).label])

    def forward(pictures: torch.Tensor) -> torch.Tensor:
        return -functional.cross_entropy(
            demo.network(pictures), labels.expand(len(pictures)), reduction="none"
        )

    torch.manual_seed(place)
    picture = picture_tensor(demo, place)
    theirs = NoiseTunnel(Saliency(forward)).attribute(
        picture,
        nt_type="smoothgrad",
        nt_samples=SAMPLES,
        nt_samples_batch_size=1,
        stdevs=course_std(picture, 0.4),
        abs=True,
    )
    mine = mean_absolute_gradient(
        demo, place, samples=SAMPLES, sigma=0.4, seed=place, batch=1, advance=lambda _: None
    )
    assert torch.allclose(mine.float(), theirs[0], rtol=1e-5, atol=float(theirs.max()) * 1e-6)


@pytest.mark.parametrize("batch", [2, 3, 8])
def test_a_batch_is_one_at_a_time(demo: Bundle, batch: int) -> None:
    one = smoothgrad(Job("smoothgrad/4", demo, few()))
    several = smoothgrad(Job("smoothgrad/4", demo, few(micro_batch=batch)))
    assert np.abs(one.arrays["map"] - several.arrays["map"]).max() < 1e-3


def test_another_seed_is_another_map_and_the_same_seed_the_same(demo: Bundle) -> None:
    maps = [
        smoothgrad(Job("smoothgrad/4", demo, few(smoothgrad_seed=seed))).arrays["map"]
        for seed in (0, 0, 1)
    ]
    assert np.array_equal(maps[0], maps[1])
    assert not np.array_equal(maps[0], maps[2])


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.25, 0.75), (0.0, 0.1)])
def test_the_noise_is_the_courses_and_not_the_papers(low: float, high: float) -> None:
    picture = torch.tensor([low, high])
    assert course_std(picture, 0.4) == pytest.approx((0.4 / (high - low)) ** 2)
    assert course_std(torch.full((3,), 0.5), 0.4) == 0


def test_the_trace_sees_noisy_copies_and_a_mean_of_maps(demo: Bundle) -> None:
    record = smoothgrad_trace(Job("smoothgrad_trace/4", demo))
    assert (record.array("likeness").argmax(1) == 4).all()
    std = course_std(picture_tensor(demo, 4), 0.4)
    assert np.allclose(record.array("noise_std"), std, rtol=0.02)
    assert record.array("likeness").shape == (TRACED, 10)
    assert record.values["maps_gap"] < 1e-5
    assert record.values["output_gap"] is None


Procedure = Callable[..., torch.Tensor]


def _mean_over_other_pictures(bundle: Bundle, place: int, **_: object) -> torch.Tensor:
    others = [other for other in range(10) if other != place][:TRACED]
    label = torch.tensor([bundle.picture(place).label])
    maps = []
    for other in others:
        pixels = picture_tensor(bundle, other).requires_grad_()
        functional.cross_entropy(bundle.network(pixels), label).backward()
        assert pixels.grad is not None
        maps.append(pixels.grad[0].abs())
    return torch.stack(maps).mean(0)


def _mean_output_of_noisy_copies(bundle: Bundle, place: int, **_: object) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    picture = picture_tensor(bundle, place)
    with torch.no_grad():
        outputs = [
            bundle.network(picture + 0.1 * torch.randn(picture.shape, generator=generator))
            for _ in range(TRACED)
        ]
    return torch.cat(outputs).mean(0)


def test_the_trace_sees_other_pictures(demo: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "mean_absolute_gradient", _mean_over_other_pictures)
    record = smoothgrad_trace(Job("smoothgrad_trace/4", demo))
    assert (record.array("likeness").argmax(1) != 4).all()
    assert record.values["maps_gap"] < 1e-3


def test_the_trace_sees_a_mean_of_outputs(demo: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "mean_absolute_gradient", _mean_output_of_noisy_copies)
    record = smoothgrad_trace(Job("smoothgrad_trace/4", demo))
    assert record.values["output_gap"] < 1e-5
    assert record.values["maps_gap"] is None
    assert (record.array("noise_std") > 0.05).all()


def test_a_copy_is_the_same_whichever_were_wanted_before(demo: Bundle) -> None:
    def gradients(wanted: list[int]) -> list[torch.Tensor]:
        found = module.absolute_gradients(demo, 4, wanted, sigma=0.4, seed=3, batch=1)
        return [one[0] for one in found]

    every = gradients([0, 1, 2, 3, 4])
    assert all(torch.equal(a, every[n]) for a, n in zip(gradients([1, 4]), (1, 4), strict=True))
    assert not torch.equal(every[1], every[4])


def test_a_record_that_is_extended_is_that_of_all_its_samples(demo: Bundle) -> None:
    job = Job("smoothgrad/4", demo, few(smoothgrad_samples=12, micro_batch=4))
    whole = module.SAMPLING.extend(job, None, 12)
    later = module.SAMPLING.extend(job, module.SAMPLING.extend(job, None, 4), 12)
    assert later.values == pytest.approx(whole.values, rel=1e-4)
    for name in ("map", "group_means"):
        gap = np.abs(later.array(name).astype(float) - whole.array(name).astype(float))
        assert gap.max() < 3e-3


def test_it_is_looked_at_after_twenty_samples_and_at_the_last(demo: Bundle) -> None:
    job = Job("smoothgrad/4", demo, few(smoothgrad_samples=500))
    looks = module.SAMPLING.looks(job)
    assert (looks[0], looks[-1]) == (20, 500)
    assert all(look % 20 == 0 for look in looks)


def test_a_record_of_all_groups_is_the_record(demo: Bundle) -> None:
    record = smoothgrad(Job("smoothgrad/4", demo, few()))
    units = module.units_of(record, SAMPLES)
    again = units.only(np.arange(units.number))
    assert (again.id, again.settings, again.inputs) == (record.id, record.settings, record.inputs)
    assert np.abs(again.array("map") - record.array("map")).max() < 3e-3
    assert again.values == pytest.approx(record.values, rel=3e-3)


def test_shares_of_the_work_add_up_to_the_whole(demo: Bundle) -> None:
    job = Job("smoothgrad/4", demo, few())
    whole = module.measured(job, None, SAMPLES, WHOLE)
    shares = [module.measured(job, None, SAMPLES, Share(at, 3)) for at in range(3)]
    assert all(share.any() for share in shares)
    assert np.allclose(np.concatenate(shares), whole, rtol=1e-6, atol=1e-6 * whole.max())


def test_a_network_that_sees_nothing_has_an_even_map_and_no_gap(demo: Bundle) -> None:
    blind = with_logits_times(demo, 0)
    record = smoothgrad(Job("smoothgrad/4", blind, few()))
    assert not record.array("map").any() and not record.array("group_means").any()
    trace = smoothgrad_trace(Job("smoothgrad_trace/4", blind))
    assert trace.values["maps_gap"] is None
    assert trace.values["output_shape"] == [11]
