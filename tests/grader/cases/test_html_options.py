"""Options kept as HTML: read where their text stands for one option, refused where for two."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.grader.cases.small_quiz import Asked, SmallQuiz, package

HALF = Asked("q01", "single", "Which share?", ["<p>&lt; 0.5</p>", "<p>0.5</p>", "<p>0.7</p>"], [1])
WORDS = {"q01": ["less than a half", "a half", "seven tenths"]}
PARTS = ["<p>one</p>", "<p>two, or more</p>", "<p>three</p>"]


def test_a_text_that_two_options_have_is_refused_whatever_made_them_alike(tmp_path: Path) -> None:
    made = SmallQuiz(tmp_path, [HALF], WORDS)
    export = made.export([[("0.5", "0.0")], [("0.5", "0.3")], [("0.7", "0.0")]])
    said = made.grade(export, "--quiz", made.quiz("quiz.yaml"))
    assert said.code == 1 and "2 of 3 answers could not be read" in said.text
    said = made.grade(export, "--quiz", made.quiz("quiz.yaml"), "--mostly-unread")
    assert said.totals == {"11": "open", "12": "open", "13": "0"}
    reason = "fits more than one set of options: a or b"
    assert said.reasons == {"11": reason, "12": reason}
    assert "stand in the file as a text that several options have" in said.text
    assert "import-qti" not in said.text


def test_the_same_through_a_package_which_tells_it_beforehand(tmp_path: Path) -> None:
    made = SmallQuiz(tmp_path, [HALF], WORDS)
    kept, said = made.import_qti(package(tmp_path / "q.zip", made.questions))
    assert "q01: Canvas can write options a and b as one text ('0.5')" in said.text
    export = made.export([[("0.5", "0.0")], [("0.5", "0.3")], [("< 0.5", "0.0")]])
    said = made.grade(export, "--quiz", kept, "--mostly-unread")
    assert said.totals == {"11": "open", "12": "open", "13": "0"}


@pytest.mark.parametrize(
    ("cell", "total"),
    [
        ("one,two\\, or more", "0.3"),
        ("two\\, or more,one", "0.3"),
        ("one , two\\, or more", "0.3"),
        ("one,three", "0"),
        ("one", "0"),
        ("", "0"),
    ],
)
def test_options_of_several_answers_in_tags_are_read(tmp_path: Path, cell: str, total: str) -> None:
    made = SmallQuiz(tmp_path, [Asked("q01", "several", "Which?", PARTS, [0, 1])])
    said = made.grade(made.export([[(cell, "0.3")]]), "--quiz", made.quiz("quiz.yaml"))
    assert said.totals == {"11": total}


def test_drop_downs_in_tags_are_read(tmp_path: Path) -> None:
    lists = {"word": ["<p>her</p>", "<p>him</p>"], "fall": ["<p>0.1</p>", "0.44"]}
    made = SmallQuiz(tmp_path, [Asked("q01", "pair", "<p>Which?</p>", lists, [1, 1])])
    export = made.export([[("him,0.44", "0.3")], [("0.44,him", "0.3")], [("him", "0.15")]])
    assert made.grade(export).totals == {"11": "0.3", "12": "0.3", "13": "0"}


def test_a_whole_quiz_in_a_package_is_graded_in_its_own_words(tmp_path: Path) -> None:
    """Sixteen questions of every kind, options in tags, a class that has everything right."""
    questions = []
    for number in range(1, 17):
        words = [f"<p>course words {letter} of {number}</p>" for letter in "ABCDE"]
        kind = ("single", "several", "several", "pair")[number % 4]
        options = {"x": words[:3], "y": words[3:]} if kind == "pair" else words
        right = {"single": [2], "several": [0, 1, 3], "pair": [1, 0]}[kind]
        stem = f"Picture {number}?"
        questions.append(Asked(f"q{number:02d}", kind, stem, options, right, "0.3", 800 + number))
    own = {
        asked.id: {blank: [f"ours {number}{n}{blank}" for n in range(len(texts))]
                   for blank, texts in asked.lists.items()} if asked.kind == "pair"
        else [f"ours {number}{n}" for n in range(5)]
        for number, asked in enumerate(questions)
    }  # fmt: skip
    made = SmallQuiz(tmp_path, questions, own)
    kept, said = made.import_qti(package(tmp_path / "q.zip", questions))
    assert said.code == 0 and "16 questions kept" in said.text
    row = []
    for asked in questions:
        lists = list(asked.lists.values())
        texts = [lists[0][place] for place in asked.right]
        if asked.kind == "pair":
            texts = [lists[n][place] for n, place in enumerate(asked.right)]
        row.append((",".join(text[3:-4] for text in texts), "0.3"))
    said = made.grade(made.export([row] * 12), "--quiz", kept)
    assert set(said.totals.values()) == {"4.8"} and len(said.totals) == 12
