"""Accepted answers of each question, from a key and its bank."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path

from grader.submissions import Answer, Chosen, ScoredQuestion, Ticked
from solver.banks.bank import Bank, Question
from solver.errors import KeyFileError
from solver.key import Answer as KeyAnswer
from solver.key import Key, KeyQuestion, OptionVerdict

Blanks = tuple[tuple[str, tuple[str, ...]], ...]
Measured = Mapping[tuple[str, str], bool]
"""Whether options hold, each by its drop-down ("" if none) and its name in a response."""


def scored_questions(
    key: Key, bank: Bank | None = None, *, path: Path | str | None = None
) -> tuple[ScoredQuestion, ...]:
    """Return the questions of a key that can be graded, in the key's order.

    Questions the key leaves open (and nobody answered by an override, voided or left out) are not
    among them: see `open_questions`. Those that were left out are worth 0.

    Args:
        key: the key.
        bank: adds the options of questions whose verdicts the key does not list.
        path: of the key, for errors.

    Raises:
        KeyFileError: an answer names an option the question does not have.
    """
    left_out = set(open_questions(key))
    known = {question.id: question for question in bank.questions} if bank else {}
    return tuple(
        _scored(entry, known.get(entry.id), path)
        for entry in key.questions
        if entry.id not in left_out
    )


def open_questions(key: Key) -> tuple[str, ...]:
    """Return the ids of questions that have no answer, and that nobody voided or left out."""
    return tuple(
        entry.id for entry in key.questions if not (entry.effective or entry.void or entry.left_out)
    )


def partly_measured(
    key: Key, bank: Bank | None = None, *, path: Path | str | None = None
) -> dict[str, tuple[ScoredQuestion, Measured]]:
    """Return by id the open questions of which some options were measured, with those verdicts.

    They accept no answer. Contested verdicts are left out: another measurement may turn them.
    """
    known = {question.id: question for question in bank.questions} if bank else {}
    left_open = set(open_questions(key))
    found: dict[str, tuple[ScoredQuestion, Measured]] = {}
    for entry in key.questions:
        sure = [one for one in entry.options if one.holds is not None and not one.contested]
        if entry.id in left_open and sure:
            asked = known.get(entry.id)
            measured = {
                (one.blank or "", _canon(entry, asked, one)): bool(one.holds) for one in sure
            }
            found[entry.id] = _scored(entry, asked, path), measured
    return found


def _canon(entry: KeyQuestion, question: Question | None, verdict: OptionVerdict) -> str:
    if verdict.blank is None:
        return verdict.id
    return _names(entry, question, verdict.blank).get(verdict.id, verdict.id)


def _scored(
    entry: KeyQuestion, question: Question | None, path: Path | str | None
) -> ScoredQuestion:
    if question is not None and question.kind != entry.kind:
        raise KeyFileError(
            f"{entry.id} is of kind {entry.kind!r} in the key and {question.kind!r} in the bank",
            path=path,
            mend="Make the key again from this bank, or grade with the bank it was made from.",
        )
    options, blanks = _option_ids(entry, question), _blank_choices(entry, question)
    given = [entry.effective, *(entry.override.also if entry.override else [])]
    each = [accepted_answers(entry, answer, question, path) for answer in given if answer]
    # Each once: a regrade that accepts both may name one answer twice.
    accepted = tuple(dict.fromkeys(answer for answers in each for answer in answers))
    names = tuple((blank, tuple(_names(entry, question, blank).items())) for blank, _ in blanks)
    return ScoredQuestion(
        entry.id,
        entry.kind,
        Decimal(0) if entry.left_out else entry.points,
        accepted,
        options,
        blanks,
        void=entry.void,
        choice_names=names,
        blank_points=() if entry.left_out else tuple(entry.blank_points.items()),
        left_out=entry.left_out,
    )


def accepted_answers(
    entry: KeyQuestion,
    answer: KeyAnswer,
    question: Question | None = None,
    path: Path | str | None = None,
) -> tuple[Answer, ...]:
    """Return the responses that earn the points by an answer of the key.

    Of a *single* question with several ids each of them is right by itself.

    Raises:
        KeyFileError: an id or a drop-down the question does not have.
    """
    if isinstance(answer, dict):
        return (_accepted_pair(entry, answer, question, path),)
    options = _option_ids(entry, question)
    for name in answer:
        if options and name not in options:
            raise _unknown(entry, name, options, path)
    # Each id by itself: a TA who accepts "a" and "c" means either, not both ticked.
    if entry.kind == "single":
        return tuple(Ticked(frozenset({name})) for name in answer)
    return (Ticked(frozenset(answer)),)


def _accepted_pair(
    entry: KeyQuestion,
    answer: dict[str, str],
    question: Question | None,
    path: Path | str | None,
) -> Chosen:
    blanks = _blank_choices(entry, question)
    known = tuple(blank for blank, _ in blanks)
    for blank in answer:
        if known and blank not in known:
            raise _unknown(entry, blank, known, path)
    missing = [blank for blank in known if blank not in answer]
    if missing:
        raise KeyFileError(
            f"the answer of {entry.id} has nothing for the drop-down {missing[0]!r}",
            path=path,
            mend="It is right only if every drop-down is.",
        )
    choices = set()
    for blank, value in answer.items():
        names = _names(entry, question, blank)
        choice = choice_named(value, names)
        # A number that was measured may be given as the quiz has it; an option must be one.
        if names and choice not in names.values() and _number(value) is None:
            raise unknown_choice(entry, question, blank, value, path)
        choices.add((blank, choice))
    return Chosen(frozenset(choices))


def _unknown(
    entry: KeyQuestion, name: str, known: tuple[str, ...], path: Path | str | None
) -> KeyFileError:
    return KeyFileError(
        f"the answer of {entry.id} names {name!r}, which the question does not have",
        path=path,
        mend=f"It has {', '.join(known)}.",
    )


def unknown_choice(
    entry: KeyQuestion,
    question: Question | None,
    blank: str,
    value: str,
    path: Path | str | None = None,
) -> KeyFileError:
    """Return the error of a value that is no choice of a drop-down, with those that are."""
    return KeyFileError(
        f"the answer of {entry.id} names {value!r}, which its drop-down {blank!r} does not have",
        path=path,
        mend=f"It has {', '.join(_listed_choices(entry, question, blank))}.",
    )


def _listed_choices(entry: KeyQuestion, question: Question | None, blank: str) -> list[str]:
    """Return a drop-down's choices for people: ``a (0.081)``, or ``a (she / 她)``."""
    texts: dict[str, dict[str, None]] = {}
    for each in question.blanks if question else []:
        if each.id == blank:
            for option in each.options or []:
                texts[option.id] = dict.fromkeys((option.text.en, option.text.zh_hant))
    for verdict in entry.options:
        if verdict.blank == blank:
            known = texts.setdefault(verdict.id, {})
            known |= {verdict.text: None} if verdict.text else {}
    return [
        f"{name} ({' / '.join(filter(None, known))})" if any(known) else name
        for name, known in texts.items()
    ]


