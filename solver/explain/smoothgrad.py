"""SmoothGrad as the course runs it (after Smilkov et al. 2017, arXiv:1706.03825).

Each picture many times with Normal(0, std) added, ``std = (0.4 / (max - min)) ** 2``: divided and
then squared, where the paper multiplies 0.4 by the range. The absolute gradient of the
cross-entropy is averaged, the three channels kept, one min-max over all three.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from captum.attr import NoiseTunnel, Saliency
from torch import Tensor

from solver.bundle import Bundle
from solver.evidence import Record
from solver.explain.method import Job, every_picture, explanation, first_picture, picture_tensor
from solver.explain.saliency import min_max, scaled_loss, unscaled


def course_std(picture: Tensor, sigma: float) -> float:
    """Return the course's standard deviation for a picture in 0..1."""
    spread = float(picture.max() - picture.min())
    return (sigma / spread) ** 2 if spread > 0 else 0.0


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
    """Return the mean over noisy copies of |d cross-entropy / d pixel|: (3, 128, 128).

    captum's NoiseTunnel over its Saliency; torch's generator is seeded inside and left as it was.
    """
    picture = picture_tensor(bundle, place)
    label = torch.tensor([bundle.picture(place).label], device=bundle.device)
    tunnel = NoiseTunnel(Saliency(scaled_loss(bundle, advance)))
    devices = [torch.device(bundle.device)] if bundle.device.startswith("cuda") else []
    with torch.random.fork_rng(devices):
        torch.manual_seed(seed)
        attribution: Tensor = tunnel.attribute(
            picture,
            nt_type="smoothgrad",
            nt_samples=samples,
            nt_samples_batch_size=batch,
            stdevs=course_std(picture, sigma),
            abs=True,
            additional_forward_args=(label,),
        )
    return unscaled(attribution)[0]


_USED = ("smoothgrad_samples", "smoothgrad_sigma", "smoothgrad_seed", "micro_batch")


@explanation(
    "smoothgrad",
    pictures=first_picture,
    passes=lambda job: job.settings.smoothgrad_samples,
    used=_USED,
)
def smoothgrad(job: Job) -> Record:
    """SmoothGrad of one picture.

    Arrays: map float32 (128, 128, 3) in 0..1. Values: raw_min, raw_max before it was scaled; std.
    """
    (place,) = job.place
    settings = job.settings
    mean = mean_absolute_gradient(
        job.bundle,
        place,
        samples=settings.smoothgrad_samples,
        sigma=settings.smoothgrad_sigma,
        seed=settings.smoothgrad_seed + place,
        batch=settings.micro_batch,
        advance=job.advance,
    )
    scaled, low, high = min_max(mean.permute(1, 2, 0).cpu().numpy())
    std = course_std(job.picture_tensor(place), settings.smoothgrad_sigma)
    values = {"raw_min": low, "raw_max": high, "std": std}
    return job.record({"map": scaled}, values)


TRACED = 6


@explanation("smoothgrad_trace", pictures=every_picture, passes=lambda job: 2 * TRACED)
def smoothgrad_trace(job: Job) -> Record:
    """What SmoothGrad feeds and what it averages, watched at the network's door.

    Runs the method with few samples and keeps every input. Arrays: likeness float64 (samples,
    pictures), correlation of each input with each picture of the bundle; noise_std float64
    (samples,). Values: shapes of result and output; `maps_gap` and `output_gap`, the relative
    difference of the result from the mean of the inputs' own saliency maps, and from the mean of
    their outputs (None where the shapes differ).
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
        outputs = bundle.network(inputs)
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
    return job.record(arrays, values)


def _own_maps(job: Job, inputs: Tensor) -> Tensor:
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
