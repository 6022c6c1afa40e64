"""The fastest batch size on this device, measured once and cached."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from solver.bundle.bundle import Bundle, as_tensor_values
from solver.errors import OutputError
from solver.explain.torch_later import torch
from solver.files.atomic_write import write_whole

if TYPE_CHECKING:
    from torch import Tensor, nn

CANDIDATES = (1, 2, 3, 4)
"""Batch sizes tried. The last batch of a run is a smaller one, so that all smaller ones must round
alike too. More is slower on every CPU that was measured: the maps of a picture are 8 MB each, and
of ten they no longer fit into any cache (ten at once: 1.1 times the time a picture)."""

WORTH_KEEPING = 1.0
"""Seconds of probing from which the result is kept for the next run."""

TRIES = 2
"""Timings of a batch, of which the least counts."""

CLEARLY = 0.95
"""Share of a smaller batch's time that a larger one must stay under, to be worth its memory.
Timings on a machine that does other things too differ by more than smaller gains."""

_found: dict[str, int] = {}


def fastest_batch(bundle: Bundle, threads: int | None = None) -> int:
    """Return the number of pictures to pass at once through the prepared network of a bundle.

    On CUDA it follows from the memory alone: a quarter of a GB a picture, at most 64.

    Args:
        bundle: with the network.
        threads: of the process that will run it; None: of this one.
    """
    if threads not in (None, torch.get_num_threads()):
        with _threads(threads):
            return fastest_batch(bundle)
    if bundle.device.startswith("cuda"):
        memory = torch.cuda.get_device_properties(bundle.device).total_memory
        # By the memory alone, a quarter of a GB a picture: no bits are compared on a GPU.
        return max(1, min(64, 1 << ((memory >> 28).bit_length() - 1)))
    name = _name(bundle)
    if name not in _found:
        _found[name] = _kept().get(name) or _probed(bundle, name)
    return _found[name]


def set_fastest_batch(bundle: Bundle, batch: int) -> None:
    """Set the batch size that another process with as many threads measured."""
    _found[_name(bundle)] = batch


@contextlib.contextmanager
def _threads(number: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _name(bundle: Bundle) -> str:
    """Name of the setup that the fastest batch depends on, as a key of the cache."""
    from solver.models.winograd import BY_ONEDNN

    name = f"torch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}, "
    name += f"{torch.get_num_threads()} threads, {bundle.network.described}, fewer products, "
    return name + ("by oneDNN" if BY_ONEDNN else "by BLAS")


def _probed(bundle: Bundle, name: str) -> int:
    began = time.process_time()
    chosen = [bundle.picture(at % len(bundle.pictures)) for at in range(max(CANDIDATES))]
    pictures = torch.stack([torch.from_numpy(as_tensor_values(one)) for one in chosen])
    # Noisy, as those of SmoothGrad are: a flat picture takes another way.
    pictures += 0.1 * torch.rand(pictures.shape, generator=torch.Generator().manual_seed(0))
    alone = [_timed(bundle.prepared, one) for one in pictures.split(1)]
    answers = torch.cat([answer for answer, _ in alone])
    seconds = {1: min(taken for _, taken in alone)}
    for batch in CANDIDATES[1:]:
        tries = [_timed(bundle.prepared, pictures[:batch]) for _ in range(TRIES)]
        # Only batches that give the very bits of one picture at a time: time must not show in a
        # result.
        if not all(torch.equal(answer, answers[:batch]) for answer, _ in tries):
            break
        seconds[batch] = min(taken for _, taken in tries) / batch
    best = 1
    for batch, taken in seconds.items():
        best = batch if taken < CLEARLY * seconds[best] else best
    if time.process_time() - began > WORTH_KEEPING:
        with contextlib.suppress(OutputError, OSError, RuntimeError):  # a cache that may be lost
            write_whole(_file(), json.dumps({**_kept(), name: best}, indent=1, sort_keys=True))
    return best


def _timed(network: nn.Module, pictures: Tensor) -> tuple[Tensor, float]:
    """Logits and gradients (B, classes + pixels) of pictures passed at once, and CPU seconds."""
    began = time.process_time()  # not the clock: other programs run meanwhile
    with torch.enable_grad():
        leaf = pictures.clone().requires_grad_()
        logits = network(leaf)
        # Of the sum of squares: the gradient of a loss vanishes where a class is sure.
        (gradient,) = torch.autograd.grad(logits.square().sum(), leaf)
    found = torch.cat([logits.detach(), gradient.flatten(1)], 1)
    return found, time.process_time() - began


def _file() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "hw9" / "micro-batch.json"


def _kept() -> dict[str, int]:
    """Batch sizes kept by earlier runs; none if the file cannot be read."""
    try:
        known = json.loads(_file().read_text(encoding="utf-8"))
        return {str(name): int(batch) for name, batch in known.items() if batch in CANDIDATES}
    except (OSError, ValueError, AttributeError, TypeError, RuntimeError):
        return {}
