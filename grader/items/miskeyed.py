"""Signs of a wrong key in the answers of a class.

If the key is right, students who gave the keyed answer do better on the *other* questions
than students who gave any one other answer, and the best students give it more often than any
other. The opposite, too clear for chance, is a reason to look at the key again, and no proof.

Three signs, strongest first:

rival      students who gave some other answer did better elsewhere than those who gave the
           keyed one: Welch's t of at least 2 between the two groups' rest scores (5 a side)
upper      the commonest answer of the upper 27% is another one, by at least a standard error
           of the difference of the two counts
negative   the better a student does elsewhere, the rarer the question is earned: corrected
           point-biserial at most -2/sqrt(n)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from math import sqrt

import numpy as np

from grader.items.estimates import LEAST_FOR_GROUPS, Estimate
from grader.items.statistics import Array, MeanGap, mean_gap

# How often each limit speaks up for nothing, and how often it misses, is measured on simulated
# classes in tests/grader/items/test_miskeyed.py.
LEAST_T = 2.0  # Welch's t of the rival's students against those of the key
LEAST_LEAD = 1.0  # standard errors of the difference of two counts
NEGATIVE_AT = 2.0  # standard errors, about 1 / sqrt(n) each, of a correlation


class Sign(Enum):
    """Kind of a sign."""

    RIVAL = "rival"
    UPPER = "upper"
    NEGATIVE = "negative"


@dataclass(frozen=True, slots=True)
class Suspicion:
    """One reason to look at a question's key again.

    Attributes:
        sign: its kind.
        rival: code of the answer that speaks against the key, None where none does.
        gap: how its students and those of the key did on the other questions.
        value: the share of the rival in the upper group, or the point-biserial.
        keyed_value: the share of the keyed answer in the upper group.
    """

    sign: Sign
    rival: str | None
    gap: MeanGap | None
    value: float | None = None
    keyed_value: float | None = None


@dataclass(frozen=True, slots=True)
class AnswerCases:
    """Students who gave one answer, in m cases.

    Attributes:
        rest: float (m,), share of the points of the other questions.
        count, upper, lower: float (m,), students, and those of them in the two groups.
    """

    rest: Array
    count: Array
    upper: Array
    lower: Array


def suspicions(
    answers: Mapping[str, AnswerCases],
    keyed: frozenset[str],
    correlation: Estimate,
) -> tuple[Suspicion, ...]:
    """Return the signs against the key of one question, strongest first.

    Args:
        answers: who gave which answer, by its code (blanks left out).
        keyed: the codes of the answers that earn the points.
        correlation: corrected point-biserial of the question.
    """
    n = sum(float(cases.count.sum()) for cases in answers.values())
    others = sorted(answer for answer in answers if answer not in keyed)
    found = []
    gaps = [(answer, _against_key(answers, answer, keyed)) for answer in others]
    rivals = [(gap.t, answer, gap) for answer, gap in gaps if gap.t is not None]
    rivals = [rival for rival in rivals if rival[0] >= LEAST_T]
    if rivals:
        # Of equal t the rival of more students: the other is likelier a chance of few.
        _, answer, gap = max(rivals, key=lambda rival: (rival[0], rival[2].n_first))
        found.append(Suspicion(Sign.RIVAL, answer, gap))
    if n >= LEAST_FOR_GROUPS:
        found += _upper(answers, dict(gaps), keyed)
    value = correlation.value
    if value is not None and value <= -NEGATIVE_AT / sqrt(correlation.n):
        found.append(Suspicion(Sign.NEGATIVE, None, None, value))
    return tuple(found)


def _upper(
    answers: Mapping[str, AnswerCases],
    gaps: Mapping[str, MeanGap],
    keyed: frozenset[str],
) -> list[Suspicion]:
    """Return the sign of an upper group whose commonest answer is not the key's, beyond chance."""
    persons = {answer: float(cases.upper.sum()) for answer, cases in answers.items()}
    whole = sum(persons.values())  # 0 where the group left the question empty
    of_key = sum(persons.get(answer, 0.0) for answer in keyed)
    commonest = max(gaps, key=lambda answer: (persons[answer], answer), default=None)
    if not whole or commonest is None:
        return []
    # Of students who gave one of two answers equally often, the difference of the counts has
    # a standard error of the root of their sum.
    of_other = persons[commonest]
    if of_other - of_key < LEAST_LEAD * sqrt(of_other + of_key) or not of_other:
        return []
    shares = of_other / whole, of_key / whole
    return [Suspicion(Sign.UPPER, commonest, gaps[commonest], *shares)]


def _against_key(answers: Mapping[str, AnswerCases], answer: str, keyed: frozenset[str]) -> MeanGap:
    rival = answers[answer]
    right = [answers[one] for one in sorted(keyed) if one in answers]
    # One list of cases for both, with a count of 0 where a case is the other's.
    rest = np.concatenate([rival.rest, *(cases.rest for cases in right)])
    of_rival = np.concatenate([rival.count, *(np.zeros_like(cases.count) for cases in right)])
    of_key = np.concatenate([np.zeros_like(rival.count), *(cases.count for cases in right)])
    return mean_gap(rest, of_rival, of_key)
