"""Integrated gradients as the course runs them (after Sundararajan, Taly, Yan 2017,
arXiv:1703.01365).

Black baseline (an edition may have another), gradient of the true label's logit, mean over the
steps; one min-max over the three channels.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from solver.errors import BundleError
from solver.evidence import Record, record_id
from solver.explain.cnn.saliency import min_max
from solver.explain.estimator import (
    Floats,
    Ints,
    Sampling,
    Share,
    Units,
    left_out,
    looks_at,
    samples_taken,
)
from solver.explain.job import Job, first_picture
from solver.explain.registry import explanation, may_stop, record_of
from solver.explain.torch_later import torch

if TYPE_CHECKING:
    from torch import Tensor

BASE = 5
"""A path of many steps is made of paths of five, each begun a little further from the baseline."""

BINS = 10
"""Where a long path may stop, its paths of five are dealt into so many equal parts, whose means are
kept: enough to tell their error, and ten short paths are the first look."""


def mean_path_gradient(job: Job, place: int, steps: int, begin: float = 0.0) -> Tensor:
    """Return the mean gradient of the label's logit along the path: (3, H, W).

    With `begin` every alpha is that much larger.

    Raises:
        BundleError: fewer than two steps, which captum has no rule for.
    """
    from captum.attr import IntegratedGradients

    if steps < 2:
        raise BundleError(
            f"integrated gradients need 2 steps or more, not {steps}",
            zh=f"積分梯度需要 2 步以上，而非 {steps}",
        )
    network = job.network()

    def forward(pictures: Tensor) -> Tensor:
        logits: Tensor = network(pictures)
        job.advance(len(pictures))
        return logits

    picture = job.picture_tensor(place)
    baseline = job.settings.integrated_baseline
    # The course does not multiply by (picture - baseline), as the paper does.
    attribution: Tensor = IntegratedGradients(forward, multiply_by_inputs=False).attribute(
        picture * (1 + begin) - baseline * begin,
        baselines=picture * begin + baseline * (1 - begin),
        target=job.bundle.picture(place).label,
        n_steps=steps,
        method="riemann_left",  # alpha = 0, 1/steps, ...: the course leaves alpha 1 out
        internal_batch_size=job.batch(job.settings.micro_batch),
    )
    return attribution[0].detach()


def _most(job: Job) -> int:
    return job.place[1]


def _looks(job: Job) -> list[int]:
    steps = job.place[1]
    # From a thousand steps on the paths of five that a path of a tenth lacks fall into equal bins.
    return looks_at(steps, BASE * BINS, least=steps // 10 + 1) if steps % 1000 == 0 else [steps]


def _shorter(job: Job) -> list[str]:
    """The record of a tenth of the steps, all of which are steps of this path as well."""
    place, steps = job.place
    if job.settings.network == "as_trained" or steps % 100:
        return []
    return [record_id("integrated_gradients", place, steps // 10)]


def measured(job: Job, before: Record | None, upto: int, share: Share) -> Floats:
    """Return the sums of mean gradients of the paths of five up to `upto`: (the share's bins, ...).

    A path of 100 or 1000 steps holds the path of a tenth of them, which is not run again; the rest
    is run as paths of five, in an order drawn once, so that the first of them stand for all. Any
    other path is run at once: (1, 3, H, W), in one share.
    """
    place, steps = job.place
    side = job.bundle.side
    if not _shorter(job):
        means = [mean_path_gradient(job, place, steps) for _ in share.among(1)]
        rows = [one.double().cpu().numpy() for one in means]
        return np.reshape(rows, (-1, 3, side, side))
    rest = _order(steps)
    count = min(BINS, len(rest))
    own = share.among(count)
    sums = np.zeros((len(own), 3, side, side))
    for at in range(_paths(job, samples_taken(before)), _paths(job, upto)):
        if at % count in own:
            mean = mean_path_gradient(job, place, BASE, begin=rest[at] / steps)
            sums[at % count - own.start] += mean.double().cpu().numpy()
    return sums


def joined(job: Job, before: Record | None, upto: int, sums: Floats) -> Record:
    """Return the record at `upto` of its steps; `sums` (bins, 3, H, W) are those since `before`."""
    names = _shorter(job)
    if not names:
        return _record(job, sums[0], job.place[1])
    taken, count = _paths(job, samples_taken(before)), _paths(job, upto)
    bins = sums
    if before is not None and taken:
        scale = before.value("bin_scale")
        bins = before.array("bin_means", 4).transpose(0, 3, 1, 2) * scale * (taken / len(sums))
        bins = bins + sums
    # The shorter path holds one in ten of the steps.
    mean = 0.1 * _base(job, names[0]) + 0.9 * bins.sum(0) / count
    return _record(job, mean, upto, bins * (len(bins) / count))


def _paths(job: Job, steps: int) -> int:
    """The number of five-step paths in so many steps, those of the shorter path left out."""
    return max(steps - job.place[1] // 10, 0) // BASE


def _order(steps: int) -> npt.NDArray[np.int64]:
    """The five-step paths that a path of a tenth of the steps lacks, in running order."""
    beginnings = np.arange(steps // BASE)
    lacking = beginnings[beginnings % 10 != 0]
    # Drawn once, so that the first of them stand for all, and seeded by the length of the path.
    return np.random.default_rng(steps).permutation(lacking)


def _base(job: Job, name: str) -> Floats:
    """The mean gradient over the steps of the shorter path: (3, H, W)."""
    if name in job.made:
        record = job.made.get(*name.split("/"))
    else:
        record = integrated_gradients(replace(job, id=name))
    low, high = record.value("raw_min"), record.value("raw_max")
    mean: Floats = record.array("map", 3).astype(np.float64) * (high - low) + low
    return mean.transpose(2, 0, 1)


def _record(job: Job, mean: Floats, samples: int, bins: Floats | None = None) -> Record:
    scaled, low, high = min_max(mean.transpose(1, 2, 0))
    arrays = {"map": scaled}
    values = {**_range(low, high), "steps": job.place[1], "samples": samples}
    if may_stop(job) and bins is not None:
        scale = float(np.abs(bins).max()) or 1.0
        values["bin_scale"] = scale

        arrays["bin_means"] = (bins.transpose(0, 2, 3, 1) / scale).astype(np.float32)
    return record_of(job, arrays, values)


def _range(low: float, high: float) -> dict[str, float]:

    neutral = (0 - low) / (high - low) if high > low else 0.0
    return {"raw_min": low, "raw_max": high, "neutral": neutral}


def units_of(record: Record, most: int) -> Units:
    """The bins of a long path, without the shorter one (see `solver.explain.estimator`)."""
    low, high = record.value("raw_min"), record.value("raw_max")
    bins = record.array("bin_means", 4) * record.value("bin_scale")
    whole = record.array("map", 3).astype(np.float64) * (high - low) + low
    shorter = most // 10

    def only(chosen: Ints) -> Record:
        scaled, *ends = min_max(whole + 0.9 * (bins[chosen].mean(0) - bins.mean(0)))
        values = {**record.values, **_range(*ends)}
        return replace(record, arrays={"map": scaled}, values=values)

    left = left_out(len(bins), samples_taken(record) - shorter, most - shorter)
    return Units(len(bins), left, only)


SAMPLING = Sampling(_most, _looks, measured, joined, units_of, units=BINS)


@explanation(
    "integrated_gradients",
    pictures=first_picture,
    passes=_most,
    used=("integrated_baseline", "micro_batch", "network"),
    version=2,
    sampling=SAMPLING,
    uses=_shorter,
)
def integrated_gradients(job: Job) -> Record:
    """Integrated gradients of a picture at a number of steps.

    Arrays: map float32 (H, W, 3) in 0..1; where a long path may stop, bin_means float32
    (bins, H, W, 3), the means over equal parts of the steps beyond a tenth, over `bin_scale`.
    Values: raw_min, raw_max; `neutral`, the displayed value of a gradient of 0; steps; samples, the
    steps that were run.

    >>> record = integrated_gradients(Job("integrated_gradients/7/10", demo))
    >>> record.array("map").shape, record.values["steps"]
    ((128, 128, 3), 10)
    """
    return SAMPLING.extend(job, None, _most(job))


TRACED_STEPS = 10


@explanation(
    "integrated_path",
    pictures=first_picture,
    passes=lambda job: TRACED_STEPS,
    used=("integrated_baseline",),
)
def integrated_path(job: Job) -> Record:
    """The samples the path function makes, caught at the network's door.

    Arrays: samples float32 (10, H, W, 3); baseline and picture float32 (H, W, 3).

    >>> integrated_path(Job("integrated_path/7", demo)).array("samples").shape
    (10, 128, 128, 3)
    """
    (place,) = job.place
    # So few steps are not worth finding out how many at once would be fastest.
    one_by_one = replace(job, settings=replace(job.settings, micro_batch=1))
    fed: list[Tensor] = []
    hook = job.network().register_forward_pre_hook(
        lambda _, inputs: fed.append(inputs[0].detach().clone())
    )
    try:
        mean_path_gradient(one_by_one, place, TRACED_STEPS)
    finally:
        hook.remove()
    samples = torch.cat(fed)[:TRACED_STEPS].permute(0, 2, 3, 1).cpu().numpy()
    picture = job.picture_tensor(place)[0].permute(1, 2, 0).cpu().numpy()
    baseline = np.full_like(picture, job.settings.integrated_baseline)
    arrays = {"samples": samples, "picture": picture, "baseline": baseline}
    return record_of(job, arrays, {})
