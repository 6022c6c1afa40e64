"""Decision of one question on evidence, by its rule and, where there is one, by its cross-check.

A question without its evidence is left open and names the missing records.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import numpy as np

from solver.banks.bank import MeasuredChoices
from solver.banks.wording import wording_of
from solver.decide.asked import decide_as_asked
from solver.errors import EvidenceError, MissingEvidence
from solver.evidence import Evidence
from solver.key import (
    Answer,
    KeyQuestion,
    Lacking,
    OptionVerdict,
    SecondVerdict,
    Sentence,
    lacking,
    no_answer,
)
from solver.rules.registry import Decide, Decision, PlannedQuestion, Verdict
from solver.rules.shapes.search_starts import Places, noted
from solver.rules.thresholds import reads
from solver.text.cjk_spacing import with_blanks


@contextmanager
def quietly() -> Iterator[None]:
    """Silence NumPy's warnings of NaN and infinity; verdicts are checked for these afterwards."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        yield


UNREADABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""Errors a rule may raise on evidence that was made by hand, in any shape."""


Reason = tuple[str, str]
"""Why a record could not be made: a sentence in English and in Chinese."""


@dataclass(frozen=True)
class Decided:
    """A question's entry in the key, the rule's decision, and the thresholds it read.

    Attributes:
        places: where its searches ended, for repeats to begin at.
    """

    entry: KeyQuestion
    decision: Decision | None
    thresholds: tuple[str, ...] = ()
    places: Mapping[str, Places] = field(default_factory=dict)


def decide_question(
    question: PlannedQuestion, evidence: Evidence, reasons: dict[str, Reason] | None = None
) -> Decided:
    """Decide one question by its rule and its cross-check.

    Args:
        question: with its rule and parameters.
        evidence: the records there are.
        reasons: by id of a record that could not be made, why.
    """
    reasons = reasons or {}
    none = no_answer(question.question.kind)
    with reads() as thresholds, noted() as places:
        found = _attempt(question, question.rule.decide, question.needs, evidence, reasons)
    if isinstance(found, list):
        entry = KeyQuestion(
            **_head(question),
            state="open",
            correct=none,
            lacks=found,
            evidence=question.needs,
        )
        return Decided(entry, None)
    options = _verdicts(question, found)
    undecided = any(option.holds is None for option in options)
    entry = KeyQuestion(
        **_head(question),
        state="open" if undecided else "decided",
        correct=none if undecided else answer_of(question, options),
        # A rule that decides as far as it can: what it lacked may decide the rest.
        lacks=_with_reasons(evidence.missing(question.needs), reasons) if undecided else [],
        note=_sentence(found.note) if found.note else None,
        options=options,
        evidence=[name for name in question.needs if name in evidence],
    )
    entry = _with_cross_check(entry, question, evidence, reasons)
    return Decided(entry, found, tuple(sorted(thresholds)), places)


def verdicts_again(
    question: PlannedQuestion, entry: KeyQuestion, evidence: Evidence
) -> list[bool | None]:
    """Return for each option of `entry` whether it holds on other evidence.

    All None where the evidence does not decide (`decided_again`).
    """
    found = decided_again(question, entry, evidence)
    return [one.holds for one in found] if found else [None] * len(entry.options)


def decided_again(
    question: PlannedQuestion, entry: KeyQuestion, evidence: Evidence
) -> list[Verdict] | None:
    """Return the verdict on each option of `entry` on other evidence; None where that is open.

    The choices of a drop-down that were made around a measured value stay those of `entry`: the one
    nearest to the value measured now holds.
    """
    found = _attempt(question, question.rule.decide, question.needs, evidence, {})
    if isinstance(found, list):
        return None
    verdicts = _on_options(question, entry.options, found)
    # NumPy's truth is no bool.
    return [replace(one, holds=None if one.holds is None else bool(one.holds)) for one in verdicts]


def _attempt(
    question: PlannedQuestion,
    decide: Decide,
    needs: list[str],
    evidence: Evidence,
    reasons: dict[str, Reason],
) -> Decision | list[Lacking]:
    """The decision, or the list of missing evidence."""
    lacks = _with_reasons(evidence.missing(needs), reasons)
    if lacks and not question.rule.partial:
        return lacks
    try:
        with quietly():
            decision = decide_as_asked(question, decide, evidence)
    except MissingEvidence as missing:
        return lacks or lacking(missing.lacks, missing.what)
    except EvidenceError as fault:  # one damaged record leaves its question open, not the key
        return lacking([], fault.in_both)
    except UNREADABLE as fault:  # evidence may be made by hand, and in any shape
        told = f"{type(fault).__name__}: {fault}"
        why = f"evidence the rule can read ({told})", f"規則能讀取的證據（{told}）"
        return lacking(needs, why)
    numbers = [v for one in decision.verdicts for v in (one.value, one.threshold, one.margin)]
    # NaN and infinity come from empty maps.
    if not all(math.isfinite(number) for number in numbers if isinstance(number, float)):
        return lacking(needs, ("evidence that gives numbers", "能算出數值的證據"))
    return decision


def _with_reasons(missing: list[str], reasons: dict[str, Reason]) -> list[Lacking]:
    """Missing records, those with the same reason together."""
    grouped: dict[Reason | None, list[str]] = {}
    for name in missing:
        grouped.setdefault(reasons.get(name), []).append(name)
    found = lacking(grouped.pop(None, []))
    return [*found, *(one for why, names in grouped.items() for one in lacking(names, why))]


def _head(question: PlannedQuestion) -> dict[str, Any]:
    asked = question.question
    own = {blank.id: blank.points for blank in asked.blanks if blank.points is not None}
    return {
        "id": asked.id,
        "kind": asked.kind,
        "points": asked.points,
        "wording": wording_of(asked),
        "blank_points": own,
        "rule": question.rule.name,
    }


def _with_cross_check(
    entry: KeyQuestion, question: PlannedQuestion, evidence: Evidence, reasons: dict[str, Reason]
) -> KeyQuestion:
    check = question.rule.cross_check
    if check is None:
        return entry
    found = _attempt(question, check.decide, question.cross_check_needs, evidence, reasons)
    if isinstance(found, list):
        return entry.model_copy(update={"second_lacks": found})
    verdicts = [
        SecondVerdict(**_fields(one)) for one in _on_options(question, entry.options, found)
    ]
    options = [
        option.model_copy(update={"second": verdict})
        for option, verdict in zip(entry.options, verdicts, strict=True)
    ]
    holds = [verdict.holds for verdict in verdicts]
    update: dict[str, Any] = {"options": options}
    if entry.state == "decided" and None not in holds:
        update["second_correct"] = answer_where(question, options, holds)
        update["ways_agree"] = not any(option.ways_differ for option in options)
    return entry.model_copy(update=update)


def _verdicts(question: PlannedQuestion, decision: Decision) -> list[OptionVerdict]:
    found = []
    for (blank, option), verdict in zip(question.options, decision.verdicts, strict=True):
        if option is not None:
            text = option.text.en if blank is not None else None
            found.append(_option_verdict(option.id, blank, verdict, text))
        else:
            measured = next(b.measured for b in question.question.blanks if b.id == blank)
            assert measured is not None  # an option that is none stands for measured choices
            found += measured_options(blank, measured, verdict)
    return found


def _on_options(
    question: PlannedQuestion, options: Sequence[OptionVerdict], decision: Decision
) -> list[Verdict]:
    """The verdicts of a decision, one for each option of an entry that another decision made."""
    found: list[Verdict] = []
    for (blank, option), verdict in zip(question.options, decision.verdicts, strict=True):
        if option is not None:
            found.append(verdict)
            continue
        numbers = [Decimal(str(one.text)) for one in options if one.blank == blank]
        value = Decimal(repr(float(verdict.value))) if isinstance(verdict.value, float) else None
        # Ties to the lower number, so that the same value gives the same answer.
        nearest = None if value is None else min(numbers, key=lambda n: (abs(n - value), n))
        for number in numbers:
            holds = None if nearest is None else number == nearest
            found.append(replace(verdict, holds=holds))
    return found


def measured_options(
    blank: str | None, measured: MeasuredChoices, verdict: Verdict
) -> list[OptionVerdict]:
    """Return the choices of a drop-down made around a measured value, in ascending order."""
    assert isinstance(verdict.value, float)
    unit = Decimal(1).scaleb(-measured.decimals)
    value = Decimal(repr(float(verdict.value)))
    # As decimals: the choices stand in a quiz, and 0.4350 must not be 0.434999.
    right = value.quantize(unit)
    numbers = sorted({right, *((value * factor).quantize(unit) for factor in measured.factors)})
    return [
        _option_verdict(
            chr(ord("a") + at), blank, replace(verdict, holds=number == right), str(number)
        )
        for at, number in enumerate(numbers)
    ]


def _option_verdict(
    identifier: str, blank: str | None, verdict: Verdict, text: str | None
) -> OptionVerdict:
    return OptionVerdict(id=identifier, blank=blank, text=text, **_fields(verdict))


def _fields(verdict: Verdict) -> dict[str, Any]:
    return {
        "holds": verdict.holds,
        "value": rounded(verdict.value),
        "unit": verdict.unit,
        "against": verdict.against,
        "threshold": rounded(verdict.threshold),
        "margin": rounded(verdict.margin),
        "sentence": _sentence(verdict.sentence),
    }


def rounded(value: Any) -> Any:
    """Return a number as an entry holds it, to six digits; all else as it is."""
    # Six digits are more than any verdict means, and fewer than machines differ in.
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _sentence(pair: tuple[str, str]) -> Sentence:
    return Sentence(en=pair[0], zh_hant=with_blanks(pair[1]))


def answer_of(question: PlannedQuestion, options: Sequence[OptionVerdict]) -> Answer:
    """Return the answer by the options' own verdicts."""
    return answer_where(question, options, [option.holds for option in options])


def answer_where(
    question: PlannedQuestion, options: Sequence[OptionVerdict], holds: Sequence[bool | None]
) -> Answer:
    """Return the answer for given verdicts on the options: ids, or texts by drop-down of a pair."""
    right = [option for option, one in zip(options, holds, strict=True) if one]
    if question.question.kind == "pair":
        return {str(option.blank): str(option.text) for option in right}
    return [option.id for option in right]
