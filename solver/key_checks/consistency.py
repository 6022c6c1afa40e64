"""Agreement of a key's derived answers with their own verdicts.

A derived answer that was changed in the file would count without a reason or a trace; its place is
an override, beside the derived answer.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path

from solver.errors import KeyFileError
from solver.files.yaml_source import load_placed_yaml
from solver.key import Answer, Key, KeyQuestion, OptionVerdict, load_key


def load_sound_key(path: Path) -> Key:
    """Return a key that is used without a bank; see `refuse_contradictions`.

    Raises:
        KeyFileError: it cannot be read, or contradicts itself.
    """
    key = load_key(path)
    refuse_contradictions(key, path)
    return key


def refuse_contradictions(key: Key, path: Path | str | None = None) -> None:
    """Refuse a key whose derived answers are not those of their own verdicts.

    Raises:
        KeyFileError: names the line of each, and the command that gives an answer by hand.
    """
    found = [(entry, said) for entry in key.questions if (said := contradiction(entry))]
    if found:
        said = "; ".join(f"{place_of(key, entry.id, 'correct', path)}: {s}" for entry, s in found)
        raise KeyFileError(said, path=path, mend=by_hand_mend(found[0][0], path))


def place_of(key: Key, question: str, field: str, path: Path | str | None) -> str:
    """Return the place of a question's field in a key's file: "line 5, q01", or "q01" alone."""
    at = next(at for at, entry in enumerate(key.questions) if entry.id == question)
    if path is None:
        return question
    try:
        placed = load_placed_yaml(Path(path), KeyFileError)
    except KeyFileError:  # it was not read from a file
        return question
    return f"line {placed.line_of(('questions', at, field))}, {question}"


def by_hand_mend(entry: KeyQuestion, path: Path | str | None) -> str:
    """Return the mend of a derived answer that was changed by hand, as a sentence."""
    return (
        "A person's answer goes beside the derived one, with its reason: "
        f"{override_command(entry, path)} (which puts the derived answer back as well)."
    )


def override_command(entry: KeyQuestion, path: Path | str | None, answer: str = "") -> str:
    """Return the command that sets by hand the answer which is now under `correct`.

    Args:
        entry: of the key.
        path: of the key's file.
        answer: another answer, as the words after ``--correct``.
    """
    words = answer or answer_words(entry, entry.correct)
    given = f'--correct "{words}" --why "REASON"' if words else "--undo"
    return f"hw9 key override {entry.id} {given} --key {path or 'key.yaml'}"


def answer_words(entry: KeyQuestion, answer: Answer) -> str:
    """Return an answer as ``hw9 key override --correct`` reads it: "a,c" or "a=b,b=c"."""
    if not isinstance(answer, dict):
        return ",".join(answer)
    # By ids where there are some: a choice's text may hold the commas that part answers.
    ids = {(each.blank, each.text): each.id for each in entry.options}
    return ",".join(f"{blank}={ids.get((blank, value), value)}" for blank, value in answer.items())


def by_verdicts(entry: KeyQuestion) -> Answer | None:
    """Return the answer given by a question's own verdicts; None where they do not decide it."""
    if not entry.options or any(option.holds is None for option in entry.options):
        return None
    holding = [option for option in entry.options if option.holds]
    if entry.kind == "pair":
        return {str(option.blank): option.text or option.id for option in holding}
    return [option.id for option in holding]


def contradiction(entry: KeyQuestion) -> str:
    """Return how a question's derived answer contradicts its state or verdicts; "" if it does not.

    A key written by hand may have no verdicts: then nothing contradicts them.
    """
    said = answer_words(entry, entry.correct) or "empty"
    if entry.state == "open":  # some of its verdicts may hold all the same
        return f"correct is {said}, though its state is open" if entry.correct else ""
    if isinstance(entry.correct, list) and len(set(entry.correct)) < len(entry.correct):
        return f"correct is {said}, which names an option twice"
    parts: list[tuple[str | None, str]] = (
        list(entry.correct.items())
        if isinstance(entry.correct, dict)
        else [(None, name) for name in entry.correct]
    )
    chosen = [[each for each in entry.options if _is_named(each, *part)] for part in parts]
    against = any(found and all(each.holds is False for each in found) for found in chosen)
    holding = [each for each in entry.options if each.holds]
    # Of a drop-down one choice is right: where two hold, the derived answer has one of them.
    wanted = {each.blank or each.id for each in holding}
    if not against and wanted == {e.blank or e.id for found in chosen for e in found if e.holds}:
        return ""
    held = ", ".join(each.name for each in holding) or "no option"
    return f"correct is {said}, but its own verdicts hold for {held}"


def _is_named(option: OptionVerdict, blank: str | None, value: str) -> bool:
    if (option.blank or None) != blank:
        return False
    return value in (option.id, option.text) or (
        # A measured choice may be written 0.150 in the file and be 0.15 in its verdict.
        blank is not None and _number(value) is not None and _number(value) == _number(option.text)
    )


def _number(text: str | None) -> Decimal | None:
    try:
        number = Decimal(text or "")
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
