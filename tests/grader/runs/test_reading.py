"""Points in the headers of an export: the key's, or told to be others; answers mostly unread."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.grader.cases.small_quiz import Asked, SmallQuiz

ASKED = [
    Asked(f"q{n:02d}", "single", f"Which {n}?", ["x", "y"], [0], canvas_id=n) for n in range(1, 11)
]
RIGHT = [("x", "0.3")] * 10


def with_points(made: SmallQuiz, *points: str) -> Path:
    """An export whose first headers promise other points than the key."""
    keys = made.questions
    promised = [replace(each, points=text) for each, text in zip(keys, points, strict=False)]
    made.questions = promised + keys[len(points) :]
    path = made.export([RIGHT, RIGHT])
    made.questions = keys
    return path


@pytest.fixture
def made(tmp_path: Path) -> SmallQuiz:
    return SmallQuiz(tmp_path, ASKED)


@pytest.mark.parametrize("points", ["0.3", "0.30", '"0,3"', " 0.300 "])
def test_the_same_points_written_otherwise_are_the_same(made: SmallQuiz, points: str) -> None:
    path = with_points(made, points.strip('"'))
    assert made.grade(path).totals == {"11": "3.0", "12": "3.0"}


def test_other_points_stop_the_run_and_all_are_named(made: SmallQuiz) -> None:
    said = made.grade(with_points(made, "1.0", "0.3", "0.5"))
    assert said.code == 1 and not (made.folder / "out").exists()
    assert "q01 1.0 (the key: 0.3), q03 0.5 (the key: 0.3)" in said.text
    assert "q02" not in said.text and "--points-of-key" in said.text
    assert "a.csv, line 1" in said.text


@pytest.mark.parametrize(("number", "more"), [(8, ""), (9, " and 1 more"), (10, " and 2 more")])
def test_of_many_eight_are_named(made: SmallQuiz, number: int, more: str) -> None:
    said = made.grade(with_points(made, *["1.0"] * number))
    assert said.text.count("(the key: 0.3)") == 8
    assert (f"q08 1.0 (the key: 0.3){more}" in said.text) and ("more" in said.text) == bool(more)


def test_the_flag_has_the_keys_points_count(made: SmallQuiz) -> None:
    said = made.grade(with_points(made, *["1.0"] * 10), "--points-of-key")
    assert said.totals == {"11": "3.0", "12": "3.0"}
    # Canvas' points are held against what its headers promise.
    assert "q01: the key's answer a never earned the 1.0 points of its column" in said.text


def test_a_void_question_may_promise_what_it_likes(made: SmallQuiz) -> None:
    key = made.folder / "key.yaml"
    text = key.read_text("utf-8")
    assert text.count("id: q01\n") == 1
    key.write_text(text.replace("id: q01\n", "id: q01\n  void: true\n"), "utf-8")
    assert made.grade(with_points(made, "1.0")).totals == {"11": "3.0", "12": "3.0"}


@pytest.mark.parametrize(("unread", "stops"), [(5, False), (6, True)])
def test_a_class_that_is_mostly_unread_stops_and_writes_nothing(
    made: SmallQuiz, unread: int, stops: bool
) -> None:
    row = [("grey", "0.0")] * unread + RIGHT[unread:]
    path = made.export([row])
    said = made.grade(path)
    assert (said.code == 1) == stops
    assert (made.folder / "out").exists() != stops
    if not stops:
        assert said.totals == {"11": "open"}
        return
    assert "6 of 10 answers could not be read. The first: line 2, q01, 'grey'" in said.text
    assert "More than half of the answers to q01, q02" in said.text
    assert "hw9 bank import-qti" in said.text and "--mostly-unread" in said.text
    told = made.grade(path, "--mostly-unread")
    assert told.totals == {"11": "open"}
    assert "more than half of the answers to q01, q02" in told.text


def test_answers_that_were_not_shown_are_none_that_could_not_be_read(made: SmallQuiz) -> None:
    few = [("grey", "0.0"), ("x", "0.3"), *[("", "")] * 8]
    assert made.grade(made.export([few])).totals == {"11": "open"}
    one = [("grey", "0.0"), *[("", "")] * 9]
    assert "1 of 1 answer could not be read" in made.grade(made.export([one]), out="other").text
