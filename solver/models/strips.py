"""3x3 convolutions done strip by strip of rows, which need less memory in double precision."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional, grad

STRIP = 32
"""Rows of a map that are convolved at once in double precision."""


class StripwiseConv2d(nn.Module):
    """A 3x3 convolution with padding 1, strip by strip of rows.

    In double precision torch lays out each pixel's nine neighbours first: 150 MB for a map of
    128 x 128 and 128 channels, where a strip has a quarter of it. Nothing is kept for the gradient
    to the maps, and none is given to the weights.
    """

    def __init__(self, whole: nn.Conv2d) -> None:
        super().__init__()
        self.whole = whole

    def forward(self, maps: Tensor) -> Tensor:
        """Return the convolution (B, out, H, W) of maps (B, in, H, W)."""
        found: Tensor = _InStrips.apply(maps, self.whole)
        return found


class _InStrips(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, maps: Tensor, whole: nn.Conv2d) -> Tensor:
        context.whole = whole
        padded = functional.pad(maps, (1, 1, 1, 1))
        strips = [
            functional.conv2d(padded[:, :, at : at + STRIP + 2], whole.weight, whole.bias)
            for at in range(0, maps.shape[2], STRIP)
        ]
        return torch.cat(strips, 2)

    @staticmethod
    def backward(context: Any, of_output: Tensor) -> tuple[Tensor, None]:
        weight = context.whole.weight
        pictures, _, height, width = of_output.shape
        padded = of_output.new_zeros(pictures, weight.shape[1], height + 2, width + 2)
        for at in range(0, height, STRIP):
            rows = padded[:, :, at : at + STRIP + 2]  # two of which the next strip has too
            rows += grad.conv2d_input(rows.shape, weight, of_output[:, :, at : at + STRIP])
        return padded[:, :, 1:-1, 1:-1].contiguous(), None


def in_strips(network: nn.Module) -> nn.Module:
    """Return the network itself, its 3x3 convolutions done strip by strip."""
    for name, module in network.named_children():
        if isinstance(module, nn.Conv2d):
            same = module.kernel_size == (3, 3) and module.padding == (1, 1)
            plain = module.stride == (1, 1) and module.dilation == (1, 1) and module.groups == 1
            if same and plain and module.padding_mode == "zeros":
                setattr(network, name, StripwiseConv2d(module))
        else:
            in_strips(module)
    return network
