"""Scheduler of means over samples: extended in rounds until the claims on them are decided."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from time import perf_counter

from solver.evidence import Evidence, Record
from solver.explain.estimator import samples_taken
from solver.explain.job import Job
from solver.explain.registry import sampling_of
from solver.explain.run.tasks import Failure, Outcome, Task, base_records
from solver.explain.run.workers import Progress, SilentProgress
from solver.explain.sampling.claims import CLOSE, Claims
from solver.explain.sampling.sequential_test import SequentialTest, evidence_digest, was_decided

TESTS = "claims"
"""The tests of claims, as a job for the progress bar."""


@dataclass
class Group:
    """Explanations on which some claims depend together, so that they are tested together.

    Attributes:
        jobs: the explanations.
        all_claims: the claims that depend on them.
        running: ids of those that are being extended now.
        ended: True when none is to be extended any more.
    """

    jobs: list[Job]
    all_claims: list[Claims]
    running: set[str] = field(default_factory=set)
    ended: bool = False

    @cached_property
    def others(self) -> set[str]:
        """Ids of all records its claims depend on."""
        return {name for claims in self.all_claims for name in claims.needs}

    @property
    def most(self) -> int:
        """Samples it may take in all."""
        return sum(sampling_of(job).most(job) for job in self.jobs)


@dataclass
class Scheduler:
    """A run of sampled explanations.

    All records of a group are extended to the first count, then their claims are tested; the
    records that move an undecided claim are extended to the next, and so on to the course's own
    count. Of records at different counts the one with the fewest samples goes first. Groups are
    independent: while the claims of one are tested, others are being run.

    Attributes:
        jobs: the explanations.
        all_claims: the claims; a record without a claim goes to the course's count.
        evidence: the records of this run; those made here are added to it.
        beside: other records that claims depend on.
        pending: ids of other records that are still to be made.
        keep: called with each record as it is made.
        progress: the progress bar; tests of claims are counted there too, as `TESTS`.
        failures: by id, the reason why an explanation could not be run.
        seconds: by id, its duration.
    """

    jobs: Sequence[Job]
    all_claims: Sequence[Claims]
    evidence: Evidence
    beside: Evidence
    pending: set[str]
    keep: Callable[[Record], None]
    progress: Progress = field(default_factory=SilentProgress)
    failures: dict[str, Failure] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        sampled = {job.id for job in self.jobs}
        self.all_claims = [one for one in self.all_claims if sampled & set(one.needs)]
        self.claims_in_all = sum(one.count for one in self.all_claims)
        self.decided: list[Claims] = []
        self.open: dict[str, list[int]] = {
            one.identity: list(range(one.count)) for one in self.all_claims
        }
        # Of open claims those too near their line for any later look, each with the probability
        # that the course's count says otherwise.
        self.hopeless: dict[str, dict[int, float]] = {}
        self.decisive: dict[str, set[str]] = {}
        self.tested_at: dict[str, list[int]] = {}
        self.looks: dict[str, int] = {}
        self.groups = groups_of_jobs(self.jobs, self.all_claims)
        for claims in self.all_claims:
            unfinished = self._unfinished(claims)
            if unfinished and was_decided(claims, self._everything(), unfinished):
                self.decided.append(claims)

    @property
    def untested(self) -> list[Claims]:
        """The claims that records of an earlier run have not decided."""
        return [one for one in self.all_claims if one not in self.decided]

    def tasks(self) -> Iterator[tuple[int, list[Task]]]:
        """Yield the tasks that can be run now, with their group's number, largest group first."""
        for number, group in enumerate(self.groups):
            if self._is_ready(group):
                self._test_all(group)
                active = [job for job in group.jobs if self._is_active(job)]
                if not active:
                    group.ended = True
                    self._note_decided(group)
                    for job in group.jobs:
                        if job.id in self.seconds and job.id not in self.failures:
                            self.progress.finish(job.id, self.seconds[job.id])
                    if all(one.ended for one in self.groups) and TESTS in self.seconds:
                        self.progress.finish(TESTS, self.seconds[TESTS])
                    continue
                # Of records at different counts the one with the fewest samples goes first: it
                # knows least.
                fewest = min(self._look_number(job) for job in active)
                behind = [job for job in active if self._look_number(job) == fewest]
                group.running = {job.id for job in behind}
                yield number, [self._task(job) for job in behind]

    def take(self, outcome: Outcome) -> None:
        """Record the outcome of a task."""
        task, record, seconds = outcome
        self.seconds[task.id] = self.seconds.get(task.id, 0.0) + seconds
        if isinstance(record, tuple):
            self.failures[task.id] = record
        else:
            self.evidence.add(record)
            self.keep(record)
        for group in self.groups:
            group.running.discard(task.id)

    def _is_ready(self, group: Group) -> bool:
        """True if no task of the group runs and its next tasks can be determined."""
        if group.ended or group.running:
            return False
        if any(self.pending & set(base_records(job)) for job in group.jobs):
            return False
        untouched = any(
            job.id not in self.evidence and job.id not in self.failures for job in group.jobs
        )
        # The first count needs no claim; later ones are tested, and for that all records must be
        # there.
        return untouched or not self.pending & group.others

    def _test_all(self, group: Group) -> None:
        """Test the group's open claims, each once at the samples its records have now."""
        everything = self._everything()
        # Records that failed are not waited for: without them the claims stay open.
        unmade = {job.id for job in self.jobs if job.id not in self.failures} - {
            record.id for record in self.evidence
        }
        for claims in group.all_claims:
            if claims in self.decided or unmade & set(claims.needs):
                continue
            unfinished = self._unfinished(claims)
            counts = [samples_taken(self._record(job)) for job in unfinished]
            # The same samples again would spend error on a look that shows nothing new.
            if unfinished and self.tested_at.get(claims.identity) == counts:
                continue
            self.tested_at[claims.identity] = counts
            self.progress.begin(TESTS)
            began = perf_counter()
            self._test(claims, everything, unfinished)
            self.seconds[TESTS] = self.seconds.get(TESTS, 0.0) + perf_counter() - began
            self.progress.advance(test_size(len(unfinished)))

    def _test(self, claims: Claims, everything: Evidence, unfinished: list[Job]) -> None:
        name = claims.identity
        # An earlier run may have looked as often as its records have been taken further.
        before = max((self._look_number(job) for job in unfinished), default=1)
        self.looks[name] = max(self.looks.get(name, 0) + 1, before)
        test = SequentialTest(claims, everything, unfinished)
        self.open[name] = test.undecided(
            self.open[name], number=self.looks[name], claims_in_all=self.claims_in_all
        )
        if not self.open[name]:
            self.decided.append(claims)
        self.hopeless[name] = test.hopeless(
            self.open[name], number=self.looks[name], claims_in_all=self.claims_in_all
        )
        if waiting := self._waiting(claims):
            self.decisive[name] = test.decisive_records(waiting)

    def _waiting(self, claims: Claims) -> list[int]:
        """The open claims that a later look may decide."""
        given_up = self.hopeless.get(claims.identity, {})
        return [at for at in self.open[claims.identity] if at not in given_up]

    def _is_active(self, job: Job) -> bool:
        """True if a job is to be extended: an open claim on it may move."""
        taken = samples_taken(self._record(job))
        if job.id in self.failures or taken >= sampling_of(job).most(job):
            return False
        resting = [one for one in self.all_claims if job.id in one.needs]
        if not resting or not taken:
            return True
        return any(
            one not in self.decided
            and self._waiting(one)
            and job.id in self.decisive.get(one.identity, {job.id})
            for one in resting
        )

    def _everything(self) -> Evidence:
        """The records of this run and those beside it; of two with one id, this run's."""
        return Evidence({one.id: one for one in (*self.beside, *self.evidence)})

    def _unfinished(self, claims: Claims) -> list[Job]:
        return [
            job
            for job in self.jobs
            if job.id in claims.needs
            and 0 < samples_taken(self._record(job)) < sampling_of(job).most(job)
        ]

    def _record(self, job: Job) -> Record | None:
        return self.evidence.among([job.id]).get(job.id)

    def _look_number(self, job: Job) -> int:
        taken = samples_taken(self._record(job))
        return sum(look <= taken for look in sampling_of(job).looks(job))

    def _task(self, job: Job) -> Task:
        looks = sampling_of(job).looks(job)
        rests = any(job.id in one.needs for one in self.all_claims)
        # Without a claim nothing says when it is enough.
        upto = looks[self._look_number(job)] if rests else looks[-1]
        made = tuple(self.evidence.among(base_records(job)).values())
        return Task(job.id, self._record(job), upto, made)

    def _note_decided(self, group: Group) -> None:
        """Write into the records that stopped early the claims that are decided on them, and those
        that are not worth more samples, with the probability that all samples say otherwise."""
        for claims in group.all_claims:
            if claims not in self.decided and self._waiting(claims):
                continue
            near = self.hopeless.get(claims.identity, {})
            digest = evidence_digest(claims, self._everything())
            for job in self._unfinished(claims):
                record = self.evidence[job.id]
                known = record.values.get("settled", {})
                if known.get(claims.identity) != digest:
                    values = {**record.values, "settled": {**known, claims.identity: digest}}
                    if near:
                        chances = {str(at): round(near[at], 4) for at in sorted(near)}
                        told = {"of": sampling_of(job).most(job), "chances": chances}
                        values[CLOSE] = {**record.values.get(CLOSE, {}), claims.identity: told}
                    settled = replace(record, values=values)
                    self.evidence.add(settled)
                    self.keep(settled)


