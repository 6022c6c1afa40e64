"""The course's convolutional network, at the widths a checkpoint has.

``cnn`` is one Sequential of Conv2d(3x3, pad 1) - BatchNorm2d - ReLU blocks in five stacks, each
closed by MaxPool2d(2): indices 0 to 37. ``fc`` is Linear, ReLU, Dropout(0.3), Linear; its output
are logits. The genuine build (3-128-128-256-512-512, 1024 hidden) has 14,162,827 parameters.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from solver.errors import BundleError
from solver.models.checkpoints import State, fitted, listed, read_state, without_prefix
from solver.models.image_network import ImageNetwork, LayerName, check_channel
from solver.models.winograd import LEAST_SIDE, WinogradConv2d, is_eligible

BLOCKS_PER_STACK = (3, 3, 3, 1, 1)
CONVOLUTIONS = (0, 3, 6, 10, 13, 16, 20, 23, 26, 30, 34)
SIDE = 128
FINAL_SIDE = SIDE >> len(BLOCKS_PER_STACK)
MOST_VALUES = 1 << 28
"""In a network; the genuine one has a nineteenth of it. Above, loading would need gigabytes."""
FLAT = 0.1
"""Share of flat pixels from which on a gradient is taken by direct convolutions. The course's
pictures have 0.03 at most, or else a white ground of a half."""
GENUINE_WIDTHS = (128, 128, 128, 128, 128, 128, 256, 256, 256, 512, 512)


class FoodNetwork(ImageNetwork):
    """The network of the homework: pictures (B, 3, 128, 128) in 0..1 to logits (B, classes)."""

    side = SIDE

    def __init__(self, widths: Sequence[int], hidden: int, classes: int) -> None:
        super().__init__()
        self.classes = classes
        self.described = f"widths {list(widths)}"
        self.cnn = nn.Sequential(*_stacks(widths))
        self.fc = nn.Sequential(
            nn.Linear(widths[-1] * FINAL_SIDE**2, hidden),
            nn.ReLU(),
            nn.Dropout(0.3),
            nn.Linear(hidden, classes),
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """Return logits (B, classes) of pictures (B, 3, 128, 128)."""
        maps = self.cnn(pictures)  # (B, C, 4, 4)
        logits: Tensor = self.fc(maps.flatten(1))  # (B, classes)
        return logits

    def prepared(self) -> PreparedNetwork:
        """The network laid out for speed: a rounding apart."""
        return PreparedNetwork(self)

    def name_of(self, name: LayerName) -> str:
        """Return a layer's name; a number is an index into `cnn`."""
        if isinstance(name, str):
            return super().name_of(name)
        if not 0 <= name < len(self.cnn):
            raise BundleError(
                f"cnn[{name}] does not exist",
                mend=f"Indices are 0 to {len(self.cnn) - 1}.",
                zh=f"沒有 cnn[{name}]，索引為 0 到 {len(self.cnn) - 1}",
            )
        return f"cnn.{name}"

    def _index(self, layer: LayerName) -> int | None:
        """The index into `cnn` of a layer; None of one that lies elsewhere."""
        outer, _, index = self.name_of(layer).partition(".")
        return int(index) if outer == "cnn" and index else None

    def maps_at(self, layer: LayerName, pictures: Tensor) -> Tensor:
        """Return the output of a layer of `cnn`: (B, filters, h, w)."""
        index = self._index(layer)
        if index is None:
            return super().maps_at(layer, pictures)
        maps: Tensor = self.cnn[: index + 1](pictures)
        return maps

    def path_to_filter(self, layer: LayerName, channel: int) -> nn.Module:
        """Return the modules that compute one filter: pictures to (B, 1, h, w)."""
        index = self._index(layer)
        assert index is not None  # `check_filter` has seen to it
        return path_to_filter(self.cnn, index, channel)

    def check_filter(self, layer: LayerName, channel: int, pictures: Tensor) -> None:
        """Refuse a filter that a layer does not have; no pass is needed for it."""
        index = self._index(layer)
        if index is None:
            raise BundleError(
                f"the layer {layer!r} is none of cnn, and filters are looked at there",
                mend=f"Name one of cnn.0 to cnn.{len(self.cnn) - 1}.",
                zh=f"{layer!r} 不是 cnn 的層；請選 cnn.0 到 cnn.{len(self.cnn) - 1}",
            )
        convolutions = [one for one in self.cnn[: index + 1] if isinstance(one, nn.Conv2d)]
        check_channel(channel, convolutions[-1].out_channels, f"cnn[{index}]")


