"""A grading run: a table of answers in, one graded class out, every row accounted for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from grader.scoring.policies import POLICIES
from grader.student_ids.look_alikes import alike_ids, many_names
from grader.submissions import (
    AttemptsRule,
    PolicyName,
    ScoredQuestion,
)
from grader.table.answers import AnswerTable
from grader.table.choice import ChosenRows, chosen_rows
from grader.table.graded import GradedClass, Rejects, RowCounts
from grader.table.sums import Points
from grader.table.used import TableRows, UsedStudents
from solver.errors import Hw9Error


@dataclass(frozen=True, slots=True)
class Rules:
    """How a run grades."""

    policy: PolicyName = "all-or-nothing"
    attempts: AttemptsRule = "highest"
    deadline: datetime | None = None


def grade_table(
    table: AnswerTable,
    questions: tuple[ScoredQuestion, ...],
    rules: Rules,
    *,
    left_out: tuple[str, ...] = (),
) -> GradedClass:
    """Grade a table of answers.

    Args:
        table: of these questions, in this order.
        questions: the answers that each accepts.
        rules: policy, attempts and deadline.
        left_out: ids of questions that are not graded, to be said in reports.

    Raises:
        Hw9Error: rows were lost or doubled on the way, which would be a fault of this program.
    """
    points = Points(table, questions, POLICIES[rules.policy])
    chosen = chosen_rows(table, points, rules.attempts)
    used = UsedStudents(table, points, chosen, rules.deadline)
    return GradedClass(
        questions,
        used,
        TableRows(table, chosen.superseded["row"]),
        Rejects(table, chosen),
        _counts(table, chosen),
        rules.policy,
        rules.attempts,
        rules.deadline,
        left_out,
        alike_ids(table),
        many_names(table),
    )


def _counts(table: AnswerTable, chosen: ChosenRows) -> RowCounts:
    refused = table.frame["student"].null_count() + len(chosen.contrary)
    graded = int(chosen.used["rows"].sum())
    counts = RowCounts(len(table.frame), graded, len(chosen.superseded), refused)
    if not counts.add_up:
        raise Hw9Error(
            f"rows read: {counts.read}, but {counts.graded} graded, {counts.superseded} "
            f"superseded and {counts.rejected} rejected. Nothing was written; this is a fault "
            "of the program, please report it."
        )
    return counts
