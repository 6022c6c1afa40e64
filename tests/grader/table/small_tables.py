"""Small tables of answers, written in short."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from grader.submissions import (
    NOT_SHOWN,
    UNANSWERED,
    ReadRow,
    Refused,
    Reject,
    Response,
    ScoredQuestion,
    Student,
    Submission,
    Ticked,
)
from grader.table.answers import AnswerTable, table_of_rows

REFUSED = Refused("?", "fits no set")
SIGNS: dict[str, Response] = {"-": NOT_SHOWN, "_": UNANSWERED, "?": REFUSED}


def question(id_: str, right: str = "a", points: str = "0.3", void: bool = False) -> ScoredQuestion:
    """One that takes each letter of `right` with all the others."""
    accepted = (Ticked(frozenset(right)),)
    return ScoredQuestion(id_, "several", Decimal(points), accepted, tuple("abcd"), void=void)


def two(points: Sequence[str] = ("0.3", "0.4")) -> tuple[ScoredQuestion, ...]:
    return tuple(question(f"q{n}", points=each) for n, each in enumerate(points, 1))


def row(text: str, line: int, names: Sequence[str]) -> ReadRow:
    """Student, attempt (``.`` for none), hour (``.``), then an answer a question.

    An answer is letters, ``-`` not shown, ``_`` not answered, ``?`` refused, with ``=POINTS`` of
    Canvas behind. ``cut 7`` is a row refused as a whole, of student 7.
    """
    who, attempt, *rest = text.split()
    if who == "cut":
        student = "" if attempt == "." else attempt
        return ReadRow(None, (Reject("a.csv", line, student, "", "text", "is cut short"),))
    hour, *answers = rest
    responses, points, rejects = {}, {}, []
    for name, each in zip(names, answers, strict=True):
        sign, _, given = each.partition("=")
        responses[name] = SIGNS.get(sign) or Ticked(frozenset(sign))
        points[name] = Decimal(given) if given else None
        if sign == "?":
            rejects.append(Reject("a.csv", line, who, name, "?", "fits no set"))
    moment = None if hour == "." else datetime(2026, 4, 9, int(hour), tzinfo=UTC)
    number = None if attempt == "." else int(attempt)
    made = Submission(
        Student(who, f"name of {who}"), number, moment, responses, points, None, "a.csv", line
    )
    return ReadRow(made, tuple(rejects))


def table(names: Sequence[str], *rows: str) -> AnswerTable:
    read = [row(text, line, names) for line, text in enumerate(rows, 2)]
    return table_of_rows(read, names)