def test_size(records: int) -> int:
    """Return the work of a test of claims on so many sampled records, for the progress bar.

    A test resamples each record, and reads all records of its claims besides.
    """
    return records + 2


def probable_tests(jobs: Iterable[Job], all_claims: Iterable[Claims]) -> list[tuple[str, int]]:
    """Return the work of testing the claims on some means, as a job for the progress bar.

    As `probable_passes` expects, each claim is mostly decided at its second look.
    """
    sampled = {job.id for job in jobs}
    on = [len(sampled & set(one.needs)) for one in all_claims]
    size = sum(2 * test_size(records) for records in on if records)
    return [(TESTS, size)] if size else []


def groups_of_jobs(jobs: Sequence[Job], all_claims: Sequence[Claims]) -> list[Group]:
    """Return the jobs in groups such that no claim depends on two groups; the largest first.

    Claims that depend on none of the jobs are in no group.
    """
    groups = [Group([job], []) for job in jobs]
    for claims in all_claims:
        needs = set(claims.needs)
        joined = [one for one in groups if any(job.id in needs for job in one.jobs)]
        if not joined:
            continue
        together = Group([job for one in joined for job in one.jobs], [])
        together.all_claims = [*(each for one in joined for each in one.all_claims), claims]
        groups = [*(one for one in groups if one not in joined), together]
    order = {job.id: at for at, job in enumerate(jobs)}
    places = {claims.identity: at for at, claims in enumerate(all_claims)}
    for group in groups:
        group.jobs.sort(key=lambda job: order[job.id])
        group.all_claims.sort(key=lambda claims: places[claims.identity])
    # The largest first: at the end of a run no process waits for the longest.
    return sorted(groups, key=lambda group: (-group.most, order[group.jobs[0].id]))
