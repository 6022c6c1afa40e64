"""Process pools of which a process may be killed from outside: waiting for them, and their end."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Collection
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

Value = TypeVar("Value")

LOOK_AFTER = 2.0
"""Seconds without a result after which the processes are looked at."""


def wait_for_one(
    pool: ProcessPoolExecutor, running: Collection[Future[Value]]
) -> set[Future[Value]]:
    """Wait until a future of the pool ends; return those that have.

    Raises:
        BrokenProcessPool: a process is gone; `stop` ends the others.
    """
    while not (done := wait(running, LOOK_AFTER, return_when=FIRST_COMPLETED).done):
        # The pool itself sees most deaths. One that is killed while it writes leaves half a result,
        # and the pool reads on for ever (Python 3.11 to 3.14).
        if not all(each.is_alive() for each in _processes(pool)):
            raise BrokenProcessPool("a process is gone")
    return done


def stop(pool: ProcessPoolExecutor) -> None:
    """End the pool and its processes; a call at work ends first, one that waits is dropped."""
    processes = _processes(pool)
    if not all(each.is_alive() for each in processes):
        for each in processes:
            each.kill()
        # This process holds the pipe's other end too: while it is open, no end of file comes, and
        # `shutdown` would wait with the reader.
        pool._result_queue._writer.close()  # type: ignore[attr-defined]
    pool.shutdown(wait=True, cancel_futures=True)


def end_with_parent() -> None:
    """Let this process end when the one that started it does, in whatever way.

    A pool's process waits for calls on a pipe that it holds both ends of: it would wait for ever,
    with all its memory, for a process that was killed.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:

        def watch() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=watch, daemon=True).start()


def _processes(pool: ProcessPoolExecutor) -> list[Any]:
    return list((pool._processes or {}).values())
