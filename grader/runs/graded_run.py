"""A run's folder read back and graded as it stands, for a regrade to begin with."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from grader.key_changes.regrade_log import (
    LOG,
    STANDING,
    Standing,
    as_graded,
    read_log,
    read_standing,
)
from grader.runs.folder import only_run
from grader.runs.grading import grade_table
from grader.runs.record import RunRecord, read_run
from grader.scoring.accepted_answers import scored_questions
from grader.submissions import ScoredQuestion
from grader.table.answers import AnswerTable
from grader.table.graded import GradedClass
from grader.table.witness import canvas_doubts
from solver.banks.bank import Bank
from solver.errors import OutputError
from solver.files.atomic_swap import leftovers
from solver.files.atomic_write import sha256_of, sha256_of_all
from solver.key import Key
from solver.key_checks.consistency import refuse_contradictions


@dataclass
class GradedRun:
    """A run read back and graded as it stands, on which any number of regrades can be planned.

    Attributes:
        run: its record.
        bank: the questions.
        questions: how they are graded now.
        former: how questions are graded where the key alone does not say it.
        state: a hash of the files that a regrade changes.
    """

    run: RunRecord
    bank: Bank
    questions: tuple[ScoredQuestion, ...]
    former: dict[str, Standing]
    state: str

    @cached_property
    def table(self) -> AnswerTable:
        """Every row of the run."""
        return self.run.table()

    @cached_property
    def before(self) -> GradedClass:
        """The class as it is graded now."""
        return graded_by(self.run, self.table, self.questions)


def read_graded_run(folder: Path, bank: Bank) -> GradedRun:
    """Read a run's folder.

    Raises:
        Hw9Error: it is none, or its key does not agree with itself or the bank.
    """
    _mend(folder)
    # Before it is read: a change while it is read is seen later, and never missed.
    state = state_of(folder)
    run = read_run(folder)
    read_log(folder)
    former = read_standing(folder)
    # By the key first, then as former regrades left them.
    own = questions_of(run.key, bank, run.data["questions"], folder / "key.yaml")
    questions = as_graded(own, former, folder / STANDING)
    refuse_contradictions(run.key, folder / "key.yaml")
    return GradedRun(run, bank, questions, former, state)


def _mend(folder: Path) -> None:
    """Bring back or clear away the leftovers of a killed run; those of a living one stay."""
    if leftovers(folder.resolve()):
        with suppress(OutputError), only_run(folder):
            pass


def state_of(folder: Path) -> str:
    """Return a hash of the files that each regrade changes, to see whether another came between."""
    # rows.parquet is not among them: run.json has its hash.
    kept = [folder / name for name in ("run.json", "key.yaml", STANDING, LOG)]
    try:
        return sha256_of_all({path.name: sha256_of(path) for path in kept if path.exists()})
    except OSError:
        return ""  # what cannot be read is told by whoever reads it


def questions_of(
    key: Key, bank: Bank, recorded: Sequence[str], path: Path | None
) -> tuple[ScoredQuestion, ...]:
    """Return how a key grades the questions that a run has recorded."""
    found = scored_questions(key, bank, path=path)
    return tuple(question for question in found if question.id in recorded)


def graded_by(
    run: RunRecord, table: AnswerTable, questions: tuple[ScoredQuestion, ...]
) -> GradedClass:
    """Return the class of a run, graded by other rules of its questions."""
    graded = grade_table(table, questions, run.rules, left_out=tuple(run.data["left_out"]))
    return replace(
        graded, canvas_doubts=canvas_doubts(table, questions, run.data.get("promised", {}))
    )
