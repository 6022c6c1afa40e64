"""Readers of the single texts of a Canvas export: an attempt, a time, a score, points."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from grader.exports.times import read_time
from grader.quizzes.option_matching import MEMORY

_ROUNDED = re.compile(r"[0-9](?:[.,][0-9]+)?[eE]\+[0-9]{1,2}")


def student_fault(student: str) -> str:
    """Return why an id names nobody, "" where it names somebody.

    A spreadsheet shows an id of many digits as 1.01E+15 and saves it so: all whose first digits
    are alike would be one student.
    """
    if _ROUNDED.fullmatch(student):
        return "the student id was rounded by a spreadsheet; export it again"
    return "" if student else "has no student id"


@lru_cache(maxsize=MEMORY)
def attempt_number(text: str) -> tuple[int | None, str]:
    """Return the number of an attempt, or why there is none ("" where the text is empty)."""
    # A spreadsheet saves 2 as 2.0; a number of ten digits is no attempt.
    number = text.strip().removesuffix(".0")
    if number.isascii() and number.isdigit() and len(number) < 10:
        return int(number), ""
    return None, "the attempt is not a whole number" if text.strip() else ""


def moment_of(text: str) -> tuple[datetime | None, str]:
    """Return the time of submission, or why there is none ("" where the text is empty)."""
    if not text.strip():
        return None, ""
    try:
        return read_time(text), ""
    except ValueError as problem:
        return None, f"the time of submission {problem}"


@lru_cache(maxsize=MEMORY)
def canvas_score(text: str) -> tuple[Decimal | None, str]:
    """Return Canvas' score, or why there is none ("" where the text is empty)."""
    if not text.strip():
        return None, ""
    score = points_of(text)
    return score, "Canvas' score is not a number" if score is None else ""


def points_of(text: str) -> Decimal | None:
    """Return a number of points, None if the text is none."""
    text = text.strip()
    if "," in text and "." not in text:  # a spreadsheet's decimal comma
        text = text.replace(",", ".", 1)
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    # Not abs(number), which would round, and raises Overflow of 1E9999999.
    return number if number.is_finite() and number.copy_abs() < 1_000_000 else None
