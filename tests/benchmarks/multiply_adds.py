"""How many multiply-adds a forward pass of a picture through the course's network is."""

from __future__ import annotations

from torch import nn

from solver.bundle.bundle import Bundle
from solver.models.winograd import LEAST_SIDE, PATCH, TILE, WinogradConv2d


def multiply_adds(network: nn.Module, last: int = 37, only_one_of_last: bool = False) -> float:
    """Return the multiply-adds of a forward pass of a picture, to ``cnn[last]`` or (37) whole."""
    side, total = 128, 0.0
    modules = list(network.cnn)[: last + 1]  # type: ignore[arg-type]
    convolutions = [one for one in modules if isinstance(one, nn.Conv2d)]
    for module in modules:
        if isinstance(module, nn.MaxPool2d):
            side //= 2
        if isinstance(module, nn.Conv2d):
            width = 1 if only_one_of_last and module is convolutions[-1] else module.out_channels
            total += 9 * module.in_channels * width * side**2
    if last == 37:
        linear = [one for one in network.fc if isinstance(one, nn.Linear)]  # type: ignore[union-attr]
        total += sum(one.in_features * one.out_features for one in linear)
    return total


def prepared_multiply_adds(bundle: Bundle) -> float:
    """Return the multiply-adds of a forward pass of a picture through the prepared network."""
    side, saved = 128, 0.0
    for module in bundle.prepared.fewer_products:
        if isinstance(module, nn.MaxPool2d):
            side //= 2
        if isinstance(module, WinogradConv2d) and side >= LEAST_SIDE:
            into, out = module.direct.in_channels, module.direct.out_channels
            a_tile = PATCH**2 * (into * out + PATCH**2 * into + TILE**2 * out)
            saved += (9 * into * out - a_tile / TILE**2) * side**2
    return multiply_adds(bundle.network) - saved
