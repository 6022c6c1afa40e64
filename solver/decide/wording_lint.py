"""Lint of a bank's wording against a key: questions that students cannot answer fairly.

All correct options and no other must be ticked; so a *single* question with two options that hold
cannot be answered, and one that depends on a seed is a lottery. These are warnings: the bank is
well formed, and a person decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from solver.banks.bank import GIVEN, Bank
from solver.key import Key, KeyQuestion, lack_in_english
from solver.key_checks.agreement import faults
from solver.rules.registry import PlannedQuestion, plan_questions

What = Literal["count", "unmeasured", "alike", "contested", "not_in_key", "another_bank"]


@dataclass(frozen=True)
class Concern:
    """One warning.

    Attributes:
        question: its id; empty for the whole bank.
        what: its kind, for programs.
        options: ids of the options it is about.
        sentence: the warning, for people.
    """

    question: str
    what: What
    options: tuple[str, ...]
    sentence: str


def concerns(bank: Bank, key: Key) -> list[Concern]:
    """Return the warnings about a bank, given a key made from it; in the bank's order.

    Raises:
        BankError: a question's rule or claims are not well formed.
    """
    entries = {entry.id: entry for entry in key.questions}
    found = list(_of_bank(bank, key))
    for question in plan_questions(bank):
        entry = entries.get(question.question.id)
        if entry is None:
            continue
        found += [*_counts(question, entry), *_unmeasured(question, entry)]
        if question.rule.name == GIVEN:
            continue  # its options claim nothing that could be measured
        found += [*_alike(question, entry), *_contested(entry)]
    return found


def _of_bank(bank: Bank, key: Key) -> Iterator[Concern]:
    made_from = key.bank.get("sha256")
    worded = all(entry.wording is not None for entry in key.questions)
    if made_from and made_from != bank.sha256 and not worded:
        sentence = "the key was made from another version of the bank; make it again"
        yield Concern("", "another_bank", (), sentence)
    for fault in faults(key, bank, answers=False):
        if fault.field != "options":  # these are warnings "unmeasured"
            yield Concern(fault.question, "another_bank", (), fault.sentence)
    known = {entry.id for entry in key.questions}
    missing = [question.id for question in bank.questions if question.id not in known]
    if missing:
        yield Concern("", "not_in_key", (), f"the key says nothing of {', '.join(missing)}")


def _counts(question: PlannedQuestion, entry: KeyQuestion) -> Iterator[Concern]:
    """Warnings where more or fewer options hold than a student may choose."""
    if entry.void or (entry.state == "open" and not entry.override):
        return
    asked = question.question
    if isinstance(entry.effective, dict):
        for blank in asked.blanks:
            held = _held_in(entry, blank.id)
            if len(held) != 1:
                yield _count(entry, held, f"in the drop-down {blank.id}", "one must")
        return
    held = list(entry.effective)
    if asked.kind == "single" and len(held) != 1:
        yield _count(entry, held, "of a question with one answer", "one must")
    elif asked.choose is not None and len(held) != asked.choose:
        yield _count(entry, held, "of the options", f"the wording says choose {asked.choose}")
    elif not held:
        yield _count(entry, held, "of the options", "at least one must")


def _held_in(entry: KeyQuestion, blank: str) -> list[str]:
    """The choices of a drop-down that count: a TA's, else those whose claims hold."""
    if entry.override and isinstance(entry.override.correct, dict):
        chosen = entry.override.correct.get(blank)
        return [chosen] if chosen else []
    return [one.id for one in entry.options if one.blank == blank and one.holds]


def _count(entry: KeyQuestion, held: Sequence[str], where: str, wanted: str) -> Concern:
    count = {0: "none", 1: "one", 2: "two"}.get(len(held), str(len(held)))
    listed = f" ({', '.join(held)})" if held else ""
    verb = "hold" if len(held) > 1 else "holds"
    return Concern(
        entry.id, "count", tuple(held), f"{count}{listed} {where} {verb}, where {wanted}"
    )


def _unmeasured(question: PlannedQuestion, entry: KeyQuestion) -> Iterator[Concern]:
    if entry.state == "open" and not entry.options:
        lacks = "; ".join(map(lack_in_english, entry.lacks)) or "its evidence"
        yield Concern(entry.id, "unmeasured", (), f"no claim could be measured: it lacks {lacks}")
        return
    known = {(one.blank, one.id): one for one in entry.options}
    for blank, option in question.options:
        if option is None:
            continue
        verdict = known.get((blank, option.id))
        if verdict is None or verdict.holds is None:
            sentence = f"the claim of option {_named(blank, option.id)} could not be measured"
            yield Concern(entry.id, "unmeasured", (_named(blank, option.id),), sentence)


def _alike(question: PlannedQuestion, entry: KeyQuestion) -> Iterator[Concern]:
    """Pairs of options with the same claim, or that always flipped together."""
    told = {frozenset(pair) for pair in entry.stability.alike} if entry.stability else set()
    claims = zip(question.options, question.claims, strict=True)
    offered = [(blank, option, claim) for (blank, option), claim in claims if option is not None]
    for (blank, one, claim), (other_blank, other, other_claim) in combinations(offered, 2):
        # Two drop-downs may well offer the same.
        if blank != other_blank:
            continue
        names = (_named(blank, one.id), _named(blank, other.id))
        if claim == other_claim:
            reason = "claim the same"
        elif frozenset(names) in told:
            reason = "agreed in every repeat, though both flipped"
        else:
            continue
        yield Concern(entry.id, "alike", names, f"options {names[0]} and {names[1]} {reason}")


def _contested(entry: KeyQuestion) -> Iterator[Concern]:
    names = tuple(option.name for option in entry.options if option.contested)
    if not entry.contested:
        return
    reasons = []
    if entry.stability and entry.stability.changed:
        causes = [cause for cause, one in entry.stability.by_cause.items() if one.changed]
        share = f"{100 * entry.stability.changed:.3g}%"
        reasons.append(f"another answer in {share} of the repeats ({', '.join(causes)})")
    differing = [option.name for option in entry.options if option.ways_differ]
    if differing:
        reasons.append(f"the cross-check disagrees on {', '.join(differing)}")
    weightless = [option.name for option in entry.options if option.no_margin]
    if weightless:
        reasons.append(f"what holds of {', '.join(weightless)} has no margin")
    yield Concern(entry.id, "contested", names, f"contested: {'; '.join(reasons)}")


def _named(blank: str | None, option: str) -> str:
    return f"{blank}: {option}" if blank else option
