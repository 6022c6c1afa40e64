"""Calls dealt among processes, this one among them.

Which process makes a call changes no result: calls share nothing. This process takes its part from
the end of the queue, so that no time is lost while others start, and others have enough while it is
at a long call; and it takes all that is left where another one is ended.
"""

from __future__ import annotations

import multiprocessing
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
        left = dict.fromkeys(range(len(calls)))
        try:
            # One call alone is made here: to send it would take longer.
            futures = self._sent(calls) if self.others and len(calls) > 1 else {}
            while futures:
                done = {each for each in futures if each.done()}
                # From the end: the processes take the first ones. What one of them has begun, or
                # is about to, cannot be taken back.
                mine = next((each for each in reversed(futures) if each.cancel()), None)
                if mine is None and not done:
                    done = wait_for_one(self._processes(), futures)
                for each in done:
                    result = each.result()  # first: where its process is gone, it is left to do
                    at = futures.pop(each)
                    del left[at]
                    yield at, result
                if mine is not None:
                    at = futures.pop(mine)
                    del left[at]
                    yield at, calls[at]()
        except BrokenProcessPool:
            self.others = 0
            self._stop()
        for at in left:
            yield at, calls[at]()

    def _sent(self, calls: Sequence[Callable[[], Value]]) -> dict[Future[Value], int]:
        return {self._processes().submit(call): at for at, call in enumerate(calls)}

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