def path_to_filter(cnn: nn.Sequential, index: int, channel: int) -> nn.Sequential:
    """Return modules that compute one filter of ``cnn[index]`` and nothing beside: (B, 1, h, w).

    What follows the last convolution up to `index` treats every filter by itself, so of that
    convolution, and of its BatchNorm, the one filter is kept.
    """
    # Behind the last convolution every filter is treated by itself, so one is enough from there on.
    last = max(at for at in range(index + 1) if isinstance(cnn[at], nn.Conv2d))
    ends = [_one_filter(module, channel) for module in cnn[last : index + 1]]
    return nn.Sequential(*cnn[:last], *ends).requires_grad_(False).eval()


def _one_filter(module: nn.Module, channel: int) -> nn.Module:
    if not isinstance(module, nn.Conv2d | nn.BatchNorm2d):
        return module
    alone = copy.deepcopy(module)
    for name, value in (*module.named_parameters(), *module.named_buffers()):
        if value.ndim:  # the number of batches a BatchNorm has seen is one number
            kept = value[channel : channel + 1].clone()
            setattr(alone, name, nn.Parameter(kept) if name in module._parameters else kept)
    return alone


def _stacks(widths: Sequence[int]) -> list[nn.Module]:
    modules: list[nn.Module] = []
    before = 3
    remaining = iter(widths)
    for blocks in BLOCKS_PER_STACK:
        for _ in range(blocks):
            width = next(remaining)
            modules += [nn.Conv2d(before, width, 3, 1, 1), nn.BatchNorm2d(width), nn.ReLU()]
            before = width
        modules.append(nn.MaxPool2d(2, 2, 0))
    return modules


def build_network(widths: Sequence[int], hidden: int, classes: int = 11) -> FoodNetwork:
    """Return an untrained network with a width for each of the eleven convolutions."""
    if len(widths) != len(CONVOLUTIONS):
        raise ValueError(f"the build has {len(CONVOLUTIONS)} convolutions, not {len(widths)}")
    return FoodNetwork(widths, hidden, classes)


def load_network(path: Path, device: str = "cpu") -> FoodNetwork:
    """Read ``checkpoint.pth`` (weights only, onto the CPU first) and build the network it fits.

    The returned network is in eval mode with frozen weights: explanations need gradients to the
    picture alone.

    Raises:
        BundleError: missing, not a plain checkpoint, keys or shapes that are not this build's.
    """
    known = [f"cnn.{index}.weight" for index in CONVOLUTIONS] + ["fc.0.weight", "fc.3.weight"]
    state = without_prefix(read_state(path), known, path)
    # Built without values: drawing 14 million random ones takes longer than reading the true ones,
    # and would move torch's global generator.
    with torch.device("meta"):
        network = build_network(*_sizes(state, known, path))
    network.load_state_dict(fitted(state, network.state_dict(), path), assign=True)
    network.requires_grad_(False)
    return network.eval().to(device)


def _sizes(state: State, names: Sequence[str], path: Path) -> tuple[list[int], int, int]:
    lacking = [name for name in names if name not in state]
    if lacking:
        begins = f"; they begin with {listed(list(state)[:2])}" if state else ""
        raise BundleError(
            f"the weights lack {listed(lacking)}{begins}",
            path=path,
            mend="The course's build has cnn.0 to cnn.37, fc.0 and fc.3; another network is named "
            "in bundle.yaml (docs/another-network.md).",
            zh=f"權重缺少 {listed(lacking)}；課程的網路有 cnn.0 到 cnn.37、fc.0 與 fc.3，"
            "其他網路請在 bundle.yaml 中寫明",
        )
    for name in names:
        if state[name].ndim < 2:
            raise BundleError(
                f"{name!r} has shape {list(state[name].shape)}",
                path=path,
                zh=f"{name!r} 的形狀為 {list(state[name].shape)}",
            )
    widths = [int(state[f"cnn.{index}.weight"].shape[0]) for index in CONVOLUTIONS]
    hidden, classes = int(state["fc.0.weight"].shape[0]), int(state["fc.3.weight"].shape[0])
    if min(*widths, hidden, classes) < 1:
        raise BundleError("one of its layers is empty", path=path, zh="有一層是空的")
    if max(widths) > 4096 or hidden > 65536 or classes > 10000:
        raise BundleError(
            "its layers are wider than any network of this build",
            path=path,
            zh="各層比這種網路都寬",
        )
    # A tensor's shape costs a file nothing: a stretched one has a single value behind it.
    values = hidden * (widths[-1] * FINAL_SIDE**2 + classes)
    values += sum(9 * one * two for one, two in pairwise([3, *widths]))
    if values > MOST_VALUES:
        raise BundleError(
            "its layers are larger than any network of this build",
            path=path,
            zh="各層比這種網路都大",
        )
    return widths, hidden, classes


