"""Explanations one after another in this process, or several at once in processes of their own.

Several processes share a mean over samples among them, each a part of its samples, so that none is
idle while another takes the last one far.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from solver.bundle import Bundle, load_bundle
from solver.errors import BundleError
from solver.evidence import Evidence, Record
from solver.explain.method import ExplainSettings, Job, explanation_for
from solver.explain.sampling import Floats, Share


class Progress(Protocol):
    """What the runner tells a progress bar."""

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
"""A task, its record or a sentence saying why it could not be made, and the seconds it took."""

Piece = Record | Floats | str
"""What a process brings of a task: the record, a share's rows, or a sentence."""


class Workers:
    """Runs tasks on a bundle; a context, at whose end the processes are gone."""

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

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        if self.pool is not None:
            self.pool.shutdown(wait=True, cancel_futures=True)

    def run(self, tasks: Sequence[Task]) -> Iterator[Outcome]:
        """Yield what came of each task: in order from one process, as they end from several."""
        shares = {task.id: self._shares(task) for task in tasks}
        if self.jobs == 1 or sum(map(len, shares.values())) < 2:
            yield from map(self._here, tasks)
        else:
            yield from self._in_processes(tasks, shares)

    def _shares(self, task: Task) -> list[Share | None]:
        """The shares into which a task is dealt; None is all of it, up to the record."""
        alike = self.settings.batches_round_alike
        if self.jobs == 1 or not alike or not _is_sampled(task):
            return [None]
        return [Share(number, self.jobs) for number in range(self.jobs)]

    def _here(self, task: Task) -> Outcome:
        began = self.clock()
        self.progress.begin(task.id)
        outcome = perform(task, self.bundle, self.settings, self.progress.advance)
        return task, outcome, self.clock() - began

    def _in_processes(
        self, tasks: Sequence[Task], shares: Mapping[str, list[Share | None]]
    ) -> Iterator[Outcome]:
        began = self.clock()
        # The longest first, lest one process be left with it when the others are done.
        longest_first = sorted(tasks, key=self._passes, reverse=True)
        pieces: dict[str, dict[int, Piece]] = {task.id: {} for task in tasks}
        try:
            futures: dict[Future[Piece], tuple[Task, int]] = {
                self._processes().submit(_perform_there, task, share): (task, at)
                for task in longest_first
                for at, share in enumerate(shares[task.id])
            }
            for future in as_completed(futures):
                task, at = futures.pop(future)
                come = pieces[task.id]
                come[at] = future.result()
                if len(come) == len(shares[task.id]):
                    self.progress.begin(task.id)
                    outcome = self._together(task, [come[place] for place in sorted(come)])
                    come.clear()
                    yield task, outcome, (self.clock() - began) / len(tasks)
        except BrokenProcessPool:
            raise BundleError(
                "a process that ran explanations was ended from outside",
                mend="It may have been short of memory: run again with --jobs 1; what was done "
                "is kept.",
            ) from None

    def _together(self, task: Task, pieces: Sequence[Piece]) -> Record | str:
        """The record of all pieces of a task, in order, or what is said of one that failed."""
        rows: list[Floats] = []
        for piece in pieces:
            if not isinstance(piece, np.ndarray):
                return piece
            rows.append(piece)
        try:
            job = _job(task, self.bundle, self.settings)
            return job.sampling.joined(job, task.before, _upto(task, job), np.concatenate(rows))
        except BundleError as problem:
            return str(problem)

    def _passes(self, task: Task) -> int:
        try:
            job = _job(task, self.bundle, self.settings)
            return explanation_for(task.id).passes(job)
        except BundleError:
            return 0  # said as a sentence when the task itself is run

    def _processes(self) -> ProcessPoolExecutor:
        if self.pool is None:
            threads = max(1, (os.cpu_count() or 1) // self.jobs)
            self.pool = ProcessPoolExecutor(
                self.jobs,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_open_there,
                initargs=(self.bundle.folder, self.bundle.device, self.settings, threads),
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
    """Return the record of a task, or a sentence saying what the bundle lacks for it."""
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
        return job.sampling.measured(job, task.before, _upto(task, job), share)
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
    return job.sampling.most(job) if task.upto is None else task.upto


_there: list[tuple[Bundle, ExplainSettings]] = []


def _open_there(folder: Path, device: str, settings: ExplainSettings, threads: int) -> None:
    torch.set_num_threads(threads)
    _there.append((load_bundle(folder, device), settings))


def _perform_there(task: Task, share: Share | None) -> Piece:
    if share is None:
        return perform(task, *_there[0])
    return measure(task, *_there[0], share)
