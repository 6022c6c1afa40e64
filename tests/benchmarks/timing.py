"""What something takes: of the processor, and by the clock."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

import torch

Result = TypeVar("Result")


class Seconds(NamedTuple):
    """What something took: of the processor, children included, and by the clock.

    On a CUDA device both are the clock's, until the device is done.
    """

    cpu: float = math.inf
    clock: float = math.inf


def timed(run: Callable[[], Result], device: str = "cpu") -> tuple[Result, Seconds]:
    """Return what `run` gives, and the seconds that took."""
    on_device = device.startswith("cuda")
    if on_device:
        torch.cuda.synchronize()
    before, began = _of_the_processor(), time.perf_counter()
    result = run()
    if on_device:
        torch.cuda.synchronize()
    clock = time.perf_counter() - began
    return result, Seconds(clock if on_device else _of_the_processor() - before, clock)


def _of_the_processor() -> float:
    """Seconds of this process and of those that it started and that have ended."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system
