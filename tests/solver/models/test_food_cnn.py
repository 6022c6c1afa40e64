"""The build and its checkpoints: what loads, and every checkpoint that may not."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from solver.errors import BundleError
from solver.files.resources import data_folder
from solver.models.food_cnn import GENUINE_WIDTHS, build_network, load_network, parameter_count

State = dict[str, Any]


@pytest.fixture
def state() -> State:
    """The demo's weights, to be spoilt."""
    whole = torch.load(data_folder("demo") / "checkpoint.pth", weights_only=True)
    found: State = dict(whole["model_state_dict"])
    return found


def saved(folder: Path, content: Any) -> Path:
    path = folder / "checkpoint.pth"
    torch.save(content, path)
    return path


def refused(path: Path) -> str:
    with pytest.raises(BundleError) as caught:
        load_network(path)
    assert "checkpoint.pth" in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_genuine_build_has_the_courses_size() -> None:
    with torch.device("meta"):
        network = build_network(GENUINE_WIDTHS, 1024)
    assert parameter_count(network) == 14_162_827
    state = network.state_dict()
    assert len(state) == 81
    assert {"cnn.0.weight", "cnn.35.running_var", "fc.0.weight", "fc.3.bias"} <= set(state)
    assert len(network.cnn) == 38
    assert tuple(state["fc.0.weight"].shape) == (1024, 8192)
    assert tuple(state["fc.3.weight"].shape) == (11, 1024)


def plain_course_network() -> nn.Module:
    """The course's classifier written out, with the demo's widths."""

    def block(before: int, after: int) -> list[nn.Module]:
        return [nn.Conv2d(before, after, 3, 1, 1), nn.BatchNorm2d(after), nn.ReLU()]

    def stack(before: int, after: int, blocks: int) -> list[nn.Module]:
        layers = block(before, after)
        for _ in range(blocks - 1):
            layers += block(after, after)
        return [*layers, nn.MaxPool2d(2, 2, 0)]

    course = nn.Module()
    course.cnn = nn.Sequential(
        *stack(3, 6, 3), *stack(6, 12, 3), *stack(12, 24, 3), *stack(24, 48, 1), *stack(48, 64, 1)
    )
    course.fc = nn.Sequential(nn.Linear(64 * 16, 64), nn.ReLU(), nn.Dropout(0.3), nn.Linear(64, 11))
    return course


def test_it_answers_as_the_course_network_would(state: State, tmp_path: Path) -> None:
    course = plain_course_network()
    hidden = state["fc.0.weight"].shape[0]
    course.fc[0], course.fc[3] = nn.Linear(64 * 16, hidden), nn.Linear(hidden, 11)  # type: ignore
    course.load_state_dict(state)
    course.eval()
    network = load_network(saved(tmp_path, {"model_state_dict": state, "epoch": 3}))
    pictures = torch.rand(3, 3, 128, 128, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        maps = course.cnn(pictures)  # type: ignore[operator]
        expected = course.fc(maps.view(3, -1))  # type: ignore[operator]
        assert torch.equal(network(pictures), expected)
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_a_build_needs_eleven_widths() -> None:
    with pytest.raises(ValueError, match="has 11 convolutions, not 3"):
        build_network([1, 2, 3], 4)


class _Code:
    """What a hostile checkpoint does when it is unpickled: it leaves a file."""

    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.system, (f"touch '{self.witness}'",))


@pytest.mark.parametrize("within", ["whole", "weights", "optimizer", "plain pickle"])
def test_code_in_a_checkpoint_is_refused_unexecuted(
    tmp_path: Path, state: State, within: str
) -> None:
    witness = tmp_path / "was-run"
    code = _Code(witness)
    path = tmp_path / "checkpoint.pth"
    if within == "plain pickle":
        path.write_bytes(pickle.dumps({"model_state_dict": code}))
    elif within == "whole":
        saved(tmp_path, code)
    elif within == "weights":
        saved(tmp_path, {"model_state_dict": {**state, "cnn.0.bias": code}})
    else:
        saved(tmp_path, {"model_state_dict": state, "optimizer_state_dict": code})
    assert "refused unexecuted" in refused(path)
    assert not witness.exists()


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", b"\x80\x02.", b"not a checkpoint", b"\x93NUMPY", b"\0" * 100]
)
def test_what_is_no_checkpoint_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "checkpoint.pth").write_bytes(content)
    assert "checkpoint" in refused(tmp_path / "checkpoint.pth")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_torn_checkpoint_is_said(tmp_path: Path, state: State, share: float) -> None:
    path = saved(tmp_path, {"model_state_dict": state})
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    refused(path)


def test_missing_and_a_folder_are_said(tmp_path: Path) -> None:
    assert "there is no such checkpoint" in refused(tmp_path / "checkpoint.pth")
    (tmp_path / "checkpoint.pth").mkdir()
    assert "there is no such checkpoint" in refused(tmp_path / "checkpoint.pth")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"epoch": 3, "w": [1]}, "holds no 'model_state_dict' (it begins with epoch, w)"),
        ({"state_dict": {}}, "the weights lack 'cnn.0.weight', 'cnn.3.weight', 'cnn.6.weight'"),
        ({}, "holds no 'model_state_dict'"),
        ([1, 2], "holds no 'model_state_dict'"),
        (torch.zeros(3), "holds no 'model_state_dict'"),
        ({"model_state_dict": [1]}, "must map names to tensors"),
        ({"model_state_dict": {"cnn.0.weight": 3}}, "must map names to tensors"),
        ({"model_state_dict": {}}, "the weights lack 'cnn.0.weight'"),
        ({"model_state_dict": {3: torch.zeros(3)}}, "the weights lack 'cnn.0.weight'"),
    ],
)
def test_another_layout_is_said(tmp_path: Path, content: Any, says: str) -> None:
    assert says in refused(saved(tmp_path, content))


