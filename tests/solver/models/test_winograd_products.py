"""Winograd's matrix products: right by either library, and the same bits however they are run."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from solver.models import winograd
from solver.models.winograd import (
    BY_ONEDNN,
    WIDE,
    is_amd,
    processor_description,
    product,
    products,
)

sizes = st.integers(1, 70)


HAS_ONEDNN = hasattr(torch.ops.mkldnn, "_linear_pointwise")


@pytest.fixture(params=[False, True], ids=["BLAS", "oneDNN"])
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param and not HAS_ONEDNN:
        pytest.skip("this torch has no oneDNN")
    monkeypatch.setattr(winograd, "BY_ONEDNN", request.param)


def made(*shape: int, seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def is_close(found: Tensor, left: Tensor, right: Tensor) -> bool:
    expected = left.double() @ right.double()
    return bool(torch.allclose(found.double(), expected, rtol=0, atol=1e-4))


@pytest.mark.usefixtures("library")
def test_either_library_multiplies() -> None:
    @settings(deadline=None, max_examples=30)
    @given(sizes, sizes, sizes, st.integers(0, 99))
    def check(rows: int, inner: int, columns: int, seed: int) -> None:
        left, right = made(3, rows, inner, seed=seed), made(3, inner, columns, seed=seed + 1)
        assert is_close(product(left[0], right[0], torch.empty(rows, columns)), left[0], right[0])
        out = torch.full((3, rows, columns), torch.nan)
        assert products(left, right, out) is out
        assert is_close(out, left, right)
        other_way = right.transpose(1, 2).contiguous().transpose(1, 2)
        assert is_close(products(left, other_way, out), left, right)

    check()


@pytest.mark.usefixtures("library")
def test_several_threads_give_the_bits_of_one() -> None:
    left, right = made(256, 128, seed=1), made(128, 512, seed=2)
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            found.append(product(left, right, torch.empty(256, 512)).clone())
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(one, found[0]) for one in found)


@pytest.mark.parametrize(
    ("described", "of_amd"),
    [
        ("vendor_id\t: AuthenticAMD\ncpu family\t: 25\n", True),
        ("AMD64 Family 25 Model 33 Stepping 0, AuthenticAMD", True),
        ("vendor_id\t: GenuineIntel\ncpu family\t: 6\n", False),
        ("Intel64 Family 6 Model 154 Stepping 3, GenuineIntel", False),
        ("", False),
    ],
)
def test_the_maker_is_read_off_what_linux_and_windows_say(described: str, of_amd: bool) -> None:
    assert is_amd(described) is of_amd


def test_which_library_is_asked_hangs_on_the_processor_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    widest = torch.backends.cpu.get_cpu_capability() == "AVX512"
    assert widest == WIDE
    expected = widest and HAS_ONEDNN and is_amd(processor_description())
    assert expected == BY_ONEDNN
    monkeypatch.setattr(winograd, "_CPUINFO", tmp_path / "not there")
    assert processor_description() == platform.processor()
