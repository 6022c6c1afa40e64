"""Graded students as columns: what tables are written of, and what a class's counts are made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import islice
from typing import NamedTuple, Protocol, runtime_checkable

from grader.coded_columns import Coded, coded
from grader.row_cells import Cell, Columns
from grader.row_heads import Heads, heads_of
from grader.submissions import GradedSubmission, Rows, ScoredQuestion

MOST_STUDENTS = 1 << 14
"""Students of one batch."""


class Answered(NamedTuple):
    """A cell, and the points it earned; None where it was not shown or not readable."""

    cell: Cell
    points: Decimal | None


@dataclass(frozen=True, slots=True)
class UsedColumns:
    """Some students, each with what `GradedSubmission` says of one.

    `answers` has a column a question.
    """

    heads: Heads
    rows: Sequence[int]
    late: Sequence[timedelta | None]
    answers: tuple[Coded[Answered], ...]
    totals: Coded[Decimal]
    possible: Coded[Decimal]
    scores: Coded[Decimal | None]
    fudge: Coded[Decimal | None]
    difference: Coded[Decimal | None]
    doubts: Coded[tuple[bool, str]]
    """Whether a total is certain, and why it is not."""

    def __len__(self) -> int:
        return len(self.heads)


@runtime_checkable
class InColumns(Protocol):
    """Graded students that can be had as columns."""

    def columns(self) -> Iterator[UsedColumns]:
        """Go over them, in their order."""


def used_columns(
    used: Rows[GradedSubmission], questions: Sequence[ScoredQuestion]
) -> Iterator[UsedColumns]:
    """Yield graded students as columns, some thousand at a time.

    Args:
        used: in the order of the class.
        questions: of the class.
    """
    if isinstance(used, InColumns):
        yield from used.columns()
        return
    columns = Columns([question.id for question in questions])
    students = iter(used)
    while some := list(islice(students, MOST_STUDENTS)):
        yield columns_of(some, columns)


def columns_of(graded: Sequence[GradedSubmission], columns: Columns) -> UsedColumns:
    """Return graded students as columns.

    Args:
        graded: in their order.
        columns: the questions of the class.
    """
    made = [each.submission for each in graded]
    return UsedColumns(
        heads_of(made),
        [each.rows for each in graded],
        [each.late for each in graded],
        _answers(graded, columns),
        coded([each.total for each in graded], key=str),
        coded([each.possible for each in graded], key=str),
        coded([each.canvas_score for each in made], key=str),
        coded([each.fudge for each in graded], key=str),
        coded([each.difference for each in graded], key=str),
        coded([(each.complete, each.doubt) for each in graded]),
    )


def _answers(graded: Sequence[GradedSubmission], columns: Columns) -> tuple[Coded[Answered], ...]:
    answers: list[list[Answered]] = [[] for _ in columns.names]
    for each in graded:
        made = each.submission
        cells = columns.cells_of(made.responses, made.canvas_points)
        for column, name, cell in zip(answers, columns.names, cells, strict=True):
            column.append(Answered(cell, each.points.get(name)))
    # Points that are equal may be written otherwise (0.30), and a table keeps how.
    return tuple(
        coded(column, key=lambda each: (each.cell, str(each.points))) for column in answers
    )
