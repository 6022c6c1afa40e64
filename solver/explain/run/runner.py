"""Runs the explanations a plan asks for, each once, saving every record as soon as it is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch.backends import cudnn

from solver.bundle.bundle import Bundle
from solver.errors import BundleError
from solver.evidence import Evidence, Record, save_record, write_manifest
from solver.explain.job import ExplainSettings, Job
from solver.explain.registry import expected_inputs, expected_settings, explanation_for, may_stop
from solver.explain.run.scheduler import Scheduler
from solver.explain.run.workers import Progress, Task, Workers, begins_from, made_already
from solver.explain.sampling.claims import Claims


class SilentProgress:
    """A progress bar nobody sees."""

    def start(self, jobs: list[tuple[str, int]]) -> None:
        """Nothing."""

    def begin(self, identifier: str) -> None:
        """Nothing."""

    def advance(self, passes: int) -> None:
        """Nothing."""

    def finish(self, identifier: str, seconds: float) -> None:
        """Nothing."""


class _Saved:
    """Records saved one by one, with a manifest that names all that are there."""

    def __init__(self, folder: Path | None, about: Mapping[str, Any] | None) -> None:
        self.folder, self.about = folder, about
        self.entries: dict[str, dict[str, Any]] = {}

    def add(self, record: Record) -> None:
        if self.folder is not None:
            self.entries[record.id] = save_record(record, self.folder)

    def write_manifest(self) -> None:
        if self.folder is not None:
            write_manifest(list(self.entries.values()), self.folder, self.about)

    def keep(self, record: Record) -> None:
        self.add(record)
        self.write_manifest()


def run_explanations(
    wanted: Iterable[str],
    bundle: Bundle,
    settings: ExplainSettings,
    *,
    folder: Path | None = None,
    known: Evidence | None = None,
    also: Sequence[Evidence] = (),
    progress: Progress | None = None,
    clock: Callable[[], float] = lambda: 0.0,
    about: Mapping[str, Any] | None = None,
    all_claims: Sequence[Claims] = (),
    beside: Evidence | None = None,
    processes: int = 1,
) -> tuple[Evidence, dict[str, str]]:
    """Return the records `wanted`, made from the bundle or reused where they are still good.

    Besides, by id, a sentence for each record that could not be made: a bundle may lack the
    materials of some questions, and the others go on.

    What is `known`, or `also` known (of runs that were stopped), is good when its settings and the
    hashes of its inputs and its method's code are those a run would write now. With `folder` each
    record is saved as it is made, so that a run that is stopped can go on from there. Where the
    settings have a confidence, records that are means over samples are taken as far as the claims
    of `all_claims` need, from where a known one ends; `beside` holds records that these claims rest
    on as well and that are no part of this run.
    """
    progress = progress or SilentProgress()
    jobs = [Job(name, bundle, settings, progress.advance) for name in dict.fromkeys(wanted)]
    every = [each for each in (known, *also) if each is not None]
    good = _good(jobs, every)
    saved = _Saved(folder, about)
    evidence = Evidence(bundle=about)
    if folder is not None:
        for record in _others_still_good(jobs, every, bundle, settings):
            saved.add(record)
    # What is known goes first, so that a run which is stopped has lost nothing of it.
    for job in jobs:
        if job.id in good:
            evidence.add(good[job.id])
            saved.add(good[job.id])
    sampled = [job for job in jobs if _may_stop(job)]
    plain = [job for job in jobs if job.id not in good and job not in sampled]
    with full_precision(), Workers(bundle, settings, progress, clock, processes) as workers:
        coming = {job.id for job in plain}
        scheduler = Scheduler(
            sampled, all_claims, evidence, beside or Evidence(), coming, saved.keep, progress.finish
        )
        to_run = [*plain, *(job for job in sampled if job.id not in good)]
        progress.start([(job.id, _passes(job)) for job in to_run])
        failures = _run(plain, scheduler, workers)
    saved.write_manifest()
    return evidence, {job.id: failures[job.id] for job in jobs if job.id in failures}


@contextmanager
def full_precision() -> Iterator[None]:
    """On CUDA, convolutions in all of float32's digits and in one order; elsewhere nothing changes.

    By default torch lets a GPU of Ampere's kind or later round their inputs to ten bits (TF32).
    """
    with cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
        yield


def _run(plain: list[Job], scheduler: Scheduler, workers: Workers) -> dict[str, str]:
    """Run explanations whole and means in rounds; return why some could not be made.

    Those that others begin from go before them; else what is to be run whole goes first.
    """
    failures = scheduler.failures
    waiting = list(plain)

    def add_what_can_be_run() -> None:
        for job in [job for job in waiting if not scheduler.coming & set(begins_from(job))]:
            waiting.remove(job)
            workers.add([Task(job.id, made=made_already(job, scheduler.evidence))])
        for number, tasks in scheduler.tasks():
            workers.add(tasks, rank=1 + number)

    add_what_can_be_run()
    for outcome in workers.outcomes():
        task, record, seconds = outcome
        if task.id not in scheduler.coming:
            scheduler.take(outcome)
        else:
            scheduler.coming.remove(task.id)
            if isinstance(record, str):
                failures[task.id] = record
            else:
                scheduler.evidence.add(record)
                scheduler.keep(record)
                scheduler.finish(task.id, seconds)
        add_what_can_be_run()
    return failures


def _may_stop(job: Job) -> bool:
    try:
        return may_stop(job)
    except BundleError:
        return False


def _others_still_good(
    jobs: list[Job], known: Sequence[Evidence], bundle: Bundle, settings: ExplainSettings
) -> list[Record]:
    """Known, good records not asked for: a smaller run must not lose hours of work."""
    asked = {job.id for job in jobs}
    others = {record.id for evidence in known for record in evidence} - asked
    return list(_good([Job(name, bundle, settings) for name in sorted(others)], known).values())


def _passes(job: Job) -> int:
    try:
        return explanation_for(job.id).passes(job)
    except BundleError:
        return 1  # said again, as a sentence, when the job itself is run


def _good(jobs: list[Job], known: Sequence[Evidence]) -> dict[str, Record]:
    """The first good record of each job for which there is one."""
    found: dict[str, Record] = {}
    for job in jobs:
        for evidence in known:
            if job.id not in found and _is_good(job, evidence):
                found[job.id] = evidence.get(*job.id.split("/"))
    return found


def _is_good(job: Job, known: Evidence) -> bool:
    if job.id not in known or job.id.startswith("regions/"):
        return False
    record = known.get(*job.id.split("/"))
    try:
        return record.settings == expected_settings(job) and record.inputs == expected_inputs(job)
    except BundleError:
        return False
