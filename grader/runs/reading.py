"""The exports of a job as one table: read, checked against each other, corrected, hidden."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from grader.exports import Export, ReadingContext
from grader.exports.blocks import cores, read_blocks
from grader.exports.fields import points_of
from grader.exports.open import open_exports
from grader.exports.progress import watched
from grader.exports.student_analysis import StudentAnalysis
from grader.quizzes.texts import known_quizzes, load_quiz, other_items, wordings_by_question
from grader.runs.corrections import corrected
from grader.runs.job import Job
from grader.scoring.accepted_answers import open_questions
from grader.student_ids.conflicts import without_conflicts
from grader.student_ids.id_systems import IdSystem
from grader.student_ids.pseudonyms import Pseudonyms
from grader.student_ids.test_student import without_test_student
from grader.submissions import ScoredQuestion
from grader.table.answers import AnswerTable, table_of
from grader.table.cells import Cells
from solver.errors import ExportError


@dataclass(frozen=True, slots=True)
class ReadExports:
    """The answers of a job's exports.

    Attributes:
        table: every row.
        notes: how each file was understood, a sentence each.
        ids: the system that students are named by.
        promised: points in the headers of the questions' columns, where a file has them.
    """

    table: AnswerTable
    notes: tuple[str, ...]
    ids: IdSystem
    promised: dict[str, Decimal]


def read_exports(
    job: Job, questions: tuple[ScoredQuestion, ...], exports: Sequence[Export]
) -> ReadExports:
    """Read the exports of a job, which `opened_exports` has opened.

    Raises:
        ExportError: a file cannot be read any more, or a correction fits no cell.
    """
    # What counts is the first call of a process: polars makes its threads once.
    os.environ.setdefault("POLARS_MAX_THREADS", str(job.jobs or cores()))
    for export, name in zip(exports, job.names, strict=True):
        export.source = name
    cells = Cells([question.id for question in questions])
    table = table_of(
        watched(read_blocks(exports, cells), "rows read", lambda block: len(block.frame)), cells
    )
    if not job.test_student:
        table = without_test_student(table)
    # Before names give way to pseudonyms: by them it is seen that an id is of two people.
    table = without_conflicts(table, names=job.pseudonyms is None)
    if job.corrections is not None:
        # Before pseudonyms too: a correction names the text of a cell, which they leave out.
        table = corrected(table, questions, job.corrections)
    # Of the first: `open_exports` refuses files of two systems.
    ids = exports[0].id_system if exports else "canvas"
    if job.pseudonyms is not None:
        table = Pseudonyms(job.pseudonyms, ids).over(table)
    notes = (f"{each.source}: {note}" for each in exports for note in each.notes)
    return ReadExports(table, tuple(notes), ids, _promised(exports))


def worded_questions(job: Job) -> set[str]:
    """Return the questions whose texts were given."""
    return {question.id for path in job.quizzes for question in load_quiz(path).questions}


def opened_exports(job: Job, questions: tuple[ScoredQuestion, ...]) -> list[Export]:
    """Open the exports of a job, before anything is read of them.

    Raises:
        ExportError: a file is no export, is of another quiz, or does not go with the others.
    """
    quizzes = known_quizzes(job.bank, job.key, job.quizzes)
    wordings = wordings_by_question(quizzes)
    # In the key's order, by which columns without a known text are told.
    asked = [question.id for question in job.key.questions if question.id in wordings]
    context = ReadingContext(
        questions,
        {name: wordings[name] for name in asked},
        open_questions(job.key),
        job.skip_columns,
        job.allow_missing,
        other_items(quizzes),
        job.one_quiz,
    )
    exports = open_exports(job.exports, context)
    if not job.points_of_key:
        _refuse_other_points(exports, questions)
    return exports


def _header_points(exports: Sequence[Export]) -> list[tuple[str, str, str]]:
    """Return file, question and the text of its points, for each column that promises points."""
    return [
        (export.source, column.question, column.promised)
        for export in exports
        if isinstance(export, StudentAnalysis)
        for column in export.columns
    ]


def _promised(exports: Sequence[Export]) -> dict[str, Decimal]:
    found = ((question, points_of(text)) for _, question, text in _header_points(exports))
    return {question: points for question, points in found if points is not None}


def _refuse_other_points(exports: Sequence[Export], questions: tuple[ScoredQuestion, ...]) -> None:
    # A void or left-out question has other points than its column by a person's decision.
    worth = {each.id: each.points for each in questions if not (each.void or each.left_out)}
    listed = [
        (source, f"{question} {points} (the key: {worth[question]})")
        for source, question, text in _header_points(exports)
        if question in worth
        and (points := points_of(text)) is not None
        and points != worth[question]
    ]
    if not listed:
        return
    shown = [said for source, said in listed if source == listed[0][0]]
    more = f" and {len(shown) - 8} more" if len(shown) > 8 else ""
    raise ExportError(
        f"promises other points than the key gives: {', '.join(shown[:8])}{more}",
        path=listed[0][0],
        place="line 1",
        mend="Is it the export of another quiz? If the key's points count (a quiz made with a tool "
        "that cannot write 0.3), say --points-of-key.",
    )
