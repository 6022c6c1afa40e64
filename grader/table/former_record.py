"""The rows of a run of the former format (``rows.jsonl``), read so that it can be graded again.

A row a line:

    {"s": [[id, name, section, section_id, sis_id], attempt, submitted, [response...],
           [canvas points...], canvas score, file, line], "x": [[file, line, student, question,
           text, reason]...]}

Responses and points stand in the order of the questions; `s` is null for a refused row.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from grader.submissions import ReadRow, Reject, Student, Submission, decode_response
from grader.table.answers import AnswerTable, table_of_rows
from grader.table.record import MEND, MOST_LINE, points_of_text
from solver.errors import ExportError

FORMER_FILE = "rows.jsonl"


def read_former_rows(path: Path, questions: Sequence[str]) -> AnswerTable:
    """Return the rows of a run of the former format.

    Raises:
        ExportError: the record is damaged; names the line.
    """
    return table_of_rows(_rows(path, questions), questions)


def _rows(path: Path, questions: Sequence[str]) -> Iterator[ReadRow]:
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                yield _row(line, questions, path, number)
    except (OSError, UnicodeDecodeError):
        raise ExportError("cannot be read", path=path, mend=MEND) from None


def _row(line: str, questions: Sequence[str], path: Path, number: int) -> ReadRow:
    try:
        data = json.loads(line)
        rejects = tuple(Reject(*each) for each in data.get("x", ()))
        packed = data["s"]
        row = ReadRow(None if packed is None else _submission(packed, questions), rejects)
        _check(row)
        return row
    # All that a changed line can raise in one of these steps.
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError):
        raise ExportError(
            "is not a row as a run records it", path=path, place=f"line {number}", mend=MEND
        ) from None


def _submission(packed: list[Any], questions: Sequence[str]) -> Submission:
    person, attempt, moment, codes, points, score, source, number = packed
    if not len(codes) == len(points) == len(questions):
        raise ValueError("other questions than the record was made of")
    return Submission(
        Student(*person),
        attempt,
        datetime.fromisoformat(moment) if moment else None,
        dict(zip(questions, map(decode_response, codes), strict=True)),
        dict(zip(questions, map(points_of_text, points), strict=True)),
        None if score is None else Decimal(score),
        source,
        number,
    )


def _check(row: ReadRow) -> None:
    """Raise ValueError where a row is none that the program itself wrote."""
    texts: list[str] = []
    for each in row.rejects:
        texts += (each.source, each.student, each.question, each.text, each.reason)
        _check_number(each.line)
    made = row.submission
    if made is not None:
        who = made.student
        texts += (made.source, who.id, who.name, who.section, who.section_id, who.sis_id)
        _check_number(made.line)
        _check_number(0 if made.attempt is None else made.attempt)
        if made.submitted is not None and made.submitted.tzinfo is None:
            raise ValueError("a time without its zone")
        points_of_text(None if made.canvas_score is None else str(made.canvas_score))
    elif not row.rejects:
        raise ValueError("a row without a reason why it was refused")
    "".join(texts).encode()  # fails on what is no text, and on halves of characters


def _check_number(number: object) -> None:
    # Not `isinstance`, by which JSON's true is a number.
    if type(number) is not int or not 0 <= number < MOST_LINE:
        raise ValueError("no number of a line or an attempt")
