"""Run of explanations, each once, with every record saved as soon as it is made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from solver.bundle.bundle import Bundle
from solver.evidence import Evidence, Record, save_record, write_manifest
from solver.explain.job import ExplainSettings, Job
from solver.explain.registry import expected_inputs, expected_settings, may_stop, sampling_of
from solver.explain.run.scheduler import Scheduler, probable_tests
from solver.explain.run.tasks import Failure, Outcome, Task, base_records, passes_of, unless_lacking
from solver.explain.run.workers import Progress, SilentProgress, Workers
from solver.explain.sampling.claims import Claims


class _Saved:
    """Records saved one by one, with a manifest of all that are there."""

    def __init__(self, folder: Path | None, about: Mapping[str, Any] | None) -> None:
        self.folder, self.about = folder, about
        self.entries: dict[str, dict[str, Any]] = {}

    def add(self, record: Record) -> None:
        if self.folder is not None:
            self.entries[record.id] = save_record(record, self.folder)

    def write_manifest(self) -> None:
        if self.folder is not None:
            # After each record: a run that is killed leaves a manifest of all that are whole.
            write_manifest(list(self.entries.values()), self.folder, self.about)

    def keep(self, record: Record) -> None:
        self.add(record)
        self.write_manifest()


@dataclass(frozen=True)
class RunOptions:
    """Options of a run of explanations, the same whatever records it makes.

    Attributes:
        progress: the progress bar.
        clock: gives seconds, for the progress bar.
        about: description of the bundle, for the manifest.
        all_claims: the claims that depend on the records.
        beside: other records that these claims depend on.
        processes: number of processes.
        network_first: a network that cannot be used is refused before anything is run; else it is
            the reason of each record that lacks it.
    """

    progress: Progress = field(default_factory=SilentProgress)
    clock: Callable[[], float] = lambda: 0.0
    about: Mapping[str, Any] | None = None
    all_claims: Sequence[Claims] = ()
    beside: Evidence = field(default_factory=Evidence)
    processes: int = 1
    network_first: bool = False


def run_explanations(
    wanted: Iterable[str],
    bundle: Bundle,
    settings: ExplainSettings,
    options: RunOptions | None = None,
    *,
    folder: Path | None = None,
    known: Evidence | None = None,
    also: Sequence[Evidence] = (),
) -> tuple[Evidence, dict[str, Failure]]:
    """Return the records `wanted`, and by id the reason for each that could not be made.

    A bundle may lack the materials of some records; the others are made. A known record is reused
    when its settings and the hashes of its inputs and its method's code are those that a run would
    write now. Where the settings have a confidence, means over samples are extended as far as the
    claims need, from the end of a known one.

    Args:
        wanted: ids of records.
        bundle: the materials.
        settings: of the explanations.
        options: of the run.
        folder: each record is saved there as it is made, so that a stopped run can go on.
        known: records of an earlier run.
        also: records of runs that were stopped.

    Raises:
        BundleError: a process is gone, or, with `network_first`, the network cannot be used.
    """
    options = options or RunOptions()
    progress = options.progress
    jobs = [Job(name, bundle, settings, progress.advance) for name in dict.fromkeys(wanted)]
    every = [each for each in (known, *also) if each is not None]
    good = _good(jobs, every)
    saved = _Saved(folder, options.about)
    evidence = Evidence(bundle=options.about)
    if folder is not None:
        # A smaller run in the same folder must not lose the hours of work of a larger one.
        others = {record.id for one in every for record in one} - {job.id for job in jobs}
        unasked = [Job(name, bundle, settings) for name in sorted(others)]
        for record in _good(unasked, every).values():
            saved.add(record)
    # Known records are saved first, so that a run which is stopped loses none of them.
    for job in jobs:
        if job.id in good:
            evidence.add(good[job.id])
            saved.add(good[job.id])
    sampled = [job for job in jobs if unless_lacking(False, partial(may_stop, job))]
    plain = [job for job in jobs if job.id not in good and job not in sampled]
    made_by = Workers(bundle, settings, progress, options.clock, options.processes)
    with full_precision(bundle.device), made_by as workers:
        pending = {job.id for job in plain}
        scheduler = Scheduler(
            sampled,
            options.all_claims,
            evidence,
            options.beside,
            pending,
            saved.keep,
            progress,
        )
        to_run = [*plain, *(job for job in sampled if job.id not in good)]
        if options.network_first and not all(_is_read(job.id) for job in to_run):
            workers.open_network()
        announced = [(job.id, probable_passes(job)) for job in to_run]
        progress.start([*announced, *probable_tests(sampled, scheduler.untested)])
        failures = _run(plain, scheduler, workers)
    saved.write_manifest()
    return evidence, {job.id: failures[job.id] for job in jobs if job.id in failures}


@contextmanager
def full_precision(device: str) -> Iterator[None]:
    """Context in which CUDA convolves in full float32 and in one order; no effect elsewhere."""
    if not device.startswith("cuda"):
        yield
        return
    from torch.backends import cudnn

    # By default torch lets a GPU since Ampere round inputs of convolutions to ten bits (TF32).
    with cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
        yield


def _run(plain: list[Job], scheduler: Scheduler, workers: Workers) -> dict[str, Failure]:
    """Run explanations whole and means in rounds; return the reasons of those that failed."""
    failures = scheduler.failures
    # Not by workers: where nothing else is to be done none is started, and no network is read.
    here = [job for job in plain if workers.jobs > 1 and _is_read(job.id)]
    waiting = [job for job in plain if job not in here]

    def take(outcome: Outcome) -> None:
        task, record, seconds = outcome
        if task.id not in scheduler.pending:
            scheduler.take(outcome)
            return
        scheduler.pending.remove(task.id)
        if isinstance(record, tuple):
            failures[task.id] = record
        else:
            scheduler.evidence.add(record)
            scheduler.keep(record)
            scheduler.progress.finish(task.id, seconds)

    def add_ready_tasks() -> None:
        # A record goes before those that begin from it; else whole explanations go first.
        for job in [job for job in waiting if not scheduler.pending & set(base_records(job))]:
            waiting.remove(job)
            made = scheduler.evidence.among(base_records(job))
            workers.add([Task(job.id, made=tuple(made.values()))])
        for number, tasks in scheduler.tasks():
            workers.add(tasks, rank=1 + number)

    for job in here:
        take(workers.done_here(Task(job.id)))
    add_ready_tasks()
    for outcome in workers.outcomes():
        take(outcome)
        add_ready_tasks()
    return failures


def probable_passes(job: Job) -> int:
    """Return how many network passes a job will probably make."""
    passes = passes_of(job, 1)
    if not unless_lacking(False, lambda: may_stop(job)):
        return passes
    looks = sampling_of(job).looks(job)
    # Most means stop at the first looks: counted to the end, a run of a minute was announced as one
    # of an hour and a half.
    return max(round(passes * looks[1] / looks[-1]), 1)


def _good(jobs: list[Job], known: Sequence[Evidence]) -> dict[str, Record]:
    """The first good record of each job for which there is one."""
    found: dict[str, Record] = {}
    for job in jobs:
        for evidence in known:
            if job.id not in found and job.id in evidence and _is_good(job, evidence[job.id]):
                found[job.id] = evidence[job.id]
    return found


def _is_good(job: Job, record: Record) -> bool:
    return not _is_read(record.id) and unless_lacking(
        False,
        lambda: record.settings == expected_settings(job) and record.inputs == expected_inputs(job),
    )


def _is_read(identifier: str) -> bool:
    """True of regions: they are read off files that no hash of inputs covers, and take no time."""
    return identifier.split("/")[0] == "regions"
