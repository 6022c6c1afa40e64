"""What a TA set by hand in a key stays when the key is made again in the same place."""

from __future__ import annotations

from pathlib import Path

from solver.errors import KeyFileError
from solver.key import Key, KeyQuestion, load_key


def with_kept_overrides(key: Key, path: Path) -> tuple[Key, list[str]]:
    """Return the key with the overrides and voids of the key at `path`, and the ids that have one.

    Args:
        key: just made.
        path: where it is to be written; there may be no file yet.

    Raises:
        KeyFileError: the file there cannot be read, or something was set by hand for a question
            that the new key does not have, so that writing over it would lose it.
    """
    if not path.is_file():
        return key, []
    try:
        before = load_key(path)
    except KeyFileError as fault:
        raise KeyFileError(
            f"cannot be read, so what was set by hand in it would be lost ({fault})",
            path=path,
            mend="Move it away, or give another folder with --out.",
        ) from None
    by_hand = {each.id: each for each in before.questions if each.override or each.void}
    asked = {each.id: each for each in key.questions}
    lost = [name for name, old in by_hand.items() if not _fits(old, asked.get(name))]
    if lost:
        raise KeyFileError(
            f"has answers set by hand for {', '.join(lost)}, which this run would write over",
            path=path,
            mend="Give another folder with --out, or take them back with hw9 key override --undo.",
        )
    questions = [_with(each, by_hand.get(each.id)) for each in key.questions]
    return key.model_copy(update={"questions": questions}), sorted(by_hand)


def _fits(old: KeyQuestion, new: KeyQuestion | None) -> bool:
    return new is not None and new.kind == old.kind


def _with(question: KeyQuestion, old: KeyQuestion | None) -> KeyQuestion:
    if old is None:
        return question
    return question.model_copy(update={"override": old.override, "void": old.void})
