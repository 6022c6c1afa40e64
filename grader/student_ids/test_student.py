"""Canvas' test student, as whom a course's teachers try a quiz; it is left out."""

from __future__ import annotations

import polars as pl

from grader.student_ids.conflicts import with_refused
from grader.table.answers import AnswerTable

NAMES = ("test student", "student, test", "測試學生", "學生, 測試")
"""Its names in exports and gradebooks of Canvas, in English and Chinese and in lower case."""
LEFT_OUT = "Canvas' test student, left out (--test-student takes it in)"


def is_test_student(name: str) -> bool:
    """Say whether a name is the test student's."""
    return name.strip().lower() in NAMES


def without_test_student(table: AnswerTable) -> AnswerTable:
    """Return a table in which the rows of the test student are refused."""
    # By name: Canvas gives the test student an id as any other, one a course.
    names = table.frame["name"].unique().drop_nulls().cast(pl.String)
    names = names.filter(names.str.strip_chars().str.to_lowercase().is_in(list(NAMES)))
    found = table.frame.filter(pl.col("name").is_in(names.implode()))["student"].unique().sort()
    return with_refused(table, dict.fromkeys(found, LEFT_OUT))
