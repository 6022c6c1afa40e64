"""Everybody is accounted for: with a score, or named with the reason why there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.grader.cases.small_quiz import Asked, Said, SmallQuiz

ASKED = Asked("q01", "single", "Which?", ["x", "y"], [0], canvas_id=1)
HEADER = "name,id,section,section_id,submitted,attempt,1: Which?,0.3,n correct,n incorrect,score"
BOOK = (
    "Student,ID,SIS Login ID,Section,HW9 (5)\n"
    "    Points Possible,,,,0.30\n"
    "Lin,11,b11,A,\nMei,12,b12,A,\nAbsent,13,b13,B,\n{last}"
)


@pytest.fixture
def made(tmp_path: Path) -> SmallQuiz:
    return SmallQuiz(tmp_path, [ASKED])


def row(name: str, number: int, attempt: int = 1, cell: str = "x", hour: int = 3) -> str:
    when = f"2026-04-09 0{hour}:00:00 UTC"
    return f'"{name}",{number},A,5,{when},{attempt},{cell},0.3,1,0,0.3'


def grade(made: SmallQuiz, rows: list[str], *arguments: str | Path) -> Said:
    path = made.folder / "a.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n", "utf-8")
    return made.grade(path, *arguments)


def unscored(said: Said) -> dict[str, tuple[str, str]]:
    rows = said.table("unscored.csv")
    return {each["student"]: (each["known_from"], each["reason"]) for each in rows}


def test_where_everybody_has_a_score_there_is_no_such_file(made: SmallQuiz) -> None:
    said = grade(made, [row("Lin", 11), row("Mei", 12)])
    assert said.out is not None and not (said.out / "unscored.csv").exists()
    assert "2 rows read = 2 graded + 0 superseded by another attempt + 0 rejected" in said.text
    assert "2 students = 2 with a score + 0 without a usable submission\n" in said.text
    assert "\n2 complete totals\n" in said.text


def test_a_student_whose_only_row_is_cut_short_is_named(made: SmallQuiz) -> None:
    said = grade(made, [row("Lin", 11), "Mei,12,A,5,2026-04-09"])
    assert unscored(said) == {"12": ("a.csv", "line 3: has 5 cells where the header has 11")}
    assert said.totals == {"11": "0.3"}
    assert "2 rows read = 1 graded + 0 superseded by another attempt + 1 rejected" in said.text
    assert "2 students = 1 with a score + 1 without a usable submission (unscored.csv)" in said.text
    assert "1 complete total, 1 row or cell in rejects.csv" in said.text


def test_a_student_with_another_row_has_a_score_that_is_open(made: SmallQuiz) -> None:
    said = grade(made, [row("Lin", 11), "Lin,11,A,5,2026-04-09"])
    assert said.out is not None and not (said.out / "unscored.csv").exists()
    assert said.totals == {"11": "open"}
    assert "0 complete totals, 1 incomplete, 1 row or cell in rejects.csv" in said.text


def test_rows_that_contradict_each_other_leave_their_student_without_a_score(
    made: SmallQuiz,
) -> None:
    said = grade(made, [row("Lin", 11), row("Mei", 12), row("Mei", 12, cell="y")])
    ((student, (_, reason)),) = unscored(said).items()
    assert student == "12" and "different answers in another row" in reason
    (told,) = said.table("unscored.csv")
    assert (told["name"], told["section"]) == ("Mei", "A")


def test_each_of_several_rows_is_told_in_the_rejects_but_the_student_once(made: SmallQuiz) -> None:
    said = grade(made, [row("Lin", 11), "Mei,12,A,5,2026", "Mei,12,A,5"])
    assert len(said.table("rejects.csv")) == 2
    assert unscored(said) == {"12": ("a.csv", "line 3: has 5 cells where the header has 11")}


def test_a_name_that_is_a_formula_runs_in_no_spreadsheet(made: SmallQuiz) -> None:
    rows = [row("Lin", 11), row("=1+1", 12), row("=1+1", 12, cell="y")]
    (told,) = grade(made, rows).table("unscored.csv")
    assert told["name"] == "'=1+1"


@pytest.mark.parametrize("last", ["", '"Student, Test",99,,A,\n'])
def test_students_of_the_gradebook_without_a_row_are_named(made: SmallQuiz, last: str) -> None:
    book = made.folder / "book.csv"
    book.write_text("\ufeff" + BOOK.format(last=last), "utf-8")
    given = ("--gradebook", book, "--column", "HW9 (5)")
    said = grade(made, [row("Lin", 11), "Mei,12,A,5,2026-04-09"], *given)
    assert unscored(said) == {
        "12": ("a.csv", "line 3: has 5 cells where the header has 11"),
        "13": ("gradebook", "no submission in the exports"),
    }
    assert "3 students = 1 with a score + 2 without a usable submission (unscored.csv)" in said.text
