"""Saliency maps as the course makes them (after Simonyan et al. 2013, arXiv:1312.6034).

All pictures in one batch, mean cross-entropy against the labels, one backward pass to the pixels,
absolute value, maximum over the channels, each picture then scaled to 0..1 on its own. The course
differentiates the loss; the paper the class score.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from solver.bundle.bundle import Bundle
from solver.evidence import Record
from solver.explain.job import Job, every_picture, picture_tensor
from solver.explain.registry import explanation, record_of
from solver.explain.torch_later import torch

if TYPE_CHECKING:
    from torch import Tensor, nn

    Forward = Callable[[Tensor, Tensor], Tensor]

Map = npt.NDArray[np.float32]


def min_max(values: npt.NDArray[np.floating]) -> tuple[Map, float, float]:
    """Return ((x - min) / (max - min), min, max); a constant map becomes zeros, not NaN."""
    low, high = float(values.min()), float(values.max())
    if high <= low:
        return np.zeros(values.shape, np.float32), low, high
    # In float64, since raw gradients of a saturated softmax go down to 1e-38.
    wide = values.astype(np.float64)
    return ((wide - low) / (high - low)).astype(np.float32), low, high


LOSS_SCALE = 2.0**64
"""The loss is multiplied by this before the backward pass, and the gradient divided by it after.

