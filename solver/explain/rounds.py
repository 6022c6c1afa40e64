"""Means over samples, taken further in rounds until the claims resting on them are decided."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from solver.evidence import Evidence, Record
from solver.explain.method import Job
from solver.explain.sampling import samples_taken
from solver.explain.stopping import Look, evidence_digest, was_decided
from solver.explain.workers import Task, Workers, made_already
from solver.stakes import Stake


@dataclass
class Rounds:
    """A run of sampled explanations.

    All are taken to the first count, then the claims are looked at; those that move a claim which
    is not decided yet are taken to the next, and so on to the course's own count. Of records that
    are at different counts the one with the least is taken further first.

    Attributes:
        jobs: the explanations.
        stakes: the claims; a record that no claim rests on goes to the course's count.
        evidence: the records of this run; those made here are put into it.
        beside: other records that claims rest on.
        workers: what runs them.
        keep: called with each record as it is made.
        failures: by id, why an explanation could not be run.
        seconds: by id, how long it took.
    """

    jobs: Sequence[Job]
    stakes: Sequence[Stake]
    evidence: Evidence
    beside: Evidence
    workers: Workers
    keep: Callable[[Record], None]
    failures: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        sampled = {job.id for job in self.jobs}
        self.stakes = [one for one in self.stakes if sampled & set(one.needs)]
        self.claims_in_all = sum(one.count for one in self.stakes)
        self.decided: list[Stake] = []
        self.open: dict[str, list[int]] = {
            one.identity: list(range(one.count)) for one in self.stakes
        }
        self.movers: dict[str, set[str]] = {}
        self.looked_at: dict[str, list[int]] = {}
        self.looks: dict[str, int] = {}
        for stake in self.stakes:
            unfinished = self._unfinished(stake)
            if unfinished and was_decided(stake, self._everything(), unfinished):
                self.decided.append(stake)

    def run(self) -> None:
        """Take every record as far as its claims need."""
        while True:
            self._look()
            active = [job for job in self.jobs if self._goes_on(job)]
            if not active:
                break
            fewest = min(self._look_number(job) for job in active)
            behind = [job for job in active if self._look_number(job) == fewest]
            for task, outcome, seconds in self.workers.run([self._task(job) for job in behind]):
                self.seconds[task.id] = self.seconds.get(task.id, 0.0) + seconds
                if isinstance(outcome, str):
                    self.failures[task.id] = outcome
                else:
                    self.evidence.add(outcome)
                    self.keep(outcome)
        self._settle()

    def _look(self) -> None:
        """Move the stakes that are decided now, or never will be, out of those that are not."""
        everything = self._everything()
        for stake in self.stakes:
            if stake in self.decided or self._waits(stake):
                continue
            unfinished = self._unfinished(stake)
            counts = [samples_taken(self._record(job)) for job in unfinished]
            if unfinished and self.looked_at.get(stake.identity) == counts:
                continue
            self.looked_at[stake.identity] = counts
            self._look_at(stake, everything, unfinished)

    def _look_at(self, stake: Stake, everything: Evidence, unfinished: list[Job]) -> None:
        name = stake.identity
        # An earlier run may have looked as often as its records have been taken further.
        before = max((self._look_number(job) for job in unfinished), default=1)
        self.looks[name] = max(self.looks.get(name, 0) + 1, before)
        look = Look(stake, everything, unfinished)
        self.open[name] = look.undecided(
            self.open[name], number=self.looks[name], claims_in_all=self.claims_in_all
        )
        if self.open[name]:
            self.movers[name] = look.movers(self.open[name])
        else:
            self.decided.append(stake)

    def _goes_on(self, job: Job) -> bool:
        taken = samples_taken(self._record(job))
        if job.id in self.failures or taken >= job.sampling.most(job):
            return False
        resting = [one for one in self.stakes if job.id in one.needs]
        if not resting or not taken:
            return True
        return any(
            one not in self.decided and job.id in self.movers.get(one.identity, {job.id})
            for one in resting
        )

    def _waits(self, stake: Stake) -> bool:
        """Whether a record it needs is still to be made. What cannot be made, nobody waits for."""
        coming = {job.id for job in self.jobs if job.id not in self.failures}
        return any(name in coming and name not in self.evidence for name in stake.needs)

    def _everything(self) -> Evidence:
        """The records of this run and those beside it; of two with one id, this run's."""
        return Evidence({one.id: one for one in (*self.beside, *self.evidence)})

    def _unfinished(self, stake: Stake) -> list[Job]:
        return [
            job
            for job in self.jobs
            if job.id in stake.needs
            and 0 < samples_taken(self._record(job)) < job.sampling.most(job)
        ]

    def _record(self, job: Job) -> Record | None:
        return self.evidence.get(*job.id.split("/")) if job.id in self.evidence else None

    def _look_number(self, job: Job) -> int:
        taken = samples_taken(self._record(job))
        return sum(look <= taken for look in job.sampling.looks(job))

    def _task(self, job: Job) -> Task:
        looks = job.sampling.looks(job)
        rests = any(job.id in one.needs for one in self.stakes)
        upto = looks[self._look_number(job)] if rests else looks[-1]
        made = made_already(job, self.evidence)
        return Task(job.id, self._record(job), upto, made)

    def _settle(self) -> None:
        """Write into the records that stopped early which claims they stopped for."""
        for stake in self.decided:
            digest = evidence_digest(stake, self._everything())
            for job in self._unfinished(stake):
                record = self.evidence.get(*job.id.split("/"))
                known = record.values.get("settled", {})
                if known.get(stake.identity) != digest:
                    values = {**record.values, "settled": {**known, stake.identity: digest}}
                    settled = replace(record, values=values)
                    self.evidence.add(settled)
                    self.keep(settled)