class PreparedNetwork(nn.Module):
    """The same network laid out for speed: channels last, ReLU in place, BatchNorm folded into the
    convolutions, and on a CPU the wide ones done as `WinogradConv2d`.

    At the genuine widths convolutions round alike in small batches, so that an answer does not
    depend on the batch the picture is in.
    """

    def __init__(self, network: FoodNetwork) -> None:
        super().__init__()
        self.direct = nn.Sequential(*_prepared(network.cnn))
        self.fewer_products = nn.Sequential(*_with_fewer_products(self.direct))
        self.fc = network.fc  # not a copy: it has more than half of the weights
        self.requires_grad_(False)
        self.eval().to(memory_format=torch.channels_last)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return logits (B, classes) of pictures (B, 3, 128, 128)."""
        laid_out = pictures.contiguous(memory_format=torch.channels_last)
        maps = self._maps(laid_out).flatten(1)
        # Row by row on a CPU, a thousandth of the work: a product with one row rounds otherwise
        # than one with several.
        rows = [maps] if maps.is_cuda else maps.split(1)
        return torch.cat([self.fc(row) for row in rows])

    def _maps(self, pictures: Tensor) -> Tensor:
        """The last maps (B, C, 4, 4)."""
        # In a flat part of a picture all maps are flat as well, and of equal values max pooling
        # sends the gradient to the first. The transforms round by the place in a tile, and would
        # break such ties: the gradient of a black picture was off by 15%, of one half white by 10%.
        if torch.is_grad_enabled() and not pictures.is_cuda:
            flat = flat_shares(pictures) >= FLAT
            if flat.any():
                pairs = zip(pictures.split(1), flat, strict=True)
                return torch.cat(
                    [(self.direct if each else self.fewer_products)(one) for one, each in pairs]
                )
        maps: Tensor = self.fewer_products(pictures)
        return maps


def flat_shares(pictures: Tensor) -> Tensor:
    """Return the share of pixels like the one below and the one to the right: (B,)."""
    corner = pictures[..., :-1, :-1]
    alike = (corner == pictures[..., 1:, :-1]) & (corner == pictures[..., :-1, 1:])
    return alike.all(1).float().mean((1, 2))


def _prepared(modules: nn.Sequential) -> list[nn.Module]:
    """Copies of the modules, each BatchNorm2d merged into its convolution."""
    made: list[nn.Module] = []
    for module in modules:
        if isinstance(module, nn.BatchNorm2d):
            before = made.pop()
            assert isinstance(before, nn.Conv2d)
            made.append(fuse_conv_bn_eval(before, module))
        elif isinstance(module, nn.ReLU):
            # Its input is needed by nobody, once BatchNorm is folded into the convolution.
            made.append(nn.ReLU(inplace=True))
        else:
            made.append(copy.deepcopy(module))
    return made


def _with_fewer_products(modules: nn.Sequential) -> Iterator[nn.Module]:
    """The modules, with `WinogradConv2d` for each convolution that gains by it."""
    side = SIDE
    for each in modules:
        if isinstance(each, nn.MaxPool2d):
            side //= 2
        # On small maps it is not used, and its weights, eight times the others, would lie there.
        if isinstance(each, nn.Conv2d) and is_eligible(each) and side >= LEAST_SIDE:
            each = WinogradConv2d(each)
        yield each


def parameter_count(network: nn.Module) -> int:
    """Return the number of trainable values (BatchNorm's running statistics not counted)."""
    return sum(parameter.numel() for parameter in network.parameters())
