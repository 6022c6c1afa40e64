"""Every answer a student can give to the shipped questions is read from its cell, never refused."""

from __future__ import annotations

import random
from itertools import combinations, product

import pytest

from grader.quizzes.canvas_text import fingerprint
from grader.quizzes.option_matching import CellReader
from grader.quizzes.texts import QUIZ_LANGUAGES, quiz_of_bank, wordings_by_question
from grader.submissions import Chosen, Ticked
from solver.banks.bank import load_bank
from solver.files.resources import shipped_bank
from tests.grader.made.canvas_generator import html_to_text, joined

BANK = load_bank(shipped_bank())
QUIZZES = {language: quiz_of_bank(BANK, language) for language in QUIZ_LANGUAGES}
WORDINGS = wordings_by_question(QUIZZES.values())


@pytest.mark.parametrize("name", WORDINGS)
def test_every_answer_is_read(name):
    reader = CellReader(WORDINGS[name])
    rng = random.Random(name)
    for worded in WORDINGS[name]:
        if worded.kind == "pair":
            lists = [[(blank, *choice) for choice in choices] for blank, choices in worded.blanks]
            for chosen in product(*(each for each in lists if each)):
                cell = joined([text for _, _, text in chosen])
                expected = Chosen(frozenset((blank, choice) for blank, choice, _ in chosen))
                assert reader.read(cell) == expected
            continue
        most = 1 if worded.kind == "single" else len(worded.options)
        for count in range(1, most + 1):
            for some in combinations(worded.options, count):
                texts = [text for _, text in some]
                rng.shuffle(texts)
                cell = html_to_text(texts[0]) if worded.kind == "single" else joined(texts)
                assert reader.read(cell) == Ticked(frozenset(option for option, _ in some))


def test_no_two_questions_have_the_same_text():
    for quiz in QUIZZES.values():
        marks = [fingerprint(question.stem) for question in quiz.questions]
        assert len(set(marks)) == len(marks)