def _option_ids(entry: KeyQuestion, question: Question | None) -> tuple[str, ...]:
    if entry.kind == "pair":
        return ()
    if question is not None:
        return tuple(option.id for option in question.options)
    return tuple(verdict.id for verdict in entry.options)


def _blank_choices(entry: KeyQuestion, question: Question | None) -> Blanks:
    if entry.kind != "pair":
        return ()
    names = {verdict.blank: None for verdict in entry.options if verdict.blank}
    blanks = [blank.id for blank in question.blanks] if question else list(names)
    return tuple(
        (blank, tuple(dict.fromkeys(_names(entry, question, blank).values()))) for blank in blanks
    )


def _names(entry: KeyQuestion, question: Question | None, blank: str) -> dict[str, str]:
    """Return the choices of a drop-down by every name they go by: id, text in any language.

    A choice is the option's id where the bank has options for the drop-down, else its text.
    """
    names: dict[str, str] = {}
    listed = [each for each in question.blanks if each.id == blank] if question else []
    if listed and listed[0].options is not None:
        ids = {option.id: option.id for option in listed[0].options}
        for option in listed[0].options:
            names |= {option.text.zh_hant: option.id, option.text.en: option.id}
        for verdict in entry.options:
            if verdict.blank == blank and verdict.text and verdict.id in ids:
                names[verdict.text] = verdict.id
        # Ids last: an option whose text is another's id is known by its own.
        return names | ids
    for verdict in entry.options:
        if verdict.blank == blank:
            # Where the bank lists no options the choices are numbers, which Canvas writes as their
            # texts.
            canon = verdict.id if question is None or verdict.text is None else verdict.text
            names |= {verdict.id: canon} | ({verdict.text: canon} if verdict.text else {})
    return names


def choice_named(value: str, names: dict[str, str]) -> str:
    """Return the choice that a value names by its id, text or number; else the value itself.

    >>> choice_named("0.440", {"0.44": "a"}), choice_named("0.5", {"0.44": "a"})
    ('a', '0.5')
    """
    if value in names:
        return names[value]
    number = _number(value)
    if number is not None:
        for name, canon in names.items():
            if _number(name) == number:
                return canon
    return value


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
