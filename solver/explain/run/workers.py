"""Workers that run explanations, one after another in this process or in several processes.

Several processes share the samples of a mean, so that none is idle while another works on the last
one.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Protocol

import numpy as np

from solver.bundle.bundle import Bundle
from solver.errors import BundleError
from solver.evidence import Record
from solver.explain.estimator import Floats, Share, samples_taken
from solver.explain.job import ExplainSettings, Job
from solver.explain.registry import explanation_for, sampling_of
from solver.explain.run.tasks import (
    Failure,
    Outcome,
    Piece,
    Task,
    job_of,
    passes_of,
    perform,
    unless_lacking,
    upto_of,
)
from solver.explain.run.worker_process import (
    begin,
    context_for,
    do,
    end_at_exit,
    measure_batch,
    read_network,
)
from solver.files.process_pool import stop, wait_for_one


class Progress(Protocol):
    """The progress bar's interface."""

    def start(self, jobs: list[tuple[str, int]]) -> None:
        """Called as a stage begins: ids, and the network passes each will probably make."""

    def begin(self, identifier: str) -> None:
        """Called when an explanation begins, or goes on."""

    def advance(self, passes: int) -> None:
        """Called when passes of the explanation that began last are done."""

    def finish(self, identifier: str, seconds: float) -> None:
        """Called when an explanation has ended, with its seconds."""


class SilentProgress:
    """A progress bar that shows nothing."""

    def start(self, jobs: list[tuple[str, int]]) -> None:
        """Nothing."""

    def begin(self, identifier: str) -> None:
        """Nothing."""

    def advance(self, passes: int) -> None:
        """Nothing."""

    def finish(self, identifier: str, seconds: float) -> None:
        """Nothing."""


PIECE = 12
"""Samples a process takes at once: at most some seconds of the genuine network, so that more urgent
tasks do not wait long."""


@dataclass
class _SharedTask:
    """A task shared among processes: its shares, their results so far, and the seconds."""

    task: Task
    shares: list[Share | None]
    pieces: dict[int, Piece] = field(default_factory=dict)
    seconds: float = 0.0


