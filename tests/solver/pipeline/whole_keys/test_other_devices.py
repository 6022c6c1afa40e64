"""Another device rounds otherwise: the verdicts must be the same.

A GPU is asked where there is one. Where there is none, every convolution's output is moved by more
than any device's rounding.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.backends import cudnn

from solver.explain.run.runner import full_precision
from solver.files.resources import data_folder
from solver.models.food_cnn import PreparedNetwork
from solver.pipeline.make_key import make_key

EVERY = [f"q{at:02}" for at in range(1, 21)]
ONE_OF_EACH = ["q02", "q05", "q12", "q14", "q17", "q19"]
"""A question on LIME, saliency, SmoothGrad, filters twice, and integrated gradients."""

ROUNDING = 1e-5
"""Relative; float32 keeps 6e-8, and sums of a convolution's length in any order some 1e-6."""


def verdicts(out: Path, asked: list[str], **options: Any) -> dict[str, bool | None]:
    key = make_key(bundle=data_folder("demo"), out=out, only=asked, **options).key
    return {f"{q.id} {o.id}": o.holds for q in key.questions for o in q.options}


@pytest.fixture
def rounded(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every convolution in float32 answers a little off, at random and anew each time."""
    generator = torch.Generator().manual_seed(7)
    plain = nn.Conv2d.forward
    whole = PreparedNetwork.forward

    def off(result: Tensor) -> Tensor:
        if result.dtype != torch.float32:
            return result
        return result * (1 + ROUNDING * torch.randn(result.shape, generator=generator))

    monkeypatch.setattr(nn.Conv2d, "forward", lambda self, maps: off(plain(self, maps)))
    monkeypatch.setattr(PreparedNetwork, "forward", lambda self, these: off(whole(self, these)))
    yield


@pytest.mark.parametrize("asked", [ONE_OF_EACH, pytest.param(EVERY, marks=pytest.mark.slow)])
def test_verdicts_do_not_hang_on_rounding(
    asked: list[str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    here = verdicts(tmp_path / "here", asked)
    request.getfixturevalue("rounded")
    assert verdicts(tmp_path / "rounded", asked) == here
    assert any(here.values())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
@pytest.mark.parametrize("exact", [False, True])
def test_verdicts_on_a_gpu_are_those_on_a_cpu(tmp_path: Path, exact: bool) -> None:
    here = verdicts(tmp_path / "here", EVERY, exact=exact)
    assert verdicts(tmp_path / "there", EVERY, device="cuda", exact=exact) == here


def test_a_gpu_is_told_to_keep_every_digit() -> None:
    before = cudnn.allow_tf32, cudnn.deterministic
    with full_precision("cuda"):
        assert (cudnn.allow_tf32, cudnn.deterministic, cudnn.benchmark) == (False, True, False)
        assert cudnn.enabled
    assert (cudnn.allow_tf32, cudnn.deterministic) == before
