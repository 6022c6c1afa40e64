"""Explanations one after another in this process, or several at once in processes of their own."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch

from solver.bundle import Bundle, load_bundle
from solver.errors import BundleError
from solver.evidence import Evidence, Record
from solver.explain.method import ExplainSettings, Job, explanation_for


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
        if self.jobs == 1 or len(tasks) < 2:
            yield from map(self._here, tasks)
        else:
            yield from self._in_processes(tasks)

    def _here(self, task: Task) -> Outcome:
        began = self.clock()
        self.progress.begin(task.id)
        outcome = perform(task, self.bundle, self.settings, self.progress.advance)
        return task, outcome, self.clock() - began

    def _in_processes(self, tasks: Sequence[Task]) -> Iterator[Outcome]:
        began = self.clock()
        futures: dict[Future[Record | str], Task] = {
            self._processes().submit(_perform_there, task): task for task in tasks
        }
        try:
            for future in as_completed(futures):
                task = futures[future]
                self.progress.begin(task.id)
                yield task, future.result(), (self.clock() - began) / len(tasks)
        except BrokenProcessPool:
            raise BundleError(
                "a process that ran explanations was ended from outside",
                mend="It may have been short of memory: run again with --jobs 1; what was done "
                "is kept.",
            ) from None

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
    job = Job(task.id, bundle, settings, advance, Evidence({one.id: one for one in task.made}))
    try:
        found = explanation_for(task.id)
        if task.upto is None or found.sampling is None:
            return found.run(job)
        return found.sampling.extend(job, task.before, task.upto)
    except BundleError as problem:
        return str(problem)


_there: list[tuple[Bundle, ExplainSettings]] = []


def _open_there(folder: Path, device: str, settings: ExplainSettings, threads: int) -> None:
    torch.set_num_threads(threads)
    _there.append((load_bundle(folder, device), settings))


def _perform_there(task: Task) -> Record | str:
    return perform(task, *_there[0])
