"""A classifier of pictures as the explanations see it: its size, its classes, its layers by name.

Pictures are float (B, 3, side, side) in 0..1 whatever the network was trained on; where it wants
them normalized by a mean and a standard deviation, that is its own first step. So a gradient is
always one to the pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import torch
from torch import Tensor, nn

from solver.errors import BundleError

LayerName = int | str
"""A layer: its name as `named_modules` has it, or the index into the course's ``cnn``."""

_CHANNELS_FIRST = (nn.Conv2d, nn.BatchNorm2d)


class ImageNetwork(nn.Module):
    """A network with its layers by name.

    Attributes:
        side: pixels a side of the pictures it takes.
        classes: how many classes it tells apart.
        described: its build in a few words.
    """

    side: int
    classes: int
    described: str

    @property
    def body(self) -> nn.Module:
        """The module whose `named_modules` names the layers."""
        return self

    @cached_property
    def layers(self) -> dict[str, nn.Module]:
        """Every layer by its name, in the order of `named_modules`."""
        return {name: module for name, module in self.body.named_modules() if name}

    @property
    def output_layer(self) -> nn.Module:
        """The last layer with weights that gives one value a class."""
        ends = [
            module
            for module in self.layers.values()
            if getattr(module, "out_features", getattr(module, "out_channels", 0)) == self.classes
        ]
        # The last: an auxiliary classifier, as of Inception, comes before it.
        return ends[-1]

    def prepared(self) -> nn.Module:
        """The network laid out for speed; this one as it is, where no such way is known."""
        return self

    def layer(self, name: LayerName) -> nn.Module:
        """Return a layer.

        Raises:
            BundleError: the network has none of that name; says some that it has.
        """
        return self.layers[self.name_of(name)]

    def name_of(self, name: LayerName) -> str:
        """Return a layer's name in `layers`.

        Raises:
            BundleError: the network has no such layer.
        """
        if isinstance(name, int):
            raise BundleError(
                f"the layer {name} is an index into the course's cnn, and this network "
                f"({self.described}) has none",
                mend=f"Name the layer as named_modules does: {self._some_layers()}.",
                zh=f"{name} 是課程 cnn 的索引，而這個網路（{self.described}）沒有；"
                f"請用 named_modules 的名稱：{self._some_layers()}",
            )
        if name not in self.layers:
            raise BundleError(
                f"the network ({self.described}) has no layer {name!r}",
                mend=f"It has {self._some_layers(name)}.",
                zh=f"網路（{self.described}）沒有 {name!r} 層；有的是 {self._some_layers(name)}",
            )
        return name

    def _some_layers(self, wrong: str = "") -> str:
        """Names to choose from: the nearest ones, or the convolutions."""
        from difflib import get_close_matches

        names = get_close_matches(wrong, list(self.layers), n=6, cutoff=0.5)
        if not names:
            kept = [name for name, one in self.layers.items() if isinstance(one, nn.Conv2d)]
            names = (kept or list(self.layers))[:6]
        return ", ".join(names)

    def maps_at(self, layer: LayerName, pictures: Tensor) -> Tensor:
        """Return the output of a layer for pictures (B, 3, side, side): (B, filters, h, w).

        The pass ends there. Of a layer that is passed several times the last time counts.

        Raises:
            BundleError: there is no such layer, it is not passed, or gives no maps of filters.
        """
        name = self.name_of(layer)
        module = self.layers[name]
        # A module that a network uses several times gives its map at the last of them.
        times = self._times_passed(name, pictures)
        found: list[Tensor] = []

        def keep(_: nn.Module, inputs: object, output: object) -> None:
            # A copy: the ReLU that follows may write into it.
            found.append(output.clone() if isinstance(output, Tensor) else torch.empty(0))
            if len(found) == times:
                raise _Reached

        hook = module.register_forward_hook(keep)
        try:
            self(pictures)
        except _Reached:
            pass
        finally:
            hook.remove()
        maps = found[-1] if found else None
        if maps is None or maps.ndim != 4 or not self._channels_first(module):
            gives = "is not passed" if maps is None else "gives no maps of filters (B, C, h, w)"
            chinese = "沒有被經過" if maps is None else "不輸出濾波器的圖 (B, C, h, w)"
            raise BundleError(
                f"the layer {name!r} of the network {gives}",
                mend=f"Take a convolution: {self._some_layers()}.",
                zh=f"網路的 {name!r} 層{chinese}；請選卷積層：{self._some_layers()}",
            )
        return maps

    def _channels_first(self, module: nn.Module) -> bool:
        """Whether a layer surely gives (B, C, h, w): networks with LayerNorm change the order."""
        if isinstance(module, _CHANNELS_FIRST):
            return True
        return not any(isinstance(one, nn.LayerNorm) for one in self.layers.values())

    def _times_passed(self, name: str, pictures: Tensor) -> int:
        known: dict[str, int] = self.__dict__.setdefault("_times", {})
        if name not in known:
            calls: list[None] = []
            hook = self.layers[name].register_forward_hook(lambda *_: calls.append(None))
            try:
                with torch.no_grad():
                    self(pictures[:1])
            finally:
                hook.remove()
            known[name] = len(calls)
        return known[name]

    def path_to_filter(self, layer: LayerName, channel: int) -> Callable[[Tensor], Tensor]:
        """Return the computation of one filter of a layer: pictures to (B, 1, h, w)."""
        return lambda pictures: self.maps_at(layer, pictures)[:, channel : channel + 1]

    def check_filter(self, layer: LayerName, channel: int, pictures: Tensor) -> None:
        """Refuse a filter that a layer does not have.

        Raises:
            BundleError: no such layer, or no such filter of it.
        """
        with torch.no_grad():
            filters = self.maps_at(layer, pictures[:1]).shape[1]
        check_channel(channel, filters, f"the layer {layer!r}")


class _Reached(Exception):  # noqa: N818 - no error: it ends a pass at the layer asked for
    """The pass has come to the layer asked for."""


def check_channel(channel: int, filters: int, layer: str) -> None:
    """Refuse a channel that a layer does not have.

    Raises:
        BundleError: it has fewer filters.
    """
    if not 0 <= channel < filters:
        raise BundleError(
            f"{layer} has no filter {channel}",
            mend=f"Its filters are 0 to {filters - 1}.",
            zh=f"沒有濾波器 {channel}：該層的濾波器為 0 到 {filters - 1}",
        )
