"""One grading job from files to a folder: what `hw9 grade` does, without the command line."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path

from grader.class_report import write_class_report
from grader.class_tally import ClassTally
from grader.conservation import check_record, check_tables
from grader.export_files import ReadingContext, open_exports
from grader.exports import Export
from grader.exports.blocks import cores, read_blocks
from grader.gradebook import Gradebook
from grader.grading import Rules, grade_table
from grader.identities import said_of, said_of_names
from grader.item_analysis import analyse
from grader.item_tables import write_items_and_summary
from grader.plurals import counted
from grader.progress import watched
from grader.pseudonyms import Pseudonyms
from grader.quiz_texts import known_quizzes, load_quiz, other_items, wordings_by_question
from grader.quizzes.unread_cells import said_of_unread
from grader.run_folder import check_target, folder_made_whole, only_run
from grader.run_record import FORMAT, ExportHash, RunData, write_run
from grader.score_tables import ScoreCounts, write_score_tables
from grader.scored_questions import open_questions, scored_questions
from grader.scoring import CanvasPartial
from grader.student_report import write_student_pages
from grader.submissions import ScoredQuestion
from grader.table.answers import AnswerTable, Block, table_of
from grader.table.cells import Cells
from grader.table.graded import GradedClass
from solver.bank import Bank
from solver.errors import InputError, KeyFileError, OutputError
from solver.files.atomic_write import sha256_of, write_whole
from solver.files.lock import one_at_a_time
from solver.key import Key


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be graded, how, and where to.

    Attributes:
        exports: files of submissions.
        key, key_path: the answer key and its file.
        bank: the questions.
        out: folder to make.
        rules: policy, attempts, deadline.
        quizzes: files of `hw9 bank import-qti`.
        skip_columns: Canvas' ids of questions that are none of the key's.
        allow_missing: take questions without a column as not shown.
        leave_out_open: grade without the questions that the key leaves open.
        pseudonyms: table of pseudonyms, None to use names.
        gradebook, column: a gradebook to fill, and its column.
        skip_unknown: leave out graded students who are not in the gradebook.
        pages: write the class report and the students' pages.
        reveal: show right options on the students' pages.
        replace: write over an older run.
        jobs: threads that read a large export; 0: as many as there are cores.
    """

    exports: Sequence[Path]
    key: Key
    key_path: Path
    bank: Bank
    out: Path
    rules: Rules = field(default_factory=Rules)
    quizzes: Sequence[Path] = ()
    skip_columns: Sequence[str] = ()
    allow_missing: bool = False
    leave_out_open: bool = False
    pseudonyms: Path | None = None
    gradebook: Path | None = None
    column: str = ""
    skip_unknown: bool = False
    pages: bool = True
    reveal: bool = False
    replace: bool = False
    jobs: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a job did: the class, and sentences for the person who asked."""

    graded: GradedClass
    scores: ScoreCounts
    notes: tuple[str, ...]
    files: tuple[str, ...]


def run_job(job: Job) -> Outcome:
    """Grade and write everything, or write nothing.

    Raises:
        Hw9Error: says in a sentence what is wrong with which file.
    """
    _check_pseudonyms(job)
    _let_ctrl_c_end_a_read()
    table = one_at_a_time(job.pseudonyms) if job.pseudonyms else nullcontext()
    with only_run(job.out) as mended, table:
        outcome = _graded_into_folder(job)
    return replace(outcome, notes=(*mended, *outcome.notes))


def _let_ctrl_c_end_a_read() -> None:
    """Have Ctrl-C end a wait for a pipe, which would be gone on with since polars was loaded."""
    if hasattr(signal, "siginterrupt"):
        signal.siginterrupt(signal.SIGINT, True)


def _graded_into_folder(job: Job) -> Outcome:
    check_target(job.out, replace=job.replace)
    questions = _questions(job)
    notes = _key_notes(job)
    exports = _exports(job, questions)
    gradebook = Gradebook(job.gradebook, job.column) if job.gradebook else None
    with folder_made_whole(job.out) as folder, ThreadPoolExecutor(1) as pool:
        hashes = pool.submit(_hashes, job)  # a large file's hash takes as long as reading it
        table = _table(job, exports, questions)
        graded = grade_table(table, questions, job.rules, left_out=open_questions(job.key))
        notes += [
            f"{name}: {note}"
            for export, name in zip(exports, _names(job), strict=True)
            for note in export.notes
        ]
        read = graded.counts.read - graded.counts.rejected
        notes += said_of_unread(graded.rejects, read, _worded(job))
        notes += [said_of(graded.alike)] if graded.alike else []
        notes += [said_of_names(graded.many_names)] if graded.many_names else []
        if gradebook is not None:
            notes.append(fill_gradebook(gradebook, graded, folder, skip_unknown=job.skip_unknown))
        scores = write_results(
            graded, folder, job.bank, job.key, pages=job.pages, reveal=job.reveal
        )
        write_run(folder, _run_data(job, questions, notes, hashes.result()), job.key, table)
        check_record(folder, graded)
        files = tuple(sorted(str(each.relative_to(folder)) for each in _files(folder)))
    return Outcome(graded, scores, tuple(notes), files)


def _table(
    job: Job, exports: Sequence[Export], questions: tuple[ScoredQuestion, ...]
) -> AnswerTable:
    # What counts is the first call of a process: polars makes its threads once.
    os.environ.setdefault("POLARS_MAX_THREADS", str(job.jobs or cores()))
    for export, name in zip(exports, _names(job), strict=True):
        export.source = name
    cells = Cells([question.id for question in questions])
    table = table_of(watched(read_blocks(exports, cells), "rows read", _rows), cells)
    return Pseudonyms(job.pseudonyms).over(table) if job.pseudonyms else table


def _rows(block: Block) -> int:
    return len(block.frame)


def _names(job: Job) -> list[str]:
    """Return what the exports are called in the outputs: a file's name may hold a person's."""
    if job.pseudonyms is None:
        return [path.name for path in job.exports]
    return [f"export {number}" for number in range(1, len(job.exports) + 1)]


def write_results(
    graded: GradedClass, folder: Path, bank: Bank, key: Key, *, pages: bool, reveal: bool
) -> ScoreCounts:
    """Write the tables of a graded class and, if `pages`, its report and the students' pages.

    Raises:
        Hw9Error: what was written does not add up (`grader.conservation`).
        OutputError: they cannot be written.
    """
    counts = write_score_tables(graded, folder)
    tally = ClassTally(graded.questions, graded.used, CanvasPartial())
    analysis = analyse(tally)
    write_items_and_summary(graded, folder, analysis=analysis)
    check_tables(folder, graded, tally)
    if pages:
        write_class_report(graded, folder, bank, key, analysis=analysis)
        write_student_pages(graded, folder, bank, key, reveal=reveal)
    return counts


def _questions(job: Job) -> tuple[ScoredQuestion, ...]:
    still_open = open_questions(job.key)
    if still_open and not job.leave_out_open:
        raise KeyFileError(
            f"has no answer for {', '.join(still_open)}",
            path=job.key_path,
            mend="Give one with hw9 key override, or grade the others with --leave-out-open.",
        )
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
    if made_from and made_from != job.bank.sha256:
        notes.append("the key was made from another state of the bank than the one used here")
    still_open = open_questions(job.key)
    if still_open:
        notes.append(f"left out, since the key has no answer: {', '.join(still_open)}")
    return notes


def _exports(job: Job, questions: tuple[ScoredQuestion, ...]) -> list[Export]:
    quizzes = known_quizzes(job.bank, job.key, job.quizzes)
    wordings = wordings_by_question(quizzes)
    asked = [question.id for question in job.key.questions if question.id in wordings]
    context = ReadingContext(
        questions,
        {name: wordings[name] for name in asked},
        open_questions(job.key),
        job.skip_columns,
        job.allow_missing,
        other_items(quizzes),
    )
    return open_exports(job.exports, context)


def _worded(job: Job) -> set[str]:
    """Return the questions whose texts were given."""
    return {question.id for path in job.quizzes for question in load_quiz(path).questions}


def _check_pseudonyms(job: Job) -> None:
    if job.pseudonyms is None:
        return
    if job.out.absolute() in job.pseudonyms.absolute().parents:
        raise OutputError(
            f"{job.pseudonyms}: the table of pseudonyms lies in the folder it is to be kept "
            "apart from. Name a file elsewhere."
        )
    if job.gradebook is not None:
        raise InputError(
            "a gradebook has names and ids in it", mend="Fill it in a run without --pseudonyms."
        )


def fill_gradebook(
    gradebook: Gradebook, graded: GradedClass, folder: Path, *, skip_unknown: bool
) -> str:
    """Write gradebook.csv into a run's folder, and return a sentence on what was filled.

    Raises:
        ExportError: a student is not in it, or fits two of its rows.
    """
    filled = gradebook.fill(graded.used, skip_unknown=skip_unknown)
    write_whole(folder / "gradebook.csv", filled.content, private=True)
    note = f"gradebook.csv: {counted(filled.filled, 'score')} filled in"
    for number, what in (
        (filled.replaced, "of them in place of another score"),
        (filled.kept, "left as EX or N/A"),
        (filled.incomplete, "left out as incomplete"),
        (filled.unknown, "not in the gradebook"),
    ):
        note += f", {number} {what}" if number else ""
    ours = sum((question.points for question in graded.questions), Decimal(0))
    if filled.points_possible and _as_number(filled.points_possible) != ours:
        note += f"; its Points Possible are {filled.points_possible}, the key's {ours}"
    return note


def _as_number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _hashes(job: Job) -> list[ExportHash]:
    return [
        ExportHash(name=name, sha256=sha256_of(path))
        for path, name in zip(job.exports, _names(job), strict=True)
    ]


def _run_data(
    job: Job, questions: tuple[ScoredQuestion, ...], notes: list[str], hashes: list[ExportHash]
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
    )


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())
