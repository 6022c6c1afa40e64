"""Tasks: explanations to run whole or to extend, and what comes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from solver.bundle.bundle import Bundle
from solver.errors import BundleError
from solver.evidence import Evidence, Record
from solver.explain.estimator import Floats, Share
from solver.explain.job import ExplainSettings, Job
from solver.explain.registry import explanation_for, sampling_of

Value = TypeVar("Value")


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
    job = job_of(task, bundle, settings, advance)
    try:
        found = explanation_for(task.id)
        if found.sampling is None:
            return found.run(job)
        return found.sampling.extend(job, task.before, upto_of(task, job))
    except BundleError as problem:
        return problem.in_both


def measure(
    task: Task, bundle: Bundle, settings: ExplainSettings, share: Share
) -> Floats | Failure:
    """Return a share's rows of a mean over samples (rows, ...), or a reason as `perform` does."""
    job = job_of(task, bundle, settings)
    try:
        return sampling_of(job).measured(job, task.before, upto_of(task, job), share)
    except BundleError as problem:
        return problem.in_both


def job_of(
    task: Task,
    bundle: Bundle,
    settings: ExplainSettings,
    advance: Callable[[int], None] = lambda _: None,
) -> Job:
    """Return the job of a task."""
    made = Evidence({one.id: one for one in task.made})
    return Job(task.id, bundle, settings, advance, made)


def upto_of(task: Task, job: Job) -> int:
    """Return the sample count of a task: the course's where it is to be run whole."""
    return sampling_of(job).most(job) if task.upto is None else task.upto
