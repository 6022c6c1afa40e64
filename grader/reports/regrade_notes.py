"""Notes on a run's regrades for its pages, from the run's log."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from grader.key_changes.regrade_log import LOG, log_entries
from grader.key_changes.regrading import How
from grader.reports.key_doubts import short_answer
from solver.banks.bank import Points
from solver.errors import ExportError
from solver.text.bilingual import Pair


class _Logged(BaseModel):
    # A later version may log more: its folder can still be read.
    model_config = ConfigDict(extra="ignore", frozen=True)


class Grading(_Logged):
    """Grading of a question before or after a regrade."""

    accepted: tuple[str, ...]
    points: Points
    void: bool

    @property
    def earned_by(self) -> Pair:
        """The answers that earn its points, in both languages."""
        if self.void:
            return "everybody", "所有人"
        if not self.points:
            return "nobody, for it is worth nothing", "無人（不計分）"
        answers = [short_answer(code) for code in self.accepted]
        return " or ".join(answers), " 或 ".join(answers)


class QuestionNote(_Logged):
    """Change of one question by a regrade."""

    id: str
    before: Grading
    after: Grading


class RegradeNote(_Logged):
    """One regrade: who decided, why, how, and how many students moved; `when` may be empty."""

    number: int
    by: str
    why: str
    when: str = ""
    how: How
    questions: tuple[QuestionNote, ...]
    students: int
    up: int
    down: int


def student_note(notes: Sequence[RegradeNote]) -> tuple[str, str] | None:
    """Return the note on a run's regrades for students' pages, None where there was none.

    Returns:
        The date of the latest regrade ("" where the log has none), and the ids of the questions
        that any of them changed, with commas.
    """
    # Who decided and why is for the class's page alone.
    if not notes:
        return None
    changed = {one.id for note in notes for one in note.questions}
    # The latest is first.
    return notes[0].when, ", ".join(sorted(changed))


def regrade_notes(folder: Path) -> tuple[RegradeNote, ...]:
    """Return the regrades of a run's folder, the latest first; none where there is no log.

    Raises:
        ExportError: the log was changed by hand, or was not written by a regrade.
    """
    found = []
    for entry in log_entries(folder):
        try:
            found.append(RegradeNote.model_validate(entry))
        except ValidationError as problem:
            where = ".".join(map(str, problem.errors()[0]["loc"]))
            raise ExportError(
                f"has no {where} as a regrade writes it",
                path=folder / LOG,
                place=f"line {entry['number']}",
                mend="Put the log back as it was, or grade the exports again into a new folder.",
            ) from None
    return tuple(reversed(found))
