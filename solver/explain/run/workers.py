"""Explanations one after another in this process, or several at once in processes of their own.

Several processes share a mean over samples among them, each a part of its samples, so that none is
idle while another takes the last one far.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from heapq import heappop, heappush
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from solver.bundle.bundle import Bundle, load_bundle
from solver.errors import BundleError
from solver.evidence import Evidence, Record
from solver.explain.batch_size import fastest_batch, found_elsewhere
from solver.explain.estimator import Floats, Share, samples_taken
from solver.explain.job import ExplainSettings, Job
from solver.explain.registry import explanation_for, sampling_of


class Progress(Protocol):
    """The progress bar's interface."""

    def start(self, jobs: list[tuple[str, int]]) -> None:
        """The ids to come and the network passes each will make at the most."""

    def begin(self, identifier: str) -> None:
        """An explanation begins, or goes on."""

    def advance(self, passes: int) -> None:
        """Passes of the explanation that began last are done."""

    def finish(self, identifier: str, seconds: float) -> None:
        """An explanation has ended after so many seconds."""


@dataclass(frozen=True)
class Task:
    """An explanation to run whole, or (`upto`) to take from `before` to a number of samples.

    Attributes:
        made: records it may begin from.
    """

    id: str
    before: Record | None = None
    upto: int | None = None
    made: tuple[Record, ...] = ()


Outcome = tuple[Task, Record | str, float]
"""A task, its record or a sentence saying why it could not be made, and the seconds it took, those
of all processes together."""

Piece = Record | Floats | str
"""What a process brings of a task: the record, a share's rows, or a sentence."""


PIECE = 12
"""Samples a process takes at once: some seconds of the genuine network at most, so that what is
more urgent does not wait long for it."""


@dataclass
class _Underway:
    """A task dealt among processes: its shares, their outcomes so far, and the seconds."""

    task: Task
    shares: list[Share | None]
    come: dict[int, Piece] = field(default_factory=dict)
    seconds: float = 0.0


