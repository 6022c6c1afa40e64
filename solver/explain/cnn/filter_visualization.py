"""A filter's activation by a picture, and the picture that activates it most.

After Erhan et al. 2009 (activation maximization). The course's *visualization* starts from the
pictures and climbs with Adam.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from solver.bundle.bundle import Bundle
from solver.evidence import Record
from solver.explain.cnn.saliency import min_max
from solver.explain.job import Job, last_picture, no_picture
from solver.explain.registry import explanation, record_of
from solver.explain.torch_later import torch

if TYPE_CHECKING:
    from torch import Tensor

    from solver.models.image_network import LayerName


def filter_map(bundle: Bundle, pictures: Tensor, layer: LayerName, channel: int) -> Tensor:
    """Return the output of one filter of a layer: (B, h, w).

    The pass is cut after that layer; the output is the one that a forward hook on it would get.

    Raises:
        BundleError: the network has no such layer, or the layer no such filter.
    """
    bundle.network.check_filter(layer, channel, pictures)
    return bundle.network.maps_at(layer, pictures)[:, channel]


@explanation("module", pictures=no_picture, passes=lambda job: 0)
def module(job: Job) -> Record:
    """A layer: ``cnn[index]`` by number, any other by name. Values: its class's name, its printed
    form.

    >>> module(Job("module/6", demo)).values["class"]
    'Conv2d'
    """
    found = job.bundle.network.layer(job.layer)
    values = {"class": type(found).__name__, "printed": str(found), "index": job.layer}
    return record_of(job, {}, values)


@explanation("activation", pictures=last_picture, passes=lambda job: 1, used=("filter",))
def activation(job: Job) -> Record:
    """Activation of a filter of a layer by a picture. Arrays: map float32 (h, w).

    >>> activation(Job("activation/6/1", demo)).array("map").shape
    (128, 128)
    """
    layer, picture = job.layer, job.picture_tensor(job.picture)
    with torch.no_grad():
        maps = filter_map(job.bundle, picture, layer, job.settings.filter)
    job.advance(1)
    values = {"index": layer, "filter": job.settings.filter}
    return record_of(job, {"map": maps[0].cpu().numpy()}, values)


def climb(
    bundle: Bundle,
    picture: Tensor,
    layer: LayerName,
    channel: int,
    *,
    steps: int,
    rate: float,
    advance: Callable[[int], None],
    whole_layer: bool = False,
) -> tuple[Tensor, list[float]]:
    """Return (the picture (1, 3, H, W) that excites the filter, the sum of its map by step).

    Adam on the pixels, maximizing the sum of the filter's map; pixels are not clamped. With
    `whole_layer` the layer's other filters are computed as well, through the network's own modules.
    """
    network = bundle.network
    network.check_filter(layer, channel, picture)
    path = network.path_to_filter(layer, channel)
    pixels = picture.clone().requires_grad_()
    # One picture at a time gives the course's result for all ten together: Adam and the sum are
    # elementwise over pictures.
    climbed = _Adam(pixels, rate)
    course = []
    for _ in range(steps):
        maps = network.maps_at(layer, pixels)[:, channel] if whole_layer else path(pixels)[:, 0]
        # Adam goes down; the course climbs.
        objective = -maps.sum()
        climbed.step(*torch.autograd.grad(objective, [pixels]))
        course.append(-objective.detach())  # as a tensor: a number would wait for the GPU
        advance(1)
    return pixels.detach(), [float(value) for value in course]


class _Adam:
    """Adam with its defaults on one tensor.

    `torch.optim.Adam` is the same, and imports torch's compiler first: a second and 80 MB, for
    every process.
    """

    def __init__(self, values: Tensor, rate: float) -> None:
        self.values, self.rate = values, rate
        self.mean, self.square = torch.zeros_like(values), torch.zeros_like(values)
        self.count = torch.tensor(0.0)

    def step(self, gradient: Tensor) -> None:
        from torch.optim.adam import adam

        with torch.no_grad():
            adam(
                [self.values], [gradient], [self.mean], [self.square], [], [self.count],
                amsgrad=False, beta1=0.9, beta2=0.999, lr=self.rate, weight_decay=0, eps=1e-8,
                maximize=False, foreach=False,
            )  # fmt: skip


_USED = ("filter", "visualization_steps", "visualization_rate")


@explanation(
    "filter_visualization",
    pictures=last_picture,
    passes=lambda job: job.settings.visualization_steps,
    used=_USED,
)
def filter_visualization(job: Job) -> Record:
    """The picture that excites a filter of a layer, climbed to from a picture.

    Arrays: rgb float32 (H, W, 3), min-max normalized over the channels. Values: raw_min,
    raw_max, and the first and last value of the sum that is climbed.

    >>> few = fast_settings(visualization_steps=3)
    >>> filter_visualization(Job("filter_visualization/6/1", demo, few)).array("rgb").shape
    (128, 128, 3)
    """
    settings = job.settings
    pixels, course = climb(
        job.bundle,
        job.picture_tensor(job.picture),
        job.layer,
        settings.filter,
        steps=settings.visualization_steps,
        rate=settings.visualization_rate,
        advance=job.advance,
    )
    scaled, low, high = min_max(pixels[0].permute(1, 2, 0).cpu().numpy())
    values = {"raw_min": low, "raw_max": high, "first": course[0], "last": course[-1]}
    return record_of(job, {"rgb": scaled}, values)


TRACED_STEPS = 10  # enough to see the sum rise


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
    output layer took part, and how far the sum of the map rose.

    >>> run = filter_trace(Job("filter_trace/6/1", demo)).values["activation"]
    >>> run["picture_changes"], run["laid_out_over_places"]
    (False, True)
    """
    layer, picture = job.layer, job.picture_tensor(job.picture)
    job.bundle.network.check_filter(layer, job.settings.filter, picture)
    watch = _Watch(job.bundle, layer)
    with watch, torch.no_grad():
        result = filter_map(job.bundle, picture, layer, job.settings.filter)[0]
    job.advance(1)
    spread = float(result.std())
    values = {"activation": watch.report(picture, picture, places=spread > 0, rise=0.0)}
    watch = _Watch(job.bundle, layer)
    with watch:
        end, course = climb(
            job.bundle,
            picture,
            layer,
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
    """Notes, while a computation runs, which layers were passed, and compares the weights."""

    def __init__(self, bundle: Bundle, layer: LayerName) -> None:
        self.network, self.layer = bundle.network, layer
        self.name = self.network.name_of(layer)
        self.before = [weight.clone() for weight in self.network.parameters()]
        self.last = ""
        self.classifier_calls = 0

    def __enter__(self) -> _Watch:
        self.hooks = [
            module.register_forward_hook(lambda *_, name=name: self._passed(name))
            for name, module in self.network.layers.items()
        ]
        self.hooks.append(self.network.output_layer.register_forward_hook(self._count))
        return self

    def __exit__(self, *_: object) -> None:
        for hook in self.hooks:
            hook.remove()

    def _passed(self, name: str) -> None:
        self.last = name

    def _count(self, *_: object) -> None:
        self.classifier_calls += 1

    def report(self, start: Tensor, end: Tensor, *, places: bool, rise: float) -> dict[str, object]:
        weights = zip(self.before, self.network.parameters(), strict=True)
        same = all(torch.equal(before, after) for before, after in weights)
        return {
            "picture_changes": not torch.equal(start, end),
            "weights_change": not same,
            "last_layer": self.layer if self.last == self.name else self.last,
            "layers_compared": 1 if self.last == self.name else 0,
            "classifier_calls": self.classifier_calls,
            "laid_out_over_places": places,
            "rise": rise,
        }
