"""Agreement of a key with a bank: kind, points, wordings, and answers a student could give.

Keys from before they carried their wordings are compared by kind, points, the ids of the options
and the edition.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from solver.banks.bank import Bank, Question
from solver.banks.wording import differences, wording_of
from solver.errors import KeyFileError
from solver.files.resources import shipped_editions
from solver.key import Answer, Key, KeyQuestion, load_key
from solver.key_checks.consistency import (
    by_hand_mend,
    by_verdicts,
    contradiction,
    override_command,
    place_of,
)

About = Literal["bank", "points", "by_hand", "answer"]
LISTED = 6
"""Faults told in full; with another bank there may be one for every question."""


@dataclass(frozen=True)
class Fault:
    """One thing in which a key and a bank disagree.

    Attributes:
        question: its id; "" of the whole key.
        about: the cause: another bank, the points, an answer changed by hand, or an answer that
            nobody could give.
        field: the field of the key's entry.
        sentence: the difference, for people.
    """

    question: str
    about: About
    field: str
    sentence: str


def load_key_for(bank: Bank, path: Path, *, answers: bool = True, derived: bool = True) -> Key:
    """Return a key that agrees with a bank; see `hold_to_bank`.

    Raises:
        KeyFileError: it cannot be read, or does not agree with the bank or with itself.
    """
    key = load_key(path)
    hold_to_bank(key, bank, path=path, answers=answers, derived=derived)
    return key


def hold_to_bank(
    key: Key,
    bank: Bank,
    *,
    path: Path | str | None = None,
    answers: bool = True,
    derived: bool = True,
) -> None:
    """Refuse a key that was made from another bank, or that its bank contradicts.

    Args:
        key: of any age.
        bank: the questions it is to be used with.
        path: of the key, for errors.
        answers: also check the answers that count.
        derived: among them the measured ones; False where nobody could give others.

    Raises:
        KeyFileError: names every question that disagrees, how, and the mend; of a key of another
            edition the edition alone.
    """
    found = list(faults(key, bank, answers=answers, derived=derived))
    if not found:
        return
    edition = key.bank.get("edition")
    if edition not in (None, bank.header.edition) and any(one.about == "bank" for one in found):
        # Every question of another edition differs; none of them is to be mended.
        raise KeyFileError(
            f"is a key of edition {edition}, and the questions are of {bank.header.edition}",
            path=path,
            mend=f"Name its own questions: --bank "
            f"{edition if edition in shipped_editions() else 'FOLDER'}.",
        )
    said = [
        f"{place_of(key, fault.question, fault.field, path)}: {fault.sentence}"
        if fault.question
        else fault.sentence
        for fault in found[:LISTED]
    ]
    if len(found) > LISTED:
        said.append(f"and {len(found) - LISTED} more like it")
    # One mend for each cause, of the first fault that has it.
    mends = {fault.about: _mend(key, bank, fault, path) for fault in reversed(found)}
    mend = " ".join(mends[about] for about in get_args(About) if about in mends)
    raise KeyFileError("; ".join(said), path=path, mend=mend)


def faults(key: Key, bank: Bank, *, answers: bool = True, derived: bool = True) -> Iterator[Fault]:
    """Yield each disagreement of a key with a bank; see `hold_to_bank`."""
    # Questions are compared, not the bank's bytes: claims, settings and comments may change.
    asked = {question.id: question for question in bank.questions}
    edition = key.bank.get("edition")
    # Keys from before they carried their wordings have only the edition to be told by.
    unworded = any(entry.wording is None for entry in key.questions)
    if unworded and edition is not None and edition != bank.header.edition:
        ours = f"edition {edition!r} of the questions"
        yield Fault("", "bank", "", f"it was made from {ours}, the bank is {bank.header.edition!r}")
    for entry in key.questions:
        question = asked.get(entry.id)
        if question is None:
            yield Fault(entry.id, "bank", "id", f"the bank {bank.folder} has no such question")
            continue
        yield from _of_question(entry, question)
        if not answers or entry.kind != question.kind:
            continue
        if by_hand := contradiction(entry):
            # The command that gives this very answer is advice only if the question takes it.
            wrong = choice_fault(question, entry.correct)
            said = f"{by_hand}; {wrong}" if wrong else by_hand
            yield Fault(entry.id, "answer" if wrong else "by_hand", "correct", said)
            if entry.override is None:
                continue
        fault = answer_fault(entry, question)
        verdicts = by_verdicts(entry)

        measured = verdicts is not None and set(verdicts) == set(entry.correct)
        # A measured answer of another number than the question asks for is the bank's fault;
        # whoever only checks answers by it cannot mend that.
        if fault and (derived or entry.override is not None or not measured):
            yield Fault(entry.id, "answer", "override" if entry.override else "correct", fault)


def _of_question(entry: KeyQuestion, question: Question) -> Iterator[Fault]:
    if entry.kind != question.kind:
        said = f"is of kind {entry.kind!r} in the key and {question.kind!r} in the bank"
        yield Fault(entry.id, "bank", "kind", said)
    elif entry.wording is not None:
        for said in differences(entry.wording, wording_of(question)):
            yield Fault(entry.id, "bank", "wording", said)
    else:
        yield from _unlike_options(entry, question)
    # Beside any other difference: points are mended in the file, all else by a new key.
    if entry.points != question.points:
        said = f"is worth {entry.points} in the key and {question.points} in the bank"
        yield Fault(entry.id, "points", "points", said)


def _unlike_options(entry: KeyQuestion, question: Question) -> Iterator[Fault]:
    """Yield the drop-downs or options whose ids differ, for keys without a wording."""
    offered: dict[str | None, list[str]] = {
        blank.id: [option.id for option in blank.options]
        for blank in question.blanks
        if blank.options is not None
    }
    if question.options:
        offered[None] = [option.id for option in question.options]
    for blank, ids in offered.items():
        known = [each.id for each in entry.options if (each.blank or None) == blank]
        if known and set(known) != set(ids):
            where = f"drop-down {blank} has the choices" if blank else "its options are"
            said = f"{where} {', '.join(known)} in the key and {', '.join(ids)} in the bank"
            yield Fault(entry.id, "bank", "options", said)


def answer_fault(entry: KeyQuestion, question: Question) -> str:
    """Return why no student could give the answer that counts; "" if one could.

    The answer of a *pair* is checked by `grader.scoring.accepted_answers`.
    """
    if entry.void or entry.left_out or not entry.effective:
        return ""
    by_hand = entry.override is not None
    also = entry.override.also if entry.override else []
    faults_of = (
        choice_fault(question, answer, each_earns=by_hand) for answer in (entry.effective, *also)
    )
    return next(filter(None, faults_of), "")


def choice_fault(question: Question, answer: Answer, *, each_earns: bool = False) -> str:
    """Return why a question does not take a list of options as its answer; "" if it does.

    Args:
        question: of the bank.
        answer: ids of options; the answer of a *pair* is not checked here.
        each_earns: several options of a *single* question mean that each of them earns.
    """
    if isinstance(answer, dict):
        return ""
    ids = [option.id for option in question.options]
    unknown = [name for name in answer if name not in ids]
    if unknown:
        named = ", ".join(map(repr, unknown))
        return f"the answer names {named}, which the question does not have ({', '.join(ids)})"
    if len(set(answer)) < len(answer):
        return f"the answer names an option twice ({', '.join(answer)})"
    said = f"the answer is {', '.join(answer)}"
    if question.kind == "single" and len(answer) != 1 and not each_earns:
        return f"{said}, where one option is to be chosen"
    if question.choose is not None and len(answer) != question.choose:
        return f"{said}, where {question.choose} options are to be chosen"
    return ""


def _mend(key: Key, bank: Bank, fault: Fault, path: Path | str | None) -> str:
    if fault.about == "bank":
        folder = Path(path).parent if path else None
        again = f"hw9 key as it was made, with --bank {bank.folder}"
        if folder is not None and (folder / "evidence").is_dir():
            evidence = f"--evidence {folder / 'evidence'} "
            again = f"hw9 key {evidence}--bank {bank.folder} --out {folder}"
        return (
            f"It was made from another bank than {bank.folder}: name its own with --bank, or make "
            f"the key again from this one ({again})."
        )
    if fault.about == "points":
        right = bank.question(fault.question).points
        return f'Points are the bank\'s: write them as it has them, points: "{right}" here.'
    entry = next(entry for entry in key.questions if entry.id == fault.question)
    if fault.about == "by_hand":
        return by_hand_mend(entry, path)
    asked = bank.question(entry.id)
    words = ",".join(["OPTION"] * (asked.choose or 1))
    more = " (with --any where each of several options earns)" if asked.kind == "single" else ""
    return f"Set the answer: {override_command(entry, path, words)}{more}."
