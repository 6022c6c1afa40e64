"""Bridges from a generated quiz to what the grader is given."""

from __future__ import annotations

import random
from decimal import Decimal
from hashlib import md5

from grader.quizzes.texts import WordedQuestion
from grader.submissions import Chosen, NotShown, ScoredQuestion, Ticked, Unanswered
from tests.grader.made.canvas_generator import Q


def scored(quiz: list[Q]) -> tuple[ScoredQuestion, ...]:
    return tuple(_scored(question) for question in quiz)


def _scored(question: Q) -> ScoredQuestion:
    ids = [tuple(name for name, _ in options) for options in question.lists]
    if question.kind == "pair":
        blanks = tuple(zip(question.blanks, ids, strict=True))
        accepted = (Chosen(frozenset(question.right.items())),)
        return ScoredQuestion(question.id, "pair", Decimal(question.points), accepted, (), blanks)
    accepted = (Ticked(frozenset(question.right)),)
    return ScoredQuestion(question.id, question.kind, Decimal(question.points), accepted, ids[0])


def wordings(quiz: list[Q], how: str = "text") -> dict[str, list[WordedQuestion]]:
    """The quiz's own words, such that its columns can only be matched in the way `how`."""
    found = {}
    for question in quiz:
        digest = md5(f"quiz_question_{question.canvas_id}".encode()).hexdigest()
        ident = random.Random(question.canvas_id).choice("ig") + digest if how == "ident" else ""
        stem = question.stem if how == "text" else ""
        lists = [tuple(options) for options in question.lists]
        options = () if question.kind == "pair" else lists[0]
        blanks = tuple(zip(question.blanks, lists, strict=True)) if question.kind == "pair" else ()
        worded = WordedQuestion(question.id, question.kind, stem, options, blanks, ident)
        found[question.id] = [worded]
    return found


def truth(ticks: object) -> object:
    """What the grader should have read of generated ticks."""
    if ticks is None:
        return NotShown()
    if not ticks:
        return Unanswered()
    if isinstance(ticks, dict):
        return Chosen(frozenset(ticks.items()))
    return Ticked(frozenset(ticks))
