"""The CNN half as the course's sample code runs it, written anew and plainly, to measure against.

Whole forward passes with hooks, LIME through its package in batches of ten, one noisy picture at a
time, and the gradients of the weights computed by every backward pass and dropped.
"""

from __future__ import annotations

import contextlib
import copy
import io
from collections.abc import Sequence

import numpy as np
import torch
from lime.lime_image import ImageExplanation, LimeImageExplainer
from skimage.segmentation import slic
from torch import Tensor, nn
from torch.nn import functional

from solver.bundle.bundle import Bundle, as_tensor_values


def as_the_course_loads_it(bundle: Bundle) -> nn.Module:
    """Return the network in eval mode, its weights still asking for gradients."""
    network: nn.Module = copy.deepcopy(bundle.network).requires_grad_(True)
    return network.eval()


def batch_of(bundle: Bundle, pictures: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Return pictures (B, 3, 128, 128) and their labels (B,)."""
    images = [torch.from_numpy(as_tensor_values(bundle.picture(k))) for k in pictures]
    labels = [bundle.picture(k).label for k in pictures]
    return torch.stack(images).to(bundle.device), torch.tensor(labels, device=bundle.device)


def lime(
    network: nn.Module, bundle: Bundle, pictures: Sequence[int], samples: int
) -> list[ImageExplanation]:
    """Explain pictures, in order, after NumPy's global generator was seeded once."""

    def classify(images: np.ndarray) -> np.ndarray:
        batch = torch.FloatTensor(images).permute(0, 3, 1, 2).to(bundle.device)
        with torch.no_grad():
            logits: np.ndarray = network(batch).detach().cpu().numpy()
        return logits

    def segment(image: np.ndarray) -> np.ndarray:
        return slic(image, n_segments=200, compactness=1, sigma=1, start_label=0)

    before = np.random.get_state()
    np.random.seed(16)
    found = []
    with contextlib.redirect_stderr(io.StringIO()):  # lime's own progress bar
        for place in pictures:
            found.append(
                LimeImageExplainer().explain_instance(
                    image=bundle.picture(place).rgb.astype(np.double) / 255,
                    classifier_fn=classify,
                    segmentation_fn=segment,
                    num_samples=samples,
                )
            )
    np.random.set_state(before)
    return found


def saliency(network: nn.Module, bundle: Bundle, pictures: Sequence[int]) -> Tensor:
    """All pictures in one batch; |gradient| of the mean loss, maximum over channels (B, H, W)."""
    images, labels = batch_of(bundle, pictures)
    images.requires_grad_()
    functional.cross_entropy(network(images), labels).backward()
    assert images.grad is not None
    return images.grad.abs().amax(1)


def smoothgrad(network: nn.Module, bundle: Bundle, picture: int, samples: int) -> Tensor:
    """The mean |gradient| over noisy copies, one at a time: (3, H, W)."""
    images, labels = batch_of(bundle, [picture])
    std = float(0.4 / (images.max() - images.min())) ** 2
    total = torch.zeros_like(images[0])
    for _ in range(samples):
        noisy = (images + torch.randn_like(images) * std).requires_grad_()
        functional.cross_entropy(network(noisy), labels).backward()
        assert noisy.grad is not None
        total += noisy.grad[0].abs()
    return total / samples


def integrated_gradients(network: nn.Module, bundle: Bundle, picture: int, steps: int) -> Tensor:
    """The mean gradient of the label's logit over alpha = 0, 1/steps ...: (3, H, W)."""
    images, labels = batch_of(bundle, [picture])
    total = torch.zeros_like(images[0])
    for step in range(steps):
        pixels = (images * (step / steps)).requires_grad_()
        network(pixels)[0, labels[0]].backward()
        assert pixels.grad is not None
        total += pixels.grad[0]
    return total / steps


def filters(
    network: nn.Module, bundle: Bundle, pictures: Sequence[int], index: int, steps: int
) -> Tensor:
    """Filter 0's map of the pictures, then Adam on all of them together: (B, 3, H, W)."""
    seen: list[Tensor] = []
    hook = network.cnn[index].register_forward_hook(  # type: ignore[index, union-attr]
        lambda module, inputs, output: seen.append(output)
    )
    pixels, _ = batch_of(bundle, pictures)
    pixels.requires_grad_()
    optimizer = torch.optim.Adam([pixels], lr=0.1)
    for _ in range(steps):
        seen.clear()
        optimizer.zero_grad()
        network(pixels)
        (-seen[0][:, 0].sum()).backward()
        optimizer.step()
    hook.remove()
    return pixels.detach()
