"""SmoothGrad as the course runs it (after Smilkov et al. 2017, arXiv:1706.03825).

Each picture many times with Normal(0, std) added, ``std = (0.4 / (max - min)) ** 2``. The absolute
gradient of the cross-entropy is averaged, the three channels kept, one min-max over all three.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from solver.bundle.bundle import Bundle, as_tensor_values
from solver.evidence import Record
from solver.explain.cnn.saliency import min_max, scaled_loss, unscaled
from solver.explain.estimator import (
    GROUPS,
    Floats,
    Ints,
    Sampling,
    Share,
    Units,
    groups_of,
    left_out,
    looks_at,
    samples_taken,
)
from solver.explain.job import Job, every_picture, first_picture, picture_tensor
from solver.explain.registry import explanation, record_of
from solver.explain.torch_later import torch

if TYPE_CHECKING:
    from torch import Tensor, nn


def course_std(picture: Tensor | npt.NDArray[np.float32], sigma: float) -> float:
    """Return the course's standard deviation for a picture in 0..1."""
    spread = float(picture.max() - picture.min())
    # The course divides and squares, where the paper multiplies sigma by the range.
    return (sigma / spread) ** 2 if spread > 0 else 0.0


def absolute_gradients(
    bundle: Bundle,
    place: int,
    wanted: Sequence[int],
    *,
    sigma: float,
    seed: int,
    batch: int,
    network: nn.Module | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> Iterator[Tensor]:
    """Yield |d cross-entropy / d pixel| of the noisy copies `wanted` (ascending), batch by batch.

    Each is float64 (B, 3, H, W). captum's Saliency of noise drawn as the course draws it, one
    picture after another, on the CPU: copy n is the same whatever the batch and the device, and
    whichever were wanted before.
    """
    from captum.attr import Saliency

    picture = picture_tensor(bundle, place).cpu()
    label = torch.tensor([bundle.picture(place).label], device=bundle.device)
    std = course_std(picture, sigma)
    method = Saliency(scaled_loss(bundle, advance, network))
    copies = _noisy_copies(picture, wanted, std, seed)
    while noisy := list(islice(copies, batch)):
        yield unscaled(
            method.attribute(
                _sent(torch.cat(noisy), bundle.device).requires_grad_(),
                abs=True,
                additional_forward_args=(label.expand(len(noisy)),),
            )
        )


def _noisy_copies(
    picture: Tensor, wanted: Sequence[int], std: float, seed: int
) -> Iterator[Tensor]:
    """The copies `wanted`; those between them are drawn too and left, as the generator needs."""
    # On the CPU: a GPU draws other numbers from the same seed.
    generator = torch.Generator().manual_seed(seed)
    drawn = 0
    for at in wanted:
        for _ in range(drawn, at):
            torch.empty_like(picture).normal_(0, std, generator=generator)
        yield picture + torch.empty_like(picture).normal_(0, std, generator=generator)
        drawn = at + 1


def _sent(pictures: Tensor, device: str) -> Tensor:
    """The pictures on a device; to a GPU from pinned memory, so that it need not be waited for."""
    waiting = pictures.pin_memory() if device.startswith("cuda") else pictures
    return waiting.to(device, non_blocking=True)


def mean_absolute_gradient(
    bundle: Bundle,
    place: int,
    *,
    samples: int,
    sigma: float,
    seed: int,
    batch: int,
    advance: Callable[[int], None],
) -> Tensor:
    """Return the mean over noisy copies of |d cross-entropy / d pixel|: float64 (3, H, W)."""
    gradients = absolute_gradients(
        bundle, place, range(samples), sigma=sigma, seed=seed, batch=batch, advance=advance
    )
    total: Tensor = sum(one.sum(0) for one in gradients)  # type: ignore[assignment]
    return total / samples


_USED = ("smoothgrad_samples", "smoothgrad_sigma", "smoothgrad_seed", "micro_batch", "network")


def _most(job: Job) -> int:
    return job.settings.smoothgrad_samples


def measured(job: Job, before: Record | None, upto: int, share: Share) -> Floats:
    """Return the sums of the gradients of the samples up to `upto`: (share's groups, 3, H, W)."""
    (place,) = job.place
    settings, count = job.settings, groups_of(_most(job))
    own = share.among(count)
    # Sample n belongs to group n modulo their number: groups are of one size whenever that divides
    # `upto`, and a share of whole groups adds up in the same order however they are dealt.
    wanted = [at for at in range(samples_taken(before), upto) if at % count in own]
    gradients = absolute_gradients(
        job.bundle,
        place,
        wanted,
        sigma=settings.smoothgrad_sigma,
        seed=settings.smoothgrad_seed + place,
        batch=job.batch(settings.micro_batch),
        network=job.network(),
        advance=job.advance,
    )
    side, device = job.bundle.side, job.bundle.device
    sums = torch.zeros(len(own), 3, side, side, dtype=torch.float64, device=device)
    for at, one in zip(wanted, chain.from_iterable(gradients), strict=True):
        sums[at % count - own.start] += one
    found: Floats = sums.cpu().numpy()
    return found


def joined(job: Job, before: Record | None, upto: int, sums: Floats) -> Record:
    """Return the record at `upto` samples; `sums` (groups, 3, H, W) are those since `before`."""
    (place,) = job.place
    total, groups = _so_far(before, sums)
    mean = ((total + sums.sum(0)) / upto).transpose(1, 2, 0)  # (H, W, 3)
    scaled, low, high = min_max(mean)
    of_groups = ((groups + sums) * len(sums) / upto).transpose(0, 2, 3, 1)
    # Half precision over the largest value: three digits are enough to draw other maps from.
    arrays = {"map": scaled, "group_means": (of_groups / (high or 1.0)).astype(np.float16)}
    std = course_std(as_tensor_values(job.bundle.picture(place)), job.settings.smoothgrad_sigma)
    values = {"raw_min": low, "raw_max": high, "std": std, "samples": upto}
    return record_of(job, arrays, values)


def _so_far(before: Record | None, like: Floats) -> tuple[Floats, Floats]:
    """(the sum of the gradients so far (3, H, W), the sums by group (groups, 3, H, W)), which are
    of the shape of `like`."""
    taken, count = samples_taken(before), len(like)
    if before is None or not taken:
        return np.zeros(like.shape[1:]), np.zeros(like.shape)
    low, high = before.value("raw_min"), before.value("raw_max")
    mean = before.array("map", 3).astype(np.float64) * (high - low) + low
    means = before.array("group_means", 4).astype(np.float64) * (high or 1.0)
    return mean.transpose(2, 0, 1) * taken, means.transpose(0, 3, 1, 2) * (taken / count)


def units_of(record: Record, most: int) -> Units:
    """The groups of a record's samples (see `solver.explain.estimator`)."""
    scale = record.value("raw_max")
    means = record.array("group_means", 4).astype(np.float32, copy=False)
    flat = means.reshape(len(means), -1)

    def only(chosen: Ints) -> Record:
        # By weights: groups drawn twice are read once, and none is copied. No product of BLAS:
        # its threads would wait for processors that the workers have.
        weights = np.bincount(chosen, minlength=len(means)).astype(np.float32) / len(chosen)
        mean = np.einsum("g,gx->x", weights, flat)
        scaled, low, high = min_max(mean.reshape(means.shape[1:]))
        values = {**record.values, "raw_min": low * scale, "raw_max": high * scale}
        return Record(record.id, {"map": scaled}, values, record.settings, record.inputs)

    return Units(len(means), left_out(len(means), samples_taken(record), most), only)


def _looks(job: Job) -> list[int]:
    return looks_at(_most(job), groups_of(_most(job)))


SAMPLING = Sampling(_most, _looks, measured, joined, units_of, units=GROUPS)


@explanation(
    "smoothgrad",
    pictures=first_picture,
    passes=_most,
    used=_USED,
    version=2,
    sampling=SAMPLING,
)
def smoothgrad(job: Job) -> Record:
    """SmoothGrad of one picture.

    Arrays: map float32 (H, W, 3) in 0..1; group_means float16 (groups, H, W, 3), the mean
    of each equal group of samples over raw_max. Values: raw_min, raw_max before it was scaled; std;
    samples.

    >>> few = fast_settings(smoothgrad_samples=20)
    >>> smoothgrad(Job("smoothgrad/1", demo, few)).array("map").shape
    (128, 128, 3)
    """
    return SAMPLING.extend(job, None, _most(job))


TRACED = 3  # copies, enough to tell their mean from any one of them


@explanation(
    "smoothgrad_trace",
    pictures=every_picture,
    passes=lambda job: 2 * TRACED,
    used=("smoothgrad_sigma", "smoothgrad_seed"),
)
def smoothgrad_trace(job: Job) -> Record:
    """Trace of a SmoothGrad run: the inputs fed to the network and the mean returned.

    Runs the method with few samples and keeps every input. Arrays: likeness float64 (samples,
    pictures), correlation of each input with each picture of the bundle; noise_std float64
    (samples,). Values: shapes of result and output; `maps_gap` and `output_gap`, the relative
    difference of the result from the mean of the inputs' own saliency maps, and from the mean of
    their outputs (None where the shapes differ).

    >>> smoothgrad_trace(Job("smoothgrad_trace/1", demo)).values["result_shape"]
    [3, 128, 128]
    """
    (place,) = job.place
    bundle = job.bundle
    fed: list[Tensor] = []
    hook = bundle.network.register_forward_pre_hook(lambda _, inputs: fed.append(inputs[0].clone()))
    try:
        result = mean_absolute_gradient(
            bundle,
            place,
            samples=TRACED,
            sigma=job.settings.smoothgrad_sigma,
            seed=job.settings.smoothgrad_seed + place,
            batch=1,
            advance=job.advance,
        )
    finally:
        hook.remove()
    inputs = torch.cat([one.detach() for one in fed])
    maps = _own_maps(job, inputs)
    with torch.no_grad():
        outputs = torch.cat([bundle.network(one) for one in inputs.split(1)])
    pictures = [picture_tensor(bundle, other)[0] for other in range(len(bundle.pictures))]
    likeness = [[_correlation(one, other) for other in pictures] for one in inputs]
    noise = inputs - pictures[place]
    arrays = {
        "likeness": np.asarray(likeness),
        "noise_std": noise.flatten(1).std(1).double().cpu().numpy(),
    }
    values = {
        "picture": place,
        "result_shape": list(result.shape),
        "output_shape": list(outputs.shape[1:]),
        "maps_gap": _relative_gap(result, maps.mean(0)),
        "output_gap": _relative_gap(result, outputs.mean(0)),
    }
    return record_of(job, arrays, values)


def _own_maps(job: Job, inputs: Tensor) -> Tensor:
    from captum.attr import Saliency

    label = torch.tensor([job.bundle.picture(job.place[0]).label], device=job.bundle.device)
    method = Saliency(scaled_loss(job.bundle, job.advance))
    maps = [
        method.attribute(one[None].clone().requires_grad_(), additional_forward_args=(label,))
        for one in inputs
    ]
    return unscaled(torch.cat(maps))


def _correlation(first: Tensor, second: Tensor) -> float:
    pair = torch.stack([first.flatten(), second.flatten()]).double()
    return float(torch.corrcoef(pair)[0, 1])


def _relative_gap(result: Tensor, other: Tensor) -> float | None:
    if result.shape != other.shape:
        return None
    size = float(other.double().norm())
    return float((result.double() - other.double()).norm()) / size if size > 0 else None
