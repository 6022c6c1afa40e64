"""3x3 convolutions with a quarter of the multiplications: Winograd's F(4x4, 3x3).

A tile of 4x4 outputs is made from 6x6 inputs by 36 products a pair of channels instead of 144; the
rest is additions, done here as two small matrix products over all tiles and channels of a strip.
Source: Lavin and Gray 2016, "Fast Algorithms for Convolutional Neural Networks", CVPR,
arXiv:1509.09308. In float32 the result is some 1e-5 of its largest value from the direct one.

The gradient to the input is a convolution of the same kind, with the weights turned round; none is
given to the weights, which explanations never ask for.
"""

from __future__ import annotations

import platform
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

WIDE = torch.backends.cpu.get_cpu_capability() == "AVX512"
"""Whether vectors have 512 bits."""

_CPUINFO = Path("/proc/cpuinfo")


def is_amd(described: str) -> bool:
    """Say whether a description of a processor names AMD as its maker."""
    return "AuthenticAMD" in described


def processor_description() -> str:
    """The system's description of its processor; empty where it gives none."""
    try:
        return _CPUINFO.read_text(errors="replace")
    except OSError:
        return platform.processor()  # not on Linux, where this starts a program


# MKL, the BLAS of torch's builds for x86, leaves half of AMD's 512-bit unit idle: 50 G
# multiply-adds a second against oneDNN's 100, a sixth of a whole pass. On Intel's MKL is the
# faster (85 against 50), with 256 bits by a tenth. torch has no public way to oneDNN for a dense
# float32 product; this is the operator that `torch.compile` writes into programs.
# Chosen by the kind of processor and never by a timing: the two round differently, and a program
# must give the same bits when it is run again.
BY_ONEDNN = (
    WIDE and is_amd(processor_description()) and hasattr(torch.ops.mkldnn, "_linear_pointwise")
)
"""Whether matrix products are oneDNN's here, and not MKL's."""

# F(4x4, 3x3): 36 products give 16 outputs, where the direct way needs 144. Larger tiles save more
# and round worse, for their transforms hold larger numbers.
TILE = 4
PATCH = TILE + 2
STRIP_TILES = 256 if WIDE else 64
"""Tiles worked on at once. Few enough that their patches, products and results stay in a core's own
cache; but the wider a unit is, the more rows a product must have to fill it."""

LEAST_CHANNELS = 64
LEAST_SIDE = 16
"""Below either, the direct convolution is as fast: the sums outweigh the products saved."""

_INPUT = [
    [4, 0, -5, 0, 1, 0],
    [0, -4, -4, 1, 1, 0],
    [0, 4, -4, -1, 1, 0],
    [0, -2, -1, 2, 1, 0],
    [0, 2, -1, -2, 1, 0],
    [0, 4, 0, -5, 0, 1],
]
_WEIGHT = [
    [1 / 4, 0, 0],
    [-1 / 6, -1 / 6, -1 / 6],
    [-1 / 6, 1 / 6, -1 / 6],
    [1 / 24, 1 / 12, 1 / 6],
    [1 / 24, -1 / 12, 1 / 6],
    [0, 0, 1],
]
_OUTPUT = [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]]


def _both_ways(one_way: list[list[int]]) -> Tensor:
    """A transform along rows and columns as one matrix: (outputs, 36)."""
    matrix = torch.tensor(one_way, dtype=torch.float32)
    return torch.kron(matrix, matrix)


_TO_PRODUCTS, _TO_OUTPUTS = _both_ways(_INPUT), _both_ways(_OUTPUT)


class WinogradConv2d(nn.Module):
    """Stands for an eligible convolution (`is_eligible`), whose weights it shares.

    Maps that are small, or whose sides are no multiples of four, go through the convolution itself.

    Raises:
        ValueError: the convolution is of another kind.
    """

    def __init__(self, direct: nn.Conv2d) -> None:
        super().__init__()
        if not is_eligible(direct):
            raise ValueError(f"no wide 3x3 convolution with padding 1 and a bias: {direct}")
        self.direct = direct

    @cached_property
    def _weight(self) -> Tensor:
        return transformed(self.direct.weight.detach())

    @cached_property
    def _turned(self) -> Tensor:
        # The gradient of a convolution is one by the weights turned round, in and out exchanged.
        return transformed(self.direct.weight.detach().flip(2, 3).transpose(0, 1))

    def transform(self) -> None:
        """Transform the weights now, and not when they are first needed."""
        _ = self._weight, self._turned

    def forward(self, maps: Tensor) -> Tensor:
        """Return the convolution (B, out, H, W) of maps (B, in, H, W), channels last."""
        height, width = maps.shape[2:]
        # A rest of a tile would need padding of its own; the course's sides are powers of two.
        if min(height, width) < LEAST_SIDE or height % TILE or width % TILE:
            found: Tensor = self.direct(maps)
        else:
            found = _Convolution.apply(maps, self)
        return found

    def convolved(self, maps: Tensor) -> Tensor:
        """The result of `forward`, with nothing kept for a gradient."""
        return convolved(maps, self._weight, self.direct.bias)

    def gradient(self, of_output: Tensor) -> Tensor:
        """Return the gradient to the maps (B, in, H, W), given that to the output."""
        return convolved(of_output, self._turned)


