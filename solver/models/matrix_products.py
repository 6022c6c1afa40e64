"""Matrix products by the one of torch's two libraries that is the faster on this processor.

For float32 `torch.mm` asks BLAS. MKL, the BLAS of torch's builds for x86, leaves half of a 512-bit
unit idle where AMD made it: 50 G multiply-adds a second on one core, where oneDNN, which does the
convolutions beside it, makes 100 of the same product. On Intel's it is the other way round (85
against 50), and with vectors of 256 bits MKL is faster by a tenth. torch has no public way to
oneDNN for a dense float32 product; the operator used is the one its compiler (`torch.compile`)
writes into programs.

Which of the two is asked depends on the kind of processor alone, and never on a timing: the two
round differently, and a program must give the same bits when it is run again.
"""

from __future__ import annotations

import platform
from pathlib import Path

import torch
from torch import Tensor

WIDE = torch.backends.cpu.get_cpu_capability() == "AVX512"
"""Whether vectors have 512 bits."""

_LINUX_SAYS = Path("/proc/cpuinfo")


def is_amds(described: str) -> bool:
    """Say whether a system's description of its processor names AMD as the maker."""
    return "AuthenticAMD" in described


def description() -> str:
    """What the system says of its processor; empty where it says nothing."""
    try:
        return _LINUX_SAYS.read_text(errors="replace")
    except OSError:
        return platform.processor()  # elsewhere; on Linux it would start a program to be asked


BY_ONEDNN = WIDE and is_amds(description()) and hasattr(torch.ops.mkldnn, "_linear_pointwise")
"""Whether products are oneDNN's here."""


def product(left: Tensor, right: Tensor, out: Tensor) -> Tensor:
    """Return left (n, k) times right (k, m), both float32 and without gradients: (n, m).

    Args:
        left, right: what is multiplied.
        out: (n, m), contiguous; overwritten where the library can write there.
    """
    if not BY_ONEDNN:
        return torch.mm(left, right, out=out)
    found: Tensor = torch.ops.mkldnn._linear_pointwise(left, right.t(), None, "none", [], "")
    return found


def products(left: Tensor, right: Tensor, out: Tensor) -> Tensor:
    """Return left (b, n, k) times right (b, k, m), matrix by matrix: (b, n, m), in `out`."""
    if not BY_ONEDNN:
        return torch.bmm(left, right, out=out)
    for one, other, into in zip(left, right, out, strict=True):
        into.copy_(product(one, other, into))
    return out
