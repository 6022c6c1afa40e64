"""Headings have columns: those a package told of are passed over, others are named all at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.grader.cases.small_quiz import Asked, SmallQuiz, package

QUESTIONS = [
    Asked(f"q0{n}", "single", f"Question {n}?", ["x", "y"], [0], canvas_id=n) for n in (1, 2, 3)
]
HEADINGS = {
    0: (91, "Part one", "0.0"),
    2: (92, "Part two", "0.0"),
    4: (93, "Part three", "0.0"),
}
ROW = [("", "0.0"), ("x", "0.3"), ("", "0.0"), ("x", "0.3"), ("", "0.0"), ("y", "0.0")]


@pytest.fixture
def made(tmp_path: Path) -> SmallQuiz:
    return SmallQuiz(tmp_path, QUESTIONS)


def test_headings_that_the_package_had_are_passed_over(made: SmallQuiz) -> None:
    others = {place: ("text_only_question", f"<h2>{text}</h2>")
              for place, (_, text, _) in HEADINGS.items()}  # fmt: skip
    kept, said = made.import_qti(package(made.folder / "q.zip", QUESTIONS, others))
    assert "skipped: text_only_question, text_only_question, text_only_question" in said.text
    said = made.grade(made.export([ROW], extra=HEADINGS), "--quiz", kept)
    assert said.totals == {"11": "0.6"}
    assert "3 columns of headings and other items passed over" in said.text


def test_headings_nobody_told_of_are_named_all_at_once_and_the_advice_is_right(
    made: SmallQuiz,
) -> None:
    export = made.export([ROW], extra=HEADINGS)
    said = made.grade(export)
    assert said.code == 1
    for number, text, _ in HEADINGS.values():
        assert f"question {number} ({text!r})" in said.text
    advice = "--skip-column 91 --skip-column 92 --skip-column 93"
    assert advice in said.text
    assert made.grade(export, *advice.split()).totals == {"11": "0.6"}


def test_everything_that_is_wrong_with_the_columns_is_said_in_one_run(made: SmallQuiz) -> None:
    export = made.folder / "b.csv"
    lead = "name,id,section,section_id,submitted"
    columns = "1: Question 1?,0.3,7: Quite another?,0.3,8: And one more?,0.3"
    tail = "n correct,n incorrect,score"
    export.write_text(f"{lead},91: Part one,0.0,{columns},3: Question 3?,0.3,{tail}\n", "utf-8")
    said = made.grade(export)
    assert said.code == 1
    assert "question 91 ('Part one') is no question of the key" in said.text
    assert "question 7 ('Quite another?') and 1 more column" in said.text
    assert "--skip-column 91" in said.text


def test_a_heading_with_the_text_of_a_question_does_not_take_its_column(made: SmallQuiz) -> None:
    others = {0: ("text_only_question", "<p>Question 1?</p>")}
    kept, _ = made.import_qti(package(made.folder / "q.zip", QUESTIONS, others))
    row = [("x", "0.3"), ("x", "0.3"), ("x", "0.3")]
    assert made.grade(made.export([row]), "--quiz", kept).totals == {"11": "0.9"}
