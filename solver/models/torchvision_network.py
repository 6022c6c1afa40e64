"""Classification networks of torchvision, by the name `torchvision.models` knows them by."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from solver.errors import BundleError
from solver.models.checkpoints import State, fitted, read_state, without_prefix
from solver.models.image_network import ImageNetwork

Option = bool | int | float
MOST_VALUES = 1 << 30
"""In a network; torchvision's largest (regnet_y_128gf, vit_h_14) have two thirds of it."""

_SIZED = {"vit_": "image_size", "maxvit_": "input_size"}
"""Builds that are made for one size of picture, by the start of their name: where it goes."""
_SIDE_EXITS = {"googlenet": "aux1.", "inception_v3": "AuxLogits."}
"""Builds with classifiers beside the way, which a checkpoint may have or not."""


def model_names() -> list[str]:
    """Return the names of torchvision's classification networks."""
    import torchvision

    return [str(name) for name in torchvision.models.list_models(module=torchvision.models)]


class TorchvisionNetwork(ImageNetwork):
    """A network of torchvision: pictures (B, 3, side, side) in 0..1 to logits (B, classes).

    Args:
        inner: as torchvision builds it.
        described: its name and size.
        side: pixels a side of its pictures.
        classes: how many it tells apart.
        mean, std: three numbers each, by which it wants its pictures normalized; None: not at all.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        inner: nn.Module,
        *,
        described: str,
        side: int,
        classes: int,
        mean: Sequence[float] | None,
        std: Sequence[float] | None,
    ) -> None:
        super().__init__()
        self.inner, self.described = inner, described
        self.side, self.classes = side, classes
        self.normalizes = mean is not None or std is not None
        for name, values in (("mean", mean or (0, 0, 0)), ("std", std or (1, 1, 1))):
            shaped = torch.tensor(values, dtype=torch.float32).view(1, 3, 1, 1)
            self.register_buffer(name, shaped, persistent=False)

    @property
    def body(self) -> nn.Module:
        """torchvision's own network: its layers are called as torchvision calls them."""
        return self.inner

    def forward(self, pictures: Tensor) -> Tensor:
        """Return logits (B, classes) of pictures (B, 3, side, side)."""
        if self.normalizes:
            pictures = (pictures - self.mean) / self.std
        logits: Tensor = self.inner(pictures)
        return logits


def load_torchvision(
    path: Path,
    name: str,
    *,
    side: int,
    classes: int,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    options: Mapping[str, Option] | None = None,
    device: str = "cpu",
) -> TorchvisionNetwork:
    """Build a network by name and fill it with a checkpoint's weights; eval mode, frozen.

    Args:
        path: of the checkpoint.
        name: one of `model_names`.
        side, classes, mean, std: as of `TorchvisionNetwork`.
        options: of the build, such as ``width_mult``, as torchvision's function takes them.
        device: where it is put.

    Raises:
        BundleError: the build does not take the options, the weights are not its own, or it cannot
            take pictures of that size.
    """
    state = read_state(path)
    described = f"{name} at {side}x{side}"
    # Shapes alone: a checkpoint's claims are held against them before memory is taken.
    with _ShapesAlone():
        inner = _built(path, name, side, classes, state, options or {})
    build: dict[str, Tensor] = inner.state_dict()
    if sum(value.numel() for value in build.values()) > MOST_VALUES:
        raise BundleError(
            f"{name} with these options is larger than any network",
            path=path,
            zh=f"{name} 依這些 options 建立會大於任何網路",
        )
    state = without_prefix(state, build, path)
    mend = f"bundle.yaml says {name} with {classes} classes."
    # MNASNet reads which version of its build a state is of: by its shapes, that which is built.
    build.update(fitted(state, build, path, mend))
    inner.load_state_dict(build, assign=True)
    network = TorchvisionNetwork(
        inner, described=described, side=side, classes=classes, mean=mean, std=std
    )
    network.requires_grad_(False)
    network = network.eval().to(device)
    _try(network, path)
    return network


class _ShapesAlone(TorchFunctionMode):
    """Weights without memory. Numbers that a build reckons with, as RegNet its widths, are real."""

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        given = dict(kwargs or {})
        if func in _WEIGHTS:
            given["device"] = "meta"
        return func(*args, **given)


_WEIGHTS = (torch.empty, torch.zeros, torch.ones)
"""The functions by which layers make their weights and buffers."""


def _built(
    path: Path,
    name: str,
    side: int,
    classes: int,
    state: State,
    options: Mapping[str, Option],
) -> nn.Module:
    import torchvision

    more: dict[str, Any] = {"num_classes": classes}
    for begin, option in _SIZED.items():
        if name.startswith(begin):
            more[option] = side if option == "image_size" else (side, side)
    if name in _SIDE_EXITS:
        more["aux_logits"] = any(_SIDE_EXITS[name] in one for one in state)
        more["init_weights"] = False
    try:
        with warnings.catch_warnings(action="ignore"):
            build = torchvision.models.get_model_builder(name)
            _check_options(build, options)
            made: nn.Module = build(weights=None, **more, **options)
    except (TypeError, ValueError, RuntimeError, AssertionError) as problem:
        raise BundleError(
            f"torchvision does not build {name} so ({_line(problem)})",
            path=path.parent / "bundle.yaml",
            mend="Look through 'options' and 'size'.",
            zh=f"torchvision 無法如此建立 {name}（{_line(problem)}）；請檢查 'options' 與 'size'",
        ) from None
    return made


def _check_options(build: Any, options: Mapping[str, Option]) -> None:
    """Refuse the builder's own arguments, and classes, size and weights, which are set here."""
    own = {
        "weights",
        "progress",
        "num_classes",
        *_SIZED.values(),
        *inspect.signature(build).parameters,
    }
    taken = sorted(own & set(options) - {"kwargs"})
    if taken:
        raise ValueError(f"{taken[0]} is no option of the build")


def _try(network: TorchvisionNetwork, path: Path) -> None:
    """Pass a grey picture, so that a size the build cannot take is said once, and here."""
    grey = torch.full((1, 3, network.side, network.side), 0.5, device=network.mean.device)
    try:
        with torch.no_grad():
            logits = network(grey)
    except (RuntimeError, ValueError, AssertionError) as problem:
        raise BundleError(
            f"{network.described} cannot take pictures of that size ({_line(problem)})",
            path=path.parent / "bundle.yaml",
            mend="Give a larger 'size'.",
            zh=f"{network.described} 無法接受這種大小的圖片（{_line(problem)}）；請把 'size' 加大",
        ) from None
    if not torch.isfinite(logits).all():
        raise BundleError(
            "its weights give NaN or infinity for a grey picture",
            path=path,
            mend="Copy it again.",
            zh="權重對灰色圖片得出 NaN 或無限大，請重新複製",
        )


def _line(problem: BaseException) -> str:
    lines = str(problem).strip().splitlines()
    return lines[0].rstrip(".:") if lines else type(problem).__name__
