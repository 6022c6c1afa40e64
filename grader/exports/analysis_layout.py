"""The columns of a Student Analysis CSV: the person's by header, the questions' by place and shape.

Canvas writes ``name, id, [sis_id], [root_account], section, section_id, [section_sis_id],
submitted, [attempt]``, then two columns a question (``<id>: <text>`` and a bare number of
points), then three. Who a student is comes from the columns whose headers say so, in English or
in COOL's Chinese; headers in other languages are known by their place and the shape of the cells.
Where headers and cells contradict each other, nobody is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.student_ids.person_columns import PersonColumns
from solver.errors import ExportError
from solver.text.plural import counted

_QUESTION = re.compile(r"\s*(\d+):(.*)\Z", re.DOTALL)
# With a spreadsheet's decimal comma, too.
_NUMBER = re.compile(r"\s*\d+(?:[.,]\d+)?\s*\Z")
# Columns after the questions: n correct, n incorrect, score.
TRAILING = 3


@dataclass(frozen=True, slots=True)
class QuestionColumn:
    """A question's pair of columns: `at` holds the options ticked, `at` + 1 Canvas' points."""

    at: int
    canvas_id: str
    text: str
    points: str = ""
    """The points its header promises, as text."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of one export.

    Attributes:
        fields: name of the field (as in `FIELD_NAMES`) to column.
        questions: the questions' columns, in order.
        score: column of Canvas' score.
        width: how many columns a row has.
        passed_over: columns before the questions that Canvas does not write, for people.
    """

    fields: dict[str, int]
    questions: tuple[QuestionColumn, ...]
    score: int
    width: int
    passed_over: tuple[str, ...] = ()


def is_student_analysis(header: Sequence[str]) -> bool:
    """Say whether a header has a question's pair of columns somewhere."""
    return _first_question(header) is not None


def _first_question(header: Sequence[str]) -> int | None:
    for at in range(len(header) - 1):
        if _QUESTION.match(header[at]) and _NUMBER.match(header[at + 1]):
            return at
    return None


def layout_of(header: Sequence[str], sample: Sequence[Sequence[str]], path: Path) -> Layout:
    """Work out the columns from the header and some rows.

    Args:
        header: the header's cells, empty ones at its end taken off.
        sample: the first rows, each as wide as the header or wider.
        path: for errors.

    Raises:
        ExportError: not the shape that Canvas writes; names the column and the shape expected.
    """
    # Found by its shape: before it Canvas writes five to nine columns, by the site's settings.
    first = _first_question(header)
    assert first is not None  # the reader has found the header by it
    questions = []
    at = first
    while at + 1 < len(header) and _NUMBER.match(header[at + 1]):
        match = _QUESTION.match(header[at])
        if match is None:
            break
        questions.append(QuestionColumn(at, match[1], match[2].strip(), header[at + 1]))
        at += 2
    if len(header) - at != TRAILING:
        what = f"has {counted(len(header) - at, 'column')} after its "
        what += counted(len(questions), "question")
        if at < len(header):
            what += f", from {_shortened(header[at])} on"
        raise ExportError(
            f"{what}, where Canvas writes {TRAILING}",
            path=path,
            place=f"line 1, column {at + 1}",
            mend="Export it again, and change nothing in its columns.",
        )
    person = PersonColumns(header[:first], [row[:first] for row in sample], path)
    fields = person.fields()
    passed_over = tuple(person.passed_over(fields))
    return Layout(fields, tuple(questions), len(header) - 1, len(header), passed_over)


def _shortened(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:40] + "...")
