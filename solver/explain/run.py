"""Runs the explanations a plan asks for, each once, saving every record as soon as it is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from solver.bundle import Bundle
from solver.errors import BundleError
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
    about: Mapping[str, Any] | None = None,
) -> tuple[Evidence, dict[str, str]]:
    """Return the records `wanted`, made from the bundle or taken from `known` where still good.

    Besides, by id, a sentence for each record that could not be made: a bundle may lack the
    materials of some questions, and the others go on.

    A known record is good when its settings and the hashes of its inputs are those a run would
    write now. With `folder` each record is saved as it is made, so that a run that is stopped can
    go on from there.
    """
    progress = progress or Silent()
    evidence = Evidence(bundle=about)
    entries: list[dict[str, Any]] = []
    failures: dict[str, str] = {}
    jobs = [Job(name, bundle, settings, progress.advance) for name in dict.fromkeys(wanted)]
    to_run = [job for job in jobs if not _is_good(job, known)]
    if folder is not None:
        entries += _others_still_good(jobs, known, bundle, settings, folder)
    progress.start([(job.id, _passes(job)) for job in to_run])
    running = {job.id for job in to_run}
    # What is known goes first, so that a run which is stopped has lost nothing of it.
    for job in sorted(jobs, key=lambda job: job.id in running):
        try:
            record = _run(job, progress, clock) if job.id in running else _kept(job, known)
        except BundleError as problem:
            failures[job.id] = str(problem)
            continue
        evidence.add(record)
        if folder is not None:
            entries.append(save_record(record, folder))
            if job.id in running:
                write_manifest(entries, folder, about)
    if folder is not None:
        write_manifest(entries, folder, about)
    return evidence, failures


def _others_still_good(
    jobs: list[Job], known: Evidence | None, bundle: Bundle, settings: ExplainSettings, folder: Path
) -> list[dict[str, Any]]:
    """Keep what is known, good and not asked for: asking for less must not lose hours of work."""
    asked = {job.id for job in jobs}
    others = [Job(record.id, bundle, settings) for record in known or () if record.id not in asked]
    return [save_record(_kept(job, known), folder) for job in others if _is_good(job, known)]


def _passes(job: Job) -> int:
    try:
        return explanation_for(job.id).passes(job)
    except BundleError:
        return 1  # said again, as a sentence, when the job itself is run


def _kept(job: Job, known: Evidence | None) -> Record:
    assert known is not None
    return known.get(*job.id.split("/"))


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
    try:
        return record.settings == job.expected_settings() and record.inputs == job.expected_inputs()
    except BundleError:
        return False
