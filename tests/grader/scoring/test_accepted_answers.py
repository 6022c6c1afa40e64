"""What each question of a key accepts."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from grader.exports.answers_yaml import AnswersYaml
from grader.key_changes.key_override import with_override
from grader.quizzes.texts import WordedQuestion, WordedQuiz, known_quizzes, save_quiz
from grader.scoring.accepted_answers import open_questions, scored_questions
from grader.submissions import Chosen, Ticked
from solver.banks.bank import Blank, MeasuredChoices
from solver.errors import KeyFileError
from solver.key import Key, KeyQuestion, OptionVerdict, Override, Sentence
from tests.grader.made.made_classes import made_bank, made_key, with_question

BANK = made_bank(10)
KEY = made_key(BANK)
PAIR = next(each for each in KEY.questions if each.kind == "pair")
SINGLE = next(each for each in KEY.questions if each.kind == "single")
SEVERAL = next(each for each in KEY.questions if each.kind == "several")


def accepted(key, name, bank=BANK):
    return next(each for each in scored_questions(key, bank) if each.id == name).accepted


def test_every_question_accepts_its_own_answer():
    for entry in KEY.questions:
        (only,) = accepted(KEY, entry.id)
        if isinstance(entry.correct, dict):
            assert only == Chosen(frozenset(entry.correct.items()))
        else:
            assert only == Ticked(frozenset(entry.correct))
    assert scored_questions(KEY, BANK) == scored_questions(KEY)


def test_a_pairs_answer_is_known_by_id_or_text_in_either_language():
    question = BANK.question(PAIR.id)
    options = {blank.id: blank.options for blank in question.blanks}
    for name in ("id", "en", "zh"):
        answer = {}
        for blank, right in PAIR.correct.items():
            option = next(each for each in options[blank] if each.id == right)
            answer[blank] = {"id": option.id, "en": option.text.en, "zh": option.text.zh_hant}[name]
        key = with_question(KEY, PAIR.id, correct=answer)
        assert accepted(key, PAIR.id) == accepted(KEY, PAIR.id)


def test_of_a_single_question_each_of_several_answers_is_right():
    key = with_question(KEY, SINGLE.id, override=Override(correct=["a", "b"], why="both"))
    assert accepted(key, SINGLE.id) == (Ticked(frozenset("a")), Ticked(frozenset("b")))


@pytest.mark.parametrize(
    ("name", "correct", "said"),
    [
        (SEVERAL.id, ["a", "q"], "names 'q', which the question does not have. It has a, b"),
        (PAIR.id, {"x": "a"}, "has nothing for the drop-down 'y'"),
        (PAIR.id, {"x": "a", "y": "a", "z": "a"}, "names 'z'"),
        (PAIR.id, {"x": "a", "y": "no such text"}, "names 'no such text'"),
    ],
)
def test_answers_that_no_student_could_give_are_refused(name, correct, said):
    with pytest.raises(KeyFileError) as caught:
        scored_questions(with_question(KEY, name, correct=correct), BANK, path="key.yaml")
    assert said in str(caught.value) and str(caught.value).startswith("key.yaml")


def test_open_questions_are_told_and_void_ones_are_not_open():
    key = with_question(KEY, SINGLE.id, correct=[], state="open")
    assert open_questions(key) == (SINGLE.id,)
    assert SINGLE.id not in [each.id for each in scored_questions(key, BANK)]
    void = with_question(key, SINGLE.id, void=True)
    assert open_questions(void) == ()
    assert next(each for each in scored_questions(void, BANK) if each.id == SINGLE.id).void


def test_a_kind_that_differs_from_the_banks_is_refused():
    with pytest.raises(KeyFileError, match="is of kind"):
        scored_questions(with_question(KEY, SINGLE.id, kind="several"), BANK)


def _measured():
    measured = MeasuredChoices(factors=[Decimal("0.5"), Decimal(2)], decimals=2)
    question = BANK.question(PAIR.id)
    blank = Blank(id="y", label=question.blanks[1].label, measured=measured)
    changed = question.model_copy(update={"blanks": [question.blanks[0], blank]})
    topics = tuple(
        replace(t, questions=tuple(changed if q.id == PAIR.id else q for q in t.questions))
        for t in BANK.topics
    )
    sentence = Sentence(en="x", zh_hant="x")
    options = [each for each in PAIR.options if each.blank == "x"] + [
        OptionVerdict(id=name, blank="y", holds=text == "0.44", sentence=sentence, text=text)
        for name, text in (("a", "0.22"), ("b", "0.44"), ("c", "0.88"))
    ]
    correct = {"x": PAIR.correct["x"], "y": "0.44"}
    return replace(BANK, topics=topics), with_question(
        KEY, PAIR.id, options=options, correct=correct
    )


def test_a_measured_choice_is_its_text_and_a_number_by_its_value():
    bank, key = _measured()
    right = Chosen(frozenset({("x", PAIR.correct["x"]), ("y", "0.44")}))
    for value in ("0.44", "0.440", "b"):
        answer = {"x": PAIR.correct["x"], "y": value}
        assert accepted(with_question(key, PAIR.id, correct=answer), PAIR.id, bank) == (right,)
    others = with_question(
        key, PAIR.id, override=Override(correct={"x": "a", "y": "0.6"}, why="the quiz's own")
    )
    assert accepted(others, PAIR.id, bank) == (Chosen(frozenset({("x", "a"), ("y", "0.6")})),)


@pytest.mark.parametrize("with_bank", [True, False])
def test_an_unknown_choice_is_answered_with_those_there_are(with_bank: bool) -> None:
    bank, key = _measured()
    given = bank if with_bank else None
    for value in ("0.6", "z"):
        with pytest.raises(KeyFileError, match="which its drop-down 'y' does not have") as said:
            with_override(key, PAIR.id, f"x=a,y={value}", "why", bank=given)
        assert str(said.value).endswith("It has a (0.22), b (0.44), c (0.88).")
    with pytest.raises(KeyFileError, match="its drop-down 'x'") as said:
        with_override(key, PAIR.id, "x=zz,y=a", "why", bank=given)
    assert "It has a (" in str(said.value)


def test_a_quizs_own_numbers_are_the_keys_where_they_are_equal(tmp_path):
    bank, key = _measured()
    numbers = tuple((text, text) for text in ("0.440", "0.7"))
    worded = WordedQuestion(PAIR.id, "pair", "x", blanks=(("x", (("a", "A"),)), ("y", numbers)))
    save_quiz(WordedQuiz("t", (worded,)), tmp_path / "quiz.yaml")
    quiz = known_quizzes(bank, key, [tmp_path / "quiz.yaml"])[0]
    assert dict(quiz.questions[0].blanks)["y"] == (("0.44", "0.440"), ("0.7", "0.7"))
    assert dict(quiz.questions[0].blanks)["x"] == (("a", "A"),)


def test_a_pair_may_be_answered_by_option_or_by_the_text_it_shows(tmp_path: Path) -> None:
    said = Sentence(en="x", zh_hant="x")
    options = [
        OptionVerdict(id=name, blank=blank, holds=None, sentence=said, text=text)
        for blank, name, text in (("a", "a", "her"), ("a", "b", "him"), ("b", "a", "0.323"))
    ]
    correct = {"a": "him", "b": "0.323"}
    entry = KeyQuestion(id="q22", kind="pair", points="0.4", correct=correct, options=options)
    questions = scored_questions(Key(format="hw9-key/1", questions=[entry]))
    path = tmp_path / "mine.yaml"
    for given_pair in ("{a: him, b: '0.323'}", "{a: b, b: a}", "{a: him, b: 0.3230}"):
        path.write_text(f"answers:\n  q22: {given_pair}\n", "utf-8")
        assert AnswersYaml(path, questions).submission().responses["q22"] in questions[0].accepted
    path.write_text("answers:\n  q22: {a: her, b: '0.323'}\n", "utf-8")
    assert AnswersYaml(path, questions).submission().responses["q22"] not in questions[0].accepted
