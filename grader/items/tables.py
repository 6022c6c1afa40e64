"""`items.csv` and `summary.json`: a class's analysis for other programs.

`items.csv` has a row a question and the form of all tables here (`grader.csv_files.spreadsheet`).
`summary.json` holds everything, with n beside each number and, where a number is not given, the
reason. Points are decimals as text; other numbers are rounded to six places.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from grader.csv_files.spreadsheet import defused, write_table
from grader.items.analysis import ClassAnalysis, QuestionAnalysis, Totals, analyse_class
from grader.items.estimates import Estimate, rounded
from grader.items.miskeyed import Suspicion
from grader.submissions import answer_text
from grader.table.graded import GradedClass
from solver.files.atomic_write import write_whole
from solver.key import Answer as KeyAnswer

FORMAT = "hw9-summary/1"
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
COLUMNS = (
    "question",
    "kind",
    "points",
    "void",
    "key",
    "read",
    "right",
    "unanswered",
    "not_shown",
    "refused",
    "difficulty",
    "discrimination",
    "point_biserial",
    "mean_points",
    "mean_points_canvas",
    "ticked",
    "wrong_answers",
    "key_suspected",
    "not_computed",
)


def write_items_and_summary(
    graded: GradedClass, out: Path, *, analysis: ClassAnalysis | None = None
) -> tuple[Path, Path]:
    """Write `items.csv` and `summary.json` into a folder, and return their paths.

    Raises:
        OutputError: `out` cannot be written.
    """
    found = analysis or analyse_class(graded)
    items, summary = out / "items.csv", out / "summary.json"
    # Chinese stays readable, and a changed number is one line of a diff.
    text = json.dumps(summary_data(graded, found), ensure_ascii=False, indent=1) + "\n"
    write_whole(summary, text, private=True)
    # A cell that begins like a formula would be run by a spreadsheet; "-0.12" is a number.
    rows = (
        [cell if _NUMBER.fullmatch(cell) else defused(cell) for cell in _row(item)]
        for item in found.questions
    )
    write_table(items, COLUMNS, rows)
    return items, summary


def _row(item: QuestionAnalysis) -> list[str]:
    question = item.question
    measures = (item.difficulty, item.discrimination, item.point_biserial)
    means = (item.mean_points, item.canvas_mean_points)
    ticked = [f"{s.blank}{':' if s.blank else ''}{s.option}={s.count}" for s in item.options]
    wrong = [f"{answer_text(each.answer)}={each.count}" for each in item.wrong_answers]
    numbers = [each.value for each in (*measures, *means)]
    suspected = [f"{each.sign.value} {each.rival or ''}".rstrip() for each in item.suspicions]
    names = ("difficulty", "discrimination", "point_biserial")
    lacks = [
        f"{name}: {estimate.reason.en}"
        for name, estimate in zip(names, measures, strict=True)
        if estimate.reason
    ]
    return [
        question.id,
        question.kind,
        str(question.points),
        "yes" if question.void else "",
        " or ".join(answer_text(answer) for answer in question.accepted),
        *map(str, (item.read, item.right, item.unanswered, item.not_shown, item.refused)),
        *("" if each is None else f"{rounded(each, 4):f}" for each in numbers),
        "; ".join(ticked),
        "; ".join(wrong),
        "; ".join(suspected),
        "; ".join(lacks),
    ]


def key_answer_text(answer: KeyAnswer) -> str:
    """Return a key's answer in one short line: "a+c", or "x:a y:b" of drop-downs."""
    if isinstance(answer, dict):
        return " ".join(f"{blank}:{choice}" for blank, choice in sorted(answer.items()))
    return "+".join(sorted(answer))


