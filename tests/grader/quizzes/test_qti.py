"""Quizzes out to QTI 1.2 and back, by our own reader and by a public one."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.quizzes.qti_match import match_quiz
from grader.quizzes.qti_read import QtiItem, QtiQuiz, read_package
from grader.quizzes.qti_write import package_bytes, quiz_to_write, write_package
from grader.quizzes.texts import quiz_of_bank
from tests.grader.quizzes.made_quizzes import TYPES

XML_TEXT = st.text(
    st.characters(min_codepoint=32, exclude_categories=("Cs",), exclude_characters="\ufffe\uffff"),
    max_size=20,
)


@st.composite
def items(draw, number: int) -> QtiItem:
    kind = draw(st.sampled_from(sorted(TYPES)))
    lists, right = [], []
    for name in ("word", "drop") if kind == "pair" else ("",):
        idents = [str(10000 + n) for n in range(draw(st.integers(2, 5)))]
        lists.append((name, tuple((ident, draw(XML_TEXT)) for ident in idents)))
        most = len(idents) if kind == "several" else 1
        chosen = draw(st.sets(st.sampled_from(idents), max_size=most))
        if chosen:
            right.append((name, frozenset(chosen)))
    points = draw(st.sampled_from([Decimal("0.3"), Decimal("0.4"), Decimal("1")]))
    stem = draw(XML_TEXT)
    return QtiItem(f"g{number}", TYPES[kind], points, stem, tuple(lists), tuple(sorted(right)))


@given(st.data(), XML_TEXT)
@settings(max_examples=100, deadline=None)
def test_what_is_written_is_read_unchanged(tmp_path_factory, data, title):
    made = tuple(data.draw(items(n)) for n in range(data.draw(st.integers(1, 4))))
    quiz = QtiQuiz("gquiz", title, made)
    path = tmp_path_factory.getbasetemp() / "quiz.zip"
    path.write_bytes(package_bytes(quiz))
    assert read_package(path) == [quiz]


@pytest.mark.parametrize("language", ["en", "zh-Hant", "both"])
def test_the_whole_bank_there_and_back(tmp_path, bank, key, language):
    quiz = quiz_to_write(bank, language, key)
    write_package(quiz, tmp_path / "quiz.zip")
    (read,) = read_package(tmp_path / "quiz.zip")
    assert read == quiz and len(read.items) == 30
    assert sum(item.points for item in read.items) == Decimal("10.0")
    assert {str(item.points) for item in read.items} == {"0.3", "0.4"}
    matched = match_quiz(read, bank, tmp_path / "quiz.zip", key)
    assert matched.how == "text"
    worded = {each.id: each for each in quiz_of_bank(bank, language, key).questions}
    for question in matched.quiz.questions:
        ours = worded[question.id]
        assert (question.stem, question.options, question.blanks) == (
            ours.stem,
            ours.options,
            ours.blanks,
        )
    answers = {each.id: each.effective for each in key.questions}
    for item, question in zip(read.items, matched.quiz.questions, strict=True):
        assert _right(item, question) == answers[question.id]


def _right(item: QtiItem, question):
    chosen = {}
    for name, idents in item.right:
        texts = dict(dict(item.lists)[name])
        choices = dict(question.blanks)[name] if name else question.options
        by_text = {text: choice for choice, text in choices}
        chosen[name] = sorted(by_text[texts[ident]] for ident in idents)
    return chosen[""] if "" in chosen else {name: ids[0] for name, ids in chosen.items()}


def test_the_same_bank_gives_the_same_bytes(bank, key):
    assert package_bytes(quiz_to_write(bank, "en", key)) == package_bytes(
        quiz_to_write(bank, "en", key)
    )


def test_no_id_of_one_edition_is_anothers(bank, key):
    later = replace(bank, header=bank.header.model_copy(update={"edition": "2022"}))
    quizzes = [quiz_to_write(one, "en", key) for one in (bank, later)]
    first, second = ({item.ident for item in quiz.items} for quiz in quizzes)
    assert len(first) == len(second) == len(bank.questions)
    assert not first & second
    assert quizzes[0].ident != quizzes[1].ident


def test_answers_can_be_left_out(bank, key):
    for quiz in (quiz_to_write(bank, "en"), quiz_to_write(bank, "en", key, answers=False)):
        assert all(not item.right for item in quiz.items)
        text = zipfile.ZipFile(io.BytesIO(package_bytes(quiz))).read(
            f"{quiz.ident}/{quiz.ident}.xml"
        )
        assert b"varequal" not in text


def test_a_public_reader_takes_it_back_unchanged(tmp_path, bank, key):
    """qti2latex (PyPI) reads Canvas' QTI 1.2: stems, options, points, kinds and right answers."""
    reader = pytest.importorskip("qti2latex", reason="qti2latex is not installed")
    quiz = quiz_to_write(bank, "both", key)
    write_package(quiz, tmp_path / "quiz.zip")
    folder = reader.extract_zip_to_tmp(tmp_path / "quiz.zip")
    found = {}
    for xml in reader.read_qti_dir(folder):
        root = reader.ET.parse(xml).getroot()
        for item in reader.findall_anyns(root, "item"):
            found[item.get("ident")] = item
    assert len(found) == 30
    for ours in quiz.items:
        theirs = found[ours.ident]
        meta = reader.get_qti_metadata(theirs)
        assert reader.guess_type(meta, theirs) == ours.type
        assert Decimal(meta["points_possible"]) == ours.points
        assert reader.get_item_stem(theirs) == ours.stem
        choices = [label for _, labels in ours.lists for label in labels]
        assert reader.get_choices(theirs) == choices
        right = {ident for _, idents in ours.right for ident in idents}
        assert reader.get_correct_idents(theirs) == right
