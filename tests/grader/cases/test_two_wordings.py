"""A question that was edited in mid-quiz: both wordings are known, and none is preferred."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.grader.cases.small_quiz import Asked, SmallQuiz

BEFORE = Asked("q01", "single", "Which?", ["A is larger", "B is larger"], [0], canvas_id=1)
EITHER_ORDER = pytest.mark.parametrize("names", [("before", "after"), ("after", "before")])
TOLD = pytest.mark.parametrize("ident", [True, False], ids=["by id", "by text"])


def graded(folder: Path, after: Asked, cells: list[str], names: tuple[str, str], ident: bool):
    made = SmallQuiz(folder, [BEFORE], {"q01": ["the first", "the second"]})
    files = {"before": made.quiz("before.yaml", [BEFORE], ident),
             "after": made.quiz("after.yaml", [after], ident)}  # fmt: skip
    given = [part for name in names for part in ("--quiz", files[name])]
    export = made.export([[(cell, "0.0")] for cell in cells])
    return made.grade(export, *given, "--mostly-unread")


@TOLD
@EITHER_ORDER
def test_a_cell_that_fits_one_wording_is_read(tmp_path: Path, names, ident: bool) -> None:
    after = replace(BEFORE, options=["A is smaller", "B is larger"])
    said = graded(tmp_path, after, ["A is larger", "A is smaller", "B is larger"], names, ident)
    assert said.totals == {"11": "0.3", "12": "0.3", "13": "0"}


@TOLD
@EITHER_ORDER
def test_a_cell_that_fits_two_options_is_refused_and_both_are_named(
    tmp_path: Path, names, ident: bool
) -> None:
    after = replace(BEFORE, options=["B is larger", "A is larger"])
    said = graded(tmp_path, after, ["A is larger", "B is larger"], names, ident)
    assert said.totals == {"11": "open", "12": "open"}
    assert said.reasons == {
        "11": "fits more than one set of options: a (before.yaml) or b (after.yaml)",
        "12": "fits more than one set of options: a (after.yaml) or b (before.yaml)",
    }


@EITHER_ORDER
def test_several_answers_and_an_edited_text_are_read_in_either_wording(
    tmp_path: Path, names
) -> None:
    asked = Asked("q01", "several", "Which?", ["red", "green", "blue"], [0, 1], canvas_id=1)
    made = SmallQuiz(tmp_path, [asked], {"q01": ["r", "g", "b"]})
    after = replace(asked, options=["red, on food", "green", "blue"])
    files = {"before": made.quiz("before.yaml", [asked]), "after": made.quiz("after.yaml", [after])}
    given = [part for name in names for part in ("--quiz", files[name])]
    rows = [[("red,green", "0.3")], [("green,red\\, on food", "0.3")], [("green,on food", "0")]]
    assert made.grade(made.export(rows), *given).totals == {"11": "0.3", "12": "0.3", "13": "open"}


def test_an_id_that_two_files_give_to_two_questions_tells_nothing(tmp_path: Path) -> None:
    first = Asked("q01", "single", "First?", ["x", "y"], [0], canvas_id=1)
    second = Asked("q02", "single", "Second?", ["x", "y"], [1], canvas_id=2)
    made = SmallQuiz(tmp_path, [first, second])
    wrong = [replace(first, canvas_id=2), replace(second, canvas_id=1)]
    for names in (("one.yaml", "two.yaml"), ("two.yaml", "one.yaml")):
        files = {"one.yaml": made.quiz("one.yaml", None, True),
                 "two.yaml": made.quiz("two.yaml", wrong, True)}  # fmt: skip
        given = [part for name in names for part in ("--quiz", files[name])]
        said = made.grade(made.export([[("x", "0.3"), ("x", "0.0")]]), *given, out=names[0][:3])
        assert said.totals == {"11": "0.3"} and "2 by text" in said.text
