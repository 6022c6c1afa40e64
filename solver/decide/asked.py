"""Verdicts as a question asks for them: claims that hold, claims that fail, or given numbers.

A rule gives a verdict or a measured value for each claim. A question may ask which claims do not
hold (``asks: fails``), and its options may be numbers (``number``), of which the one nearest to the
measured value is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from solver.errors import EvidenceError
from solver.evidence import Evidence
from solver.rules.registry import Decide, Decision, PlannedQuestion, Verdict
from solver.rules.verdicts import TIE, shown


def decide_as_asked(question: PlannedQuestion, decide: Decide, evidence: Evidence) -> Decision:
    """Return a rule's decision (its own or its cross-check's) as the question asks for it.

    Raises:
        EvidenceError: the evidence cannot be decided on, or gives no number where one is asked.
    """
    decision = decide(evidence, question.settings, question.claims)
    verdicts = list(decision.verdicts)
    for places in question.number_groups:
        numbers = [question.numbers[at] for at in places]
        given = [number for number in numbers if number is not None]
        for at, verdict in zip(places, nearest(verdicts[places[0]], given), strict=True):
            verdicts[at] = verdict
    if question.question.asks == "fails":
        verdicts = [_turned(verdict) for verdict in verdicts]
    return replace(decision, verdicts=verdicts)


def nearest(measured: Verdict, numbers: Sequence[Decimal]) -> list[Verdict]:
    """Return a verdict for each number: the one nearest to the measured value holds.

    A margin is the distance the value would have to move for the other verdict. A value halfway
    between two numbers is nearest to neither, and none holds.

    Raises:
        EvidenceError: no number was measured.
    """
    value = measured.value
    if not isinstance(value, float):
        raise EvidenceError(
            "the rule measures no number for options that are numbers",
            zh="選項為數值，但規則並未量測數值",
        )
    given = [float(number) for number in numbers]
    verdicts = []
    for number, own in zip(numbers, given, strict=True):
        low = max(((own + other) / 2 for other in given if other < own), default=-float("inf"))
        high = min(((own + other) / 2 for other in given if other > own), default=float("inf"))
        inside = min(value - low, high - value)  # negative outside of the numbers nearest to `own`
        # Halfway between two numbers the value is nearest to neither, and none holds.
        holds = inside > TIE
        verdicts.append(
            replace(
                measured,
                holds=holds,
                against="the nearest number given",
                threshold=own,
                margin=abs(inside),
                sentence=_number_said(measured, number, value, holds),
            )
        )
    return verdicts


def _number_said(measured: Verdict, number: Decimal, value: float, holds: bool) -> tuple[str, str]:
    english, chinese = measured.sentence
    said = "is the nearest" if holds else "is not the nearest"
    own = "最接近" if holds else "不是最接近"
    return (
        f"{english} Of the numbers given, {number} {said} to {shown(value)}.",
        f"{chinese}在所列數值中，{number} {own} {shown(value)} 的。",
    )


def _turned(verdict: Verdict) -> Verdict:
    if verdict.holds is None:
        return verdict
    english, chinese = verdict.sentence
    if verdict.holds:
        said = (
            " It holds, and what does not hold is asked for.",
            "此敘述成立，而本題問的是不成立者。",
        )
    else:
        said = (" It does not hold, which is asked for.", "此敘述不成立，正是本題所問。")
    return replace(
        verdict, holds=not verdict.holds, sentence=(english + said[0], chinese + said[1])
    )
