"""Questions whose key looks wrong, judged by who gave which answer.

If the key is right, students who gave the keyed answer do better on the *other* questions
than students who gave any one other answer. Where the opposite is seen, too clearly for
chance, the key deserves a second look. Nothing here says that the key *is* wrong.

Three signs, strongest first:

rival      students who gave some other answer did better elsewhere than those who gave the
           keyed one: Welch's t of at least 2 between the two groups' rest scores (5 a side)
crowd      one other answer has more than half of the upper 27%, the keyed one less than a tenth;
           or the keyed answer is no commoner in the upper 27% than in the lower, and one other
           answer beats it there and rises by 0.15 from lower to upper
negative   the better a student does elsewhere, the rarer the question is earned: corrected
           point-biserial at most -2/sqrt(n)

How often these speak up for nothing, and how often they miss, is measured by simulated classes
in ``tests/grader/test_wrong_key.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from math import sqrt

import numpy as np

from grader.estimates import LEAST_FOR_GROUPS, Estimate
from grader.item_statistics import Array, MeanGap, mean_gap

LEAST_T = 2.0
LEAST_RISE = 0.15
MOST_OF_UPPER, HARDLY_ANY = 0.5, 0.1
NEGATIVE_AT = 2.0


class Sign(Enum):
    """What was noticed."""

    RIVAL = "rival"
    CROWD = "crowd"
    NEGATIVE = "negative"


@dataclass(frozen=True, slots=True)
class Suspicion:
    """One reason to look at a question's key again."""

    sign: Sign
    rival: str | None
    gap: MeanGap | None
    value: float | None = None


@dataclass(frozen=True, slots=True)
class AnswerCases:
    """Everybody who gave one answer: rest scores, students, and those of the two groups."""

    rest: Array
    count: Array
    upper: Array
    lower: Array


def suspicions(
    answers: Mapping[str, AnswerCases],
    keyed: frozenset[str],
    correlation: Estimate,
) -> tuple[Suspicion, ...]:
    """Return what speaks against the key of one question, strongest first.

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
        _, answer, gap = max(rivals, key=lambda rival: (rival[0], rival[2].n_first))
        found.append(Suspicion(Sign.RIVAL, answer, gap))
    elif n >= LEAST_FOR_GROUPS:
        found += _crowd(answers, dict(gaps), keyed)
    value = correlation.value
    if value is not None and value <= -NEGATIVE_AT / sqrt(correlation.n):
        found.append(Suspicion(Sign.NEGATIVE, None, None, value))
    return tuple(found)


def _crowd(
    answers: Mapping[str, AnswerCases],
    gaps: Mapping[str, MeanGap],
    keyed: frozenset[str],
) -> list[Suspicion]:
    upper, lower = (_shares(answers, group) for group in ("upper", "lower"))
    of_key = [sum(shares.get(one, 0.0) for one in keyed) for shares in (upper, lower)]
    # A group that left the question empty has no shares.
    favourite = max(gaps, key=lambda answer: (upper.get(answer, 0.0), answer), default=None)
    if not upper or favourite is None:
        return []
    alone = upper[favourite] > MOST_OF_UPPER and of_key[0] < HARDLY_ANY
    rises = upper[favourite] - lower.get(favourite, 0.0) >= LEAST_RISE
    beaten = of_key[0] <= of_key[1] and upper[favourite] > of_key[0]
    if not (alone or (rises and beaten)):
        return []
    return [Suspicion(Sign.CROWD, favourite, gaps[favourite], upper[favourite])]


def _against_key(answers: Mapping[str, AnswerCases], answer: str, keyed: frozenset[str]) -> MeanGap:
    rival = answers[answer]
    right = [answers[one] for one in sorted(keyed) if one in answers]
    rest = np.concatenate([rival.rest, *(cases.rest for cases in right)])
    of_rival = np.concatenate([rival.count, *(np.zeros_like(cases.count) for cases in right)])
    of_key = np.concatenate([np.zeros_like(rival.count), *(cases.count for cases in right)])
    return mean_gap(rest, of_rival, of_key)


def _shares(answers: Mapping[str, AnswerCases], group: str) -> dict[str, float]:
    sums = {answer: float(getattr(cases, group).sum()) for answer, cases in answers.items()}
    whole = sum(sums.values())
    return {answer: value / whole for answer, value in sums.items()} if whole else {}
