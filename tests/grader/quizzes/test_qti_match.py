"""Items of a quiz matched to the questions of a bank."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal
from hashlib import md5

import pytest

from grader.exports.analysis_columns import item_idents
from grader.exports.student_analysis import StudentAnalysis
from grader.quizzes.qti_match import match_quiz
from grader.quizzes.qti_read import QtiItem, QtiQuiz, read_package
from grader.quizzes.qti_write import quiz_to_write, write_package
from grader.quizzes.texts import load_quiz, quiz_of_bank, save_quiz, wordings_by_question
from grader.submissions import Ticked
from solver.banks.bank import Bank, Blank, MeasuredChoices
from solver.errors import BankError
from solver.key import Key, OptionVerdict, Sentence
from tests.grader.made import canvas_generator as canvas
from tests.grader.made.made_classes import with_question
from tests.grader.quizzes.made_quizzes import TYPES, course_quiz


def _measured(bank: Bank, key: Key) -> tuple[Bank, Key, str]:
    pair = next(question for question in bank.questions if question.kind == "pair")
    measured = MeasuredChoices(factors=[Decimal("0.5"), Decimal("2")], decimals=2)
    blanks = [pair.blanks[0], Blank(id="y", label=pair.blanks[1].label, measured=measured)]
    changed = pair.model_copy(update={"blanks": blanks})
    topics = []
    for topic in bank.topics:
        questions = tuple(changed if each.id == pair.id else each for each in topic.questions)
        topics.append(replace(topic, questions=questions))
    entry = next(each for each in key.questions if each.id == pair.id)
    sentence = Sentence(en="x", zh_hant="x")
    options = [each for each in entry.options if each.blank == "x"] + [
        OptionVerdict(id=name, blank="y", holds=text == "0.44", sentence=sentence, text=text)
        for name, text in (("a", "0.22"), ("b", "0.44"), ("c", "0.88"))
    ]
    correct = {"x": entry.correct["x"], "y": "0.44"}
    new_key = with_question(key, pair.id, options=options, correct=correct)
    return replace(bank, topics=tuple(topics)), new_key, pair.id


def test_choices_around_a_measured_value_come_from_the_key(tmp_path, bank, key):
    bank, key, name = _measured(bank, key)
    with pytest.raises(BankError, match=f"the choices of {name}, drop-down 'y'"):
        quiz_to_write(bank, "en")
    quiz = quiz_to_write(bank, "en", key)
    item = next(i for i in quiz.items if i.type == TYPES["pair"])
    assert [text for _, text in dict(item.lists)["y"]] == ["0.22", "0.44", "0.88"]
    (ident,) = dict(item.right)["y"]
    assert dict(dict(item.lists)["y"])[ident] == "0.44"
    write_package(quiz, tmp_path / "q.zip")
    matched = match_quiz(read_package(tmp_path / "q.zip")[0], bank, tmp_path / "q.zip", key)
    worded = next(each for each in matched.quiz.questions if each.id == name)
    assert dict(worded.blanks)["y"] == tuple((t, t) for t in ("0.22", "0.44", "0.88"))


def test_a_quiz_of_the_course_is_matched_by_order_and_its_export_read(tmp_path, bank):
    rng = random.Random(0)
    write_package(course_quiz(bank, rng), tmp_path / "course.zip")
    (read,) = read_package(tmp_path / "course.zip")
    matched = match_quiz(read, bank, tmp_path / "course.zip")
    assert matched.how == "order" and matched.passed_over == ("text_only_question",)
    save_quiz(matched.quiz, tmp_path / "quiz.yaml")
    assert load_quiz(tmp_path / "quiz.yaml") == matched.quiz

    # A Student Analysis of that quiz: columns carry Canvas' ids, cells the course's texts.
    quiz = [
        canvas.Q(
            worded.id, 7000 + number, worded.kind, "0.3", "",
            [list(choices) for _, choices in worded.blanks] or [list(worded.options)],
            [blank for blank, _ in worded.blanks],
            {blank: choices[0][0] for blank, choices in worded.blanks} or {worded.options[0][0]},
        )
        for number, worded in enumerate(matched.quiz.questions, 1)
    ]  # fmt: skip
    rng.shuffle(quiz)
    rows = [canvas.Row(0, 1, 1, {q.id: q.right for q in quiz})]
    (tmp_path / "export.csv").write_bytes(canvas.export(rng, quiz, rows, canvas.Style()))
    words = wordings_by_question([matched.quiz])
    export = StudentAnalysis(tmp_path / "export.csv", words, [q.id for q in quiz])
    assert "30 by Canvas' question id" in export.notes[0]
    (row,) = export.rows()
    assert row.rejects == ()
    assert all(
        row.submission.responses[q.id] == Ticked(frozenset("a")) for q in quiz if not q.blanks
    )


def test_the_join_of_items_and_columns_is_canvas_own():
    assert item_idents("42")[0] == "i" + md5(b"quiz_question_42").hexdigest()
    assert item_idents("42")[1] == "g" + md5(b"quiz_question_42").hexdigest()


def test_a_quiz_that_is_another_is_refused(tmp_path, bank):
    quiz = course_quiz(bank, random.Random(0))
    path = tmp_path / "x.zip"
    less = QtiQuiz("g", "t", quiz.items[:-1])
    with pytest.raises(BankError, match="has 29 questions where the bank has 30"):
        match_quiz(less, bank, path)
    swapped = QtiQuiz("g", "t", (quiz.items[1], quiz.items[0], *quiz.items[2:]))
    with pytest.raises(BankError, match="is of kind"):
        match_quiz(swapped, bank, path)
    first = quiz.items[0]
    short = QtiItem(first.ident, first.type, None, first.stem, (("", first.lists[0][1][:2]),), ())
    with pytest.raises(BankError, match=r"has 2 options, not \d"):
        match_quiz(QtiQuiz("g", "t", (short, *quiz.items[1:])), bank, path)


def test_options_in_another_order_are_matched_by_text(tmp_path, bank):
    quiz = quiz_to_write(bank, "en")
    turned = tuple(
        QtiItem(i.ident, i.type, i.points, i.stem, tuple((n, ls[::-1]) for n, ls in i.lists), ())
        for i in quiz.items[::-1]
    )
    matched = match_quiz(QtiQuiz("g", "t", turned), bank, tmp_path / "x.zip")
    worded = {each.id: each.options for each in quiz_of_bank(bank, "en").questions}
    for question in matched.quiz.questions:
        assert question.options == worded[question.id]


def test_texts_match_only_where_each_question_is_there_once_and_of_its_kind(tmp_path, bank):
    """Else the quiz is matched by order, or refused: never two items to one question."""
    quiz = quiz_to_write(bank, "en")
    singles = [at for at, item in enumerate(quiz.items) if item.kind == "single"]
    first, second = singles[0], singles[1]
    path = tmp_path / "x.zip"

    def matched(at, item):
        items = [*quiz.items[:at], item, *quiz.items[at + 1 :]]
        return match_quiz(QtiQuiz("g", "t", tuple(items)), bank, path)

    assert matched(first, quiz.items[first]).how == "text"
    twice = replace(quiz.items[second], stem=quiz.items[first].stem)
    found = matched(second, twice)
    names = [question.id for question in found.quiz.questions]
    assert found.how == "order" and len(set(names)) == len(names) == len(bank.questions)
    unknown = replace(quiz.items[second], stem="<p>Quite another?</p>")
    assert matched(second, unknown).how == "order"
    several = next(item for item in quiz.items if item.kind == "several")
    other = replace(several, type=TYPES["single"])
    with pytest.raises(BankError, match="is of kind 'single'"):
        matched(quiz.items.index(several), other)


def test_a_measured_drop_down_hides_none_behind_it(tmp_path, bank, key):
    measured, key, name = _measured(bank, key)
    pair = next(question for question in measured.questions if question.id == name)
    turned = pair.model_copy(update={"blanks": pair.blanks[::-1]})
    topics = [
        replace(topic, questions=tuple(turned if q.id == name else q for q in topic.questions))
        for topic in measured.topics
    ]
    measured = replace(measured, topics=tuple(topics))
    quiz = quiz_to_write(measured, "en", key)
    matched = match_quiz(quiz, measured, tmp_path / "x.zip", key)
    worded = next(each for each in matched.quiz.questions if each.id == name)
    assert [blank for blank, _ in worded.blanks] == ["y", "x"]
    assert len(dict(worded.blanks)["x"]) == len(pair.blanks[0].options)


def test_options_of_the_banks_words_are_matched_by_them_and_the_rest_by_place(tmp_path, bank):
    quiz = quiz_to_write(bank, "en")
    question = next(each for each in bank.questions if each.kind == "several")
    at = [each.id for each in bank.questions].index(question.id)
    item = quiz.items[at]
    labels = list(item.lists[0][1])
    turned = [labels[1], labels[0], *((ident, f"other {n}") for n, (ident, _) in
              enumerate(labels[2:]))]  # fmt: skip
    changed = replace(item, lists=(("", tuple(turned)),))
    items = (*quiz.items[:at], changed, *quiz.items[at + 1 :])
    matched = match_quiz(QtiQuiz("g", "t", items), bank, tmp_path / "x.zip")
    options = dict(matched.quiz.questions[at].options)
    ours = [option.id for option in question.options]
    assert options[ours[0]] == labels[0][1] and options[ours[1]] == labels[1][1]
    assert [options[name] for name in ours[2:]] == [f"other {n}" for n in range(len(ours) - 2)]
