"""The network laid out for speed: the same answers, whatever the batch, and none left over."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from solver.bundle.bundle import Bundle
from solver.explain import batch_size as micro_batch
from solver.explain.job import picture_tensor
from solver.models.food_cnn import PreparedNetwork, load_network


@pytest.fixture
def prepared(demo: Bundle) -> PreparedNetwork:
    return demo.prepared


@pytest.fixture(scope="module")
def pictures(demo: Bundle) -> Tensor:
    return torch.cat([picture_tensor(demo, place) for place in range(4)])


def gradients(network: nn.Module, pictures: Tensor, batch: int) -> Tensor:
    found = []
    for part in pictures.split(batch):
        leaf = part.clone().requires_grad_()
        found += torch.autograd.grad(network(leaf)[:, 1].sum(), leaf)
    return torch.cat(found)


def test_it_answers_as_the_network(
    demo: Bundle, prepared: PreparedNetwork, pictures: Tensor
) -> None:
    expected = demo.network(pictures)
    assert torch.allclose(prepared(pictures), expected, atol=1e-4, rtol=1e-5)
    gap = (gradients(prepared, pictures, 2) - gradients(demo.network, pictures, 2)).abs().sum()
    assert gap < 0.02 * gradients(demo.network, pictures, 2).abs().sum()


def test_the_batch_does_not_matter(
    demo: Bundle, prepared: PreparedNetwork, pictures: Tensor
) -> None:
    with torch.no_grad():
        alone = torch.cat([prepared(one) for one in pictures.split(1)])
        assert torch.allclose(prepared(pictures), alone, atol=1e-5)
        # And of the batch that is used, not in a single bit.
        batch = micro_batch.fastest_batch(demo)
        assert torch.equal(torch.cat([prepared(one) for one in pictures.split(batch)]), alone)


def test_folding_leaves_no_batch_norm_and_the_network_as_it_was(demo: Bundle) -> None:
    before = {name: value.clone() for name, value in demo.network.state_dict().items()}
    fresh = PreparedNetwork(demo.network)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in fresh.direct)
    assert not any(parameter.requires_grad for parameter in fresh.parameters())
    assert fresh.fc[0].weight is demo.network.fc[0].weight  # more than half of all: no copy
    assert not any(m.inplace for m in demo.network.cnn if isinstance(m, nn.ReLU))
    after = demo.network.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_loading_draws_no_random_number(demo: Bundle) -> None:
    before = torch.get_rng_state()
    load_network(demo.folder / "checkpoint.pth")
    assert torch.equal(torch.get_rng_state(), before)


def test_the_fastest_batch_is_found_once(
    demo: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(micro_batch, "_found", {})
    monkeypatch.setattr(micro_batch, "WORTH_KEEPING", 0.0)
    timed: list[int] = []

    def clock(network: nn.Module, pictures: Tensor) -> tuple[Tensor, float]:
        timed.append(len(pictures))
        return torch.zeros(len(pictures), 1), {1: 3.0, 2: 2.0, 3: 4.5, 4: 8.0}[len(pictures)]

    monkeypatch.setattr(micro_batch, "_timed", clock)
    assert micro_batch.fastest_batch(demo) == micro_batch.fastest_batch(demo) == 2
    assert set(timed) <= set(micro_batch.CANDIDATES)
    count = len(timed)
    monkeypatch.setattr(micro_batch, "_found", {})
    assert micro_batch.fastest_batch(demo) == 2
    assert len(timed) == count
    (kept,) = json.loads((tmp_path / "hw9" / "micro-batch.json").read_text()).values()
    assert kept == 2


@pytest.mark.parametrize(("two", "chosen"), [(0.97, 1), (0.9, 2)])
def test_a_larger_batch_is_taken_where_it_is_clearly_faster(
    demo: Bundle, monkeypatch: pytest.MonkeyPatch, two: float, chosen: int
) -> None:
    seconds = {1: 1.0, 2: 2 * two, 3: 3.0, 4: 4.0}

    def clock(network: nn.Module, pictures: Tensor) -> tuple[Tensor, float]:
        return torch.zeros(len(pictures), 1), seconds[len(pictures)]

    monkeypatch.setattr(micro_batch, "_found", {})
    monkeypatch.setattr(micro_batch, "_kept", dict)
    monkeypatch.setattr(micro_batch, "WORTH_KEEPING", float("inf"))
    monkeypatch.setattr(micro_batch, "_timed", clock)
    assert micro_batch.fastest_batch(demo) == chosen


def test_another_process_need_not_seek_it_and_has_its_own_threads(
    demo: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = torch.get_num_threads()
    seen: list[int] = []

    def probed(bundle: Bundle, name: str) -> int:
        seen.append(torch.get_num_threads())
        return 3

    monkeypatch.setattr(micro_batch, "_found", {})
    monkeypatch.setattr(micro_batch, "_kept", dict)
    monkeypatch.setattr(micro_batch, "_probed", probed)
    assert micro_batch.fastest_batch(demo, threads=here + 1) == 3
    assert (seen, torch.get_num_threads()) == ([here + 1], here)
    micro_batch.set_fastest_batch(demo, 4)
    assert (micro_batch.fastest_batch(demo), len(seen)) == (4, 1)


def test_a_batch_that_rounds_otherwise_is_never_taken_however_fast(
    demo: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = {1: 0.0, 2: 0.0, 3: 1e-7, 4: 0.0}
    monkeypatch.setattr(micro_batch, "_found", {})
    monkeypatch.setattr(micro_batch, "_kept", dict)
    monkeypatch.setattr(micro_batch, "WORTH_KEEPING", float("inf"))

    def clock(network: nn.Module, pictures: Tensor) -> tuple[Tensor, float]:
        return torch.full((len(pictures), 1), answers[len(pictures)]), 1.0

    monkeypatch.setattr(micro_batch, "_timed", clock)
    assert micro_batch.fastest_batch(demo) == 2


@pytest.mark.parametrize("content", ["{torn", "[]", '{"a": 999}', '{"a": "x"}', "7"])
def test_a_spoilt_cache_is_as_good_as_none(
    demo: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "hw9").mkdir()
    (tmp_path / "hw9" / "micro-batch.json").write_text(content)
    assert micro_batch._kept() == {}
