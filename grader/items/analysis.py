"""Item analysis of a class: statistics of each question and of the test as a whole.

It is made from a `ClassTally` alone. Shares are of the students whose response to the question was
shown and could be read; unanswered counts as earning nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from math import sqrt

import numpy as np

from grader.items.distractors import AnswerCount, OptionShare, PlacedRows, commonest, option_shares
from grader.items.estimates import LEAST_FOR_SHARE, Estimate, Lack, too_few
from grader.items.miskeyed import AnswerCases, Suspicion, suspicions
from grader.items.reliability import Reliability, reliability, variance
from grader.items.response_counts import NOT_SHOWN, REFUSED, UNANSWERED, Case, ClassTally, counts
from grader.items.statistics import (
    ExtremeGroups,
    difficulty,
    discrimination,
    extreme_groups,
    point_biserial,
)
from grader.scoring.policies import CanvasPartial
from grader.submissions import ScoredQuestion, decode_response
from grader.table.graded import GradedClass


@dataclass(frozen=True, slots=True)
class QuestionAnalysis:
    """Statistics of one question.

    Attributes:
        question: with its key.
        read, right, unanswered, not_shown, refused: students; `read` had it shown and readable.
        difficulty, discrimination, point_biserial: see `grader.items.statistics`.
        options: how often each option was ticked, in the order of the bank.
        wrong_answers: the commonest wrong answers, of `wrong_kinds` different ones.
        mean_points, canvas_mean_points: in points, under the run's policy and Canvas' own.
        suspicions: reasons to look at the key again, strongest first.
    """

    question: ScoredQuestion
    read: int
    right: int
    unanswered: int
    not_shown: int
    refused: int
    difficulty: Estimate
    discrimination: Estimate
    point_biserial: Estimate
    options: tuple[OptionShare, ...]
    wrong_answers: tuple[AnswerCount, ...]
    wrong_kinds: int
    mean_points: Estimate
    canvas_mean_points: Estimate
    suspicions: tuple[Suspicion, ...]


@dataclass(frozen=True, slots=True)
class Totals:
    """Distribution of totals, in points: counts and their summary (None for an empty class)."""

    counts: tuple[tuple[Decimal, int], ...]
    n: int
    mean: float | None
    deviation: float | None
    quartiles: tuple[Decimal, Decimal, Decimal] | None
    lowest: Decimal | None
    highest: Decimal | None


@dataclass(frozen=True, slots=True)
class ClassAnalysis:
    """Statistics of a whole class.

    Attributes:
        n, complete, late: students used, those whose total is certain, those after the deadline.
        possible: points of the whole test, void questions included.
        group_size: persons in the upper and in the lower group.
        totals, canvas_totals: of the complete ones, under the run's policy and Canvas' own.
        differ: complete students whose two totals differ.
    """

    n: int
    complete: int
    late: int
    possible: Decimal
    group_size: int
    totals: Totals
    canvas_totals: Totals
    differ: int
    mean_difference: float | None
    reliability: Reliability
    questions: tuple[QuestionAnalysis, ...]


def analyse(tally: ClassTally) -> ClassAnalysis:
    """Return the statistics of a class, computed from its counts."""
    placed, group_size = _places(tally)
    gaps = {pair: times for pair, times in tally.pairs.items() if pair[0] != pair[1]}
    complete = tally.complete
    # Equal pairs add nothing, and are most of a class.
    gap = sum(((course - canvas) * times for (course, canvas), times in gaps.items()), Decimal(0))
    return ClassAnalysis(
        n=tally.n,
        complete=complete,
        late=tally.late,
        possible=sum((question.points for question in tally.questions), Decimal(0)),
        group_size=group_size,
        totals=summary_of(tally.totals),
        canvas_totals=summary_of(tally.canvas_totals),
        differ=sum(gaps.values()),
        mean_difference=float(gap / complete) if complete else None,
        reliability=_reliability(tally),
        questions=tuple(_question(tally, question, placed) for question in tally.questions),
    )


def analyse_class(graded: GradedClass) -> ClassAnalysis:
    """Return the statistics of a graded class."""
    return analyse(ClassTally(graded.questions, graded.used, CanvasPartial()))


def summary_of(counts_of_totals: Counter[Decimal]) -> Totals:
    """Summarize totals given as counts; quartiles are observed totals (the k-th smallest)."""
    ordered = tuple(sorted(counts_of_totals.items()))
    n = sum(times for _, times in ordered)
    if not n:
        return Totals((), 0, None, None, None, None, None)
    mean = sum((total * times for total, times in ordered), Decimal(0)) / n
    deviation = sqrt(float(variance(counts_of_totals))) if n > 1 else None
    quartiles = (_at(ordered, n, 1), _at(ordered, n, 2), _at(ordered, n, 3))
    return Totals(ordered, n, float(mean), deviation, quartiles, ordered[0][0], ordered[-1][0])


def _at(ordered: tuple[tuple[Decimal, int], ...], n: int, quarter: int) -> Decimal:
    """Return the smallest total that at least `quarter`/4 of the students do not exceed."""
    below = 0
    for total, times in ordered:
        below += times
        # Whole numbers: n * 0.75 as a float could fall on either side of a student.
        if below * 4 >= n * quarter:
            return total
    return ordered[-1][0]


_Placed = dict[tuple[Decimal, Decimal], tuple[float, float]]
"""(Earned, available) of a student: the share of such a student in the upper and lower group."""


def _places(tally: ClassTally) -> tuple[_Placed, int]:
    # A share of points is no measure of somebody of whom less than half the test could be read.
    cases = sorted(case for case in tally.overall if case[1] > 0 and tally.available <= case[1] * 2)
    # The share of the points that could be read: pools and refused cells leave some fewer of them.
    total = np.array([float(earned / available) for earned, available in cases])
    count = np.array([float(tally.overall[case]) for case in cases])
    groups = extreme_groups(total, count) if cases else ExtremeGroups(total, total, 0)
    placed = {
        case: (float(groups.upper[i] / count[i]), float(groups.lower[i] / count[i]))
        for i, case in enumerate(cases)
    }
    return placed, groups.size


def _rows(cases: Counter[Case], question: ScoredQuestion, placed: _Placed) -> PlacedRows:
    kept = [
        (case, times)
        for case, times in cases.items()
        if case.points is not None and (case.earned, case.available) in placed
    ]
    kept.sort()  # sums of floats depend on their order; the order of students must not show
    # A question worth nothing has no share of its points; every share is then 0.
    worth = float(question.points) or 1.0
    earned = np.array([float(case.points or 0) / worth for case, _ in kept])
    rest = np.array([_rest(case, question) for case, _ in kept])
    count = np.array([float(times) for _, times in kept])
    place = np.array([placed[case.earned, case.available] for case, _ in kept]).reshape(-1, 2)
    # Students tied at the edge of a group belong to it in part (see `extreme_groups`).
    upper, lower = place[:, 0] * count, place[:, 1] * count
    groups = ExtremeGroups(upper, lower, round(float(upper.sum())))
    return PlacedRows(tuple(case.response for case, _ in kept), earned, rest, count, groups)


def _rest(case: Case, question: ScoredQuestion) -> float:
    """Return the share of the points of all other counted questions that was earned."""
    if not counts(question):
        return float(case.earned / case.available)
    others = case.available - question.points
    return float((case.earned - (case.points or Decimal(0))) / others) if others > 0 else 0.0


def _question(tally: ClassTally, question: ScoredQuestion, placed: _Placed) -> QuestionAnalysis:
    cases = tally.cases(question.id)
    answers: Counter[str] = Counter()
    for case, times in cases.items():
        answers[case.response] += times
    read = sum(answers.values()) - answers[NOT_SHOWN] - answers[REFUSED]
    rows = _rows(cases, question, placed)
    keyed = frozenset(tally.code_of(answer) for answer in question.accepted)
    hard, parts, corr = _measures(cases, question, rows)
    wrong = Counter(
        {c: t for c, t in answers.items() if c not in keyed | {UNANSWERED, NOT_SHOWN, REFUSED}}
    )
    return QuestionAnalysis(
        question=question,
        read=read,
        right=sum(answers[code] for code in keyed),
        unanswered=answers[UNANSWERED],
        not_shown=answers[NOT_SHOWN],
        refused=answers[REFUSED],
        difficulty=hard,
        discrimination=parts,
        point_biserial=corr,
        options=option_shares(question, answers, read, rows),
        wrong_answers=commonest(wrong, read),
        wrong_kinds=len(wrong),
        mean_points=_mean(
            read, ((case.points, n) for case, n in cases.items() if case.points is not None)
        ),
        canvas_mean_points=_mean(
            read,
            (
                (tally.canvas_points(question, decode_response(code)), n)
                for code, n in answers.items()
                if code not in (NOT_SHOWN, REFUSED)
            ),
        ),
        suspicions=() if question.void else suspicions(_by_answer(rows), keyed, corr),
    )


def _measures(
    cases: Counter[Case], question: ScoredQuestion, rows: PlacedRows
) -> tuple[Estimate, Estimate, Estimate]:
    if not counts(question):
        nothing = Estimate(None, rows.n, Lack.VOID)
        return nothing, nothing, nothing
    scored = sorted((case, times) for case, times in cases.items() if case.points is not None)
    earned = np.array([float((case.points or 0) / question.points) for case, _ in scored])
    count = np.array([float(times) for _, times in scored])
    return (
        difficulty(earned, count),
        discrimination(rows.earned, rows.groups, rows.n),
        point_biserial(rows.earned, rows.rest, rows.count),
    )


def _mean(read: int, points: Iterable[tuple[Decimal, int]]) -> Estimate:
    """Return the mean of (points, students), exact until it becomes a float."""
    if read < LEAST_FOR_SHARE:
        return too_few(read, LEAST_FOR_SHARE)
    known = list(points)
    n = sum(times for _, times in known)
    return Estimate(float(sum((each * times for each, times in known), Decimal(0)) / n), n)


def _by_answer(rows: PlacedRows) -> dict[str, AnswerCases]:
    found = {}
    codes = np.array(rows.codes, dtype=object)
    for code in sorted(set(rows.codes) - {UNANSWERED}):
        chosen = codes == code
        found[code] = AnswerCases(
            rows.rest[chosen],
            rows.count[chosen],
            rows.groups.upper[chosen],
            rows.groups.lower[chosen],
        )
    return found


def _reliability(tally: ClassTally) -> Reliability:
    whole = tally.available
    points: list[Counter[Decimal]] = []
    rights: list[Counter[int]] = []
    in_part = False
    for question in tally.counted:
        of_points: Counter[Decimal] = Counter()
        of_rights: Counter[int] = Counter()
        for case, times in tally.cases(question.id).items():
            # Alpha compares variances of one group of students on the same questions.
            if case.points is None or case.available != whole:
                continue
            of_points[case.points] += times
            of_rights[int(case.points == question.points)] += times
            in_part |= case.points not in (Decimal(0), question.points)
        points.append(of_points)
        rights.append(of_rights)
    totals: Counter[Decimal] = Counter()
    for (earned, available), times in tally.overall.items():
        if available == whole:
            totals[earned] += times
    return reliability(points, totals, rights, tally.rights, all_or_nothing=not in_part)
