"""What workers have in common, read once by the server process that they are forked from.

`multiprocessing` imports it there, as `worker_process` asks; elsewhere it does nothing. One thread
does all of it: a process forked from one with more may wait for ever.
"""

from __future__ import annotations

import gc
import json
import os
from importlib import import_module
from pathlib import Path

from solver.bundle.bundle import Bundle, load_bundle
from solver.errors import Hw9Error
from solver.explain.registry import all_explanations
from solver.explain.run.free_memory import give_back_free_memory
from solver.explain.run.worker_process import SERVED
from solver.explain.torch_later import torch

METHODS = ("captum.attr", "lime.lime_base", "skimage.segmentation")
"""Libraries that methods import when they run."""


def read_all(told: str) -> Bundle | None:
    """Return the bundle that is named, its network ready; None where it cannot be read."""
    from solver.models.winograd import WinogradConv2d

    folder, prepared = json.loads(told)
    torch.set_num_threads(1)
    all_explanations()
    for name in METHODS:
        import_module(name)
    try:
        bundle = load_bundle(Path(folder))
        network = bundle.prepared if prepared else bundle.network
        _ = bundle.cnn_files
    except (Hw9Error, OSError, RuntimeError, ValueError):
        return None  # the workers say what is wrong, each explanation in its own record
    for module in network.modules():
        if isinstance(module, WinogradConv2d):
            module.transform()
    # Left alone it stays one copy for all: a collection would write into every object.
    gc.collect()
    gc.freeze()
    # What is free but kept would be written to by each process, and so be there once for each.
    give_back_free_memory()
    return bundle


BUNDLE = read_all(os.environ[SERVED]) if SERVED in os.environ else None
