"""Filters against a forward hook on the whole network, and ten pictures climbing together."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from solver.bundle.bundle import Bundle
from solver.errors import BundleError
from solver.evidence import Record
from solver.explain.cnn import filter_visualization as source
from solver.explain.cnn.filter_visualization import (
    activation,
    climb,
    filter_map,
    filter_trace,
    filter_visualization,
    module,
)
from solver.explain.job import ExplainSettings, Job, picture_tensor
from solver.models.food_cnn import path_to_filter

POOLS = (9, 19, 29, 33, 37)
CONVOLUTIONS = (0, 3, 6, 10, 13, 16, 20, 23, 26, 30, 34)


def hooked(bundle: Bundle, pictures: Tensor, index: int) -> Tensor:
    """What a forward hook on cnn[index] sees while the whole network runs: (B, C, h, w)."""
    seen: list[Tensor] = []
    hook = bundle.network.cnn[index].register_forward_hook(lambda *args: seen.append(args[2]))
    bundle.network(pictures)
    hook.remove()
    return seen[0]


def double(bundle: Bundle) -> Bundle:
    """The same bundle with its network in float64: climbing amplifies rounding at zeros."""
    wide = Bundle(bundle.folder, bundle.pictures, bundle.device)
    wide.__dict__["network"] = copy.deepcopy(bundle.network).double()
    return wide


@pytest.mark.parametrize("index", [0, 6, 9, 15, 21, 23, 37])
def test_the_cut_pass_is_what_a_hook_sees(demo: Bundle, index: int) -> None:
    batch = torch.cat([picture_tensor(demo, place) for place in (0, 1)])
    with torch.no_grad():
        expected = hooked(demo, batch, index)
        assert torch.equal(filter_map(demo, batch, index, 0), expected[:, 0])
        assert torch.equal(filter_map(demo, batch, index, 3), expected[:, 3])
        alone = hooked(demo, picture_tensor(demo, 1), index)[0, 0].numpy()
    record = activation(Job(f"activation/{index}/1", demo))
    assert np.array_equal(record.arrays["map"], alone)


def course_visualization(bundle: Bundle, index: int, steps: int) -> Tensor:
    """Adam on all ten pictures together, maximizing the sum of the hooked filter's map."""
    pixels = torch.cat([picture_tensor(bundle, place) for place in range(10)]).double()
    pixels.requires_grad_()
    optimizer = torch.optim.Adam([pixels], lr=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        objective = -hooked(bundle, pixels, index)[:, 0].sum()
        objective.backward()
        optimizer.step()
    return pixels.detach()


@pytest.mark.parametrize("index", [6, 15])
def test_one_picture_at_a_time_climbs_as_all_ten_together(demo: Bundle, index: int) -> None:
    wide = double(demo)
    together = course_visualization(wide, index, 4)
    for place in (0, 7):
        start = picture_tensor(demo, place).double()
        alone, course = climb(wide, start, index, 0, steps=4, rate=0.1, advance=lambda _: None)
        assert torch.allclose(alone[0], together[place], atol=1e-7)
        # The course's rate may overshoot within four steps; a small one cannot but climb.
        _, slow = climb(wide, start, index, 0, steps=4, rate=1e-4, advance=lambda _: None)
        assert slow[0] == course[0] and slow[-1] > slow[0]
        # Adam's step is the rate itself at first: pixels leave 0..1 and are not held back.
        assert float((alone - start).abs().max()) > 0.2


def test_climbing_takes_the_steps_of_torch_s_own_adam() -> None:
    gradients = torch.randn(6, 1, 3, 4, 4, generator=torch.Generator().manual_seed(1))
    ours, theirs = torch.zeros(1, 3, 4, 4), torch.zeros(1, 3, 4, 4).requires_grad_()
    climbed, optimizer = source._Adam(ours, 0.1), torch.optim.Adam([theirs], lr=0.1)
    for gradient in gradients:
        climbed.step(gradient)
        theirs.grad = gradient.clone()
        optimizer.step()
    assert torch.equal(ours, theirs)


def test_the_record_is_the_climb_scaled(demo: Bundle) -> None:
    few = ExplainSettings(visualization_steps=3)
    record = filter_visualization(Job("filter_visualization/6/7", demo, few))
    end, course = climb(
        demo, picture_tensor(demo, 7), 6, 0, steps=3, rate=0.1, advance=lambda _: None
    )
    pixels = end[0].permute(1, 2, 0).numpy()
    expected = (pixels - pixels.min()) / (pixels.max() - pixels.min())
    assert np.allclose(record.arrays["rgb"], expected, atol=1e-6)
    assert record.values["first"] == course[0]
    assert record.values["last"] == course[-1] > course[0]


@pytest.mark.parametrize("index", range(38))
def test_a_module_is_called_what_the_course_built(demo: Bundle, index: int) -> None:
    if index in POOLS:
        expected = "MaxPool2d"
    elif index in CONVOLUTIONS:
        expected = "Conv2d"
    else:
        expected = "BatchNorm2d" if index - 1 in CONVOLUTIONS else "ReLU"
    assert module(Job(f"module/{index}", demo)).values["class"] == expected


@pytest.mark.parametrize("identifier", ["module/38", "activation/99/1"])
def test_an_index_the_network_lacks_is_named(demo: Bundle, identifier: str) -> None:
    run = module if identifier.startswith("module") else activation
    with pytest.raises(BundleError, match=r"cnn\[\d+\] does not exist.*0 to 37"):
        run(Job(identifier, demo))


def test_the_trace_sees_what_each_computation_varies(demo: Bundle) -> None:
    values = filter_trace(Job("filter_trace/6/1", demo)).values
    look, climbed = values["activation"], values["visualization"]
    assert (look["picture_changes"], climbed["picture_changes"]) == (False, True)
    assert look["laid_out_over_places"]
    assert climbed["rise"] > 0
    start = picture_tensor(demo, 1)
    _, course = climb(demo, start, 6, 0, steps=10, rate=0.1, advance=lambda _: None)
    assert climbed["rise"] == pytest.approx(course[-1] - course[0], rel=1e-3)
    for run in (look, climbed):
        assert not run["weights_change"]
        assert run["classifier_calls"] == 0
        assert (run["last_layer"], run["layers_compared"]) == (6, 1)
    assert look["rise"] == 0
    # Nothing of the watch is left behind in the network.
    assert not any(layer._forward_hooks for layer in demo.network.modules())


def test_the_trace_sees_another_computation(demo: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that runs the classifier and leaves the picture alone."""

    def train_instead(
        bundle: Bundle, picture: Tensor, index: int, channel: int, **_: object
    ) -> tuple[Tensor, list[float]]:
        bundle.network(picture)
        return picture, [1.0, 0.5]

    monkeypatch.setattr(source, "climb", train_instead)
    climbed = filter_trace(Job("filter_trace/6/1", demo)).values["visualization"]
    assert not climbed["picture_changes"]
    assert climbed["classifier_calls"] == 1
    assert climbed["last_layer"] == "fc"
    assert climbed["rise"] < 0


@pytest.mark.parametrize("index", [6, 9, 15, 21, 23])
def test_one_filter_alone_is_that_filter(demo: Bundle, index: int) -> None:
    wide = double(demo)
    batch = torch.cat([picture_tensor(demo, place) for place in (0, 1)]).double()
    for channel in (0, 3):
        path = path_to_filter(wide.network.cnn, index, channel)
        assert torch.allclose(path(batch)[:, 0], filter_map(wide, batch, index, channel))
        last = [one for one in path if isinstance(one, torch.nn.Conv2d)][-1]
        assert last.out_channels == 1 or last.weight.shape[0] == 1
    assert not any(one.requires_grad for one in path.parameters())


def test_one_changed_weight_among_many_is_seen(
    demo: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    weight = next(demo.network.parameters()).data
    kept = weight.clone()

    def learn(
        bundle: Bundle, picture: Tensor, index: int, channel: int, **_: object
    ) -> tuple[Tensor, list[float]]:
        weight.mul_(1.001)
        return picture, [0.0, 1.0]

    monkeypatch.setattr(source, "climb", learn)
    try:
        values = filter_trace(Job("filter_trace/6/1", demo)).values
    finally:
        weight.copy_(kept)
    assert values["visualization"]["weights_change"] and not values["activation"]["weights_change"]


@pytest.mark.parametrize("run", [activation, filter_visualization, filter_trace])
def test_a_filter_the_layer_lacks_is_named(demo: Bundle, run: Callable[[Job], Record]) -> None:
    kind = run.__name__
    with pytest.raises(BundleError, match="999"):
        run(Job(f"{kind}/6/1", demo, ExplainSettings(filter=999)))


def test_a_climb_passes_the_layers_other_filters_only_on_request(
    demo: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed: list[int] = []
    maps_at = demo.network.maps_at

    def counted(index: int, pixels: Tensor) -> Tensor:
        passed.append(index)
        return maps_at(index, pixels)

    monkeypatch.setattr(demo.network, "maps_at", counted)
    start = picture_tensor(demo, 1)
    climb(demo, start, 6, 0, steps=2, rate=0.1, advance=lambda _: None)
    assert passed == []
    climb(demo, start, 6, 0, steps=2, rate=0.1, advance=lambda _: None, whole_layer=True)
    assert passed == [6, 6]
