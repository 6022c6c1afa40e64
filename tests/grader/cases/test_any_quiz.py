"""`hw9 bank from-qti`: any course's quiz is graded by its own answers."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from grader.quizzes.texts import load_quiz
from solver.banks.bank import load_bank
from solver.key import load_key
from tests.grader.cases.small_quiz import Asked, SmallQuiz, package

CHOICES = ["<p>1 &lt; 2</p>", "2 &lt; 1", "<p>neither, or both</p>"]
QUESTIONS = [
    Asked("q01", "single", "<p>Which holds?</p>", CHOICES, [0], "0.50000", 1),
    Asked("q02", "several", "Choose all.", ["red", "red, or blue", "<b>green</b>"], [0, 2], "2", 2),
    Asked("q03", "single", "Is it so?", ["True", "False"], [1], "1", 3),
    Asked("q04", "pair", "It is [Word].", {"Word": ["big", "small"]}, [1], "1.5", 4),
    Asked("q05", "pair", "[x] [y] [z]", {b: ["low", "high"] for b in "xyz"}, [0, 0, 0], "3", 5),
]
RIGHT = [
    ("1 < 2", "0.5"),
    ("green,red", "2.0"),
    ("False", "1.0"),
    ("small", "1.5"),
    ("low,low,low", "3.0"),
]


@pytest.fixture
def made(tmp_path: Path) -> SmallQuiz:
    (tmp_path / "other").mkdir()
    quiz = SmallQuiz(tmp_path / "other", QUESTIONS)  # for its export alone
    quiz.folder = tmp_path
    return quiz


def taken(made: SmallQuiz, *options: str, others=None, questions=QUESTIONS):
    zipped = package(made.folder / "q.zip", questions, others)
    return made.run("bank", "from-qti", zipped, "--out", made.folder / "new", *options)


def graded(made: SmallQuiz, export: Path, *options: str):
    key, bank = made.folder / "new/key.yaml", made.folder / "new/questions"
    said = made.run("grade", export, "--key", key, "--bank", bank, "--out", made.folder / "s")
    said.out = made.folder / "s"
    return said


def test_a_class_with_everything_right_has_every_point(made: SmallQuiz) -> None:
    said = taken(made, others={1: ("text_only_question", "<h2>Part two</h2>")})
    assert said.code == 0 and "5 questions, 8.0 points" in said.text
    assert "hw9 grade EXPORT.csv --key" in said.text
    wrong = [("neither, or both", "0.0"), ("red", "1.0"), ("", "0.0"), ("big", "0.0"), RIGHT[4]]
    rows = [[row[0], ("", "0.0"), *row[1:]] for row in (RIGHT, wrong)]
    export = made.export(rows, extra={1: (99, "Part two", "0.0")})
    said = graded(made, export)
    assert said.totals == {"11": "8.0", "12": "3"} and said.table("rejects.csv") == []
    items = {row["question"]: row for row in said.table("items.csv")}
    assert set(items) == {"q01", "q02", "q03", "q04", "q05"}
    page = (made.folder / "s/class.html").read_text("utf-8")
    assert "neither, or both" in page and "1 &lt; 2" in page


def test_the_bank_and_the_key_are_ones_every_command_knows(made: SmallQuiz) -> None:
    taken(made)
    bank, key = made.folder / "new/questions", made.folder / "new/key.yaml"
    said = made.run("bank", "check", "--bank", bank, "--with", key, "--strict")
    assert said.code == 0 and "No warnings" in said.text
    loaded = load_key(key)
    assert loaded.bank["sha256"] == load_bank(bank).sha256
    assert [str(entry.points) for entry in loaded.questions] == ["0.5", "2", "1", "1.5", "3"]
    assert key.stat().st_mode & 0o077 == 0
    kept = load_quiz(bank / "quizzes/quiz.yaml")
    assert [text for _, text in kept.questions[0].options] == CHOICES
    assert load_bank(bank).questions[0].options[0].text.en == "1 < 2"
    assert load_bank(bank).questions[3].blanks[0].label.en == "Word"


def test_a_changed_key_is_regraded(made: SmallQuiz) -> None:
    taken(made)
    assert graded(made, made.export([RIGHT])).totals == {"11": "8.0"}
    given = ["--key", made.folder / "new/key.yaml", "--bank", made.folder / "new/questions"]
    why = ["--why", "the statement was reversed", "--by", "TA"]
    said = made.run("key", "override", "q03", "--correct", "a", *why, *given)
    assert said.code == 0, said.text
    run = made.folder / "s"
    said = made.run("regrade", run, *given, "--how", "current", "--write", *why)
    assert said.code == 0, said.text
    said.out = run
    assert said.totals == {"11": "7.0"}


def test_what_cannot_be_taken_is_listed_at_once_and_left_out_on_request(made: SmallQuiz) -> None:
    unmarked = Asked("q06", "single", "No key?", ["x", "y"], [], "1", 6)
    others = {0: ("essay_question", "Say why."), 3: ("matching_question", "Match.")}
    said = taken(made, others=others, questions=[*QUESTIONS, unmarked])
    assert said.code == 1 and not (made.folder / "new").exists()
    assert "question 1 ('Say why.') is of type essay_question" in said.text
    assert "question 4 ('Match.') is of type matching_question" in said.text
    assert "question 8 ('No key?') marks no option as right" in said.text
    said = taken(made, "--leave-out", "--json", others=others, questions=[*QUESTIONS, unmarked])
    assert said.code == 0 and len(json.loads(said.text)["left_out"]) == 3
    extra = {0: (90, "Say why.", "2"), 3: (91, "Match.", "1"), 7: (6, "No key?", "1")}
    row = [("words", "0.0"), *RIGHT[:2], ("a,b", "1.0"), *RIGHT[2:], ("x", "1.0")]
    assert graded(made, made.export([row], extra=extra)).totals == {"11": "8.0"}


def test_options_that_canvas_writes_alike_are_told_before_the_quiz_is_given(
    made: SmallQuiz,
) -> None:
    alike = Asked("q01", "single", "Which?", ["<p>&lt; 0.5</p>", "<p>0.5</p>"], [0], "1", 1)
    said = taken(made, questions=[alike])
    assert "q01: Canvas can write options a and b as one text ('0.5')" in said.text


def test_points_of_a_group_are_those_of_each_question_drawn_from_it(made: SmallQuiz) -> None:
    path = package(made.folder / "q.zip", QUESTIONS[:1])
    with zipfile.ZipFile(path) as whole:
        text = whole.read("made/made.xml").decode()
    group = (
        "<section><selection_ordering><selection><selection_number>1</selection_number>"
        "<selection_extension><points_per_item>4</points_per_item></selection_extension>"
        "</selection></selection_ordering>"
    )
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("imsmanifest.xml", "<manifest/>")
        file.writestr("made/made.xml", text.replace("<section>", group))
    said = made.run("bank", "from-qti", path, "--out", made.folder / "new")
    assert "1 question, 4 points" in said.text
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("imsmanifest.xml", "<manifest/>")
        bank = "<section><sourcebank_ref>7</sourcebank_ref></section></section>"
        file.writestr("made/made.xml", text.replace("</section>", bank))
    said = made.run("bank", "from-qti", path, "--out", made.folder / "again")
    assert "1 group of questions drawn from a question bank" in said.text and said.code == 1
