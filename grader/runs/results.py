"""The results of a run: its tables, its pages, the gradebook filled."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path

from grader.items.analysis import analyse
from grader.items.response_counts import ClassTally
from grader.items.tables import write_items_and_summary
from grader.reports.class_report import write_class_report
from grader.reports.student_report import write_student_pages
from grader.runs.gradebook import Gradebook
from grader.runs.reconciliation import check_tables
from grader.runs.score_tables import ScoreCounts, write_score_tables
from grader.scoring.policies import CanvasPartial
from grader.student_ids.id_systems import IdSystem
from grader.table.graded import GradedClass
from solver.banks.bank import Bank
from solver.files.atomic_write import write_whole
from solver.key import Key
from solver.text.plural import counted


def write_results(
    graded: GradedClass, folder: Path, bank: Bank, key: Key, *, pages: bool, reveal: bool
) -> ScoreCounts:
    """Write the tables of a graded class and, if `pages`, its report and the students' pages.

    Raises:
        Hw9Error: the files written do not add up (`grader.runs.reconciliation`).
        OutputError: they cannot be written.
    """
    counts = write_score_tables(graded, folder)
    # Canvas' rule as the second one, for comparison on the class's page.
    tally = ClassTally(graded.questions, graded.used, CanvasPartial())
    analysis = analyse(tally)
    write_items_and_summary(graded, folder, analysis=analysis)
    # Before the pages: they take the longest, and are of no use if a table is wrong.
    check_tables(folder, graded, tally)
    if pages:
        write_class_report(graded, folder, bank, key, analysis=analysis)
        write_student_pages(graded, folder, bank, key, reveal=reveal)
    return counts


def fill_gradebook(
    gradebook: Gradebook,
    graded: GradedClass,
    folder: Path,
    *,
    skip_unknown: bool,
    ids: IdSystem = "canvas",
) -> str:
    """Write gradebook.csv into a run's folder, and return a sentence on the rows filled.

    Raises:
        ExportError: a student is not in it, or fits two of its rows.
    """
    filled = gradebook.fill(graded.used, skip_unknown=skip_unknown, ids=ids)
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
    # Told and left alone: on import Canvas changes an assignment by this number.
    if filled.points_possible and _as_number(filled.points_possible) != ours:
        note += f"; its Points Possible are {filled.points_possible}, the key's {ours}"
    return note


def _as_number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None
