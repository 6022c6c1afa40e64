"""`items.csv` and `summary.json` say what the analysis found; spreadsheets run nothing of it."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.items.analysis import analyse_class
from grader.items.tables import COLUMNS, answer_text, write_items_and_summary
from grader.scoring.accepted_answers import scored_questions
from grader.submissions import Chosen, Ticked
from tests.grader.made.made_classes import graded, made_class, with_question


def written(folder: Path, made: object) -> tuple[list[dict[str, str]], dict]:
    items, summary = write_items_and_summary(made, folder)
    with items.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    return rows, json.loads(summary.read_text("utf-8"), parse_constant=pytest.fail)


@given(st.integers(0, 10**6), st.sampled_from([0, 5, 20, 36, 60]))
@settings(max_examples=15, deadline=None)
def test_the_tables_say_what_the_analysis_found(
    tmp_path_factory: pytest.TempPathFactory, seed: int, n: int
) -> None:
    _, _, made = made_class(n, seed, questions=6)
    rows, summary = written(tmp_path_factory.mktemp("t"), made)
    found = analyse_class(made)
    assert [row["question"] for row in rows] == [q.question.id for q in found.questions]
    assert summary["students"] == n
    assert summary["rows"]["read"] == n
    assert sum(count for _, count in summary["totals"]["counts"]) == found.complete
    for row, data, item in zip(rows, summary["questions"], found.questions, strict=True):
        assert tuple(row) == COLUMNS
        assert int(row["read"]) == data["read"] == item.read
        for name, estimate in (
            ("difficulty", item.difficulty),
            ("discrimination", item.discrimination),
            ("point_biserial", item.point_biserial),
        ):
            assert data[name]["n"] == estimate.n
            if estimate.value is None:
                assert row[name] == ""
                assert data[name]["reason"] in row["not_computed"]
            else:
                assert float(row[name]) == pytest.approx(estimate.value, abs=5e-5)
                assert data[name]["value"] == pytest.approx(estimate.value, abs=1e-6)
        ticked = dict(part.split("=") for part in row["ticked"].split("; "))
        assert sum(map(int, ticked.values())) == sum(option["count"] for option in data["options"])


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    _, _, made = made_class(40, 2, questions=5)
    pair = made.questions[4]
    odd = {
        "q05": Chosen(frozenset({("x", "=1+1"), ("y", "-2")})),
        "q01": Ticked(frozenset({"=cmd"})),
    }
    submissions = [each.submission for each in made.used]
    changed = [replace(each, responses={**each.responses, **odd}) for each in submissions]
    made = graded(made.questions, changed)
    rows, _ = written(tmp_path, made)
    assert pair.id == "q05"
    for row in rows:
        for name, cell in row.items():
            if not cell.startswith(("=", "+", "-", "@", "\t", "\r")):
                continue
            float(cell)  # a negative number may stay one
            assert name in ("discrimination", "point_biserial")
    assert rows[0]["ticked"].split("; ")[-1] == "=cmd=40"
    assert rows[0]["wrong_answers"].startswith("'=cmd")


def test_void_questions_say_so(tmp_path: Path) -> None:
    bank, key, made = made_class(40, 2, questions=5)
    questions = scored_questions(with_question(key, "q02", void=True), bank)
    rows, summary = written(tmp_path, graded(questions, [each.submission for each in made.used]))
    assert rows[1]["void"] == "yes"
    assert "void" in rows[1]["not_computed"]
    assert summary["questions"][1]["difficulty"] == {
        "value": None,
        "n": 40,
        "reason": "the question is void",
    }
    assert summary["reliability"]["questions"] == 4


def test_answers_in_short() -> None:
    assert answer_text(Ticked(frozenset({"c", "a"}))) == "a+c"
    assert answer_text(Chosen(frozenset({("y", "b"), ("x", "a")}))) == "x:a y:b"
