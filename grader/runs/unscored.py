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
    scored = set(graded.used.frame["student"])
    rows = graded.used.table.frame.filter(pl.col("student").is_not_null())
    people = rows.unique("student", keep="first", maintain_order=True)
    known = {row[0]: row for row in people.select("student", "name", "section").iter_rows()}
    found: dict[str, Unscored] = {}
    for each in graded.rejects:
        student = each.student
        if each.question or not student or student in scored or student in found:
            continue
        _, name, section = known.get(student, (student, "", ""))
        found[student] = Unscored(student, name, section, each.source, _reason(each))
    return list(found.values())


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
        if id_ not in found and not is_test_student(name)
    ]


def _reason(reject: Reject) -> str:
    return f"line {reject.line}: {reject.reason}"


def write_unscored(students: Sequence[Unscored], folder: Path) -> None:
    """Write ``unscored.csv``; nothing where every student has a score.

    Raises:
        OutputError: it cannot be written.
    """
    if students:
        write_table(folder / FILE, COLUMNS, _rows(students))


def _rows(students: Iterable[Unscored]) -> Iterable[list[str]]:
    return ([defused(text) for text in each] for each in students)
