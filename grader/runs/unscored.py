"""Students without a score: known to an export or the gradebook, and in no row of scores.csv."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

from grader.csv_files.spreadsheet import defused, write_table
from grader.runs.gradebook import Gradebook
from grader.student_ids.id_systems import IdSystem
from grader.student_ids.test_student import is_test_student
from grader.submissions import Reject, Student
from grader.table.graded import GradedClass

FILE = "unscored.csv"
COLUMNS = ("student", "name", "section", "known_from", "reason")
NO_ROW = "no submission in the exports"


class Unscored(NamedTuple):
    """A student without a usable submission, and why."""

    student: str
    name: str
    section: str
    known_from: str
    reason: str


def unscored_of_exports(graded: GradedClass) -> list[Unscored]:
    """Return the students of the exports who have no score, in the order of reading."""
    refused: dict[str, Reject] = {}
    for each in graded.rejects:
        # Of whole rows: a student with an unread cell has a score.
        if not each.question and each.student:
            refused.setdefault(each.student, each)
    names = pl.Series(list(refused), dtype=pl.String).implode()
    scored = graded.used.frame.select("student").filter(pl.col("student").is_in(names))
    for student in scored["student"]:
        del refused[student]
    rows = graded.used.table.frame.lazy().select("student", "name", "section")
    found = rows.filter(pl.col("student").is_in(names)).collect()
    # Reversed, so that the name of a student's first row is the one that stays.
    known = {student: (name, section) for student, name, section in found.reverse().iter_rows()}
    unscored = []
    for student, each in refused.items():
        name, section = known.get(student, ("", ""))
        unscored.append(
            Unscored(student, name, section, each.source, f"line {each.line}: {each.reason}")
        )
    return unscored


def unscored_of_gradebook(
    gradebook: Gradebook, graded: GradedClass, ids: IdSystem, known: Iterable[Unscored]
) -> list[Unscored]:
    """Return the students of a gradebook of whom no score and no other word is known.

    Args:
        gradebook, graded: of the run.
        ids: the system that students are named by.
        known: those that are told already.
    """
    rows = graded.used.frame.select("student", "sis_id").iter_rows()
    students = [Student(student, sis_id=sis) for student, sis in rows]
    students += [Student(each.student) for each in known]
    found = {id_ for student in students for id_ in gradebook.ids_of(student, ids)}
    return [
        Unscored(id_, name, section, "gradebook", NO_ROW)
        for id_, name, section in gradebook.people()
        # Canvas lists its test student in every gradebook.
        if id_ not in found and not is_test_student(name)
    ]


def write_unscored(students: Sequence[Unscored], folder: Path) -> None:
    """Write ``unscored.csv``; nothing where every student has a score.

    Raises:
        OutputError: it cannot be written.
    """
    if students:
        write_table(folder / FILE, COLUMNS, ([defused(text) for text in each] for each in students))