Spoil = Callable[[State], None]


def _put(name: str, value: Tensor) -> Spoil:
    return lambda state: state.update({name: value})


def _drop(name: str) -> Spoil:
    return lambda state: state.__delitem__(name)


def _fill(name: str, value: float) -> Spoil:
    def spoil(state: State) -> None:
        state[name] = state[name].clone()
        state[name].view(-1)[0] = value

    return spoil


def _rename(state: State) -> None:
    for name in list(state):
        state[name.replace("cnn.", "features.")] = state.pop(name)


def _rename_some(state: State) -> None:
    for name in list(state):
        if name != "fc.3.bias":
            state["module." + name] = state.pop(name)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (_drop("cnn.4.running_mean"), "the weights lack 'cnn.4.running_mean'"),
        (_drop("fc.3.weight"), "the weights lack 'fc.3.weight'"),
        (_put("cnn.38.weight", torch.zeros(2)), "'cnn.38.weight' is no part of this build"),
        (_put("cnn.3.weight", torch.zeros(6, 7, 3, 3)), "'cnn.3.weight' has shape [6, 7, 3, 3], "),
        (_put("cnn.0.weight", torch.zeros(6, 3, 5, 5)), "expected [6, 3, 3, 3]"),
        (_put("cnn.0.weight", torch.zeros(6)), "'cnn.0.weight' has shape [6]"),
        (_put("cnn.34.weight", torch.zeros(0, 48, 3, 3)), "one of its layers is empty"),
        (_put("fc.3.bias", torch.zeros(12)), "'fc.3.bias' has shape [12], expected [11]"),
        (_put("fc.0.weight", torch.zeros(70_000, 1)), "wider than any network of this build"),
        (_fill("cnn.10.weight", float("nan")), "'cnn.10.weight' holds NaN or infinity"),
        (_fill("cnn.11.running_var", float("inf")), "'cnn.11.running_var' holds NaN or infinity"),
        (_rename, "they begin with 'features.0.weight'"),
        (_rename_some, "has the network's weights under 'module.', and beside them 'fc.3.bias'"),
    ],
)
def test_weights_that_do_not_fit_are_named(
    tmp_path: Path, state: State, spoil: Spoil, says: str
) -> None:
    spoil(state)
    assert says in refused(saved(tmp_path, {"model_state_dict": state}))


def test_every_fault_is_said_at_once(tmp_path: Path, state: State) -> None:
    for spoil in (_drop("cnn.4.bias"), _drop("fc.3.bias"), _put("head.bias", torch.zeros(1))):
        spoil(state)
    _put("cnn.1.weight", torch.zeros(9))(state)
    said = refused(saved(tmp_path, state))
    assert "lack 'cnn.4.bias', 'fc.3.bias'; 'head.bias' is no part" in said
    assert "'cnn.1.weight' has shape [9], expected [6]" in said


@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.", "model.", "_orig_mod.module."])
@pytest.mark.parametrize("outer", [None, "state_dict", "model", "model_state_dict"])
def test_what_a_training_loop_wraps_around_weights_is_taken_off(
    tmp_path: Path, state: State, prefix: str, outer: str | None
) -> None:
    named = {prefix + name: value for name, value in state.items()}
    path = saved(tmp_path, {outer: named, "epoch": 3} if outer else named)
    found = load_network(path).state_dict()
    assert found.keys() == state.keys()
    assert all(torch.equal(value, state[name]) for name, value in found.items())


def test_the_count_of_batches_is_not_asked_for(tmp_path: Path, state: State) -> None:
    kept = {name: value for name, value in state.items() if "num_batches" not in name}
    assert len(kept) < len(state)
    found = load_network(saved(tmp_path, kept)).state_dict()
    assert all(torch.equal(found[name], value) for name, value in kept.items())


@pytest.mark.parametrize(
    "odd",
    [
        lambda tensor: tensor.to(torch.complex64),
        lambda tensor: tensor.to_sparse(),
        lambda tensor: tensor.to("meta"),
    ],
    ids=["complex", "sparse", "without values"],
)
def test_tensors_that_are_none_of_real_numbers_are_named(
    tmp_path: Path, state: State, odd: Any
) -> None:
    name = "cnn.3.weight"
    path = saved(tmp_path, {"model_state_dict": {**state, name: odd(state[name])}})
    assert f"{name!r} is no plain tensor" in refused(path)


def test_a_shape_stretched_over_nothing_needs_no_memory(tmp_path: Path, state: State) -> None:
    """A file of a few bytes can claim layers of 17 GB: a stretched tensor has one value."""
    claimed = {"cnn.34.weight": (4096, 48, 3, 3), "fc.0.weight": (65536, 65536)}
    stretched = {name: torch.zeros(1).expand(shape) for name, shape in claimed.items()}
    path = saved(tmp_path, {"model_state_dict": {**state, **stretched}})
    assert path.stat().st_size < 1 << 21
    assert "larger than any network of this build" in refused(path)
