"""The same through captum's own classes, on the network as it was trained, with weights frozen or
not as a user of captum finds them, in chunks of ten."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from captum._utils.models.linear_model import SkLearnRidge
from captum.attr import IntegratedGradients, Lime, NeuronGradient, NoiseTunnel, Saliency
from skimage.segmentation import slic
from torch import Tensor, nn
from torch.nn import functional

from solver.bundle.bundle import Bundle
from tests.benchmarks.sample_procedure import batch_of

CHUNK = 10


def lime(network: nn.Module, bundle: Bundle, picture: int, samples: int) -> Tensor:
    """captum's Lime over the same segments, with lime's ridge regression."""
    images, labels = batch_of(bundle, [picture])
    rgb = bundle.picture(picture).rgb.astype(np.double) / 255
    segments = slic(rgb, n_segments=200, compactness=1, sigma=1, start_label=0)
    mask = torch.from_numpy(segments)[None, None]
    means = torch.zeros_like(images)
    for label in np.unique(segments):
        inside = torch.from_numpy(segments == label)
        means[:, :, inside] = images[:, :, inside].mean(2, keepdim=True)
    with torch.no_grad():
        found: Tensor = Lime(network, interpretable_model=SkLearnRidge(alpha=1.0)).attribute(
            images,
            baselines=means,
            target=int(labels[0]),
            feature_mask=mask,
            n_samples=samples,
            perturbations_per_eval=CHUNK,
        )
    return found


def _losses(network: nn.Module, labels: Tensor):  # type: ignore[no-untyped-def]
    def forward(pictures: Tensor) -> Tensor:
        repeated = labels.repeat_interleave(len(pictures) // len(labels))
        return -functional.cross_entropy(network(pictures), repeated, reduction="none")

    return forward


def saliency(network: nn.Module, bundle: Bundle, pictures: Sequence[int]) -> Tensor:
    """captum's Saliency of all pictures."""
    images, labels = batch_of(bundle, pictures)
    found: Tensor = Saliency(_losses(network, labels)).attribute(images.requires_grad_())
    return found


def smoothgrad(network: nn.Module, bundle: Bundle, picture: int, samples: int) -> Tensor:
    """captum's NoiseTunnel over its Saliency."""
    images, labels = batch_of(bundle, [picture])
    std = float(0.4 / (images.max() - images.min())) ** 2
    found: Tensor = NoiseTunnel(Saliency(_losses(network, labels))).attribute(
        images,
        nt_type="smoothgrad",
        nt_samples=samples,
        nt_samples_batch_size=min(CHUNK, samples),
        stdevs=std,
    )
    return found


def integrated_gradients(network: nn.Module, bundle: Bundle, picture: int, steps: int) -> Tensor:
    """captum's IntegratedGradients with the course's rule."""
    images, labels = batch_of(bundle, [picture])
    found: Tensor = IntegratedGradients(network, multiply_by_inputs=False).attribute(
        images,
        target=int(labels[0]),
        n_steps=steps,
        method="riemann_left",
        internal_batch_size=min(CHUNK, steps),
    )
    return found


def filters(
    network: nn.Module, bundle: Bundle, pictures: Sequence[int], index: int, steps: int
) -> Tensor:
    """Climbing by captum's NeuronGradient of the layer, which runs the whole network."""
    pixels, _ = batch_of(bundle, pictures)
    layer = network.cnn[index]  # type: ignore[index, union-attr]
    gradient = NeuronGradient(network, layer)
    optimizer = torch.optim.Adam([pixels.requires_grad_()], lr=0.1)
    for _ in range(steps):
        pixels.grad = -gradient.attribute(pixels, lambda maps: maps[:, 0].sum((1, 2)))
        optimizer.step()
    return pixels.detach()
