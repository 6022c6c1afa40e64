"""What workers have in common, read once by the server process that they are forked from.

`multiprocessing` imports it there, as `solver.explain.run.workers` asks; nothing else does. One
thread does all of it: a process forked from one with more may wait for ever.
"""

from __future__ import annotations

import gc
import json
import os
from pathlib import Path

import torch

from solver.bundle.bundle import Bundle, load_bundle
from solver.errors import Hw9Error
from solver.explain.registry import all_explanations
from solver.explain.run.workers import SERVED
from solver.models.winograd import WinogradConv2d


def _opened() -> Bundle | None:
    """The bundle that is named to this process, its network ready; None where it has none."""
    told = os.environ.get(SERVED)
    if told is None:
        return None
    folder, device, prepared = json.loads(told)
    try:
        bundle = load_bundle(Path(folder), device)
        network = bundle.prepared if prepared else bundle.network
        for module in network.modules():
            if isinstance(module, WinogradConv2d):
                module.transform()
    except (Hw9Error, OSError, RuntimeError, ValueError):
        return None  # the workers say what is wrong, each explanation in its own record
    return bundle


torch.set_num_threads(1)
all_explanations()
BUNDLE = _opened()
# Left alone it stays one copy for all: a collection would write into every object.
gc.collect()
gc.freeze()