class Workers:
    """Runs tasks on a bundle; a context, at whose end the processes are gone.

    Tasks wait in a queue, to which others may be added while their outcomes come: what is to be run
    after something needs only that to be over.
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
        self.queue: list[tuple[int, int, int, _Underway, int]] = []
        self.added = 0

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        if self.pool is not None:
            self.pool.shutdown(wait=True, cancel_futures=True)

    def add(self, tasks: Iterable[Task], rank: int = 0) -> None:
        """Put tasks into the queue, behind those of a lower rank.

        Within a rank one process takes them in order. Several take the longest first, lest one be
        left with it when the others are done.
        """
        for task in tasks:
            under_way = _Underway(task, self._shares(task))
            size = -self._passes(task) if self.jobs > 1 else 0
            for at in range(len(under_way.shares)):
                heappush(self.queue, (rank, size, self.added, under_way, at))
                self.added += 1

    def outcomes(self) -> Iterator[Outcome]:
        """Yield the outcome of each task as it ends, until the queue is empty."""
        while self.queue:
            # A single thing to do is not worth the start of processes.
            if self.jobs == 1 or (self.pool is None and len(self.queue) == 1):
                yield self._here(heappop(self.queue)[3].task)
            else:
                yield from self._in_processes()

    def _shares(self, task: Task) -> list[Share | None]:
        """The shares into which a task is dealt; None is all of it, up to the record."""
        alike = self.settings.batches_round_alike
        if self.jobs == 1 or not alike or not _is_sampled(task):
            return [None]
        count = self.jobs * max(math.ceil(self._samples(task) / (PIECE * self.jobs)), 1)
        return [Share(number, count) for number in range(count)]

    def _here(self, task: Task) -> Outcome:
        began = self.clock()
        self.progress.begin(task.id)
        outcome = perform(task, self.bundle, self.settings, self.progress.advance)
        return task, outcome, self.clock() - began

    def _in_processes(self) -> Iterator[Outcome]:
        """Deal the queue among processes, until it is empty and they are done."""
        running: dict[Future[tuple[Piece, float]], tuple[_Underway, int]] = {}
        try:
            while self.queue or running:
                # One waits, so that no process has to while this one looks at claims. More of them
                # would be in the way of what is added later and is to go first.
                while self.queue and len(running) < self.jobs + 1:
                    *_, under_way, at = heappop(self.queue)
                    share = under_way.shares[at]
                    batch = self._batch(share)
                    there = self._processes().submit(_perform_there, under_way.task, share, batch)
                    running[there] = under_way, at
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    under_way, at = running.pop(future)
                    under_way.come[at], seconds = future.result()
                    under_way.seconds += seconds
                    if len(under_way.come) == len(under_way.shares):
                        yield self._ended(under_way)
        except BrokenProcessPool:
            raise BundleError(
                "a process that ran explanations was ended from outside",
                mend="It may have been short of memory: run again with --jobs 1; what was done "
                "is kept.",
            ) from None

    def _ended(self, under_way: _Underway) -> Outcome:
        task, come = under_way.task, under_way.come
        self.progress.begin(task.id)
        outcome = self._together(task, [come[at] for at in sorted(come)])
        return task, outcome, under_way.seconds

    def _together(self, task: Task, pieces: Sequence[Piece]) -> Record | str:
        """The record joined from all shares of a task, or the sentence of one that failed."""
        rows: list[Floats] = []
        for piece in pieces:
            if not isinstance(piece, np.ndarray):
                return piece
            rows.append(piece)
        try:
            job = _job(task, self.bundle, self.settings)
            return sampling_of(job).joined(job, task.before, _upto(task, job), np.concatenate(rows))
        except BundleError as problem:
            return str(problem)

    def _samples(self, task: Task) -> int:
        """The number of samples a mean is to be extended by."""
        try:
            return _upto(task, _job(task, self.bundle, self.settings)) - samples_taken(task.before)
        except BundleError:
            return 0

    def _passes(self, task: Task) -> int:
        try:
            job = _job(task, self.bundle, self.settings)
            return explanation_for(task.id).passes(job)
        except BundleError:
            return 0  # said as a sentence when the task itself is run

    def _batch(self, share: Share | None) -> int | None:
        """The batch size, measured here while other processes run whole tasks."""
        return None if share is None else fastest_batch(self.bundle, self._threads)

    @property
    def _threads(self) -> int:
        """The number of threads of a process."""
        return max(1, (os.cpu_count() or 1) // self.jobs)

    def _processes(self) -> ProcessPoolExecutor:
        if self.pool is None:
            self.pool = ProcessPoolExecutor(
                self.jobs,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_open_there,
                initargs=(self.bundle.folder, self.bundle.device, self.settings, self._threads),
            )
        return self.pool


def begins_from(job: Job) -> list[str]:
    """Return the ids of the records an explanation begins from where they are there."""
    try:
        return explanation_for(job.id).uses(job)
    except BundleError:
        return []  # said as a sentence when the job itself is run


def made_already(job: Job, evidence: Evidence) -> tuple[Record, ...]:
    """Return those of the records it begins from that are there."""
    names = begins_from(job)
    return tuple(evidence.get(*name.split("/")) for name in names if name in evidence)


def perform(
    task: Task,
    bundle: Bundle,
    settings: ExplainSettings,
    advance: Callable[[int], None] = lambda _: None,
) -> Record | str:
    """Return the record of a task, or a sentence naming the materials the bundle lacks."""
    job = _job(task, bundle, settings, advance)
    try:
        found = explanation_for(task.id)
        if found.sampling is None:
            return found.run(job)
        return found.sampling.extend(job, task.before, _upto(task, job))
    except BundleError as problem:
        return str(problem)


def measure(task: Task, bundle: Bundle, settings: ExplainSettings, share: Share) -> Floats | str:
    """Return a share's rows of a mean over samples (rows, ...), or a sentence as `perform` does."""
    job = _job(task, bundle, settings)
    try:
        return sampling_of(job).measured(job, task.before, _upto(task, job), share)
    except BundleError as problem:
        return str(problem)


def _job(
    task: Task,
    bundle: Bundle,
    settings: ExplainSettings,
    advance: Callable[[int], None] = lambda _: None,
) -> Job:
    made = Evidence({one.id: one for one in task.made})
    return Job(task.id, bundle, settings, advance, made)


def _is_sampled(task: Task) -> bool:
    try:
        return explanation_for(task.id).sampling is not None
    except BundleError:
        return False  # said as a sentence when the task itself is run


def _upto(task: Task, job: Job) -> int:
    """The count a mean over samples is taken to: the course's where the task is to be run whole."""
    return sampling_of(job).most(job) if task.upto is None else task.upto


_there: list[tuple[Bundle, ExplainSettings]] = []


def _open_there(folder: Path, device: str, settings: ExplainSettings, threads: int) -> None:
    torch.set_num_threads(threads)
    _there.append((load_bundle(folder, device), settings))


def _perform_there(task: Task, share: Share | None, batch: int | None) -> tuple[Piece, float]:
    """The outcome of a share or of a whole task, and its seconds."""
    began = time.perf_counter()
    if batch is not None:
        found_elsewhere(_there[0][0], batch)
    piece = perform(task, *_there[0]) if share is None else measure(task, *_there[0], share)
    return piece, time.perf_counter() - began