def summary_data(graded: GradedClass, analysis: ClassAnalysis) -> dict[str, Any]:
    """Return the content of `summary.json`."""
    counts = graded.counts
    reliability = analysis.reliability
    return {
        "format": FORMAT,
        "policy": graded.policy,
        "attempts": graded.attempts,
        "rows": {
            "read": counts.read,
            "graded": counts.graded,
            "superseded": counts.superseded,
            "rejected": counts.rejected,
        },
        "students": analysis.n,
        "complete": analysis.complete,
        "possible": str(analysis.possible),
        "left_out": list(graded.left_out),
        "totals": _totals(analysis.totals),
        "canvas_totals": _totals(analysis.canvas_totals),
        "course_minus_canvas": {
            "students_who_differ": analysis.differ,
            "mean": _rounded(analysis.mean_difference),
        },
        "group_size": analysis.group_size,
        "reliability": {
            "questions": reliability.questions,
            "alpha": _estimate(reliability.alpha),
            "kr20": _estimate(reliability.kr20),
            "standard_error": _estimate(reliability.standard_error),
        },
        "questions": [_question(item) for item in analysis.questions],
    }


def _question(item: QuestionAnalysis) -> dict[str, Any]:
    question = item.question
    return {
        "id": question.id,
        "kind": question.kind,
        "points": str(question.points),
        "void": question.void,
        "key": [answer_text(answer) for answer in question.accepted],
        "read": item.read,
        "right": item.right,
        "unanswered": item.unanswered,
        "not_shown": item.not_shown,
        "refused": item.refused,
        "difficulty": _estimate(item.difficulty),
        "discrimination": _estimate(item.discrimination),
        "point_biserial": _estimate(item.point_biserial),
        "mean_points": _estimate(item.mean_points),
        "mean_points_canvas": _estimate(item.canvas_mean_points),
        "options": [
            {
                "blank": share.blank,
                "option": share.option,
                "keyed": share.keyed,
                "count": share.count,
                "share": _estimate(share.overall),
                "upper": _estimate(share.upper),
                "lower": _estimate(share.lower),
            }
            for share in item.options
        ],
        "wrong_answers": [
            {"answer": answer_text(each.answer), "count": each.count} for each in item.wrong_answers
        ],
        "different_wrong_answers": item.wrong_kinds,
        "key_suspected": [_suspicion(each) for each in item.suspicions],
    }


def _suspicion(suspicion: Suspicion) -> dict[str, Any]:
    data: dict[str, Any] = {"sign": suspicion.sign.value}
    if suspicion.rival is not None:
        data["rival"] = suspicion.rival
    if suspicion.gap is not None:
        gap = suspicion.gap
        data["rest_of_rival"] = {"mean": _rounded(gap.first), "n": gap.n_first}
        data["rest_of_keyed"] = {"mean": _rounded(gap.second), "n": gap.n_second}
        data["t"] = _rounded(gap.t)
    if suspicion.value is not None:
        data["value"] = _rounded(suspicion.value)
    if suspicion.keyed_value is not None:
        data["keyed_value"] = _rounded(suspicion.keyed_value)
    return data


def _totals(totals: Totals) -> dict[str, Any]:
    names = ("first_quartile", "median", "third_quartile")
    quartiles = totals.quartiles or (None, None, None)
    return {
        "n": totals.n,
        "mean": _rounded(totals.mean),
        "standard_deviation": _rounded(totals.deviation),
        "lowest": _decimal(totals.lowest),
        **{name: _decimal(value) for name, value in zip(names, quartiles, strict=True)},
        "highest": _decimal(totals.highest),
        "counts": [[str(total), count] for total, count in totals.counts],
    }


def _estimate(estimate: Estimate) -> dict[str, Any]:
    data: dict[str, Any] = {"value": _rounded(estimate.value), "n": estimate.n}
    if estimate.reason is not None:
        data["reason"] = estimate.reason.en
    return data


def _rounded(value: float | None) -> float | None:
    # NaN (the mean of nobody) has no place in JSON.
    return None if value is None or value != value else float(rounded(value, 6))


def _decimal(value: object) -> str | None:
    return None if value is None else str(value)
