"""A regrade from folder to folder: `hw9 regrade` without the command line."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grader.csv_files.spreadsheet import decimal_text, defused, write_table
from grader.key_changes.move_counts import MoveCounts, count_moves
from grader.key_changes.regrade_log import (
    FORMER,
    LOG,
    STANDING,
    Standing,
    change_data,
    new_standing,
    read_log,
    standing_text,
    with_entry,
)
from grader.key_changes.regrading import (
    How,
    Move,
    QuestionChange,
    changed_questions,
    merged_key,
    moved_students,
    moves,
    question_changes,
    refuse_other_options,
    regraded,
)
from grader.runs.corrections import OPEN_FILE
from grader.runs.folder import folder_made_whole, only_run
from grader.runs.gradebook import Gradebook
from grader.runs.graded_run import GradedRun, graded_by, questions_of, read_graded_run, state_of
from grader.runs.reconciliation import check_record
from grader.runs.record import RunRecord, write_answers, write_run
from grader.runs.results import fill_gradebook, write_results
from grader.runs.unscored import FILE as UNSCORED
from grader.runs.unscored import unscored_of_exports, unscored_of_gradebook, write_unscored
from grader.scoring.accepted_answers import open_questions
from grader.submissions import ScoredQuestion
from grader.table.former_record import FORMER_FILE
from grader.table.graded import GradedClass
from grader.table.record import FILE
from solver.banks.bank import Bank
from solver.errors import InputError, OutputError
from solver.files.atomic_write import sha256_of, write_whole
from solver.files.encodings import is_text
from solver.key import Key
from solver.key_checks.agreement import hold_to_bank

RESULTS = ("scores.csv", "rejects.csv", "late.csv", "items.csv", "summary.json", "gradebook.csv")
CARRIED = (UNSCORED, OPEN_FILE)
"""Results that hang on no key: they stay, and lie beside the former results too."""
PAGES = ("class.html", "students")
RECORD = ("run.json", "key.yaml", FILE, FORMER_FILE, STANDING, LOG)


@dataclass(frozen=True, slots=True)
class Regrade:
    """A regrade as data: run, key and rules.

    Attributes:
        folder: of the run.
        key: the new key; None: the run's own, where points are only given to everybody.
        bank: the questions, for the pages.
        how: one of Canvas' four ways.
        questions: ids to regrade; empty: all whose answer, points or voidness the key changes.
        key_path: of the new key, for messages.
    """

    folder: Path
    key: Key | None
    bank: Bank
    how: How
    questions: Sequence[str] = ()
    key_path: Path | None = None


@dataclass
class Plan:
    """The outcome of a regrade, of which nothing is written yet.

    `before` and `after` are whole graded classes; `moves()` goes over the students who move;
    `state` is a hash of the run that was planned on.
    """

    job: Regrade
    run: RunRecord
    key: Key
    changes: list[QuestionChange]
    standing: dict[str, Standing]
    before: GradedClass
    after: GradedClass
    state: str
    notes: list[str] = field(default_factory=list)

    def moves(self) -> Iterator[Move]:
        """Go over the students whose points change."""
        return moves(*moved_students(self.before.used, self.after.used))

    def counts(self) -> MoveCounts:
        """Count the students who move, and how far."""
        return count_moves(self.moves(), self.before, self.after)

    @property
    def nothing_changes(self) -> bool:
        """Whether neither a question's grading nor the key would change."""
        return not self.changes and self.key == self.run.key


@dataclass(frozen=True, slots=True)
class Signature:
    """Who decided, why, and (only if given) when."""

    by: str
    why: str
    when: str = ""


def plan_regrade(job: Regrade) -> Plan:
    """Grade a run's rows by the old and by the new rules.

    Raises:
        Hw9Error: folder, key or a question named cannot be regraded.
    """
    return plan_on(read_graded_run(job.folder, job.bank), job)


def plan_on(graded: GradedRun, job: Regrade) -> Plan:
    """Plan a regrade of a run that was read; arguments and errors are those of `plan_regrade`."""
    run, before = graded.run, graded.questions
    recorded = run.data["questions"]  # only their answers can be graded again
    own_key = job.folder / "key.yaml"
    new_key, new_path = (job.key, job.key_path) if job.key else (run.key, own_key)
    if job.key is None:
        # A new key is held to the bank by whoever loads it; the run's own is loaded here.
        hold_to_bank(run.key, job.bank, path=own_key, answers=False)
    refuse_other_options(run.key, new_key, new_path)
    changed = changed_questions(run.key, new_key)
    taken = _taken(job, changed, before)
    after = regraded(before, questions_of(new_key, job.bank, recorded, new_path), taken, job.how)
    # Questions that were left out take the new key's entry too: nobody was graded on them.
    key = merged_key(run.key, new_key, [*taken, *run.data["left_out"]], job.how)
    by_key = questions_of(key, job.bank, recorded, new_path)
    standing = new_standing(graded.former, by_key, after, dict.fromkeys(taken, job.how))
    return Plan(
        job,
        run,
        key,
        question_changes(before, after),
        standing,
        graded.before,
        graded_by(run, graded.table, after),
        graded.state,
        _notes(run, job.bank, new_key, [name for name in changed if name not in taken]),
    )


def _taken(job: Regrade, changed: Sequence[str], before: tuple[ScoredQuestion, ...]) -> list[str]:
    graded = [question.id for question in before]
    for name in job.questions:
        if name not in graded:
            raise InputError(
                f"the question {name!r} was not graded in this run",
                path=job.folder,
                mend=f"It graded {', '.join(graded)}.",
            )
    return [name for name in graded if name in (job.questions or changed)]


