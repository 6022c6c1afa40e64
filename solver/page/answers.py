"""An answer in one line, in both languages."""

from __future__ import annotations

from markupsafe import Markup

from solver.banks.bank import Question
from solver.key import Answer
from solver.text.bilingual import Pair, as_pair, both


def answer_text(answer: Answer, asked: Question | None) -> Markup:
    """Return an answer in one line: "a, c", or "word: her · fall: 0.42" of a pair."""
    return both(answer_pair(answer, asked))


def answer_pair(answer: Answer, asked: Question | None) -> Pair:
    """Return the same as plain texts (en, zh-Hant)."""
    if not isinstance(answer, dict):
        return as_pair(", ".join(answer))
    chosen = [(blank, _choice(asked, blank, choice)) for blank, choice in answer.items()]
    english, chinese = (
        " · ".join(f"{blank}: {text[at]}" for blank, text in chosen) for at in (0, 1)
    )
    return english, chinese


def _choice(asked: Question | None, blank: str, choice: str) -> Pair:
    for one in asked.blanks if asked else []:
        for option in one.options or []:
            # A key names a choice in English; the bank has it in both languages.
            if one.id == blank and choice in (option.id, option.text.en):
                return as_pair(option.text)
    return choice, choice
