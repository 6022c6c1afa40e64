"""A question deleted and made again in mid-quiz has two columns, each for other students."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.grader.cases.small_quiz import Asked, SmallQuiz

FIRST = Asked("q01", "single", "First?", ["x", "y"], [0], canvas_id=1)
SECOND = Asked("q02", "several", "Second?", ["red", "blue"], [0, 1], canvas_id=2)
AGAIN = {2: (9, "First?", "0.3")}
X, Y, BOTH, NONE = ("x", "0.3"), ("y", "0.0"), ("red,blue", "0.3"), ("", "")


def test_each_student_has_the_column_that_was_shown(tmp_path: Path) -> None:
    made = SmallQuiz(tmp_path, [FIRST, SECOND])
    rows = [[X, BOTH, NONE], [NONE, BOTH, X], [Y, BOTH, NONE], [NONE, BOTH, Y], [NONE, BOTH, NONE]]
    said = made.grade(made.export(rows, extra=AGAIN))
    assert said.totals == {"11": "0.6", "12": "0.6", "13": "0.3", "14": "0.3", "15": "0.3"}
    assert "deleted and made again (q01, q01)" in said.text


def test_two_columns_that_one_student_saw_are_two_questions(tmp_path: Path) -> None:
    made = SmallQuiz(tmp_path, [FIRST, SECOND])
    export = made.export([[X, BOTH, NONE], [X, BOTH, Y]], extra=AGAIN)
    said = made.grade(export)
    assert said.code == 1 and "question 9 ('First?')" in said.text
    assert made.grade(export, "--skip-column", "9").totals == {"11": "0.6", "12": "0.6"}


@pytest.mark.parametrize("names", [("old.yaml", "new.yaml"), ("new.yaml", "old.yaml")])
def test_each_column_has_its_own_words_where_the_quiz_files_have_its_id(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    made = SmallQuiz(tmp_path, [FIRST, SECOND], {"q01": ["a", "b"], "q02": ["c", "d"]})
    turned = replace(FIRST, options=["y", "x"], canvas_id=9)
    made.quiz("old.yaml", None, ident=True)
    made.quiz("new.yaml", [turned, SECOND], ident=True)
    given = [part for name in names for part in ("--quiz", tmp_path / name)]
    rows = [[X, BOTH, NONE], [NONE, BOTH, X], [NONE, BOTH, Y], [X, BOTH, Y]]
    said = made.grade(made.export(rows, extra={2: (9, "First, now?", "0.3")}), *given)
    assert said.totals == {"11": "0.6", "12": "0.3", "13": "0.6", "14": "open"}
    assert said.reasons == {"14": "is in two columns of one question"}


def test_a_text_that_was_mended_when_it_was_made_again_is_known_from_both_quiz_files(
    tmp_path: Path,
) -> None:
    made = SmallQuiz(tmp_path, [FIRST, SECOND])
    made.quiz("old.yaml")
    made.quiz("new.yaml", [replace(FIRST, stem="First, now?"), SECOND])
    given = [part for name in ("old.yaml", "new.yaml") for part in ("--quiz", tmp_path / name)]
    export = made.export([[X, BOTH, NONE], [NONE, BOTH, Y]], extra={2: (9, "First, now?", "0.3")})
    assert made.grade(export, *given).totals == {"11": "0.6", "12": "0.3"}
    together = made.export([[X, BOTH, NONE], [X, BOTH, Y]], extra={2: (9, "First, now?", "0.3")})
    assert made.grade(together, *given, out="other").code == 1


def test_a_class_without_a_whole_row_has_its_columns_told_all_the_same(tmp_path: Path) -> None:
    made = SmallQuiz(tmp_path, [FIRST, SECOND])
    export = made.export([[X, BOTH, NONE]], extra=AGAIN)
    text = export.read_text("utf-8").rstrip()
    export.write_text(text.rpartition(",")[0] + "\n", "utf-8")
    said = made.grade(export)
    assert said.totals == {} and [each["student"] for each in said.table("unscored.csv")] == ["11"]
