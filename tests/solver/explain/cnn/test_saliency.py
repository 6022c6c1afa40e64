"""Saliency against one batch, the mean cross-entropy and one backward pass."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from captum.attr import Saliency
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from torch import nn
from torch.nn import functional

from solver.bundle.bundle import Bundle
from solver.explain.cnn import saliency as module
from solver.explain.cnn.saliency import min_max, raw_saliency, saliency, saliency_derivative
from solver.explain.job import Job, picture_tensor
from tests.solver.sure_network import with_logits_times


def course_gradient(bundle: Bundle, places: range, dtype: torch.dtype) -> np.ndarray:
    """|d mean cross-entropy / d pixel|, maximum over channels, of one batch: (B, 128, 128)."""
    network = copy.deepcopy(bundle.network).to(dtype)
    batch = torch.cat([picture_tensor(bundle, place) for place in places]).to(dtype)
    batch.requires_grad_()
    labels = torch.tensor([bundle.picture(place).label for place in places])
    functional.cross_entropy(network(batch), labels).backward()
    assert batch.grad is not None
    return batch.grad.abs().amax(1).numpy()


def test_every_map_equals_the_courses_batch(demo: Bundle) -> None:
    expected = course_gradient(demo, range(10), torch.float64)
    for place in range(10):
        record = saliency(Job(f"saliency/{place}", demo))
        low, high = expected[place].min(), expected[place].max()
        # A ReLU or a pooling choice may fall the other way in float32.
        gap = np.abs(record.arrays["map"] - (expected[place] - low) / (high - low))
        assert gap.mean() < 1e-4
        assert record.values["raw_max"] == pytest.approx(high, rel=1e-3)
        assert record.values["raw_min"] == pytest.approx(low, rel=1e-3, abs=high * 1e-5)
        assert record.arrays["map"].min() == 0
        assert record.arrays["map"].max() == 1


def test_in_the_courses_own_precision_nothing_is_lost(demo: Bundle) -> None:
    expected = course_gradient(demo, range(10), torch.float32)
    seen = 0
    for place in range(10):
        high = float(expected[place].max())
        if high > 1e-25:  # below, float32 itself loses digits
            seen += 1
            mine = saliency(Job(f"saliency/{place}", demo))
            low = float(expected[place].min())
            gap = np.abs(mine.arrays["map"] - (expected[place] - low) / (high - low))
            assert gap.max() < 1e-3
    assert seen >= 3


def test_a_batch_of_two_is_one_at_a_time(demo: Bundle) -> None:
    pair = course_gradient(demo, range(4, 6), torch.float32) * 2  # undo the mean over two
    for row, place in enumerate((4, 5)):
        alone = raw_saliency(demo, place)
        assert np.allclose(alone, pair[row], rtol=1e-3, atol=alone.max() * 1e-5)


def test_the_loss_scale_changes_no_digit(demo: Bundle) -> None:
    raws = [raw_saliency(demo, place) for place in range(10)]
    place = int(np.argmax([raw.max() for raw in raws]))
    labels = torch.tensor([demo.picture(place).label])

    def plain(pictures: torch.Tensor) -> torch.Tensor:
        return -functional.cross_entropy(demo.network(pictures), labels, reduction="none")

    pixels = picture_tensor(demo, place).requires_grad_()
    captum = Saliency(plain).attribute(pixels, abs=True)[0].amax(0).double().numpy()
    large = captum > 1e-30
    assert large.mean() > 0.5
    assert np.array_equal(raws[place][large], captum[large])


FINITE = arrays.arrays(
    np.float64, (5, 4), elements=st.floats(-1e6, 1e6, allow_subnormal=False, width=32)
)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(values=FINITE)
def test_min_max_keeps_the_order_and_fills_the_range(values: np.ndarray) -> None:
    scaled, low, high = min_max(values)
    assert (low, high) == (values.min(), values.max())
    if high > low:
        assert (scaled.min(), scaled.max()) == (0, 1)
        order = np.argsort(values.ravel(), kind="stable")
        assert (np.diff(scaled.ravel()[order]) >= 0).all()
    else:
        assert not scaled.any()


@settings(max_examples=30, deadline=None, derandomize=True)
@given(values=FINITE, power=st.integers(-100, 100))
def test_min_max_does_not_see_a_scale(values: np.ndarray, power: int) -> None:
    assert np.array_equal(min_max(values)[0], min_max(values * 2.0**power)[0])


def test_the_finite_differences_agree_with_what_the_method_returns(demo: Bundle) -> None:
    record = saliency_derivative(Job("saliency_derivative", demo))
    method, differences = record.array("method"), record.array("differences")
    assert np.allclose(method, differences, rtol=1e-6)
    # On the picture of whose label the network is least sure.
    left = [saliency(Job(f"saliency/{place}", demo)).value("one_minus_p") for place in range(10)]
    assert record.values["picture"] == int(np.argmax(left))
    assert record.values["one_minus_p"] == pytest.approx(max(left), rel=1e-3)
    moves = record.values["moves"]
    assert moves["loss with input"]
    assert moves["loss with parameters"]
    assert not any(moves[name] for name in moves if not name.startswith("loss"))


def test_a_method_that_returns_something_else_is_found_out(
    demo: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def the_picture_itself(
        bundle: Bundle, place: int, network: nn.Module | None = None
    ) -> torch.Tensor:
        return picture_tensor(bundle, place)[0].double() + torch.linspace(0, 0.1, 128)

    monkeypatch.setattr(module, "absolute_gradient", the_picture_itself)
    record = saliency_derivative(Job("saliency_derivative", demo))
    assert not np.allclose(record.array("method"), record.array("differences"), rtol=0.5)


def test_the_stable_map_is_the_exact_gradient_however_sure_the_network_is(demo: Bundle) -> None:
    exact = saliency(Job("saliency/0", demo))
    assert np.abs(exact.array("stable") - exact.array("map")).max() < 1e-3
    sure = with_logits_times(demo, 16)
    found = saliency(Job("saliency/0", sure))
    assert found.value("one_minus_p") < 2**-25
    # By the log-odds in double precision: the same gradient, taken another way.
    network = copy.deepcopy(sure.network).double()
    picture = picture_tensor(sure, 0).double().requires_grad_()
    label = torch.tensor([sure.picture(0).label])
    functional.softplus(module.log_odds_against(network)(picture, label)).backward()
    assert picture.grad is not None
    wide = picture.grad[0].abs().amax(0).numpy()
    expected = min_max(wide)[0]
    assert np.abs(found.array("stable") - expected).max() < 1e-3
    assert found.value("stable_max") == pytest.approx(wide.max() / 10, rel=1e-4)
    # The map of the course's code lacks the label's part.
    assert np.corrcoef(found.array("map").ravel(), expected.ravel())[0, 1] < 0.95


def test_the_gradients_of_a_sure_network_are_no_subnormal_numbers_in_the_pass(demo: Bundle) -> None:
    """A CPU takes a hundred times as long for them, and they lose digits."""
    sure = with_logits_times(demo, 24)
    pixels = picture_tensor(sure, 0).requires_grad_()
    labels = torch.tensor([sure.picture(0).label])
    loss = module.scaled_loss(sure)(pixels, labels).sum()
    (gradient,) = torch.autograd.grad(loss, pixels)
    least = torch.finfo(torch.float32).tiny
    sizes = {"in the pass": gradient.abs().double(), "true": module.unscaled(gradient).abs()}
    subnormal = {name: float(((x > 0) & (x < least)).double().mean()) for name, x in sizes.items()}
    assert subnormal["true"] > 0.9
    assert subnormal["in the pass"] < 0.001


@pytest.mark.parametrize("changes", [False, True])
def test_parameters_that_a_pass_changes_are_seen_to_move_with_the_loss(
    demo: Bundle, changes: bool
) -> None:
    """A network whose last layer has no bias, and whose weights each pass may change."""
    bundle = with_logits_times(demo, 1)
    last = bundle.network.output_layer
    last.bias = None

    def change(*_: object) -> None:
        if changes:
            last.weight.data.mul_(1.001)

    bundle.network.register_forward_hook(change)
    moves = saliency_derivative(Job("saliency_derivative", bundle)).value("moves")
    assert [name for name, moved in moves.items() if moved] == [
        "loss with input",
        "loss with parameters",
        *(["parameters with loss"] if changes else []),
    ]
