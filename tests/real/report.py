"""Prints a table of a key, for docs/measured/real-outputs.md: what was derived, and how surely.

::

    scripts/in-env python tests/real/report.py KEY/key.yaml

Nothing is decided here: every word of an answer, every number and every note is the key's.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

if __package__ in (None, ""):  # run as a script: the repository lies two folders up
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from solver.banks.bank import Bank, Option, load_bank
from solver.decide.doubt.estimate import doubt_of
from solver.errors import Hw9Error
from solver.files.resources import shipped_bank
from solver.key import Answer, Key, KeyQuestion, lack_in_english, load_key
from solver.page.review_flags import CLOSE, closest
from solver.text.numbers import about

ASKED = {
    "q01": "LIME, seafood plate",
    "q02": "LIME, jug's outline",
    "q03": "LIME's two colours",
    "q04": "LIME, steak, grain",
    "q05": "saliency: which derivative",
    "q06": "saliency: why normalize",
    "q07": "saliency, butter's solid",
    "q08": "saliency, jug's handle",
    "q09": "saliency, cake's place",
    "q10": "SmoothGrad's own procedure",
    "q11": "saliency against SmoothGrad",
    "q12": "SmoothGrad, soup bowl",
    "q13": "SmoothGrad without normalization",
    "q14": "layer 6's module",
    "q15": "activations with depth",
    "q16": "layer 15, jug",
    "q17": "what filters show",
    "q18": "integrated gradients, tray",
    "q19": "integrated gradients, steps",
    "q20": "the path function",
    "q21": "head 12 attends",
    "q22": "masked words, fall",
    "q23": "corpus search, layer",
    "q24": "coreference, which head",
    "q25": "layers that match",
    "q26": "items got wrong",
    "q27": "models fine-tuned",
    "q28": "slide's metric, word",
    "q29": "similarity over layers",
    "q30": "layer 0 independence",
}
HEAD = (
    "question",
    "asked",
    "derived answer",
    "margin",
    "changed by repeats",
    "cross-check",
    "doubt",
    "sign?",
)
FIRM = 0.05
"""An answer that changes in no more than this share of the repeats is as good as unchanged."""


def table_of(key: Key, bank: Bank) -> str:
    """Return the table and the key's notes under it, as Markdown."""
    rows = [HEAD, tuple("---" for _ in HEAD)]
    notes = []
    for question in key.questions:
        asked = ASKED.get(question.id, question.rule)
        cells = (
            question.id,
            asked,
            answer_text(question, question.correct, bank)
            if question.state == "decided"
            else "open",
            margin_text(question),
            changed_text(question, bank),
            second_text(question, bank),
            about(doubt_of(question)) if question.state == "decided" else "-",
            sign_text(question),
        )
        rows.append(tuple(cell.replace("|", "/") for cell in cells))
        if question.note or question.lacks:
            told = [question.note.en] if question.note else []
            lacks = ", ".join(map(lack_in_english, question.lacks))
            told += [f"Lacks {lacks}."] if lacks else []
            notes.append(f"- {question.id}: {' '.join(told)}")
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([*lines, "", *notes]).rstrip() + "\n"


def answer_text(question: KeyQuestion, answer: Answer, bank: Bank) -> str:
    """Return an answer as letters with the options' own texts."""
    if isinstance(answer, dict):
        return "; ".join(answer.values()) or "none"
    texts = {option.id: option.text.en for option in _options(question, bank)}
    return "; ".join(f"{name} ({texts.get(name, '?')})" for name in answer) or "none"


def _options(question: KeyQuestion, bank: Bank) -> list[Option]:
    return next((one.options for one in bank.questions if one.id == question.id), [])


def margin_text(question: KeyQuestion) -> str:
    """Return the smallest margin as the key's page takes it, its unit and the two values."""
    found = closest(question)
    told = [option for option in question.options if option.margin is not None]
    least = min(told, key=lambda option: option.margin or 0.0) if told else None
    option = found[1] if found else least  # margins of sets have nothing to be a part of
    if option is None or option.margin is None:
        return "-"
    text = f"{option.name.replace(': ', '/')}: {option.margin:.2g} {option.unit}".rstrip()
    if isinstance(option.value, float) and isinstance(option.threshold, float):
        text += f" ({option.value:.3g} against {option.threshold:.3g})"
    return text


def changed_text(question: KeyQuestion, bank: Bank) -> str:
    """Return the share of repeats that gave another set, and which was the commonest."""
    told = question.stability
    if told is None:
        return "-"
    if told.repeats == 0:
        return "nothing to vary"
    text = f"{told.changed:.0%} of {told.repeats}"
    if told.sets:
        text += f", mostly to {answer_text(question, told.sets[0].correct, bank)}"
    if told.hinges_on:
        text += f"; hinges on {', '.join(told.hinges_on)}"
    return text


def second_text(question: KeyQuestion, bank: Bank) -> str:
    """Return whether a cross-check agrees, and what it found where it does not."""
    if question.ways_agree:
        return "agrees"
    if question.second_lacks:
        return f"lacks {', '.join(map(lack_in_english, question.second_lacks))}"
    if question.ways_agree is None:
        tried = any(option.second is not None for option in question.options)
        return "undecided" if tried else "none"
    if not question.second_correct:
        return "finds none"
    return f"differs: {answer_text(question, question.second_correct, bank)}"


def sign_text(question: KeyQuestion) -> str:
    """Return yes where nothing measured speaks against the answer, else what does."""
    if question.state == "open":
        return "open"
    against = []
    nearest = closest(question)
    if nearest is not None and nearest[0] < CLOSE:
        against.append("close")
    if question.stability is not None and question.stability.changed > FIRM:
        against.append("changes")
    if question.ways_agree is False:
        against.append("ways differ" if question.second_correct else "cross-check finds none")
    said = ", but see the note" if question.note and not against else ""
    return f"no: {', '.join(against)}" if against else f"yes{said}"


def main() -> int:
    """Print the table of the key named on the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("key", type=Path, help="key.yaml, or the folder it lies in")
    parser.add_argument("--bank", type=Path, default=shipped_bank())
    given = parser.parse_args()
    path = given.key / "key.yaml" if given.key.is_dir() else given.key
    try:
        print(table_of(load_key(path), load_bank(given.bank)), end="")
    except (Hw9Error, OSError) as problem:
        print(f"report.py: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
