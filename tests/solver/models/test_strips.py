"""Convolutions strip by strip: the same maps, of those 3x3 convolutions that can be cut so."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from solver.explain.cnn import saliency


@pytest.mark.usefixtures("generators_restored")
def test_convolutions_in_strips_are_the_same_and_others_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of all kinds beside one another, nested as networks nest them."""
    monkeypatch.setattr(saliency, "STRIP", 4)
    kinds = [
        {"padding": 1},
        {"padding": 1, "bias": False},
        {"padding": 1, "stride": 2},
        {"padding": 1, "dilation": 2},
        {"padding": 1, "groups": 2},
        {"padding": 1, "padding_mode": "reflect"},
        {"padding": 0},
    ]
    torch.manual_seed(0)
    layers = [nn.Conv2d(2, 2, 3, **kind) for kind in kinds]  # type: ignore[arg-type]
    layers.append(nn.Conv2d(2, 2, 5, padding=1))
    network = nn.ModuleDict({"block": nn.ModuleList(layers)})
    maps = torch.randn(1, 2, 11, 9)
    expected = [layer(maps) for layer in layers]
    found = list(saliency._in_strips(network)["block"])  # type: ignore[index]
    assert all(torch.allclose(one(maps), each) for one, each in zip(found, expected, strict=True))
    stay = [one is layer for one, layer in zip(found, layers, strict=True)]
    assert stay == [False] * 2 + [True] * 6
