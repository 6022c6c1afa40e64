"""A network's answers to pictures that differ from one picture in a small place.

A 3x3 convolution carries a change one place further, a pooling halves the map: most of the maps of
the first, dearest layers is as it was, and only what may have changed is computed again. The result
is that of a whole pass, up to the rounding of sums taken in another order.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from solver.models.food_cnn import FoodNetwork


@dataclass(frozen=True)
class Window:
    """Rows `top` to `bottom` and columns `left` to `right` of a square map, the ends left out."""

    top: int
    bottom: int
    left: int
    right: int

    def grown(self, by: int, side: int) -> Window:
        """So many places more on each side, as far as a map of this side goes."""
        return Window(
            max(self.top - by, 0),
            min(self.bottom + by, side),
            max(self.left - by, 0),
            min(self.right + by, side),
        )

    def pooled(self) -> Window:
        """The places of the map pooled by two that it has a part in."""
        return Window(self.top // 2, -(-self.bottom // 2), self.left // 2, -(-self.right // 2))

    def unpooled(self) -> Window:
        """The places that are pooled into these."""
        return Window(2 * self.top, 2 * self.bottom, 2 * self.left, 2 * self.right)

    def of(self, maps: Tensor) -> Tensor:
        """The part (B, C, rows, columns) of maps (B, C, H, W) that it covers, as a view."""
        return maps[..., self.top : self.bottom, self.left : self.right]

    def within(self, other: Window) -> Window:
        """The same places, counted from the first row and column of another."""
        return Window(
            self.top - other.top,
            self.bottom - other.top,
            self.left - other.left,
            self.right - other.left,
        )


class LocalForward:
    """Logits of pictures like one picture but for a window, at a part of a pass each."""

    def __init__(self, network: FoodNetwork, picture: Tensor) -> None:
        """Take one whole pass of `picture` (1, 3, 128, 128)."""
        self.fc = network.fc
        self.stacks = _stacks(network.cnn)
        self.maps = [picture]  # what goes into each stack, and what comes out of the last
        with torch.no_grad():
            for stack in self.stacks:
                self.maps.append(stack(self.maps[-1]))

    def logits(self, inside: Tensor, window: Window) -> Tensor:
        """Return logits (B, classes) of the pictures that have `inside` (B, 3, h, w) there."""
        with torch.no_grad():
            for stack, (before, after) in zip(self.stacks, pairwise(self.maps), strict=True):
                inside, window = _through(stack, before, inside, window)
                assert inside.shape[1] == after.shape[1]
            changed = _pasted(self.maps[-1], inside, window)
            logits: Tensor = self.fc(changed.flatten(1))
        return logits


def _stacks(layers: nn.Sequential) -> list[nn.Sequential]:
    """The layers, cut after each pooling."""
    ends = [at for at, layer in enumerate(layers, 1) if isinstance(layer, nn.MaxPool2d)]
    return [layers[start:end] for start, end in pairwise([0, *ends])]


def _through(
    stack: nn.Sequential, before: Tensor, inside: Tensor, window: Window
) -> tuple[Tensor, Window]:
    """What comes out of a stack where that may have changed, and where this is.

    Its blocks run on a part with a margin all around: at the edge of the part they see zeros where
    the map goes on, and each convolution carries that one place inwards.
    """
    reach = sum(isinstance(layer, nn.Conv2d) for layer in stack)
    side = before.shape[-1]
    changed = window.grown(reach, side).pooled()
    needed = changed.unpooled()
    part = needed.grown(reach, side)
    cut = _pasted(part.of(before), inside, window.within(part))
    blocks, pooling = stack[:-1], stack[-1]
    return pooling(needed.within(part).of(blocks(cut))), changed


def _pasted(maps: Tensor, inside: Tensor, window: Window) -> Tensor:
    """A copy of `maps` (1, C, H, W) for each of `inside` (B, C, h, w), with it in the window."""
    copies = maps.repeat(len(inside), 1, 1, 1)
    window.of(copies).copy_(inside)
    return copies
