"""One grading job from files to a folder: `hw9 grade` without the command line."""

from __future__ import annotations

import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, replace

from grader.key_changes.key_override import said_of_unsigned
from grader.quizzes.unread_cells import said_of_unread
from grader.runs.corrections import OPEN_FILE, write_open
from grader.runs.folder import check_target, folder_made_whole, only_run
from grader.runs.gradebook import Gradebook
from grader.runs.grading import grade_table
from grader.runs.job import Job
from grader.runs.reading import ReadExports, opened_exports, read_exports, worded_questions
from grader.runs.reconciliation import check_record
from grader.runs.record import FORMAT, ExportHash, RunData, write_answers, write_run
from grader.runs.results import fill_gradebook, write_results
from grader.runs.score_tables import ScoreCounts
from grader.runs.unscored import (
    Unscored,
    unscored_of_exports,
    unscored_of_gradebook,
    write_unscored,
)
from grader.scoring.accepted_answers import open_questions, scored_questions
from grader.student_ids.look_alikes import said_of, said_of_names
from grader.submissions import ScoredQuestion
from grader.table.graded import GradedClass
from grader.table.witness import canvas_doubts
from solver.errors import ExportError, InputError, KeyFileError, OutputError
from solver.files.atomic_write import sha256_of
from solver.files.lock import one_at_a_time
from solver.key_checks.agreement import hold_to_bank
from solver.text.plural import counted


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a job: the class, and sentences for the person who asked."""

    graded: GradedClass
    scores: ScoreCounts
    notes: tuple[str, ...]
    files: tuple[str, ...]
    unscored: tuple[Unscored, ...] = ()
    warned: tuple[str, ...] = ()


def run_job(job: Job, warn: Callable[[str], None] = lambda text: None) -> Outcome:
    """Grade and write everything, or write nothing.

    Args:
        job: the exports, key, rules and folder.
        warn: called with each contradiction of Canvas' points to the key, before files are written.

    Raises:
        Hw9Error: names file and fault in a sentence.
    """
    # Before any lock: a table within the run's folder would be replaced together with it.
    _check_pseudonyms(job)
    _let_ctrl_c_end_a_read()
    table = one_at_a_time(job.pseudonyms) if job.pseudonyms else nullcontext()
    # The table of pseudonyms too: two runs at once would each give new students the same names.
    with only_run(job.out) as mended, table:
        outcome = _graded_into_folder(job, warn)
    return replace(outcome, notes=(*mended, *outcome.notes))


def _let_ctrl_c_end_a_read() -> None:
    """Let Ctrl-C end a blocking read again."""
    # polars, once imported, makes system calls go on after a signal: a read of a pipe into which
    # nobody writes would never end.
    if hasattr(signal, "siginterrupt"):
        signal.siginterrupt(signal.SIGINT, True)


def _graded_into_folder(job: Job, warn: Callable[[str], None]) -> Outcome:
    check_target(job.out, replace=job.replace)
    questions = _questions(job)
    notes = _key_notes(job)
    # All that can be refused without reading every row is refused first.
    exports = opened_exports(job, questions)
    gradebook = Gradebook(job.gradebook, job.column) if job.gradebook else None
    with folder_made_whole(job.out) as folder, ThreadPoolExecutor(1) as pool:
        hashes = pool.submit(_hashes, job)  # a large file's hash takes as long as reading it
        read = read_exports(job, questions, exports)
        # Written while the class is graded: polars lets other threads run.
        rows = pool.submit(lambda: write_answers(folder, hashes.result(), read.table))
        graded = replace(
            grade_table(read.table, questions, job.rules, left_out=open_questions(job.key)),
            canvas_doubts=canvas_doubts(read.table, questions, read.promised),
        )
        warned = tuple(f"{each.question}: {each.sentence.en}" for each in graded.canvas_doubts)
        for text in warned:
            warn(text)
        notes += [*read.notes, *_said_of(graded, job)]
        unscored = unscored_of_exports(graded)
        if gradebook is not None:
            notes.append(
                fill_gradebook(
                    gradebook, graded, folder, skip_unknown=job.skip_unknown, ids=read.ids
                )
            )
            unscored += unscored_of_gradebook(gradebook, graded, read.ids, unscored)
        scores = write_results(
            graded, folder, job.bank, job.key, pages=job.pages, reveal=job.reveal
        )
        write_unscored(unscored, folder)
        write_open(read.table, folder / OPEN_FILE)
        write_run(
            folder,
            _run_data(job, questions, [*warned, *notes], hashes.result(), read),
            job.key,
            rows.result(),
        )
        # Last, by the files alone; after this the folder takes its name.
        check_record(folder, graded)
        paths = [path for path in folder.rglob("*") if path.is_file()]
        files = tuple(sorted(str(each.relative_to(folder)) for each in paths))
    return Outcome(graded, scores, (*warned, *notes), files, tuple(unscored), warned)


def _said_of(graded: GradedClass, job: Job) -> list[str]:
    """Return the notes for the person who grades, before any file is written.

    Raises:
        ExportError: most answers could not be read, and that was not asked for.
    """
    rows = graded.counts.read - graded.counts.rejected
    shown, causes = graded.shown_and_unread()
    unread = said_of_unread(causes, rows, worded_questions(job))
    refused = sum(each.total() for each in causes.values())
    # Most likely another quiz's texts, or a damaged file: scores would say nothing.
    if 2 * refused > shown and not job.mostly_unread:
        first = next(each for each in graded.rejects if each.question)
        raise ExportError(
            f"{refused} of {counted(shown, 'answer')} could not be read. The first: line "
            f"{first.line}, {first.question}, {first.text!r}: {first.reason}. "
            + " ".join(f"{each[0].upper()}{each[1:]}." for each in unread),
            path=job.exports[0],
            mend="To grade anyway, say --mostly-unread.",
        )
    said = list(unread)
    said += [said_of(graded.alike)] if graded.alike else []
    said += [said_of_names(graded.many_names)] if graded.many_names else []
    return said


def _questions(job: Job) -> tuple[ScoredQuestion, ...]:
    still_open = open_questions(job.key)
    if still_open and not job.leave_out_open:
        raise KeyFileError(
            f"has no answer for {', '.join(still_open)}",
            path=job.key_path,
            mend="Give one with hw9 key override, or grade the others with --leave-out-open.",
        )
    hold_to_bank(job.key, job.bank, path=job.key_path)
    questions = scored_questions(job.key, job.bank, path=job.key_path)
    if not questions:
        raise KeyFileError("has no question that can be graded", path=job.key_path)
    known = {question.id for question in job.bank.questions}
    for question in questions:
        if question.id not in known:
            raise KeyFileError(
                f"the bank {job.bank.folder} has no question {question.id!r}",
                path=job.key_path,
                mend="Name the bank it was made from with --bank.",
            )
    return questions


def _key_notes(job: Job) -> list[str]:
    notes = []
    made_from = job.key.bank.get("sha256")
    # A key with wordings is held to these; the bank's bytes may have changed otherwise.
    unworded = any(entry.wording is None for entry in job.key.questions)
    if unworded and made_from and made_from != job.bank.sha256:
        notes.append("the key was made from another state of the bank than the one used here")
    if unsigned := said_of_unsigned(job.key):
        notes.append(unsigned)
    still_open = open_questions(job.key)
    if still_open:
        notes.append(f"left out, since the key has no answer: {', '.join(still_open)}")
    return notes


def _check_pseudonyms(job: Job) -> None:
    if job.pseudonyms is None:
        return
    if job.out.absolute() in job.pseudonyms.absolute().parents:
        raise OutputError(
            f"{job.pseudonyms}: the table of pseudonyms lies in the run's folder, from which it "
            "must be kept apart. Name a file elsewhere."
        )
    if job.gradebook is not None:
        raise InputError(
            "a gradebook has names and ids in it", mend="Fill it in a run without --pseudonyms."
        )


def _hashes(job: Job) -> list[ExportHash]:
    return [
        ExportHash(name=name, sha256=sha256_of(path))
        for path, name in zip(job.exports, job.names, strict=True)
    ]


def _run_data(
    job: Job,
    questions: tuple[ScoredQuestion, ...],
    notes: list[str],
    hashes: list[ExportHash],
    read: ReadExports,
) -> RunData:
    return RunData(
        format=FORMAT,
        questions=[question.id for question in questions],
        left_out=list(open_questions(job.key)),
        policy=job.rules.policy,
        attempts=job.rules.attempts,
        deadline=job.rules.deadline,
        exports=hashes,
        bank_sha256=job.bank.sha256,
        pseudonyms=job.pseudonyms is not None,
        notes=notes,
        ids=read.ids,
        promised=read.promised,
    )
