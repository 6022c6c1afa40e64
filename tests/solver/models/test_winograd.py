"""Convolutions with fewer products against torch's own."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from solver.explain.batch_size import CANDIDATES
from solver.models.food_cnn import FLAT, GENUINE_WIDTHS, PreparedNetwork, build_network, flat_shares
from solver.models.winograd import (
    LEAST_CHANNELS,
    LEAST_SIDE,
    TILE,
    WinogradConv2d,
    convolved,
    transformed,
)

CLOSE = 2e-5
"""Of the largest value; measured are 6e-6."""

sides = st.integers(LEAST_SIDE // TILE, 9).map(lambda tiles: tiles * TILE)
widths = st.integers(LEAST_CHANNELS, LEAST_CHANNELS + 20)


def convolution(into: int, out: int, seed: int) -> nn.Conv2d:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Conv2d(into, out, 3, 1, 1).requires_grad_(False)


def maps(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def gap(found: Tensor, expected: Tensor) -> float:
    return float((found - expected).abs().max() / expected.abs().max())


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 3), widths, widths, sides, sides, st.integers(0, 99))
def test_it_is_the_convolution_and_so_is_its_gradient(
    count: int, into: int, out: int, height: int, width: int, seed: int
) -> None:
    direct = convolution(into, out, seed)
    module = WinogradConv2d(direct)
    leaf = maps(count, into, height, width, seed=seed).requires_grad_()
    found, expected = module(leaf), direct(leaf)
    assert found.shape == expected.shape
    assert gap(found.detach(), expected.detach()) < CLOSE
    outer = maps(*expected.shape, seed=seed + 1)
    (mine,) = torch.autograd.grad(found, leaf, outer)
    (theirs,) = torch.autograd.grad(expected, leaf, outer)
    assert gap(mine, theirs) < CLOSE


@pytest.mark.parametrize("row", range(3))
@pytest.mark.parametrize("column", range(3))
def test_a_weight_of_one_moves_the_maps_and_the_edge_is_zero(row: int, column: int) -> None:
    weight = torch.zeros(64, 64, 3, 3)
    weight[range(64), range(64), row, column] = 1
    before = maps(1, 64, 16, 24)
    padded = nn.functional.pad(before, (1, 1, 1, 1))
    moved = padded[:, :, row : row + 16, column : column + 24]
    assert gap(convolved(before, transformed(weight)), moved) < CLOSE


def test_the_neighbours_in_a_batch_change_no_bit() -> None:
    module = WinogradConv2d(convolution(64, 96, 1))
    four = maps(4, 64, 32, 32)
    alone = torch.cat([module(one) for one in four.split(1)])
    assert torch.equal(module(four), alone)
    assert torch.equal(module(four.contiguous(memory_format=torch.channels_last)), alone)


@pytest.mark.parametrize("shape", [(12, 16), (16, 18), (8, 8)])
def test_small_and_odd_maps_go_through_the_convolution_itself(shape: tuple[int, int]) -> None:
    direct = convolution(64, 64, 2)
    before = maps(2, 64, *shape)
    assert torch.equal(WinogradConv2d(direct)(before), direct(before))


@pytest.mark.parametrize(
    "other",
    [
        nn.Conv2d(64, 64, 5, 1, 2),
        nn.Conv2d(64, 64, 3, 2, 1),
        nn.Conv2d(64, 64, 3, 1, 0),
        nn.Conv2d(64, 64, 3, 1, 1, dilation=2),
        nn.Conv2d(64, 64, 3, 1, 1, groups=2),
        nn.Conv2d(64, 64, 3, 1, 1, bias=False),
        nn.Conv2d(64, 64, 3, 1, 1, padding_mode="reflect"),
        nn.Conv2d(64, 64, 3, 1, 1).double(),
        nn.Conv2d(3, 64, 3, 1, 1),
    ],
)
def test_another_convolution_is_refused(other: nn.Conv2d) -> None:
    with pytest.raises(ValueError, match="no wide 3x3 convolution"):
        WinogradConv2d(other)


@pytest.fixture(scope="module")
def genuine() -> PreparedNetwork:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return PreparedNetwork(build_network(GENUINE_WIDTHS, 64).eval())


def test_no_weights_are_transformed_that_are_not_used(genuine: PreparedNetwork) -> None:
    """The first convolution has three channels, and the last maps of 8 x 8."""
    kinds = [type(one) for one in genuine.fewer_products if not isinstance(one, nn.ReLU)]
    convolutions = [one for one in kinds if one is not nn.MaxPool2d]
    assert convolutions == [nn.Conv2d, *[WinogradConv2d] * 9, nn.Conv2d]


def gradient(network: nn.Module, pictures: Tensor) -> Tensor:
    leaf = pictures.clone().requires_grad_()
    (found,) = torch.autograd.grad(network(leaf)[:, 2].sum(), leaf)
    return found


def directly(network: PreparedNetwork, pictures: Tensor) -> Tensor:
    leaf = pictures.clone().requires_grad_()
    logits = network.fc(network.direct(leaf).flatten(1))
    (found,) = torch.autograd.grad(logits[:, 2].sum(), leaf)
    return found


def test_at_genuine_width_noisy_pictures_are_explained_as_well_as_directly(
    genuine: PreparedNetwork,
) -> None:
    """Held against float64: where a ReLU is about 0, either way of rounding may turn it over."""
    exact = copy.deepcopy(genuine).double()
    pictures = torch.rand(4, 3, 128, 128, generator=torch.Generator().manual_seed(4))
    with torch.inference_mode():  # which comes first when LIME does
        genuine(pictures)
    ours, theirs = [], []
    for picture in pictures.split(1):
        expected = directly(exact, picture.double())
        found = gradient(genuine, picture), directly(genuine, picture)
        assert not torch.equal(*found)
        for gaps, one in zip((ours, theirs), found, strict=True):
            gaps.append(float((one - expected).norm() / expected.norm()))
    assert sum(ours) < 3 * sum(theirs) < 0.3


def test_a_flat_picture_is_explained_by_the_direct_convolutions(genuine: PreparedNetwork) -> None:
    noisy = torch.rand(1, 3, 128, 128, generator=torch.Generator().manual_seed(5))
    white_ground = noisy.clone()
    white_ground[..., :64] = 1
    pictures = torch.cat([noisy, white_ground, torch.zeros_like(noisy)])
    assert (flat_shares(pictures) >= FLAT).tolist() == [False, True, True]
    found = gradient(genuine, pictures)
    for at in (1, 2):
        assert torch.equal(found[at], directly(genuine, pictures[at : at + 1])[0])
    assert torch.equal(found[:1], gradient(genuine, noisy))


def test_at_genuine_width_a_picture_has_the_same_bits_in_every_batch(
    genuine: PreparedNetwork,
) -> None:
    """What dealing samples among processes rests on."""
    pictures = torch.rand(4, 3, 128, 128, generator=torch.Generator().manual_seed(6))
    answers, gradients = [], []
    for batch in CANDIDATES:
        with torch.inference_mode():
            answers.append(torch.cat([genuine(one) for one in pictures.split(batch)]))
        gradients.append(torch.cat([gradient(genuine, one) for one in pictures.split(batch)]))
    assert all(torch.equal(one, answers[0]) for one in answers)
    assert all(torch.equal(one, gradients[0]) for one in gradients)
