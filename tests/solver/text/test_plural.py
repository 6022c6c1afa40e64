"""One of a thing is said in the singular, whatever the number is written as."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from solver.text.plural import counted

REPOSITORY = Path(__file__).parents[3]
_PLURAL = re.compile(
    r"\{[^{}]*\} (?:more |question )?(?:students|rows|questions|columns|cells|choices|scores|"
    r"pairs|options|drop-downs|pictures|sentences)\b"
)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "0 points"),
        (1, "1 point"),
        (2, "2 points"),
        (Decimal("1"), "1 point"),
        (Decimal("0.3"), "0.3 points"),
        (Decimal("1E+1"), "10 points"),
    ],
)
def test_a_number_with_what_it_counts(number: int | Decimal, said: str) -> None:
    assert counted(number, "point") == said


def test_what_several_are_called_can_be_said() -> None:
    assert counted(1, "row or cell", "rows or cells") == "1 row or cell"
    assert counted(3, "row or cell", "rows or cells") == "3 rows or cells"


def test_no_sentence_of_the_grader_puts_a_plural_after_any_number() -> None:
    found = [
        f"{path.name}: {line.strip()}"
        for path in sorted((REPOSITORY / "grader").rglob("*.py"))
        for line in path.read_text("utf-8").splitlines()
        if _PLURAL.search(line)
    ]
    assert found == []
