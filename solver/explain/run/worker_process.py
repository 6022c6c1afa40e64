"""A worker's process: how it is started, and what it does when it is asked."""

from __future__ import annotations

import atexit
import contextlib
import json
import multiprocessing
import os
import signal
import sys
import time
from concurrent.futures import Future
from dataclasses import dataclass
from multiprocessing.context import BaseContext
from pathlib import Path

from solver.bundle.bundle import Bundle, load_bundle
from solver.explain.batch_size import fastest_batch, set_fastest_batch
from solver.explain.estimator import Share
from solver.explain.job import ExplainSettings
from solver.explain.run.free_memory import give_back_free_memory
from solver.explain.run.tasks import Piece, Task, measure, perform, unless_lacking
from solver.explain.torch_later import torch
from solver.files.process_pool import end_with_parent

SERVED = "HW9_SERVED_BUNDLE"
"""Environment variable that names the bundle to the process that workers are forked from, and says
whether its network is to be prepared."""


def context_for(bundle: Bundle, settings: ExplainSettings) -> BaseContext:
    """Return the way to start processes that leaves them most memory in common."""
    # Not "fork": this process may have threads, and a child that forks in a lock waits for ever.
    if sys.platform != "linux" or bundle.device != "cpu":
        return multiprocessing.get_context("spawn")
    from multiprocessing import forkserver

    # torch, the methods and the network's weights take 0.6 GB, which a server process reads once
    # for all that are forked from it. It ends with this process; until then it serves later runs.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["solver.explain.run.forked_from"])
    told = str(bundle.folder), settings.network == "prepared"
    os.environ[SERVED] = json.dumps(told)
    try:
        forkserver.ensure_running()
    finally:
        del os.environ[SERVED]
    return context


_servers: set[int] = set()


def end_at_exit(told: Future[int]) -> None:
    """End the server that workers are forked from, whose id one of them told, with this process.

    It would end by itself, but nobody would have waited for it, and the time of all workers would
    be missing from what the system says this program took.
    """
    if told.cancelled() or told.exception() is not None:
        return
    server = told.result()

    def end() -> None:
        # Asked first: of one that is gone the id may be another's.
        with contextlib.suppress(OSError):
            if os.waitpid(server, os.WNOHANG) == (0, 0):
                os.kill(server, signal.SIGTERM)
                os.waitpid(server, 0)

    # Workers that are not forked were started by this process itself.
    if server not in {os.getpid(), *_servers}:
        _servers.add(server)
        atexit.register(end)


@dataclass
class _Process:
    """What a worker's process has, and whether it has run whole tasks since it last tidied up."""

    bundle: Bundle
    settings: ExplainSettings
    untidy: bool = False


_here: list[_Process] = []


def begin(
    folder: Path, device: str, files: dict[str, str], settings: ExplainSettings, threads: int
) -> None:
    """Make this process ready for tasks on a bundle.

    Args:
        folder: the bundle's.
        device: where networks run.
        files: the bundle's `cnn_files`.
        settings: of the explanations.
        threads: of this process.
    """
    # Ctrl-C reaches every process of a terminal: this one ends with nothing said and nothing begun.
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    end_with_parent()
    torch.set_num_threads(threads)
    server = sys.modules.get("solver.explain.run.forked_from")
    served = None if server is None else server.BUNDLE
    _here.append(_Process(bundle_for(served, folder, device, files), settings))


def bundle_for(served: Bundle | None, folder: Path, device: str, files: dict[str, str]) -> Bundle:
    """Return the bundle that the server has read, where it is the one in `folder`; else read it."""
    # The server may have read another run's bundle, or this one before a file was changed.
    if served is None or served.folder != folder or served.cnn_files != files:
        return load_bundle(folder, device)
    return served


def read_network() -> None:
    """Read the network.

    Raises:
        BundleError: it cannot be used.
    """
    _ = _here[0].bundle.network


def measure_batch() -> int:
    """Return the fastest batch size of this process; 1 where the bundle lacks an input."""
    return unless_lacking(1, lambda: fastest_batch(_here[0].bundle))


def do(task: Task, share: Share | None, batch: int | None) -> tuple[Piece, float]:
    """Return the result of a share or of a whole task, and its seconds."""
    began = time.perf_counter()
    here = _here[0]
    if batch is not None:
        set_fastest_batch(here.bundle, batch)
    if share is None:
        piece: Piece = perform(task, here.bundle, here.settings)
        here.untidy = True
    else:
        # Whole tasks of several kinds leave up to 0.4 GB in holes. Not after each of them: what is
        # given back costs 0.05 s when it is asked for again.
        if here.untidy:
            give_back_free_memory()
        here.untidy = False
        piece = measure(task, here.bundle, here.settings, share)
    return piece, time.perf_counter() - began
