"""What workers have in common, read once by the server process that they are forked from.

`multiprocessing` imports it there, as `solver.explain.run.workers` asks; elsewhere it does nothing.
One thread does all of it: a process forked from one with more may wait for ever.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
from importlib import import_module
from pathlib import Path

import torch

from solver.bundle.bundle import Bundle, load_bundle
from solver.errors import Hw9Error
from solver.explain.registry import all_explanations
from solver.explain.run.workers import SERVED
from solver.models.winograd import WinogradConv2d

METHODS = ("captum.attr", "lime.lime_base", "skimage.segmentation")
"""Libraries that methods import when they run."""


def read_all(told: str) -> Bundle | None:
    """Return the bundle that is named, its network ready; None where it cannot be read."""
    folder, device, prepared = json.loads(told)
    torch.set_num_threads(1)
    all_explanations()
    for name in METHODS:
        import_module(name)
    try:
        bundle = load_bundle(Path(folder), device)
        network = bundle.prepared if prepared else bundle.network
    except (Hw9Error, OSError, RuntimeError, ValueError):
        return None  # the workers say what is wrong, each explanation in its own record
    for module in network.modules():
        if isinstance(module, WinogradConv2d):
            module.transform()
    # Left alone it stays one copy for all: a collection would write into every object.
    gc.collect()
    gc.freeze()
    # What is free but kept would be written to by each process, and so be there once for each.
    with contextlib.suppress(AttributeError, OSError):  # glibc alone has it
        ctypes.CDLL(None).malloc_trim(0)
    return bundle


BUNDLE = read_all(os.environ[SERVED]) if SERVED in os.environ else None
