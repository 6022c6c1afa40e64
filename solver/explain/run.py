"""Runs the explanations a plan asks for, each once, saving every record as soon as it is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from solver.bundle import Bundle
from solver.evidence import Evidence, Record, save_record, write_manifest
from solver.explain.method import ExplainSettings, Job, explanation_for


class Progress(Protocol):
    """What the runner tells a progress bar."""

    def start(self, jobs: list[tuple[str, int]]) -> None:
        """The ids to come and the network passes each will make."""

    def begin(self, identifier: str) -> None:
        """An explanation begins."""

    def advance(self, passes: int) -> None:
        """Passes of the current explanation are done."""

    def finish(self, identifier: str, seconds: float) -> None:
        """An explanation has ended after so many seconds."""


class Silent:
    """A progress bar nobody sees."""

    def start(self, jobs: list[tuple[str, int]]) -> None:
        """Nothing."""

    def begin(self, identifier: str) -> None:
        """Nothing."""

    def advance(self, passes: int) -> None:
        """Nothing."""

    def finish(self, identifier: str, seconds: float) -> None:
        """Nothing."""


def run_explanations(
    wanted: Iterable[str],
    bundle: Bundle,
    settings: ExplainSettings,
    *,
    folder: Path | None = None,
    known: Evidence | None = None,
    progress: Progress | None = None,
    clock: Callable[[], float] = lambda: 0.0,
) -> Evidence:
    """Return the records `wanted`, made from the bundle or taken from `known` where still good.

    A known record is good when its settings and the hashes of its inputs are those a run would
    write now. With `folder` each record is saved as it is made, so that a run that is stopped can
    go on from there.

    Raises:
        BundleError: the course materials cannot be used.
    """
    progress = progress or Silent()
    evidence, entries = Evidence(), []
    jobs = [Job(name, bundle, settings, progress.advance) for name in dict.fromkeys(wanted)]
    to_run = [job for job in jobs if not _is_good(job, known)]
    progress.start([(job.id, explanation_for(job.id).passes(job)) for job in to_run])
    running = {job.id for job in to_run}
    # What is known goes first, so that a run which is stopped has lost nothing of it.
    for job in sorted(jobs, key=lambda job: job.id in running):
        if job.id in running:
            record = _run(job, progress, clock)
        else:
            assert known is not None
            record = known.get(*job.id.split("/"))
        evidence.add(record)
        if folder is not None:
            entries.append(save_record(record, folder))
            if job.id in running:
                write_manifest(entries, folder)
    if folder is not None:
        write_manifest(entries, folder)
    return evidence


def _run(job: Job, progress: Progress, clock: Callable[[], float]) -> Record:
    began = clock()
    progress.begin(job.id)
    record = explanation_for(job.id).run(job)
    progress.finish(job.id, clock() - began)
    return record


def _is_good(job: Job, known: Evidence | None) -> bool:
    if known is None or job.id not in known or job.id.startswith("regions/"):
        return False
    record = known.get(*job.id.split("/"))
    return record.settings == job.expected_settings() and record.inputs == job.expected_inputs()
