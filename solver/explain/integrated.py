"""Integrated gradients as the course runs them (after Sundararajan, Taly, Yan 2017,
arXiv:1703.01365).

Black baseline, alpha = 0, 1/steps ... (alpha 1 left out), gradient of the true label's logit, mean
over the steps, and not multiplied by (picture - baseline) as the paper does; one min-max over the
three channels.
"""

from __future__ import annotations

import numpy as np
import torch
from captum.attr import IntegratedGradients
from torch import Tensor

from solver.errors import BundleError
from solver.evidence import Record
from solver.explain.method import Job, explanation, first_picture
from solver.explain.saliency import min_max


def mean_path_gradient(job: Job, place: int, steps: int) -> Tensor:
    """Return the mean gradient of the label's logit along the path: (3, 128, 128).

    Raises:
        BundleError: fewer than two steps, which captum has no rule for.
    """
    if steps < 2:
        raise BundleError(f"integrated gradients need 2 steps or more, not {steps}")

    def forward(pictures: Tensor) -> Tensor:
        logits: Tensor = job.bundle.network(pictures)
        job.advance(len(pictures))
        return logits

    picture = job.picture_tensor(place)
    attribution: Tensor = IntegratedGradients(forward, multiply_by_inputs=False).attribute(
        picture,
        baselines=torch.zeros_like(picture),
        target=job.bundle.picture(place).label,
        n_steps=steps,
        method="riemann_left",
        internal_batch_size=job.settings.micro_batch,
    )
    return attribution[0].detach()


@explanation(
    "integrated_gradients",
    pictures=first_picture,
    passes=lambda job: job.place[1],
    used=("micro_batch",),
)
def integrated_gradients(job: Job) -> Record:
    """Integrated gradients of a picture at a number of steps.

    Arrays: map float32 (128, 128, 3) in 0..1. Values: raw_min, raw_max, and `neutral`, the
    displayed value of a gradient of 0.
    """
    place, steps = job.place
    mean = mean_path_gradient(job, place, steps)
    scaled, low, high = min_max(mean.permute(1, 2, 0).cpu().numpy())
    neutral = (0 - low) / (high - low) if high > low else 0.0
    values = {"raw_min": low, "raw_max": high, "neutral": neutral, "steps": steps}
    return job.record({"map": scaled}, values)


TRACED_STEPS = 10


@explanation("integrated_path", pictures=first_picture, passes=lambda job: TRACED_STEPS)
def integrated_path(job: Job) -> Record:
    """The samples the path function makes, caught at the network's door.

    Arrays: samples float32 (10, 128, 128, 3); baseline and picture float32 (128, 128, 3).
    """
    (place,) = job.place
    fed: list[Tensor] = []
    hook = job.bundle.network.register_forward_pre_hook(
        lambda _, inputs: fed.append(inputs[0].detach().clone())
    )
    try:
        mean_path_gradient(job, place, TRACED_STEPS)
    finally:
        hook.remove()
    samples = torch.cat(fed)[:TRACED_STEPS].permute(0, 2, 3, 1).cpu().numpy()
    picture = job.picture_tensor(place)[0].permute(1, 2, 0).cpu().numpy()
    arrays = {"samples": samples, "picture": picture, "baseline": np.zeros_like(picture)}
    return job.record(arrays, {})