def _notes(run: RunRecord, bank: Bank, new_key: Key, not_taken: Sequence[str]) -> list[str]:
    notes = []
    others = [name for name in not_taken if name in run.data["questions"]]
    if others:
        notes.append(f"the new key also changes {', '.join(others)}, which stay as they were")
    answered = set(run.data["left_out"]) - set(open_questions(new_key))
    if answered:
        notes.append(
            f"{', '.join(sorted(answered))}: left out of this run, so its answers are not in the "
            "record; grade the exports again to count them"
        )
    if run.data["bank_sha256"] != bank.sha256:
        notes.append("the bank has changed since this run; the pages use its new wordings")
    return notes


def write_regrade(
    plan: Plan,
    signature: Signature,
    *,
    pages: bool | None = None,
    reveal: bool = False,
    gradebook: tuple[Path, str] | None = None,
    skip_unknown: bool = False,
) -> Path:
    """Write the regraded run in place of the old one, whole or not at all.

    The former key and results are kept in ``former/N``, where N counts the regrades; files this
    program did not write stay where they are.

    Args:
        plan: the regrade to write.
        signature: for the log.
        pages: whether to write the class report and the students' pages; None: if the run had.
        reveal: show right options on the students' pages.
        gradebook: a gradebook's CSV and its column, to be filled anew; the note on it is added
            to the plan's notes.
        skip_unknown: leave out students who are not in the gradebook.

    Returns:
        The folder of the former results.

    Raises:
        InputError: the signature is not text.
        OutputError: the folder cannot be written, another run is writing it, or one has since
            the plan was made.
    """
    if not all(map(is_text, (signature.by, signature.why, signature.when))):
        raise InputError("the text holds bytes that are not UTF-8", place="--by or --why")
    with only_run(plan.job.folder):
        # With the lock held: between plan and write a person may have looked at it for an hour.
        if state_of(plan.job.folder) != plan.state:
            raise OutputError(
                f"{plan.job.folder}: was changed by another run since this regrade was planned. "
                "Nothing was written; look at it and regrade again."
            )
        return _write_in_place(plan, signature, pages, reveal, gradebook, skip_unknown)


def _write_in_place(
    plan: Plan,
    signature: Signature,
    pages: bool | None,
    reveal: bool,
    gradebook: tuple[Path, str] | None,
    skip_unknown: bool,
) -> Path:
    old = plan.job.folder.resolve()
    log = read_log(old)
    # The log has a line a regrade.
    former = Path(FORMER) / str(log.count("\n") + 1)
    with folder_made_whole(old) as new:
        _keep_former(old, new, former)
        _keep_others(old, new)
        rows = write_answers(new, plan.run.data["exports"], plan.after.used.table)
        write_run(new, plan.run.data, plan.key, rows)
        # After the new key is written, whose hash it holds.
        entry = _entry(plan, signature, old, new)
        write_whole(new / LOG, with_entry(log, entry), private=True)  # the class's page tells it
        with_pages = (old / "class.html").exists() if pages is None else pages
        write_results(plan.after, new, plan.job.bank, plan.key, pages=with_pages, reveal=reveal)
        if gradebook is not None:
            book = Gradebook(*gradebook)
            ids = plan.run.data.get("ids", "canvas")
            plan.notes.append(
                fill_gradebook(book, plan.after, new, skip_unknown=skip_unknown, ids=ids)
            )
            unscored = unscored_of_exports(plan.after)
            unscored += unscored_of_gradebook(book, plan.after, ids, unscored)
            (new / UNSCORED).unlink(missing_ok=True)  # of another gradebook, or of none
            write_unscored(unscored, new)
        check_record(new, plan.after)
        if plan.standing:
            write_whole(new / STANDING, standing_text(plan.standing), private=True)
        _write_moves(plan, new / former / "moves.csv")
    return old / former


def _keep_former(old: Path, new: Path, former: Path) -> None:
    if (old / FORMER).is_dir():
        shutil.copytree(old / FORMER, new / FORMER)
    (new / former).mkdir(parents=True)
    for name in (*RESULTS, *CARRIED, "run.json", "key.yaml", STANDING):
        # `copyfile` and a mode: a file that a person had opened to others is closed again.
        if (old / name).is_file():
            shutil.copyfile(old / name, new / former / name)
            (new / former / name).chmod(0o600)


def _keep_others(old: Path, new: Path) -> None:
    ours = {*RESULTS, *PAGES, *RECORD, FORMER}
    for path in old.iterdir():
        if path.name in ours:
            continue
        if path.is_dir() and not path.is_symlink():
            # A person's links stay links.
            shutil.copytree(path, new / path.name, symlinks=True)
        else:
            shutil.copy2(path, new / path.name, follow_symlinks=False)


def _write_moves(plan: Plan, path: Path) -> None:
    header = ("student", "name", "section", "before", "after", "change", "questions", "reason")
    write_table(path, header, (_move_row(move) for move in plan.moves()))


def _move_row(move: Move) -> list[str]:
    student = move.student
    return [
        *(defused(text) for text in (student.id, student.name, student.section)),
        decimal_text(move.before.total if move.before else None),
        decimal_text(move.after.total if move.after else None),
        decimal_text(move.change),
        " ".join(move.questions),
        defused(move.reason),
    ]


def _entry(plan: Plan, signature: Signature, old: Path, new: Path) -> dict[str, Any]:
    counts = plan.counts()
    when = {"when": signature.when} if signature.when else {}
    return {
        "by": signature.by,
        "why": signature.why,
        **when,
        "how": plan.job.how,
        "questions": [change_data(change) for change in plan.changes],
        "key_before_sha256": sha256_of(old / "key.yaml"),
        "key_after_sha256": sha256_of(new / "key.yaml"),
        "students": counts.students,
        "up": counts.up,
        "down": counts.down,
        "sum_of_changes": decimal_text(counts.sum),
    }
