"""A graded class in memory, and previews of a changed key's effect on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import islice
from pathlib import Path

import polars as pl
from markupsafe import Markup

from grader.items.analysis import QuestionAnalysis, analyse_class
from grader.key_changes.move_counts import MoveCounts
from grader.key_changes.regrading import Move
from grader.reports.charts import histogram
from grader.runs.graded_run import GradedRun, read_graded_run
from grader.runs.regrade_run import Plan, Regrade, Signature, plan_on, write_regrade
from grader.table.graded import GradedClass
from grader.table.used import UsedStudents
from solver.banks.bank import Bank
from solver.key import Key

NAMED = 100
"""So many students who move are named on the page; all are in the regrade's moves.csv."""


@dataclass(frozen=True)
class Effect:
    """Effect of a key on the class.

    Attributes:
        counts: who moves, how far, and the means.
        moves: the first students who move.
        chart: the totals after as bars, those before as outlines.
        notes: further sentences of the plan.
        changes_anything: whether a regrade would write anything.
    """

    counts: MoveCounts
    moves: tuple[Move, ...]
    chart: Markup
    notes: tuple[str, ...]
    changes_anything: bool

    @property
    def moved(self) -> int:
        """How many students have another total."""
        return self.counts.up + self.counts.down

    @property
    def mean_change(self) -> Decimal | None:
        """The difference of the two means; None where no total is certain."""
        before, after = self.counts.mean_before, self.counts.mean_after
        return None if before is None or after is None else after - before


class ClassPreview:
    """A run's folder, read once; its rows stay in memory.

    Args:
        folder: that ``hw9 grade`` wrote.
        bank: the questions.

    Raises:
        Hw9Error: the folder is no run's, or not of this bank.
    """

    def __init__(self, folder: Path, bank: Bank) -> None:
        self.folder = folder
        self.bank = bank
        self._run = read_graded_run(folder, bank)

    @property
    def graded(self) -> GradedClass:
        """The class as it is graded now."""
        return self._run.before

    @property
    def run(self) -> GradedRun:
        """The run that was read."""
        return self._run

    def reread(self) -> None:
        """Read the run again, after it was regraded."""
        self._run = read_graded_run(self.folder, self.bank)
        # A `cached_property` lies in the instance's dict; this makes it new.
        self.__dict__.pop("analysis", None)

    @cached_property
    def analysis(self) -> Mapping[str, QuestionAnalysis]:
        """Item analysis of each question, by its id."""
        return {item.question.id: item for item in analyse_class(self.graded).questions}

    def plan(self, key: Key, questions: tuple[str, ...] = ()) -> Plan:
        """Return the regrade by a key: of these questions, or of all that it changes.

        Raises:
            Hw9Error: the key is not one for this run.
        """
        path = self.folder / "key.yaml"
        # "current", as the review signs one answer; Canvas' other ways are `hw9 regrade`'s.
        return plan_on(self._run, Regrade(self.folder, key, self.bank, "current", questions, path))

    def asked(self, question: str) -> bool:
        """Whether the run graded a question."""
        return any(each.id == question for each in self._run.questions)

    def effect(self, plan: Plan, label: str) -> Effect:
        """Return the effect of a planned regrade; `label` names its chart."""
        before, after = (_totals(each.used) for each in (plan.before, plan.after))
        possible = max(_possible(plan.before), _possible(plan.after))
        chart = histogram(after, before, possible, label) if before or after else Markup()
        return Effect(
            plan.counts(),
            tuple(islice(plan.moves(), NAMED)),
            chart,
            tuple(plan.notes),
            bool(plan.changes),
        )

    def write(self, key: Key, by: str, why: str) -> Plan:
        """Regrade the run by a key, with the log that ``hw9 regrade`` writes; return what was done.

        Raises:
            Hw9Error: it cannot be written, or was changed meanwhile.
        """
        plan = self.plan(key)
        try:
            write_regrade(plan, Signature(by, why))
        finally:
            self.reread()  # regraded now, or changed by another run meanwhile
        return plan


def _totals(used: UsedStudents) -> dict[Decimal, int]:
    certain = used.frame.filter(pl.col("doubt") == "")["total"].value_counts().iter_rows()
    totals: dict[Decimal, int] = {}
    for text, times in certain:
        # Texts such as 9.70 and 9.7 are one total.
        totals[Decimal(text)] = totals.get(Decimal(text), 0) + times
    return totals


def _possible(graded: GradedClass) -> Decimal:
    return sum((question.points for question in graded.questions), Decimal(0))
