"""Calls dealt among processes, this one among them.

Which process makes a call changes no result: calls share nothing. This process takes its part, so
that no time is lost while others start, and all that is left where another one is ended.
"""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from solver.files.process_pool import end_with_parent, stop, wait_for_one

Value = TypeVar("Value")


class Dealing:
    """A context in which calls are dealt among so many processes.

    >>> with Dealing(1) as dealing:
    ...     sorted(dealing.results([lambda: "a", lambda: "b"]))
    [(0, 'a'), (1, 'b')]
    """

    def __init__(self, jobs: int = 1) -> None:
        self.others = max(jobs, 1) - 1
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Dealing:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def results(self, calls: Sequence[Callable[[], Value]]) -> Iterator[tuple[int, Value]]:
        """Yield the place of each call and its result, in the order in which they end.

        For other processes, a call must be a `functools.partial` that can be pickled.
        """
        waiting, running = deque(range(len(calls))), dict[Future[Value], int]()
        while waiting or running:
            try:
                # One more than there are processes, so that none waits while this one is at work.
                while self.others and len(waiting) > 1 and len(running) <= self.others:
                    at = waiting.popleft()
                    running[self._processes().submit(calls[at])] = at
                done = {each for each in running if each.done()}
                if not done and not waiting:
                    done = wait_for_one(self._processes(), running)
                for each in done:
                    result = each.result()
                    yield running.pop(each), result
            except BrokenProcessPool:
                waiting.extend(running.values())
                running.clear()
                self.others = 0
                self._stop()
            if waiting:
                # From the other end: the processes take the first ones.
                at = waiting.pop() if self.others else waiting.popleft()
                yield at, calls[at]()

    def _processes(self) -> ProcessPoolExecutor:
        if self._pool is None:
            # Not "fork": a library's threads would not come along, their locks would.
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(
                self.others, mp_context=context, initializer=end_with_parent
            )
        return self._pool

    def _stop(self) -> None:
        if self._pool is not None:
            stop(self._pool)
        self._pool = None
