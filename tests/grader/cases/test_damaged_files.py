"""Files that another program wrote anew, or with a name in another code: told for what it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from grader.quizzes.damaged_text import DATES, LATIN, NUMBERS, damage_of, repaired
from tests.grader.cases.small_quiz import Asked, SmallQuiz

COLOURS = ["綠色在食物上", "紅色在盤子上", "黃色"]
CHINESE = Asked("q01", "several", "下列何者正確？", COLOURS, [0, 1])
LAYERS = Asked("q01", "single", "In which layers?", ["1-3", "4-6", "7-9", "10-12"], [2])


def as_latin(text: str) -> str:
    """UTF-8 read byte by byte, as programs do that know Latin-1 alone."""
    return text.encode().decode("latin-1")


def test_utf8_read_as_latin_1_is_named_and_not_the_quiz_blamed(tmp_path: Path) -> None:
    made = SmallQuiz(tmp_path, [CHINESE])
    export = made.export([[("綠色在食物上,紅色在盤子上", "0.3")]])
    export.write_text(as_latin(export.read_text("utf-8")), "utf-8")
    said = made.grade(export, "--quiz", made.quiz("quiz.yaml"))
    assert said.code == 1 and LATIN in said.text and "'下列何者正確？'" in said.text
    assert "import-qti" not in said.text and not (tmp_path / "out").exists()


def test_it_is_seen_in_the_cells_too_where_the_question_is_in_plain_letters(tmp_path: Path) -> None:
    asked = Asked("q01", "several", "Which?", COLOURS, [0, 1])
    made = SmallQuiz(tmp_path, [asked])
    export = made.export([[("", "0.0")], [("綠色在食物上,黃色", "0.3")]])
    export.write_text(as_latin(export.read_text("utf-8")), "utf-8")
    said = made.grade(export)
    assert said.code == 1 and f"{LATIN} ('綠色在食物上,黃色' was there)" in said.text


@pytest.mark.parametrize("text", ["綠色：食物", "è", "naïve café", "É", "Ångström", "plain", ""])
def test_what_was_read_rightly_is_not_called_damaged(text: str) -> None:
    assert repaired(text) is None
    assert text.isascii() or repaired(as_latin(text)) == text


def test_a_character_that_was_cut_at_the_end_hides_nothing() -> None:
    assert repaired(as_latin("顯著圖：")[:-1]) == "顯著圖"


@pytest.mark.parametrize("resaved", ["7/9/26", "9-Jul", "7月9日", "2026-07-09", "09/07/2026"])
def test_a_date_that_a_spreadsheet_made_is_named(tmp_path: Path, resaved: str) -> None:
    made = SmallQuiz(tmp_path, [LAYERS])
    said = made.grade(made.export([[("4-6", "0.0")], [(resaved, "0")]]), "--allow-missing")
    assert said.code == 1 and f"stands {resaved!r}; {DATES} ('7-9' was there)" in said.text
    assert "import-qti" not in said.text


@pytest.mark.parametrize(
    ("cell", "option", "said"),
    [
        ("12-Oct", "10-12", DATES),
        ("Oct-12", "10-12", DATES),
        ("4月6日", "4-6", DATES),
        ("2026/3/4", "3/4", DATES),
        ("1-Mar", "Mar 1", DATES),
        ("Mar-95", "March 1995", DATES),
        ("TRUE", "True", NUMBERS),
        ("0.3", "0.30", NUMBERS),
        ("1000", "1,000", NUMBERS),
        ("0.5", "50%", NUMBERS),
        ("11/13", "7-9", ""),
        ("8-Sep", "7-9", ""),
        ("red", "Red", ""),
        ("7-10", "7-9", ""),
    ],
)
def test_each_change_is_told_for_what_it_is(cell: str, option: str, said: str) -> None:
    found = damage_of(cell, ["other", option], lambda _: False)
    assert (found.sentence if found else "") == (f"{said} ({option!r} was there)" if said else "")
    assert found is None or (found.cause, found.certain) == ("spreadsheet", said == DATES)


def test_points_that_are_no_number_do_not_count_as_answers_unread(tmp_path: Path) -> None:
    made = SmallQuiz(tmp_path, [LAYERS])
    said = made.grade(made.export([[("4-6", "?")], [("4-6", "?")], [("7-9", "0.3")]]))
    assert "Canvas' points are not a number" in said.reasons["11"]
    assert "more than half of the answers" not in said.text


def test_a_number_written_otherwise_leaves_the_other_answers_graded(tmp_path: Path) -> None:
    made = SmallQuiz(tmp_path, [Asked("q01", "single", "True?", ["True", "False"], [0])])
    said = made.grade(made.export([[("TRUE", "0.3")], [("True", "0.3")], [("False", "0")]]))
    assert said.totals == {"11": "open", "12": "0.3", "13": "0"}
    assert NUMBERS in said.reasons["11"]


def test_a_file_name_in_big5_is_refused_in_a_sentence(tmp_path: Path) -> None:
    made = SmallQuiz(tmp_path, [LAYERS])
    export = made.export([[("7-9", "0.3")]])
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + "作業.csv".encode("big5")))
    try:
        export.rename(odd)
    except OSError:
        pytest.skip("the file system has no names but UTF-8")
    said = made.grade(odd)
    assert said.code == 1 and "is not UTF-8; in Big5 it reads" in said.text
    assert "作業.csv" in said.text and "\\xa7@" in said.text and "Rename it" in said.text
