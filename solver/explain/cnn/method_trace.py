"""Trace of a method: the pictures it feeds the network, and the gradients it takes.

The method is the registered explanation itself, with few samples. Nothing here knows which one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from solver.evidence import Record, record_id
from solver.explain.job import Job, every_picture, picture_tensor
from solver.explain.registry import Explain, explanation, explanation_for, record_of
from solver.explain.torch_later import torch

if TYPE_CHECKING:
    from torch import Tensor

TRACED = 12
"""Samples of a method that draws some: enough to tell values that recur from those that do not."""

STEPS = 10  # the course's own number for integrated gradients
_USED = (
    "lime_superpixels",
    "lime_seed",
    "lime_hidden_colour",
    "smoothgrad_sigma",
    "smoothgrad_seed",
    "integrated_baseline",
)
MOVED = 1e-6
"""Change of a pixel (of 1) below which it is rounding."""


def trace_kind(method: str) -> str:
    """Return the kind of record that `method`'s trace is."""
    return f"{method}_watched"


def watched(method: str) -> Explain:
    """Return the explanation that runs a method on a picture and records its inputs."""

    def run(job: Job) -> Record:
        (place,) = job.place
        fed, gradients = _run(job, method, place)
        picture = picture_tensor(job.bundle, place)[0].double().cpu().numpy()
        arrays = {**differences(fed - picture), "gradient": np.array(gradients, bool)}
        return record_of(job, arrays, {"method": method, "picture": place, "inputs": len(fed)})

    run.__doc__ = f"""Trace of {method} on a picture: the pictures fed, and the gradients taken.

    Arrays, one entry for each picture fed: changed, the share of pixels that differ; pieces, how
    far changed and unchanged pixels lie in patches (0 as scattered, 1 whole); smooth, correlation
    of the difference with its neighbours; recurs, the share of changed pixels whose changed value
    another picture fed has too; gradient, whether the gradient at its pixels was taken. drift
    (1,): length of the mean difference over the mean length. Values: method, picture, inputs.

    >>> trace = watched("{method}")(Job("{method}_watched/1", demo))
    >>> len(trace.array("changed", 1)) == trace.values["inputs"] > 0
    True
    """
    return run


def _run(job: Job, method: str, place: int) -> tuple[np.ndarray[Any, Any], list[bool]]:
    """The pictures fed (n, 3, H, W), and for each whether its gradient was taken."""
    fed: list[Tensor] = []
    reached: list[bool] = []

    def note(_: object, inputs: tuple[Tensor, ...]) -> None:
        pixels, first = inputs[0], len(fed)
        fed.extend(pixels.detach().double().cpu().clone())
        reached.extend([False] * len(pixels))
        if pixels.requires_grad:

            def arrived(gradient: Tensor) -> None:
                for at, one in enumerate(gradient):
                    reached[first + at] = bool(one.abs().sum() > 0)

            pixels.register_hook(arrived)

    few = replace(
        job.settings,
        lime_samples=TRACED,
        smoothgrad_samples=TRACED,
        # The hook is on the trained network; a prepared one has layers of its own.
        network="as_trained",
        confidence=None,
    )
    more = (STEPS,) if method == "integrated_gradients" else ()
    named = record_id(method, place, *more)
    hook = job.bundle.network.register_forward_pre_hook(note)
    try:
        explanation_for(named).run(replace(job, id=named, settings=few))
    finally:
        hook.remove()
    # A method may pass all pictures of the bundle at once: the others, unchanged, are none of this
    # picture's inputs.
    others = [
        picture_tensor(job.bundle, other)[0].cpu().float()
        for other in every_picture(job)
        if other != place
    ]
    own = [
        at
        for at, one in enumerate(fed)
        if not any(torch.equal(one.float(), other) for other in others)
    ]
    if not own:
        return np.empty((0, *picture_tensor(job.bundle, place).shape[1:])), []
    return torch.stack([fed[at] for at in own]).numpy(), [reached[at] for at in own]


def differences(moved: np.ndarray[Any, Any]) -> dict[str, np.ndarray[Any, Any]]:
    """Return how pictures fed differ from the picture: `moved` is (n, 3, H, W)."""
    changed = (np.abs(moved) > MOVED).any(1)
    lengths = np.sqrt((moved**2).sum((1, 2, 3)))
    length = float(lengths.mean()) if len(moved) else 0.0
    drift = float(np.sqrt((moved.mean(0) ** 2).sum())) / length if length > 0 else 1.0
    return {
        "changed": changed.mean((1, 2)),
        "pieces": np.array([_patchiness(one) for one in changed]),
        "smooth": np.array([_smoothness(one) for one in moved]),
        "recurs": np.array([_recurring(moved, changed, at) for at in range(len(moved))]),
        "drift": np.array([drift]),
    }


def _patchiness(changed: np.ndarray[Any, Any]) -> float:
    """Cohen's kappa of neighbours that are both changed or both not: 0 scattered, 1 whole."""
    share = float(changed.mean())
    by_chance = share**2 + (1 - share) ** 2
    if by_chance >= 1:
        return 0.0
    same = [(changed[1:] == changed[:-1]).mean(), (changed[:, 1:] == changed[:, :-1]).mean()]
    return float((np.mean(same) - by_chance) / (1 - by_chance))


def _smoothness(moved: np.ndarray[Any, Any]) -> float:
    """Correlation of the difference (3, H, W) with itself one pixel on; 0 where it is even."""
    first, second = moved[:, :, 1:].ravel(), moved[:, :, :-1].ravel()
    if min(first.std(), second.std()) <= MOVED:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


def _recurring(moved: np.ndarray[Any, Any], changed: np.ndarray[Any, Any], at: int) -> float:
    """The share of changed pixels of one picture whose changed value another has too."""
    if not changed[at].any():
        return 0.0
    others = np.delete(moved, at, 0)
    same = (np.abs(others - moved[at]) <= MOVED).all(1).any(0)
    return float(same[changed[at]].mean())


def _registered(method: str) -> Explain:
    passes = {"saliency": 2, "integrated_gradients": STEPS}.get(method, TRACED)
    return explanation(
        trace_kind(method), pictures=every_picture, passes=lambda job: passes, used=_USED
    )(watched(method))


lime_watched = _registered("lime")
saliency_watched = _registered("saliency")
smoothgrad_watched = _registered("smoothgrad")
integrated_gradients_watched = _registered("integrated_gradients")