def is_eligible(direct: nn.Conv2d) -> bool:
    """Say whether a convolution is 3x3 with padding 1 and a bias, and wide enough to gain.

    On a GPU none is: its library chooses among such methods itself.
    """
    same = direct.kernel_size == (3, 3) and direct.padding == (1, 1)
    plain = direct.stride == (1, 1) and direct.dilation == (1, 1) and direct.groups == 1
    wide = min(direct.in_channels, direct.out_channels) >= LEAST_CHANNELS
    here = direct.weight.device.type == "cpu" and direct.weight.dtype == torch.float32
    zeros = direct.padding_mode == "zeros" and direct.bias is not None
    return same and plain and wide and here and zeros


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, maps: Tensor, module: WinogradConv2d) -> Tensor:
        context.module = module
        return module.convolved(maps)

    @staticmethod
    def backward(context: Any, of_output: Tensor) -> tuple[Tensor, None]:
        return context.module.gradient(of_output), None


def transformed(weight: Tensor) -> Tensor:
    """Take weights (out, in, 3, 3) to the 36 places where they multiply: (36, in, out)."""
    matrix = torch.tensor(_WEIGHT, dtype=torch.float64)
    # In double precision: sixths and twenty-fourths have no exact float32.
    places = torch.einsum("ia,jb,ocab->ijco", matrix, matrix, weight.double())
    by_output = places.flatten(0, 1).float().transpose(1, 2)
    if BY_ONEDNN:  # which would have the inputs lie next to one another
        return by_output.contiguous().transpose(1, 2)
    return by_output.transpose(1, 2).contiguous()


def convolved(maps: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Convolve maps (B, in, H, W) by `transformed` weights: (B, out, H, W), channels last.

    H and W are multiples of four.
    """
    laid_out = maps.contiguous(memory_format=torch.channels_last)
    shape = (len(maps), weight.shape[2], *maps.shape[2:])
    result = torch.empty(shape, memory_format=torch.channels_last)
    # One picture after another: a picture's answer must not hang on its neighbours.
    for one, into in zip(laid_out, result, strict=True):
        _convolve(one.permute(1, 2, 0), weight, bias, into.permute(1, 2, 0))
    return result


def _convolve(maps: Tensor, weight: Tensor, bias: Tensor | None, into: Tensor) -> None:
    """Convolve maps (H, W, in) into (H, W, out), strip by strip of whole rows of tiles."""
    height, width, channels = maps.shape
    down, across, out = height // TILE, width // TILE, weight.shape[2]
    # A divisor of all rows of tiles: every strip is of one size, and its buffers serve again.
    most = max(1, min(STRIP_TILES // across, down))
    rows = next(rows for rows in range(most, 0, -1) if down % rows == 0)
    tiles = rows * across
    # One pixel of zeros around: the convolution's padding.
    strip = torch.zeros(rows * TILE + 2, width + 2, channels)
    patches = _overlapping(strip, rows, across)
    gathered = torch.empty(patches.shape)
    spread = torch.empty(PATCH**2, tiles * channels)
    multiplied = torch.empty(PATCH**2, tiles, out)
    made = torch.empty(TILE**2, tiles * out)
    strips = into.view(down // rows, rows, TILE, across, TILE, out)
    for at, target in enumerate(strips):
        _fill(strip, maps, at * rows * TILE - 1)
        gathered.copy_(patches)
        at_places = product(_TO_PRODUCTS, gathered.view(PATCH**2, -1), spread)
        products(at_places.view(PATCH**2, tiles, channels), weight, multiplied)
        found = product(_TO_OUTPUTS, multiplied.view(PATCH**2, -1), made)
        in_place = found.view(TILE, TILE, rows, across, out).permute(2, 0, 3, 1, 4)
        if bias is None:
            target.copy_(in_place)
        else:
            torch.add(in_place, bias, out=target)


def _overlapping(strip: Tensor, rows: int, across: int) -> Tensor:
    """The 6x6 patches of a strip, each 4 from the next, as a view: (6, 6, rows, across, C)."""
    of_row, of_column, of_channel = strip.stride()
    return strip.as_strided(
        (PATCH, PATCH, rows, across, strip.shape[2]),
        (of_row, of_column, TILE * of_row, TILE * of_column, of_channel),
    )


def _fill(strip: Tensor, maps: Tensor, first: int) -> None:
    """Put the rows of maps from `first` on into the strip; zeros where there are none."""
    inner = strip[:, 1:-1]
    begin, end = max(first, 0), min(first + len(strip), len(maps))
    inner[begin - first : end - first] = maps[begin:end]
    inner[end - first :] = 0


def product(left: Tensor, right: Tensor, out: Tensor) -> Tensor:
    """Return left (n, k) times right (k, m), both float32 and without gradients: (n, m).

    Args:
        left, right: the factors.
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
