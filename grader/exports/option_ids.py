"""Answers given by option ids, as in a plain CSV or a YAML file."""

from __future__ import annotations

from grader.scoring.accepted_answers import choice_named
from grader.submissions import (
    UNANSWERED,
    Chosen,
    Refused,
    Response,
    ScoredQuestion,
    Ticked,
)


def ticked_ids(question: ScoredQuestion, ids: list[str], text: str) -> Response:
    """Return the response of a *single* or *several* question, refusing ids it does not have."""
    if not ids:
        return UNANSWERED
    unknown = [each for each in ids if each not in question.options]
    # Where neither key nor bank lists options, any id is taken.
    if unknown and question.options:
        known = ", ".join(question.options)
        return Refused(text, f"names {unknown[0]!r}; the question's options are {known}")
    if len(set(ids)) != len(ids):
        return Refused(text, "names an option twice")
    if question.kind == "single" and len(ids) > 1:
        return Refused(text, "ticks several options of a question that takes one")
    return Ticked(frozenset(ids))


def chosen_values(question: ScoredQuestion, values: dict[str, str], text: str) -> Response:
    """Return the response of a *pair*, given a value (id or text) for each drop-down."""
    choices = set()
    known = dict(question.blanks)
    names = dict(question.choice_names)
    for blank, value in values.items():
        if blank not in known:
            return Refused(text, f"names {blank!r}; the drop-downs are {', '.join(known)}")
        if not value:
            continue
        choice = choice_named(
            value, dict(names.get(blank, ())) or {name: name for name in known[blank]}
        )
        if known[blank] and choice not in known[blank]:
            return Refused(text, f"chooses {value!r}; {blank} has {', '.join(known[blank])}")
        choices.add((blank, choice))
    return Chosen(frozenset(choices)) if choices else UNANSWERED