class Workers:
    """Workers that run tasks on a bundle; a context, at whose end the processes are stopped.

    Tasks wait in a queue, to which more may be added while outcomes are read.
    """

    def __init__(
        self,
        bundle: Bundle,
        settings: ExplainSettings,
        progress: Progress,
        clock: Callable[[], float],
        jobs: int = 1,
    ) -> None:
        self.bundle, self.settings = bundle, settings
        self.progress, self.clock = progress, clock
        # On CUDA the device itself runs in parallel; a second process would only share it.
        self.jobs = 1 if bundle.device.startswith("cuda") else max(jobs, 1)
        self.pool: ProcessPoolExecutor | None = None
        self.measured: Future[int] | None = None
        self.queue: list[tuple[int, int, int, _SharedTask, int]] = []
        self.added = 0

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        if self.pool is not None:
            stop(self.pool)

    def open_network(self) -> None:
        """Read the network, which is read but once.

        Raises:
            BundleError: it cannot be used.
        """
        if self.jobs == 1:
            _ = self.bundle.network
            return
        with _as_error():
            there = self._processes().submit(read_network)
            wait_for_one(self._processes(), [there])
            there.result()

    def add(self, tasks: Iterable[Task], rank: int = 0) -> None:
        """Put tasks into the queue, behind those of a lower rank."""
        for task in tasks:
            shared = _SharedTask(task, self._shares(task))
            # Within a rank one process takes tasks in order. Several take the longest first, lest
            # one be left with it when the others are done.
            size = -passes_of(self._job(task), 0) if self.jobs > 1 else 0
            for at in range(len(shared.shares)):
                heappush(self.queue, (rank, size, self.added, shared, at))
                self.added += 1

    def outcomes(self) -> Iterator[Outcome]:
        """Yield the outcome of each task as it ends, until the queue is empty."""
        while self.queue:
            if self.jobs == 1:
                yield self.done_here(heappop(self.queue)[3].task)
            else:
                yield from self._in_processes()

    def done_here(self, task: Task) -> Outcome:
        """Return the outcome of a task, run by this process."""
        began = self.clock()
        self.progress.begin(task.id)
        result = perform(task, self.bundle, self.settings, self.progress.advance)
        return task, result, self.clock() - began

    def _shares(self, task: Task) -> list[Share | None]:
        """The shares of a task; None is all of it, up to the record."""
        job = self._job(task)
        sampled = unless_lacking(False, lambda: explanation_for(task.id).sampling is not None)
        # Shares end in batches of other sizes, which must round alike for the same bits.
        if self.jobs == 1 or not self.settings.batches_round_alike or not sampled:
            return [None]
        samples = unless_lacking(0, lambda: upto_of(task, job) - samples_taken(task.before))
        count = self.jobs * max(math.ceil(samples / (PIECE * self.jobs)), 1)
        return [Share(number, count) for number in range(count)]

    def _in_processes(self) -> Iterator[Outcome]:
        """Share the queue among processes, until it is empty and they are done."""
        running: dict[Future[tuple[Piece, float]], tuple[_SharedTask, int]] = {}
        with _as_error():
            if any(shared.shares[at] is not None for *_, shared, at in self.queue):
                self._begin_measuring()  # first, while others are busy with whole tasks
            while self.queue or running:
                # One waits, so that no process has to while this one tests claims. More would be in
                # the way of tasks that are added later and go first.
                while self.queue and len(running) < self.jobs + 1:
                    *_, shared, at = heappop(self.queue)
                    share = shared.shares[at]
                    batch = None if share is None else self._batch()
                    there = self._processes().submit(do, shared.task, share, batch)
                    running[there] = shared, at
                for future in wait_for_one(self._processes(), running):
                    shared, at = running.pop(future)
                    shared.pieces[at], seconds = future.result()
                    shared.seconds += seconds
                    if len(shared.pieces) == len(shared.shares):
                        self.progress.begin(shared.task.id)
                        # In the order of the shares, not of their ends: sums of floats depend on
                        # it.
                        pieces = [shared.pieces[at] for at in sorted(shared.pieces)]
                        yield shared.task, self._together(shared.task, pieces), shared.seconds

    def _together(self, task: Task, pieces: Sequence[Piece]) -> Record | Failure:
        """The record joined from all shares of a task, or the reason of one that failed."""
        rows: list[Floats] = []
        for piece in pieces:
            if not isinstance(piece, np.ndarray):
                return piece
            rows.append(piece)
        try:
            job = self._job(task)
            return sampling_of(job).joined(
                job, task.before, upto_of(task, job), np.concatenate(rows)
            )
        except BundleError as problem:
            return problem.in_both

    def _job(self, task: Task) -> Job:
        return job_of(task, self.bundle, self.settings)

    def _batch(self) -> int:
        """The fastest batch size of a process, measured by one of them: its network stays there."""
        self._begin_measuring()
        assert self.measured is not None
        wait_for_one(self._processes(), [self.measured])
        return self.measured.result()

    def _begin_measuring(self) -> None:
        if self.measured is None:
            self.measured = self._processes().submit(measure_batch)

    @property
    def _threads(self) -> int:
        """The number of threads of a process."""
        return max(1, (os.cpu_count() or 1) // self.jobs)

    def _processes(self) -> ProcessPoolExecutor:
        if self.pool is None:
            self.pool = ProcessPoolExecutor(
                self.jobs,
                mp_context=context_for(self.bundle, self.settings),
                initializer=begin,
                initargs=(
                    self.bundle.folder,
                    self.bundle.device,
                    self.bundle.cnn_files,
                    self.settings,
                    self._threads,
                ),
            )
            self.pool.submit(os.getppid).add_done_callback(end_at_exit)
        return self.pool


@contextmanager
def _as_error() -> Iterator[None]:
    """Context in which a process that is gone is a sentence."""
    try:
        yield
    except BrokenProcessPool:
        raise BundleError(
            "a process that ran explanations was ended from outside",
            mend="It may have been short of memory: run again with --jobs 1; what was done "
            "is kept.",
        ) from None
