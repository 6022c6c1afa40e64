"""Passes over what changed against whole passes."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from solver.models.food_cnn import SIDE, FoodNetwork, build_network
from solver.models.local_forward import LocalForward, Window

spans = st.integers(0, SIDE - 1).flatmap(
    lambda first: st.tuples(st.just(first), st.integers(first + 1, min(first + 24, SIDE)))
)


@pytest.fixture(scope="module")
def network() -> FoodNetwork:
    """A narrow network whose maps do not die out: every change of a picture reaches its logits."""
    made = build_network([4, 5, 4, 6, 5, 6, 7, 6, 8, 9, 8], hidden=40)
    generator = torch.Generator().manual_seed(5)
    for layer in made.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, generator=generator)
    return made.double().eval()


@settings(max_examples=40, deadline=None, derandomize=True)
@given(rows=spans, columns=spans, seed=st.integers(0, 99))
def test_it_is_the_whole_pass(
    network: FoodNetwork, rows: tuple[int, int], columns: tuple[int, int], seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    picture = torch.rand(1, 3, SIDE, SIDE, generator=generator, dtype=torch.float64)
    window = Window(*rows, *columns)
    changed = picture.repeat(2, 1, 1, 1)
    inside = torch.rand(window.of(changed).shape, generator=generator, dtype=torch.float64)
    window.of(changed).copy_(inside)
    found = LocalForward(network, picture).logits(inside, window)
    with torch.no_grad():
        expected = network(changed)
    assert torch.allclose(found, expected, rtol=1e-12, atol=1e-13)


def test_a_change_of_all_of_it_is_a_whole_pass(network: FoodNetwork) -> None:
    generator = torch.Generator().manual_seed(1)
    first, second = torch.rand(2, 1, 3, SIDE, SIDE, generator=generator, dtype=torch.float64)
    found = LocalForward(network, first).logits(second, Window(0, SIDE, 0, SIDE))
    with torch.no_grad():
        assert torch.allclose(found, network(second), rtol=1e-12, atol=1e-13)
        assert not torch.allclose(found, network(first), rtol=1e-9)


@pytest.mark.parametrize("place", [0, 1, 63, 64, 126, 127])
def test_one_pixel_reaches_a_small_part_of_the_maps(network: FoodNetwork, place: int) -> None:
    window = Window(place, place + 1, place, place + 1)
    widths = []
    for reach, side in ((3, 128), (3, 64), (3, 32), (1, 16), (1, 8)):
        window = window.grown(reach, side).pooled()
        widths.append(window.bottom - window.top)
    assert widths[0] <= 4
    assert widths[1] <= 6
    assert widths[2] <= 7
