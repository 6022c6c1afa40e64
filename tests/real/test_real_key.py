"""A key made from the real outputs: its structure, never its letters."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import pytest

from solver.banks.bank import load_bank
from solver.files.resources import shipped_bank
from solver.key import KeyQuestion, load_key
from solver.pipeline.make_key import MadeKey, make_key
from tests.real.report import ASKED, HEAD, sign_text, table_of

BANK = load_bank(shipped_bank())
CARRIED = [1, 2, 3, 4, 7, 8, 9, 11, 12, 13, 15, 16, 18, 19, 25, 26, 27, 28, 29, 30]
"""Questions of which the real outputs hold something; the rest ask for what only a run has."""
SLOW = ("q07", "q08")
"""Those whose fits take most of the time are not made twice."""


@pytest.fixture(scope="module")
def made(real_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[MadeKey, Path]:
    out = tmp_path_factory.mktemp("real-key")
    return make_key(evidence=real_folder, out=out), out


def named(made: MadeKey, number: int) -> KeyQuestion:
    return next(one for one in made.key.questions if one.id == f"q{number:02d}")


@pytest.mark.parametrize("number", CARRIED)
def test_what_is_carried_is_decided_or_says_what_it_could_test(
    number: int, made: tuple[MadeKey, Path]
) -> None:
    question = named(made[0], number)
    assert question.options, question.lacks
    tested = [option for option in question.options if option.holds is not None]
    assert tested
    if question.state == "open":
        # An open question says of each option it could not test why, in both languages.
        untested = [option for option in question.options if option.holds is None]
        assert untested and all(len(one.sentence.en) > 20 for one in untested)
        assert all(one.sentence.zh_hant for one in untested) and not question.correct
    else:
        assert question.correct and len(tested) == len(question.options)


def test_of_what_can_be_chosen_once_one_holds(made: tuple[MadeKey, Path]) -> None:
    decided = 0
    for question in made[0].key.questions:
        if question.state == "open":
            continue
        decided += 1
        holding = [option for option in question.options if option.holds]
        if question.kind == "single":
            assert len(holding) == 1, question.id
        elif question.kind == "pair":
            of_blank = Counter(option.blank for option in holding)
            assert set(of_blank.values()) == {1} and len(of_blank) == 2, question.id
        else:
            choose = BANK.question(question.id).choose
            assert len(holding) == choose if choose else holding, question.id
    assert decided >= 20


def test_margins_are_finite_and_say_their_unit(made: tuple[MadeKey, Path]) -> None:
    for question in made[0].key.questions:
        for option in question.options:
            if option.margin is not None:
                assert math.isfinite(option.margin) and option.margin >= 0
                assert option.unit and option.sentence.en and option.sentence.zh_hant


def test_every_figure_of_the_page_can_be_drawn(made: tuple[MadeKey, Path]) -> None:
    page = (made[1] / "key.html").read_text("utf-8")
    assert "cannot be drawn" not in page
    assert page.count("<svg") > 100


def test_what_is_not_carried_says_what_it_lacks(made: tuple[MadeKey, Path]) -> None:
    # 6 needs scales before normalization, 21 to 24 the English BERT.
    for number in (6, 21, 22, 23, 24):
        question = named(made[0], number)
        assert question.state == "open" and question.lacks and not question.correct


def test_the_same_evidence_gives_the_same_bytes(
    made: tuple[MadeKey, Path], real_folder: Path, tmp_path: Path
) -> None:
    first = load_key(made[1] / "key.yaml")
    assert first == made[0].key
    quick = [one.id for one in first.questions if one.id not in SLOW]
    for name in ("one", "two"):
        make_key(evidence=real_folder, out=tmp_path / name, only=quick)
    files = [(tmp_path / name / "key.yaml").read_bytes() for name in ("one", "two")]
    assert files[0] == files[1]
    again = load_key(tmp_path / "one" / "key.yaml")
    assert again.questions == [one for one in first.questions if one.id in quick]


def test_the_table_has_a_row_a_question_and_every_note(made: tuple[MadeKey, Path]) -> None:
    key = made[0].key
    assert set(ASKED) == {question.id for question in BANK.questions}
    assert all(len(text.split()) <= 4 for text in ASKED.values())
    text = table_of(key, BANK)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == len(key.questions) + 2
    assert all(row.count("|") == len(HEAD) + 1 for row in rows)
    for question, row in zip(key.questions, rows[2:], strict=True):
        assert row.startswith(f"| {question.id} |")
        if question.state == "open":
            assert row.count("open") >= 2
        elif isinstance(question.correct, list):
            assert all(f"{name} (" in row for name in question.correct)
        assert question.note is None or question.note.en in text


def test_nothing_is_signed_that_changes_or_that_two_ways_find_differently(
    made: tuple[MadeKey, Path],
) -> None:
    decided = [one for one in made[0].key.questions if one.state == "decided"]
    # LIME on a classifier of known weights is as far from the other verdict as can be.
    question = next(one for one in decided if one.rule == "lime.overlay.colour_meaning")
    sure = question.model_copy(update={"ways_agree": True, "stability": None, "note": None})
    assert sign_text(sure) == "yes"
    differ = {"ways_agree": False, "second_correct": []}
    assert "finds none" in sign_text(sure.model_copy(update=differ))
    differ["second_correct"] = [option.id for option in question.options if not option.holds]
    assert "ways differ" in sign_text(sure.model_copy(update=differ))
    shaky = {"repeats": 40, "changed": 0.4, "sets": [{"correct": question.correct, "share": 0.4}]}
    changed = KeyQuestion.model_validate({**sure.model_dump(), "stability": shaky})
    assert "changes" in sign_text(changed)
    first, *rest = question.options
    near = [first.model_copy(update={"margin": 0.0}), *rest]
    assert "close" in sign_text(sure.model_copy(update={"options": near}))
    noted = {"note": question.options[0].sentence}
    assert sign_text(sure.model_copy(update=noted)).startswith("yes, but")
    assert sign_text(sure.model_copy(update={"state": "open"})) == "open"
