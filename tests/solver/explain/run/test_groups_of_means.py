"""Means that claims rest on together wait for one another, and for nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from solver.bundle.bundle import Bundle
from solver.evidence import Evidence, Record
from solver.explain.job import Job, fast_settings
from solver.explain.registry import all_explanations
from solver.explain.run.runner import RunOptions, run_explanations
from solver.explain.run.scheduler import TESTS, Scheduler, groups_of_jobs
from solver.explain.run.tasks import Task, perform
from solver.explain.run.workers import SilentProgress
from solver.explain.sampling.claims import Claims
from tests.solver.explain.run.test_scheduler import Passes, claims

FAST = fast_settings(smoothgrad_samples=60, lime_samples=20)


@pytest.fixture(scope="module")
def jobs(demo: Bundle) -> list[Job]:
    all_explanations()  # imported now, and not within the time an example may take
    return [Job(f"smoothgrad/{place}", demo, FAST) for place in range(10)]


@given(needs=st.lists(st.sets(st.integers(0, 11), min_size=1, max_size=4), max_size=8))
def test_groups_are_the_jobs_that_claims_connect(jobs: list[Job], needs: list[set[int]]) -> None:
    """Held against the connected components of the graph; 10 and 11 are records of other kinds."""
    all_claims = [
        claims(str(at), [f"smoothgrad/{one}" if one < 10 else f"regions/{one}" for one in each], 0)
        for at, each in enumerate(needs)
    ]
    groups = groups_of_jobs(jobs, all_claims)
    pairs = [(a, b) for each in needs for a in each for b in each if max(a, b) < 10]
    rows, columns = zip(*pairs, strict=True) if pairs else ((), ())
    graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(10, 10))
    _, labels = connected_components(graph, directed=False)
    expected = {frozenset(np.flatnonzero(labels == label).tolist()) for label in set(labels)}
    found = [frozenset(job.place[0] for job in group.jobs) for group in groups]
    assert set(found) == expected and len(found) == len(expected)
    sizes = [group.most for group in groups]
    assert sizes == sorted(sizes, reverse=True)
    for group in groups:
        assert [job.place[0] for job in group.jobs] == sorted(job.place[0] for job in group.jobs)
        own = {job.id for job in group.jobs}
        assert all(own & set(each.needs) for each in group.all_claims)


class Ended(SilentProgress):
    """Keeps the ids of the explanations that have ended."""

    def __init__(self, ended: list[str]) -> None:
        self.ended = ended

    def finish(self, identifier: str, seconds: float) -> None:
        if identifier != TESTS:
            self.ended.append(identifier)


def rounds_of(
    jobs: Sequence[Job], all_claims: Sequence[Claims], pending: set[str] | None = None
) -> Scheduler:
    ended: list[str] = []
    scheduler = Scheduler(
        jobs,
        all_claims,
        Evidence(),
        Evidence(),
        pending if pending is not None else set(),
        keep=lambda record: None,
        progress=Ended(ended),
    )
    scheduler.ended = ended  # type: ignore[attr-defined]
    return scheduler


def asked(scheduler: Scheduler) -> list[Task]:
    return [task for _, tasks in scheduler.tasks() for task in tasks]


def run(scheduler: Scheduler, task: Task, demo: Bundle) -> None:
    scheduler.take((task, perform(task, demo, FAST), 1.0))


def test_a_group_goes_on_while_another_is_running(demo: Bundle, jobs: list[Job]) -> None:
    hard = [claims(str(place), [f"smoothgrad/{place}"], 40) for place in (1, 4)]
    scheduler = rounds_of([jobs[1], jobs[4]], hard)
    first, second = asked(scheduler)
    assert asked(scheduler) == []  # nothing is asked for twice
    run(scheduler, first, demo)
    (further,) = asked(scheduler)
    assert (further.id, further.upto) == (first.id, 40)
    run(scheduler, further, demo)
    assert asked(scheduler) == []
    assert scheduler.ended == [first.id]  # type: ignore[attr-defined]
    run(scheduler, second, demo)
    assert [task.upto for task in asked(scheduler)] == [40]


def test_means_of_one_group_are_looked_at_together(demo: Bundle, jobs: list[Job]) -> None:
    together = claims("both", ["smoothgrad/1", "smoothgrad/4"], 40)
    scheduler = rounds_of([jobs[1], jobs[4]], [together])
    first, second = asked(scheduler)
    run(scheduler, first, demo)
    assert asked(scheduler) == []
    run(scheduler, second, demo)
    assert [task.upto for task in asked(scheduler)] == [40, 40]


def test_the_first_count_waits_for_nothing_and_the_look_for_what_is_coming(
    demo: Bundle, jobs: list[Job]
) -> None:
    pending = {"saliency/1"}
    scheduler = rounds_of([jobs[1]], [claims("with", ["smoothgrad/1", "saliency/1"], 0)], pending)
    (task,) = asked(scheduler)
    run(scheduler, task, demo)
    assert asked(scheduler) == []
    assert scheduler.ended == []  # type: ignore[attr-defined]
    pending.clear()
    scheduler.evidence.add(Record("saliency/1", values={"samples": 1}))
    assert asked(scheduler) == []
    assert scheduler.ended == ["smoothgrad/1"]  # type: ignore[attr-defined]


def test_what_begins_from_a_record_waits_for_it(demo: Bundle) -> None:
    path = Job("integrated_gradients/7/1000", demo, FAST)
    pending = {"integrated_gradients/7/100"}
    scheduler = rounds_of([path], [], pending)
    assert asked(scheduler) == []
    pending.clear()
    (task,) = asked(scheduler)
    assert (task.id, task.made) == (path.id, ())
    shorter = Record("integrated_gradients/7/100")
    again = rounds_of([path], [])
    again.evidence.add(shorter)
    (task,) = asked(again)
    assert task.made == (shorter,)


def test_each_explanation_ends_once(demo: Bundle) -> None:
    class Ends(Passes):
        ended: tuple[str, ...] = ()

        def finish(self, identifier: str, seconds: float) -> None:
            if identifier != TESTS:
                self.ended += (identifier,)

    seen = Ends()
    wanted = ["smoothgrad/1", "smoothgrad/77", "saliency/1", "smoothgrad/4"]
    each = Claims("easy", ("smoothgrad/1", "saliency/1"), 1, lambda _: [1.0])
    _, failures = run_explanations(wanted, demo, FAST, RunOptions(seen, all_claims=[each]))
    assert set(failures) == {"smoothgrad/77"}
    assert sorted(seen.ended) == ["saliency/1", "smoothgrad/1", "smoothgrad/4"]
    assert seen.tested == 3  # one test, of one mean
