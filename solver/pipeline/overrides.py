"""Carry a person's decisions into a newly made key; refuse to drop questions."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from solver.banks.wording import differences
from solver.errors import KeyFileError
from solver.key import Key, KeyQuestion
from solver.key_checks.consistency import load_sound_key


def with_kept_overrides(key: Key, path: Path) -> tuple[Key, list[str]]:
    """Return the key with the overrides and voids of the key at `path`, and the ids that have one.

    Args:
        key: just made.
        path: where it is to be written; there may be no file yet.

    Raises:
        KeyFileError: the file there cannot be read, or has an override or void of a question that
            the new key does not have.
    """
    before = key_there(path)
    if before is None:
        return key, []
    by_hand = {each.id: each for each in before.questions if each.decision != "undecided"}
    asked = {each.id: each for each in key.questions}
    lost = [
        f"{name} ({why})" if why else name
        for name, old in by_hand.items()
        if (why := _lost(old, asked.get(name))) is not None
    ]
    # A decision is never dropped without a word, however small the change.
    if lost:
        raise KeyFileError(
            f"has answers set by hand for {', '.join(lost)}, which this run would write over",
            path=path,
            mend="Give another folder with --out, or take them back with hw9 key override --undo.",
        )
    questions = [_with(each, by_hand.get(each.id)) for each in key.questions]
    kept = [each.id for each in questions if each.decision != "undecided"]
    return key.model_copy(update={"questions": questions, "signed": before.signed}), sorted(kept)


def refuse_to_drop_questions(
    asked: Collection[str], path: Path, *, of: int, replace: bool = False
) -> int:
    """Return the number of questions in the key at `path` (0 without a key); refuse to drop any.

    Args:
        asked: ids of the questions that the run will decide.
        path: where the new key is to be written; there may be no file yet.
        of: number of questions in the bank.
        replace: True: the key there may be replaced whatever its questions.

    Raises:
        KeyFileError: the key there cannot be read, or has questions the new one will not have.
    """
    before = key_there(path)
    if before is None:
        return 0
    held = [each.id for each in before.questions]
    lost = [name for name in held if name not in asked]
    some = ", ".join(lost) if len(lost) <= 4 else f"{', '.join(lost[:3])} and {len(lost) - 3} more"
    if lost and not replace:
        raise KeyFileError(
            f"this run makes a key of {len(asked)} of the bank's {of} questions, and the folder "
            f"holds a key of {len(held)}: {some} would be lost",
            path=path,
            mend="Give another folder with --out to keep that key, or hw9 key --force to "
            "replace it.",
        )
    return len(held)


def key_there(path: Path) -> Key | None:
    """Return the key at a path, None where there is no file.

    Raises:
        KeyFileError: it cannot be read.
    """
    if not path.is_file():
        return None
    try:
        return load_sound_key(path)
    except KeyFileError as fault:
        raise KeyFileError(
            f"cannot be read, so its answers set by hand would be lost ({fault})",
            path=path,
            mend="Move it away, or give another folder with --out.",
        ) from None


def _lost(old: KeyQuestion, new: KeyQuestion | None) -> str | None:
    """The reason why an override or void cannot stay ("": its question is gone); None if it can."""
    if new is None or new.kind != old.kind:
        return ""
    if old.wording is not None and new.wording is not None:
        # An answer by hand was given to a wording: to another one it may not be an answer.
        return next(differences(old.wording, new.wording, ("there", "in the new key")), None)
    if old.override is None or new.wording is None:
        return None
    given = [one for one in (old.override.correct, *old.override.also) if isinstance(one, list)]
    known = new.wording.options
    unknown = [name for answer in given for name in answer if name not in known]
    return f"it has no option {', '.join(unknown)} any more" if unknown else None


def _with(question: KeyQuestion, old: KeyQuestion | None) -> KeyQuestion:
    if old is None:
        return question
    decided = old.decided
    if old.decision == "accepted" and decided is not None and decided.on != question.correct:
        decided = None  # another answer was accepted than is derived now
    kept = {"override": old.override, "void": old.void, "left_out": old.left_out}
    return question.model_copy(update={**kept, "decided": decided})
