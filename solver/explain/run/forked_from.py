"""Modules that a worker needs, imported once by the server process that workers are forked from.

It is named to `multiprocessing` by `solver.explain.run.workers`; nothing else imports it. Nothing
is computed here: no thread of torch may run where processes are forked.
"""

from __future__ import annotations

import gc

import solver.explain.run.workers  # noqa: F401
from solver.explain.registry import all_explanations

all_explanations()
# What is left alone stays one copy for all: a collection would write into every object.
gc.collect()
gc.freeze()
