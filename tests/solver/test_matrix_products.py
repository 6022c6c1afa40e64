"""Products by either library are products, and come out with the same bits however they are run."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from solver import matrix_products
from solver.matrix_products import WIDE, product, products

sizes = st.integers(1, 70)


HAS_ONEDNN = hasattr(torch.ops.mkldnn, "_linear_pointwise")


@pytest.fixture(params=[False, True])
def wide(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param and not HAS_ONEDNN:
        pytest.skip("this torch has no oneDNN")
    monkeypatch.setattr(matrix_products, "WIDE", request.param)


def made(*shape: int, seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def is_close(found: Tensor, left: Tensor, right: Tensor) -> bool:
    expected = left.double() @ right.double()
    return bool(torch.allclose(found.double(), expected, rtol=0, atol=1e-4))


@pytest.mark.usefixtures("wide")
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


@pytest.mark.usefixtures("wide")
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


def test_which_library_is_asked_hangs_on_the_processor_alone() -> None:
    widest = torch.backends.cpu.get_cpu_capability() == "AVX512"
    assert widest or not WIDE
