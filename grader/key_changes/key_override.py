"""A person's decision on a question: it stands in the key beside the derived answer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from grader.quizzes.canvas_text import collapsed
from grader.scoring.accepted_answers import accepted_answers, choice_named, unknown_choice
from grader.submissions import Chosen, Ticked
from solver.banks.bank import Bank, Question
from solver.errors import InputError, KeyFileError, printable
from solver.files.encodings import is_text
from solver.key import (
    Answer,
    Decision,
    Key,
    KeyQuestion,
    KeySignature,
    Override,
    no_answer,
    questions_sha256,
)
from solver.key_checks.agreement import choice_fault
from solver.key_checks.consistency import by_verdicts, contradiction
from solver.text.html_tags import without_tags


def with_override(
    key: Key,
    question: str,
    correct: str,
    why: str,
    by: str = "",
    *,
    bank: Bank | None = None,
    path: Path | None = None,
    each_earns: bool = False,
    also: Sequence[str] = (),
) -> Key:
    """Return the key with another answer beside the derived one of a question.

    A derived answer that was changed by hand becomes that of its verdicts again.

    Args:
        key: stays as it is.
        question: id.
        correct: option ids with commas ("a,c"), or "drop-down=choice,drop-down=choice" of a pair.
            Of a *single* question several ids mean that each of them earns, if `each_earns`.
        why: the reason; not empty.
        by: who decided.
        bank: gives a question's options where the key does not list them.
        path: of the key, for errors.
        each_earns: several options of a *single* question are meant.
        also: further whole answers, as `correct`, each of which earns too.

    Raises:
        KeyFileError: the key has no such question, or the question no such option.
        InputError: there is no reason, or the answer is not of the question's shape, such as
            another number of options than it asks for.
    """
    if not why.strip():
        raise InputError("an override needs a reason", mend='Give it with --why "...".')
    _check_texts(correct, *also, why, by)
    entry = _entry(key, question, path)
    asked = next((each for each in bank.questions if each.id == question), None) if bank else None
    # Every answer is read before one is checked: the first fault named is that of the form.
    answers = [_answer(entry, text) for text in (correct, *also)]
    for answer in answers:
        accepted_answers(entry, answer, asked, path)  # raises where an option is not its own
        _check_choices(entry, answer, asked, path)
        _check_number(entry, answer, asked, each_earns=each_earns)
    override = Override(correct=answers[0], also=answers[1:], why=why.strip(), by=by.strip())
    return _decided(key, entry, {"override": override})


def without_override(key: Key, question: str, path: Path | None = None) -> Key:
    """Return the key with the derived answer of a question alone, and no decision on it.

    Raises:
        KeyFileError: the key has no such question, or nothing was decided on it.
    """
    entry = _entry(key, question, path)
    # A derived answer changed by hand is mended by this too, though nobody decided anything.
    if entry.decision == "undecided" and not contradiction(entry):
        raise KeyFileError(f"nothing was set by hand for {question}", path=path)
    return _decided(key, entry, {})


def with_acceptance(
    key: Key, question: str, by: str = "", why: str = "", path: Path | None = None
) -> Key:
    """Return the key in which a person has accepted the derived answer of a question.

    Raises:
        KeyFileError: the key has no such question.
        InputError: nothing was derived that could be accepted.
    """
    entry = _as_derived(_entry(key, question, path))
    if not entry.correct:
        raise InputError(
            f"{question} has no derived answer to accept",
            mend="Give one with --correct, or leave it out with --leave-out.",
        )
    return _decided(key, entry, {"decided": _decision(entry, by, why)})


def with_void(
    key: Key, question: str, path: Path | None = None, *, by: str = "", why: str = ""
) -> Key:
    """Return the key with a question that gives everybody its points.

    Raises:
        KeyFileError: the key has no such question.
    """
    entry = _as_derived(_entry(key, question, path))
    changes = {"void": True, "decided": _decision(entry, by, why), "override": entry.override}
    return _decided(key, entry, changes)


def with_left_out(
    key: Key, question: str, path: Path | None = None, *, by: str = "", why: str = ""
) -> Key:
    """Return the key with a question that is worth 0 for everybody.

    Raises:
        KeyFileError: the key has no such question.
    """
    entry = _as_derived(_entry(key, question, path))
    changes = {"left_out": True, "decided": _decision(entry, by, why)}
    return _decided(key, entry, changes)


def with_signature(key: Key, by: str, when: str = "", path: Path | None = None) -> Key:
    """Return the key signed by a person, once every contested question has a decision.

    Raises:
        InputError: nobody is named.
        KeyFileError: questions wait for a decision.
    """
    _check_texts(by, when)
    if not by.strip():
        raise InputError("a signature needs a name", mend="Give it with --by NAME.")
    if key.to_decide:
        raise KeyFileError(
            f"cannot be signed yet: there is no decision on {', '.join(key.to_decide)}",
            path=path,
            mend="Decide on each with hw9 review, or with hw9 key override.",
        )
    # With a hash of the questions: after a change of one, the signature no longer counts.
    signed = KeySignature(by=by.strip(), when=when.strip(), sha256=questions_sha256(key))
    return key.model_copy(update={"signed": signed})


def said_of_unsigned(key: Key) -> str:
    """Return the warning on a key with contested questions that nobody has signed, or ""."""
    if not key.contested or key.signature is not None:
        return ""
    waiting = [name for name in key.to_decide if name in key.contested]
    if waiting:
        undecided = f"there is no decision on {', '.join(waiting)}, which are contested"
        return f"the key is not signed: {undecided} (hw9 review KEY_FOLDER)"
    changed = f"was changed since {key.signed.by} signed it" if key.signed else "is not signed"
    return f"the key has contested questions and {changed} (hw9 key sign KEY_FOLDER --by NAME)"


def _decision(entry: KeyQuestion, by: str, why: str) -> Decision:
    _check_texts(by, why)
    # With the answer it was on: a key made anew may derive another, and the decision then lapses.
    return Decision(by=by.strip(), why=why.strip(), on=entry.correct)


def _check_texts(*texts: str) -> None:
    if not all(map(is_text, texts)):
        raise InputError(
            "the text holds bytes that are not UTF-8", place="--correct, --why or --by"
        )


_UNDECIDED: dict[str, object] = {
    "override": None,
    "void": False,
    "left_out": False,
    "decided": None,
}


def _decided(key: Key, entry: KeyQuestion, changes: dict[str, object]) -> Key:
    """Return the key with one decision on a question, in place of any before."""
    # All are set back first: a question has one decision, of whatever kind.
    made = _as_derived(entry).model_copy(update={**_UNDECIDED, **changes})
    questions = [made if each.id == made.id else each for each in key.questions]
    return key.model_copy(update={"questions": questions})


def _as_derived(entry: KeyQuestion) -> KeyQuestion:
    """Return an entry with the answer of its verdicts, if the derived one was changed by hand."""
    if not contradiction(entry):
        return entry
    derived = None if entry.state == "open" else by_verdicts(entry)
    return entry.model_copy(
        update={"correct": no_answer(entry.kind) if derived is None else derived}
    )


def _check_number(
    entry: KeyQuestion, answer: Answer, asked: Question | None, *, each_earns: bool
) -> None:
    if isinstance(answer, dict):
        return
    several = entry.kind == "single" and len(answer) > 1
    if several and not each_earns:
        raise InputError(
            f"--correct {','.join(answer)}: {entry.id} has one right option, and these are "
            f"{len(answer)}",
            mend="Name one; or add --any if each of them by itself is to earn the points.",
        )
    if each_earns and not several:
        raise InputError(
            f"--any is for several options of a question with one right option, and {entry.id} "
            f"is of kind {entry.kind!r} with {','.join(answer)}"
        )
    fault = choice_fault(asked, answer, each_earns=each_earns) if asked is not None else ""
    if fault:
        lines = "; ".join(line.strip() for line in option_lines(entry, asked))
        raise InputError(f"{entry.id}: {fault}", mend=f"Its options: {lines}.")


def option_lines(
    entry: KeyQuestion, asked: Question | None, language: str = "en", *, mark: bool = False
) -> list[str]:
    """Return a question's options with their texts, a line each.

    Args:
        entry: of the key; gives the options where the bank has none, such as measured ones.
        asked: the question in the bank.
        language: of the texts, "en" or "zh-Hant".
        mark: put "*" before the options that count now.
    """
    counting = _counting(entry, asked) if mark else set()
    lines = []
    for blank, name, text in _offered(entry, asked, language):
        sign = "* " if {(blank, name), (blank, text)} & counting else "  "
        where = f"{blank}: " if blank else ""
        shown = printable(collapsed(without_tags(text)))
        lines.append(f"{sign if mark else ''}{where}{name}  {shown}".rstrip())
    return lines


def _offered(
    entry: KeyQuestion, asked: Question | None, language: str
) -> list[tuple[str, str, str]]:
    # The bank's own first: the key lists an option only with its verdict.
    offered = [("", each) for each in asked.options] if asked else []
    for blank in asked.blanks if asked else []:
        offered += [(blank.id, each) for each in blank.options or []]
    found = [(blank, each.id, each.text.in_language(language)) for blank, each in offered]
    known = {blank for blank, _, _ in found}
    for verdict in entry.options:
        if (verdict.blank or "") not in known:
            found.append((verdict.blank or "", verdict.id, verdict.text or ""))
    return found


def _counting(entry: KeyQuestion, asked: Question | None) -> set[tuple[str, str]]:
    names: set[tuple[str, str]] = set()
    also = entry.override.also if entry.override else []
    given = [answer for answer in (entry.effective, *also) if answer]
    # By the answers a grade accepts, so that a number given as 0.150 marks the option 0.15.
    for answer in (each for one in given for each in accepted_answers(entry, one, asked)):
        if isinstance(answer, Ticked):
            names |= {("", option) for option in answer.options}
        elif isinstance(answer, Chosen):
            names |= answer.choices
    return names


def _entry(key: Key, question: str, path: Path | None) -> KeyQuestion:
    for entry in key.questions:
        if entry.id == question:
            return entry
    known = ", ".join(entry.id for entry in key.questions)
    raise KeyFileError(f"the key has no question {question!r}", path=path, mend=f"It has {known}.")


def _answer(entry: KeyQuestion, correct: str) -> Answer:
    parts = [part.strip() for part in correct.split(",")]
    if not all(parts):
        raise InputError(
            f"--correct {correct!r} names an empty option",
            mend="Name option ids with commas between them, such as a,c.",
        )
    if entry.kind == "pair":
        return _pair(entry, parts)
    return _different(parts, entry.id)


def _pair(entry: KeyQuestion, parts: Sequence[str]) -> Answer:
    split = [part.partition("=") for part in parts]
    if any(not (blank.strip() and sign and choice.strip()) for blank, sign, choice in split):
        raise InputError(
            f"{entry.id} has drop-downs, so --correct reads drop-down=choice,drop-down=choice"
        )
    _different([blank.strip() for blank, _, _ in split], entry.id)
    return {blank.strip(): choice.strip() for blank, _, choice in split}


def _different(parts: list[str], question: str) -> list[str]:
    for part in parts:
        if parts.count(part) > 1:
            raise InputError(f"--correct names {part!r} twice for {question}")
    # In one order: "c,a" and "a,c" give the same bytes.
    return sorted(parts)


def _check_choices(
    entry: KeyQuestion, answer: Answer, asked: Question | None, path: Path | None
) -> None:
    if not isinstance(answer, dict):
        return
    for blank, choice in answer.items():
        known = _choices(entry, asked, blank)
        if known and choice_named(choice, {name: name for name in known}) not in known:
            raise unknown_choice(entry, asked, blank, choice, path)


def _choices(entry: KeyQuestion, asked: Question | None, blank: str) -> list[str]:
    """Return every name of a drop-down's choices: ids, and texts of the key and the bank."""
    names: dict[str, None] = {}
    for verdict in entry.options:
        if verdict.blank == blank:
            names |= dict.fromkeys(filter(None, (verdict.id, verdict.text)))
    for each in asked.blanks if asked else []:
        if each.id == blank:
            for option in each.options or []:
                names |= dict.fromkeys((option.id, option.text.en, option.text.zh_hant))
    return list(names)
