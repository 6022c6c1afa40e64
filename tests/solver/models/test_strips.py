"""Convolutions in strips of rows against torch's own, with their gradients."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from solver.models.strips import STRIP, StripwiseConv2d, in_strips


def with_gradient(network: nn.Module, maps: Tensor) -> tuple[Tensor, Tensor]:
    leaf = maps.clone().requires_grad_()
    found = network(leaf)
    (gradient,) = torch.autograd.grad(found.square().sum(), leaf)
    return found.detach(), gradient


@pytest.mark.parametrize("height", [2, STRIP, 2 * STRIP + 5])
def test_strips_together_are_the_whole_convolution(height: int) -> None:
    generator = torch.Generator().manual_seed(height)
    whole = nn.Conv2d(3, 5, 3, padding=1).double().requires_grad_(False)
    maps = torch.rand(2, 3, height, 7, generator=generator, dtype=torch.float64)
    for ours, theirs in zip(
        with_gradient(StripwiseConv2d(whole), maps), with_gradient(whole, maps), strict=True
    ):
        assert torch.allclose(ours, theirs, rtol=1e-12, atol=1e-12)


def test_only_plain_convolutions_are_done_in_strips() -> None:
    """Of all kinds beside one another, nested as networks nest them."""
    kinds = [
        {"padding": 1},
        {"padding": 1, "bias": False},
        {"padding": 1, "stride": 2},
        {"padding": 1, "dilation": 2},
        {"padding": 1, "groups": 2},
        {"padding": 1, "padding_mode": "reflect"},
        {"padding": 0},
    ]
    layers = [nn.Conv2d(2, 2, 3, **kind) for kind in kinds]  # type: ignore[arg-type]
    layers.append(nn.Conv2d(2, 2, 5, padding=1))
    network = nn.ModuleDict({"block": nn.ModuleList(layers)})
    maps = torch.rand(1, 2, STRIP + 5, 9, generator=torch.Generator().manual_seed(0))
    expected = [layer(maps) for layer in layers]
    assert in_strips(network) is network
    found = list(network["block"])  # type: ignore[arg-type]
    assert all(torch.allclose(one(maps), each) for one, each in zip(found, expected, strict=True))
    assert [one is not layer for one, layer in zip(found, layers, strict=True)] == [True] * 2 + [
        False
    ] * 6


def test_nothing_is_kept_for_the_gradient() -> None:
    """Maps in double precision are 17 MB each, of which a pass would keep one a convolution."""
    kept: list[Tensor] = []

    def keep(one: Tensor) -> Tensor:
        kept.append(one)
        return one

    module = StripwiseConv2d(nn.Conv2d(3, 5, 3, padding=1).requires_grad_(False))
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda one: one):
        module(torch.rand(1, 3, 40, 7).requires_grad_())
    assert kept == []