A power of two changes no digit. Without it the gradients of a saturated softmax (1e-30 and less)
are subnormal numbers, which lose digits and make a pass on a CPU up to a hundred times slower."""


def scaled_loss(
    bundle: Bundle,
    advance: Callable[[int], None] = lambda _: None,
    network: nn.Module | None = None,
) -> Forward:
    """Return a forward function for captum: (B, 3, H, W) and labels to -LOSS_SCALE x loss (B,).

    `network` stands for the bundle's, where a prepared one is to be used.
    """
    chosen = bundle.network if network is None else network

    def forward(pictures: Tensor, labels: Tensor) -> Tensor:
        losses = torch.nn.functional.cross_entropy(chosen(pictures), labels, reduction="none")
        advance(len(pictures))
        return -LOSS_SCALE * losses

    return forward


def unscaled(gradient: Tensor) -> Tensor:
    """Return the true gradient, in float64, of one taken through `scaled_loss`."""
    return gradient.detach().double() / LOSS_SCALE


def absolute_gradient(bundle: Bundle, place: int, network: nn.Module | None = None) -> Tensor:
    """Return |d cross-entropy / d pixel| of one picture: float64 (3, H, W).

    `network` stands for the bundle's: it may be of another precision.
    """
    # Here, as in every method: the process that deals work to others needs none of it.
    from captum.attr import Saliency

    chosen = bundle.network if network is None else network
    picture = picture_tensor(bundle, place).to(next(chosen.parameters()).dtype)
    gradient = Saliency(scaled_loss(bundle, network=chosen)).attribute(
        picture.requires_grad_(), abs=True, additional_forward_args=(_label(bundle, place),)
    )
    return unscaled(gradient)[0]


def _label(bundle: Bundle, place: int) -> Tensor:
    return torch.tensor([bundle.picture(place).label], device=bundle.device)


def raw_saliency(bundle: Bundle, place: int) -> npt.NDArray[np.float64]:
    """Return |d cross-entropy / d pixel| of one picture, maximum over channels: (H, W)."""
    values: npt.NDArray[np.float64] = absolute_gradient(bundle, place).amax(0).cpu().numpy()
    return values


def log_odds_against(network: nn.Module) -> Forward:
    """Return a forward function for captum: (B, 3, H, W) and labels to log((1 - p) / p) (B,)."""

    def forward(pictures: Tensor, labels: Tensor) -> Tensor:
        logits = network(pictures)
        own = labels[:, None]
        others = logits.scatter(1, own, -torch.inf).logsumexp(1)
        return others - logits.gather(1, own)[:, 0]

    return forward


def stable_saliency(bundle: Bundle, place: int) -> tuple[npt.NDArray[np.float64], float]:
    """Return the map of `raw_saliency` with no part of it lost, and 1 - p of the label.

    The gradient of the cross-entropy holds p - 1, which in float32 is 0 or a few roundings where
    the network is sure. That of log(1 + exp(x)), x the log-odds against the label, is the same
    gradient, (1 - p) dx, and loses nothing.
    """
    from captum.attr import Saliency

    label, picture = _label(bundle, place), picture_tensor(bundle, place)
    against = log_odds_against(bundle.network)
    slope = Saliency(against).attribute(
        picture.clone().requires_grad_(), abs=True, additional_forward_args=(label,)
    )
    with torch.no_grad():
        missing = float(torch.sigmoid(against(picture, label).double()))
    largest: npt.NDArray[np.float64] = slope.detach().double()[0].amax(0).cpu().numpy()
    return missing * largest, missing


@explanation("saliency", pictures=every_picture, passes=lambda job: 2)
def saliency(job: Job) -> Record:
    """The saliency map of one picture.

    Arrays: map, stable, float32 (H, W) in 0..1: as the course's code makes it, and with no part of
    the gradient lost (`stable_saliency`). Values: raw_min, raw_max, stable_min, stable_max, their
    ranges before they were scaled (of the mean loss over all pictures of the bundle); one_minus_p,
    of the label.

    >>> shown = saliency(Job("saliency/1", demo)).array("map")
    >>> shown.shape, float(shown.min()), float(shown.max())
    ((128, 128), 0.0, 1.0)
    """
    (place,) = job.place
    # The course takes the mean loss over all its pictures at once: a division, picture by picture.
    pictures = len(job.bundle.pictures)
    scaled, low, high = min_max(raw_saliency(job.bundle, place) / pictures)
    job.advance(1)
    raw, missing = stable_saliency(job.bundle, place)
    stable, least, most = min_max(raw / pictures)
    job.advance(1)
    values = {"raw_min": low, "raw_max": high, "stable_min": least, "stable_max": most}
    arrays = {"map": scaled, "stable": stable}
    return record_of(job, arrays, {**values, "one_minus_p": missing})


FINITE_PIXELS = 8
"""Values of another quantity would correlate by 0.9 with so many once in 900 times; each pixel more
is a pass in double precision."""
STEP = 1e-7  # of 0..1, in float64: small, so that a very sure network's loss is straight over it


@explanation(
    "saliency_derivative",
    pictures=every_picture,
    passes=lambda job: FINITE_PIXELS + len(job.bundle.pictures) + 2,
)
def saliency_derivative(job: Job) -> Record:
    """The derivative a saliency map shows, tried on the picture of whose label the network is least
    sure.

    All in float64: in float32 the gradient of a very sure network is another quantity. For the
    pixels with the largest gradient the loss is measured again with the pixel moved. For the
    candidates whose numerator is a picture or the parameters, the denominator is moved and the
    numerator looked at: what does not move has no such derivative.

    Arrays: method float64 (8,), what the method returns there; differences float64 (8,), the finite
    differences of the loss. Values: sizes of map, input and parameters; which quantities
    moved when which other was moved; one_minus_p of the label, which the gradient holds.

    >>> record = saliency_derivative(Job("saliency_derivative", demo))
    >>> record.array("method").shape == record.array("differences").shape
    True
    """
    from solver.models.strips import in_strips

    bundle = job.bundle
    network = in_strips(copy.deepcopy(bundle.network).double())
    # Where the network is sure the gradients vanish, and nothing could be told from rounding.
    chosen = _least_sure(job)
    gradient = absolute_gradient(bundle, chosen, network)
    raw = gradient.amax(0).cpu().numpy()
    job.advance(1)
    flat = np.argsort(raw.ravel(), kind="stable")[::-1][:FINITE_PIXELS].copy()
    channels = gradient.argmax(0).flatten()[torch.from_numpy(flat).to(bundle.device)]
    differences, missing = _differences(job, network, chosen, flat, channels)
    arrays = {
        "method": raw.ravel()[flat],
        "differences": differences,
        "pixels": flat.astype(np.int64),
    }
    values = {
        "picture": chosen,
        "map_size": int(raw.size),
        "input_pixels": bundle.side**2,
        "parameters": sum(p.numel() for p in bundle.network.parameters()),
        "moves": _what_moves(bundle, chosen),
        "one_minus_p": missing,
    }
    return record_of(job, arrays, values)


def _least_sure(job: Job) -> int:
    """The picture with the largest 1 - p of its label."""
    found: dict[int, float] = {}
    against = log_odds_against(job.bundle.network)
    for place in every_picture(job):
        # By the log-odds single precision tells them apart, in half of the time.
        with torch.no_grad():
            found[place] = float(against(job.picture_tensor(place), _label(job.bundle, place)))
        job.advance(1)
    return max(found, key=lambda one: found[one])


def _differences(
    job: Job,
    network: nn.Module,
    place: int,
    flat: npt.NDArray[np.intp],
    channels: Tensor,
) -> tuple[npt.NDArray[np.float64], float]:
    """|finite difference| of the loss at each pixel, in the channel that is shown, and 1 - p."""
    picture, label = job.picture_tensor(place).double(), _label(job.bundle, place)
    against = log_odds_against(network)
    found = []
    # One at a time: in double precision a pass of several takes much memory and no less time.
    for pixel, channel in [(None, 0), *zip(flat.tolist(), channels.tolist(), strict=True)]:
        moved = picture.clone()
        if pixel is not None:
            moved[0, channel, pixel // picture.shape[-1], pixel % picture.shape[-1]] += STEP
        with torch.no_grad():
            found.append(against(moved, label)[0])
        job.advance(1)
    # By the log-odds: a loss of 1e-20 has no digits as -log p.
    losses = torch.nn.functional.softplus(torch.stack(found)).cpu().numpy()
    return np.abs(losses[1:] - losses[0]) / STEP, float(torch.sigmoid(found[0]))


def _what_moves(bundle: Bundle, place: int) -> dict[str, bool]:
    """Move one quantity by itself and see whether another one moves with it."""
    network, picture = bundle.network, picture_tensor(bundle, place)
    label = bundle.picture(place).label
    labels = torch.tensor([label, (label + 1) % network.classes], device=bundle.device)
    before_picture = picture.clone()
    before_weights = [weight.clone() for weight in network.parameters()]
    with torch.no_grad():
        base = torch.nn.functional.cross_entropy(network(picture), labels[:1])
        other_label = torch.nn.functional.cross_entropy(network(picture), labels[1:])
        other_input = torch.nn.functional.cross_entropy(network(1 - picture), labels[:1])
        moved = _weights_of(network.output_layer)
        before_moved = moved.clone()
        moved[label] += 0.5
        other_weights = torch.nn.functional.cross_entropy(network(picture), labels[:1])
        moved.copy_(before_moved)
    same_weights = all(
        torch.equal(a, b) for a, b in zip(before_weights, network.parameters(), strict=True)
    )
    same_picture = torch.equal(before_picture, picture)
    loss_moved = bool(other_label != base)
    return {
        "loss with input": bool(other_input != base),
        "loss with parameters": bool(other_weights != base),
        # The loss was moved (by another label, by another weight): did these move with it?
        "parameters with loss": loss_moved and not same_weights,
        "input with loss": loss_moved and not same_picture,
        "input with label": not same_picture,
    }


def _weights_of(layer: nn.Module) -> Tensor:
    """Weights with a row a class: the bias, or the matrix of a layer without one."""
    weights = layer.bias if layer.bias is not None else layer.weight
    assert isinstance(weights, torch.Tensor)
    return weights
