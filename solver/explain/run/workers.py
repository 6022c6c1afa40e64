"""Workers that run explanations, one after another in this process or in several processes.

Several processes share the samples of a mean, so that none is idle while another works on the last
one.
"""

from __future__ import annotations

import json
import math
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from heapq import heappop, heappush
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import torch

from solver.bundle.bundle import Bundle, load_bundle
from solver.errors import BundleError
from solver.evidence import Evidence, Record
from solver.explain.batch_size import fastest_batch, set_fastest_batch
from solver.explain.estimator import Floats, Share, samples_taken
from solver.explain.job import ExplainSettings, Job
from solver.explain.registry import explanation_for, sampling_of
from solver.files.process_pool import end_with_parent, stop, wait_for_one

Value = TypeVar("Value")


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


@dataclass(frozen=True)
class Task:
    """An explanation to run whole, or to extend from `before` to `upto` samples.

    Attributes:
        made: records it may begin from.
    """

    id: str
    before: Record | None = None
    upto: int | None = None
    made: tuple[Record, ...] = ()


Failure = tuple[str, str]
"""Why an explanation could not be run: a sentence in English and in Chinese."""

Outcome = tuple[Task, Record | Failure, float]
"""A task, its record or the reason of its failure, and the seconds of all processes together."""

Piece = Record | Floats | Failure
"""A process's result of a task: the record, a share's rows, or the reason of a failure."""


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
            _stop_server()

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
            # A single task is not worth the start of processes.
            if self.jobs == 1 or (self.pool is None and len(self.queue) == 1):
                task, began = heappop(self.queue)[3].task, self.clock()
                self.progress.begin(task.id)
                result = perform(task, self.bundle, self.settings, self.progress.advance)
                yield task, result, self.clock() - began
            else:
                yield from self._in_processes()

    def _shares(self, task: Task) -> list[Share | None]:
        """The shares of a task; None is all of it, up to the record."""
        job = self._job(task)
        sampled = unless_lacking(False, lambda: explanation_for(task.id).sampling is not None)
        # Shares end in batches of other sizes, which must round alike for the same bits.
        if self.jobs == 1 or not self.settings.batches_round_alike or not sampled:
            return [None]
        samples = unless_lacking(0, lambda: _upto(task, job) - samples_taken(task.before))
        count = self.jobs * max(math.ceil(samples / (PIECE * self.jobs)), 1)
        return [Share(number, count) for number in range(count)]

    def _in_processes(self) -> Iterator[Outcome]:
        """Share the queue among processes, until it is empty and they are done."""
        running: dict[Future[tuple[Piece, float]], tuple[_SharedTask, int]] = {}
        try:
            if any(shared.shares[at] is not None for *_, shared, at in self.queue):
                self._begin_measuring()  # first, while others are busy with whole tasks
            while self.queue or running:
                # One waits, so that no process has to while this one tests claims. More would be in
                # the way of tasks that are added later and go first.
                while self.queue and len(running) < self.jobs + 1:
                    *_, shared, at = heappop(self.queue)
                    share = shared.shares[at]
                    batch = None if share is None else self._batch()
                    there = self._processes().submit(_perform_there, shared.task, share, batch)
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
        except BrokenProcessPool:
            raise BundleError(
                "a process that ran explanations was ended from outside",
                mend="It may have been short of memory: run again with --jobs 1; what was done "
                "is kept.",
            ) from None

    def _together(self, task: Task, pieces: Sequence[Piece]) -> Record | Failure:
        """The record joined from all shares of a task, or the reason of one that failed."""
        rows: list[Floats] = []
        for piece in pieces:
            if not isinstance(piece, np.ndarray):
                return piece
            rows.append(piece)
        try:
            job = self._job(task)
            return sampling_of(job).joined(job, task.before, _upto(task, job), np.concatenate(rows))
        except BundleError as problem:
            return problem.in_both

    def _job(self, task: Task) -> Job:
        return _job(task, self.bundle, self.settings)

    def _batch(self) -> int:
        """The fastest batch size of a process, measured by one of them: its network stays there."""
        self._begin_measuring()
        assert self.measured is not None
        wait_for_one(self._processes(), [self.measured])
        return self.measured.result()

    def _begin_measuring(self) -> None:
        if self.measured is None:
            self.measured = self._processes().submit(_fastest_there)

    @property
    def _threads(self) -> int:
        """The number of threads of a process."""
        return max(1, (os.cpu_count() or 1) // self.jobs)

    def _processes(self) -> ProcessPoolExecutor:
        if self.pool is None:
            self.pool = ProcessPoolExecutor(
                self.jobs,
                mp_context=_context(self.bundle, self.settings),
                initializer=_open_there,
                initargs=(self.bundle.folder, self.bundle.device, self.settings, self._threads),
            )
            self.bundle.let_go()  # each of them has it
        return self.pool


def unless_lacking(otherwise: Value, find: Callable[[], Value]) -> Value:
    """Return `find()`, or `otherwise` where the bundle lacks an input.

    The run of the explanation itself reports the lack, as a sentence.
    """
    try:
        return find()
    except BundleError:
        return otherwise


def passes_of(job: Job, otherwise: int) -> int:
    """Return the network passes of a job; `otherwise` where the bundle lacks an input."""
    return unless_lacking(otherwise, lambda: explanation_for(job.id).passes(job))


def base_records(job: Job) -> list[str]:
    """Return the ids of the records an explanation begins from if they exist."""
    return unless_lacking([], lambda: explanation_for(job.id).uses(job))


def perform(
    task: Task,
    bundle: Bundle,
    settings: ExplainSettings,
    advance: Callable[[int], None] = lambda _: None,
) -> Record | Failure:
    """Return the record of a task, or the reason: it names the missing materials."""
    job = _job(task, bundle, settings, advance)
    try:
        found = explanation_for(task.id)
        if found.sampling is None:
            return found.run(job)
        return found.sampling.extend(job, task.before, _upto(task, job))
    except BundleError as problem:
        return problem.in_both


def measure(
    task: Task, bundle: Bundle, settings: ExplainSettings, share: Share
) -> Floats | Failure:
    """Return a share's rows of a mean over samples (rows, ...), or a reason as `perform` does."""
    job = _job(task, bundle, settings)
    try:
        return sampling_of(job).measured(job, task.before, _upto(task, job), share)
    except BundleError as problem:
        return problem.in_both


def _job(
    task: Task,
    bundle: Bundle,
    settings: ExplainSettings,
    advance: Callable[[int], None] = lambda _: None,
) -> Job:
    made = Evidence({one.id: one for one in task.made})
    return Job(task.id, bundle, settings, advance, made)


def _upto(task: Task, job: Job) -> int:
    """The sample count of a task: the course's where it is to be run whole."""
    return sampling_of(job).most(job) if task.upto is None else task.upto


SERVED = "HW9_SERVED_BUNDLE"
"""Environment variable that names the bundle to the process that workers are forked from."""


def _context(bundle: Bundle, settings: ExplainSettings) -> BaseContext:
    """The way to start processes that leaves them most memory in common."""
    # Not "fork": torch's threads do not come along, and a child that forks in a lock waits for
    # ever.
    if sys.platform != "linux" or bundle.device != "cpu":
        return multiprocessing.get_context("spawn")
    from multiprocessing import forkserver

    # torch, the methods and the network's weights take 0.6 GB, which a server process reads once
    # for all that are forked from it.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["solver.explain.run.forked_from"])
    told = str(bundle.folder.resolve()), bundle.device, settings.network == "prepared"
    os.environ[SERVED] = json.dumps(told)
    try:
        forkserver.ensure_running()
    finally:
        del os.environ[SERVED]
    return context


def _stop_server() -> None:
    """End the process that workers were forked from: the next ones get another bundle."""
    if sys.platform == "linux":
        from multiprocessing import forkserver

        forkserver._forkserver._stop()  # type: ignore[attr-defined]


_there: list[tuple[Bundle, ExplainSettings]] = []


def _open_there(folder: Path, device: str, settings: ExplainSettings, threads: int) -> None:
    # Ctrl-C reaches every process of a terminal: this one ends with nothing said and nothing begun.
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    end_with_parent()
    torch.set_num_threads(threads)
    served = sys.modules.get("solver.explain.run.forked_from")
    bundle = None if served is None else served.BUNDLE
    _there.append((bundle or load_bundle(folder, device), settings))


def _fastest_there() -> int:
    return unless_lacking(1, lambda: fastest_batch(_there[0][0]))


def _perform_there(task: Task, share: Share | None, batch: int | None) -> tuple[Piece, float]:
    """The result of a share or of a whole task, and its seconds."""
    began = time.perf_counter()
    if batch is not None:
        set_fastest_batch(_there[0][0], batch)
    piece = perform(task, *_there[0]) if share is None else measure(task, *_there[0], share)
    return piece, time.perf_counter() - began
