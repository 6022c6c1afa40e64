"""Canvas' own points against the key: told with their rows, and never a score."""

from __future__ import annotations

from decimal import Decimal

import pytest

from grader.runs.grading import Rules, grade_table
from grader.table.witness import canvas_doubts
from tests.grader.table.small_tables import question, table

NAMES = ["q1"]


def said(*rows: str, promised: str = "", **about) -> list[str]:
    given = {"q1": Decimal(promised)} if promised else {}
    found = canvas_doubts(table(NAMES, *rows), [question("q1", **about)], given)
    assert all(each.question == "q1" and each.sentence.zh_hant for each in found)
    return [each.sentence.en for each in found]


@pytest.mark.parametrize(
    "rows",
    [
        ["7 1 3 a=0.3", "8 1 3 b=0"],
        ["7 1 3 a=0.3", "8 1 3 a=0.3"],
        ["7 1 3 a=0.3", "8 1 3 a=0.30"],
        ["7 1 3 a=0.35"],  # more than was promised: an earned bonus
        ["7 1 3 a", "8 1 3 a=0.3"],  # a plain file has no points
        ["7 1 3 a"],
        ["7 1 3 b=0", "8 1 3 -"],
        ["7 1 3 _=0"],
    ],
)
def test_points_that_go_with_the_key_are_no_doubt(rows: list[str]) -> None:
    assert said(*rows) == []


def test_one_answer_with_different_points_is_told_with_its_rows() -> None:
    (only,) = said("7 1 3 a=0.3", "8 1 3 b=0", "9 1 3 a=0.15", "6 1 3 b=0.3", "5 1 3 a=0.3")
    assert only.startswith("'a' earned different points in Canvas: 0.15 (a.csv:4); 0.3 (a.csv:2, ")


def test_a_refused_text_with_different_points_is_told() -> None:
    (only,) = said("7 1 3 ?=0.3", "8 1 3 ?=0")
    assert only.startswith("'?' earned different points in Canvas: 0 (a.csv:3); 0.3 (a.csv:2)")


def test_at_most_three_rows_are_named() -> None:
    rows = [f"{n} 1 3 a=0.1" for n in range(1, 4)]
    assert said(*rows)[0].count("a.csv:") == 3 and "more" not in said(*rows)[0]
    assert "a.csv:2, a.csv:3, a.csv:4 and 2 more" in said(*rows, "8 1 3 a=0.1", "9 1 3 a=0.1")[0]


def test_the_keys_answer_that_never_earned_what_the_header_promises_is_told() -> None:
    (only,) = said("7 1 3 a=0.15", "8 1 3 b=0.3")
    assert "the key's answer a never earned the 0.3 points" in only
    assert "at most 0.15 (a.csv:2)" in only
    assert said("7 1 3 a=0.3", promised="1.0")
    assert said("7 1 3 a=1", promised="1.0") == []
    assert said("7 1 3 a=0.15", promised="0.15") == []


def test_a_void_question_has_no_right_answer_to_be_doubted() -> None:
    assert said("7 1 3 a=0", void=True) == []
    assert len(said("7 1 3 a=0", "8 1 3 a=0.3", void=True)) == 1


def test_points_of_canvas_change_no_score() -> None:
    doubted = grade_table(table(NAMES, "7 1 3 a=0"), (question("q1"),), Rules())
    assert [each.total for each in doubted.used] == [Decimal("0.3")]


def test_cells_that_no_row_has_any_more_are_no_witness() -> None:
    made = table(NAMES, "7 1 3 a=0.3")
    made.cells.number_of(0, made.cells.of[0][0].response, Decimal(0))
    assert canvas_doubts(made, [question("q1")], {}) == ()
