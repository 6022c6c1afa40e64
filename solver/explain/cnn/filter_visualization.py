"""A filter's activation by a picture, and the picture that activates it most.

After Erhan et al. 2009 (activation maximization). The course's *visualization* starts from the
pictures and climbs with Adam; since Adam and the sum are elementwise over pictures, one picture at
a time gives the same as all ten together.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn

from solver.bundle.bundle import Bundle
from solver.errors import BundleError
from solver.evidence import Record
from solver.explain.cnn.saliency import min_max
from solver.explain.job import Job, last_picture, no_picture
from solver.explain.registry import explanation, record_of


def module_at(bundle: Bundle, index: int) -> nn.Module:
    """Return ``cnn[index]``.

    Raises:
        BundleError: the network has no such index.
    """
    modules = bundle.network.cnn
    if not 0 <= index < len(modules):
        raise BundleError(
            f"cnn[{index}] does not exist", mend=f"Indices are 0 to {len(modules) - 1}."
        )
    return modules[index]


def _check_filter(bundle: Bundle, index: int, channel: int) -> None:
    module_at(bundle, index)
    layers = [one for one in bundle.network.cnn[: index + 1] if isinstance(one, nn.Conv2d)]
    filters = layers[-1].out_channels
    if not 0 <= channel < filters:
        raise BundleError(
            f"cnn[{index}] has no filter {channel}", mend=f"Its filters are 0 to {filters - 1}."
        )


def filter_map(bundle: Bundle, pictures: Tensor, index: int, channel: int) -> Tensor:
    """Return the output of one filter of ``cnn[index]``: (B, h, w).

    The pass is cut after that module; it is what a forward hook on it would be given.

    Raises:
        BundleError: the network has no such index, or the layer no such filter.
    """
    _check_filter(bundle, index, channel)
    maps: Tensor = bundle.network.cnn[: index + 1](pictures)  # (B, C, h, w)
    return maps[:, channel]


def path_to_filter(cnn: nn.Sequential, index: int, channel: int) -> nn.Sequential:
    """Return modules that compute one filter of ``cnn[index]`` and nothing beside: (B, 1, h, w).

    What follows the last convolution up to `index` treats every filter by itself, so of that
    convolution, and of its BatchNorm, the one filter is kept.
    """
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


@explanation("module", pictures=no_picture, passes=lambda job: 0)
def module(job: Job) -> Record:
    """The layer ``cnn[index]``. Values: its class's name and its printed form.

    >>> module(Job("module/6", demo)).values["class"]
    'Conv2d'
    """
    (index,) = job.place
    found = module_at(job.bundle, index)
    values = {"class": type(found).__name__, "printed": str(found), "index": index}
    return record_of(job, {}, values)


@explanation("activation", pictures=last_picture, passes=lambda job: 1, used=("filter",))
def activation(job: Job) -> Record:
    """Activation of a filter of ``cnn[index]`` by a picture. Arrays: map float32 (h, w).

    >>> activation(Job("activation/6/1", demo)).array("map").shape
    (128, 128)
    """
    index, place = job.place
    with torch.no_grad():
        maps = filter_map(job.bundle, job.picture_tensor(place), index, job.settings.filter)
    job.advance(1)
    values = {"index": index, "filter": job.settings.filter}
    return record_of(job, {"map": maps[0].cpu().numpy()}, values)


def climb(
    bundle: Bundle,
    picture: Tensor,
    index: int,
    channel: int,
    *,
    steps: int,
    rate: float,
    advance: Callable[[int], None],
    whole_layer: bool = False,
) -> tuple[Tensor, list[float]]:
    """Return (the picture (1, 3, 128, 128) that excites the filter, the sum of its map by step).

    Adam on the pixels, maximizing the sum of the filter's map; pixels are not clamped. With
    `whole_layer` the layer's other filters are computed as well, through the network's own modules.
    """
    _check_filter(bundle, index, channel)
    cnn = bundle.network.cnn
    path = cnn[: index + 1] if whole_layer else path_to_filter(cnn, index, channel)
    at = channel if whole_layer else 0  # of the maps that `path` gives
    pixels = picture.clone().requires_grad_()
    optimizer = torch.optim.Adam([pixels], lr=rate)
    course = []
    for _ in range(steps):
        optimizer.zero_grad()
        objective = -path(pixels)[:, at].sum()
        objective.backward()
        optimizer.step()
        course.append(-objective.detach())
        advance(1)
    return pixels.detach(), [float(value) for value in course]


_USED = ("filter", "visualization_steps", "visualization_rate")


@explanation(
    "filter_visualization",
    pictures=last_picture,
    passes=lambda job: job.settings.visualization_steps,
    used=_USED,
)
def filter_visualization(job: Job) -> Record:
    """The picture that excites a filter of ``cnn[index]``, climbed to from a picture.

    Arrays: rgb float32 (128, 128, 3), min-max normalized over the channels. Values: raw_min,
    raw_max, and the first and last value of the sum that is climbed.

    >>> few = fast_settings(visualization_steps=3)
    >>> filter_visualization(Job("filter_visualization/6/1", demo, few)).array("rgb").shape
    (128, 128, 3)
    """
    index, place = job.place
    settings = job.settings
    pixels, course = climb(
        job.bundle,
        job.picture_tensor(place),
        index,
        settings.filter,
        steps=settings.visualization_steps,
        rate=settings.visualization_rate,
        advance=job.advance,
    )
    scaled, low, high = min_max(pixels[0].permute(1, 2, 0).cpu().numpy())
    values = {"raw_min": low, "raw_max": high, "first": course[0], "last": course[-1]}
    return record_of(job, {"rgb": scaled}, values)


TRACED_STEPS = 10


@explanation(
    "filter_trace",
    pictures=last_picture,
    passes=lambda job: TRACED_STEPS + 1,
    used=("filter", "visualization_rate"),
)
def filter_trace(job: Job) -> Record:
    """Trace of both computations: the inputs they hold and those they vary.

    Values: for `activation` and `visualization`, which of picture, filter, layer and weights
    changed while it ran, whether its result is laid out over places, whether the label or the
    classifier part (`fc`) took part, and how far the sum of the map rose.

    >>> run = filter_trace(Job("filter_trace/6/1", demo)).values["activation"]
    >>> run["picture_changes"], run["laid_out_over_places"]
    (False, True)
    """
    index, place = job.place
    watch = _Watch(job.bundle, index)
    picture = job.picture_tensor(place)
    with watch, torch.no_grad():
        result = filter_map(job.bundle, picture, index, job.settings.filter)[0]
    job.advance(1)
    spread = float(result.std())
    values = {"activation": watch.report(picture, picture, places=spread > 0, rise=0.0)}
    watch = _Watch(job.bundle, index)
    with watch:
        end, course = climb(
            job.bundle,
            picture,
            index,
            job.settings.filter,
            steps=TRACED_STEPS,
            rate=job.settings.visualization_rate,
            advance=job.advance,
            whole_layer=True,
        )
    rise = course[-1] - course[0]
    values["visualization"] = watch.report(picture, end, places=False, rise=rise)
    return record_of(job, {}, values)


class _Watch:
    """Counts, while a computation runs, which modules were called, and compares the weights."""

    def __init__(self, bundle: Bundle, index: int) -> None:
        self.network, self.index = bundle.network, index
        self.before = [weight.clone() for weight in self.network.parameters()]
        self.deepest: set[int] = set()
        self.classifier_calls = 0

    def __enter__(self) -> _Watch:
        self.hooks = [
            module.register_forward_hook(lambda *_, at=at: self.deepest.add(at))
            for at, module in enumerate(self.network.cnn)
        ]
        self.hooks.append(self.network.fc.register_forward_hook(self._count))
        return self

    def __exit__(self, *_: object) -> None:
        for hook in self.hooks:
            hook.remove()

    def _count(self, *_: object) -> None:
        self.classifier_calls += 1

    def report(self, start: Tensor, end: Tensor, *, places: bool, rise: float) -> dict[str, object]:
        weights = zip(self.before, self.network.parameters(), strict=True)
        same = all(torch.equal(before, after) for before, after in weights)
        return {
            "picture_changes": not torch.equal(start, end),
            "weights_change": not same,
            "last_layer": max(self.deepest, default=-1),
            "layers_compared": 1 if max(self.deepest, default=-1) == self.index else 0,
            "classifier_calls": self.classifier_calls,
            "laid_out_over_places": places,
            "rise": rise,
        }
