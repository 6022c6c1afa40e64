"""Distractor analysis: shares of each option in the class and its groups, and wrong answers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from grader.items.estimates import LEAST_FOR_GROUPS, LEAST_FOR_SHARE, Estimate, too_few
from grader.items.response_counts import NOT_SHOWN, REFUSED, UNANSWERED
from grader.items.statistics import Array, ExtremeGroups
from grader.submissions import Chosen, ScoredQuestion, Ticked, decode_response

WRONG_ANSWERS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class OptionShare:
    """One option, or one choice of a drop-down, and how often it was ticked."""

    blank: str
    option: str
    keyed: bool
    count: int
    overall: Estimate
    upper: Estimate
    lower: Estimate


@dataclass(frozen=True, slots=True)
class AnswerCount:
    """One whole answer, and how many students gave exactly it."""

    answer: Ticked | Chosen
    count: int
    share: Estimate


@dataclass(frozen=True, slots=True)
class PlacedRows:
    """Readable cases of one question whose students are placed in the class, m rows.

    Attributes:
        codes: m recorded responses.
        earned, rest: float (m,), shares of the question's and of the other questions' points.
        count: float (m,), students.
        groups: of the same m rows.
    """

    codes: tuple[str, ...]
    earned: Array
    rest: Array
    count: Array
    groups: ExtremeGroups

    @property
    def n(self) -> int:
        """Number of students."""
        return round(float(self.count.sum()))


def commonest(wrong: Counter[str], read: int) -> tuple[AnswerCount, ...]:
    """Return the commonest answers, at most five, ties in the order of their codes.

    Args:
        wrong: students by the code of their answer.
        read: students whose response to the question could be read.
    """
    # Ties by code, else the order of the rows would decide which five are shown.
    ordered = sorted(wrong.items(), key=lambda item: (-item[1], item[0]))[:WRONG_ANSWERS_SHOWN]
    found = []
    for code, times in ordered:
        answer = decode_response(code)
        if isinstance(answer, Ticked | Chosen):
            found.append(AnswerCount(answer, times, _share(times, read)))
    return tuple(found)


def _share(times: float, n: int, needed: int = LEAST_FOR_SHARE) -> Estimate:
    return Estimate(times / n, n) if n >= needed else too_few(n, needed)


def option_shares(
    question: ScoredQuestion, answers: Counter[str], read: int, rows: PlacedRows
) -> tuple[OptionShare, ...]:
    """Return every option's share, in the order of the bank.

    Args:
        question: with its options and accepted answers.
        answers: students by the code of their response.
        read: students whose response was shown and readable.
        rows: the cases of students placed in the class, for the two groups.
    """
    keyed = {part for answer in question.accepted for part in _parts(answer)}
    ticked: Counter[tuple[str, str]] = Counter()
    for code, times in answers.items():
        for part in _parts_of_code(code):
            ticked[part] += times
    in_group = [_group_ticks(rows, weight) for weight in (rows.groups.upper, rows.groups.lower)]
    sizes = [float(rows.groups.upper.sum()), float(rows.groups.lower.sum())]
    found = []
    known = [("", option) for option in question.options]
    known += [(blank, choice) for blank, choices in question.blanks for choice in choices]
    # Choices around a measured value are in no bank: they are known by who ticked or keyed them.
    for part in known + sorted((set(ticked) | keyed) - set(known)):
        upper, lower = (
            Estimate(ticks.get(part, 0.0) / size, round(size))
            if rows.n >= LEAST_FOR_GROUPS and size > 0
            else too_few(rows.n, LEAST_FOR_GROUPS)
            for ticks, size in zip(in_group, sizes, strict=True)
        )
        times = ticked[part]
        found.append(OptionShare(*part, part in keyed, times, _share(times, read), upper, lower))
    return tuple(found)


def _group_ticks(rows: PlacedRows, weight: Array) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = {}
    parts = {code: _parts_of_code(code) for code in set(rows.codes)}
    for code, persons in zip(rows.codes, weight.tolist(), strict=True):
        for part in parts[code]:
            found[part] = found.get(part, 0.0) + persons
    return found


def _parts_of_code(code: str) -> tuple[tuple[str, str], ...]:
    if code in (UNANSWERED, NOT_SHOWN, REFUSED):
        return ()
    answer = decode_response(code)
    return _parts(answer) if isinstance(answer, Ticked | Chosen) else ()


def _parts(answer: Ticked | Chosen) -> tuple[tuple[str, str], ...]:
    if isinstance(answer, Chosen):
        return tuple(sorted(answer.choices))
    return tuple(("", option) for option in sorted(answer.options))
