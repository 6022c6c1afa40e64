"""Quizzes as a course words them, and the types that Canvas names."""

from __future__ import annotations

import random
from hashlib import md5

from grader.quizzes.qti_read import QtiItem, QtiQuiz
from solver.banks.bank import Bank

TYPES = {
    "single": "multiple_choice_question",
    "several": "multiple_answers_question",
    "pair": "multiple_dropdowns_question",
}


def course_quiz(bank: Bank, rng: random.Random) -> QtiQuiz:
    """The bank's questions in words of somebody else, as Canvas exports them."""
    made = []
    for number, question in enumerate(bank.questions, 1):
        lists = []
        for place, name in enumerate(blank.id for blank in question.blanks):
            options = question.blanks[place].options
            lists.append(
                (
                    f"bl{name}",
                    tuple((f"{n}", f"選 {number} {place} {n}") for n in range(len(options))),
                )
            )
        plain = tuple((f"{n}", f"第 {n} 項, 共 {number}") for n in range(len(question.options)))
        ident = "g" + md5(f"quiz_question_{7000 + number}".encode()).hexdigest()
        made.append(
            QtiItem(ident, TYPES[question.kind], question.points, f"<p>題 {number}</p>",
                    tuple(lists) or (("", plain),), ())
        )  # fmt: skip
    made.insert(3, QtiItem("h", "text_only_question", None, "<h1>Saliency</h1>", (), ()))
    return QtiQuiz("gcourse", "作業九", tuple(made))
