"""Losses made on purpose: each stops the run, and nothing of it is on disk."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import polars as pl
import pytest

import grader.items.tables as item_tables
import grader.runs.grading as grading
import grader.runs.reconciliation as conservation
import grader.runs.record as run_record
import grader.runs.score_tables as score_tables
import grader.table.choice as choice
import grader.table.used as used
from grader.runs.regrade_run import Regrade, Signature, plan_regrade, write_regrade
from grader.scoring.attempts import Choice
from solver.banks.bank import load_bank
from solver.errors import Hw9Error
from tests.grader.cli.test_grade import Desk
from tests.grader.runs.test_stopped_runs import snapshot


def once(function, change, at: int = 3):
    """`function`, whose result is passed through `change` the `at`-th time it is called."""
    calls = [0]

    def changed(*arguments, **named):
        calls[0] += 1
        result = function(*arguments, **named)
        return change(result) if calls[0] == at else result

    return changed


def changed_rows(monkeypatch, change):
    """Have the rows of scores.csv, as frames of text, changed on their way."""
    rows = score_tables._score_rows
    monkeypatch.setattr(score_tables, "_score_rows", lambda graded: map(change, rows(graded)))


def lost_student(monkeypatch):
    changed_rows(monkeypatch, lambda frame: frame[1:])


def student_twice(monkeypatch):
    changed_rows(monkeypatch, lambda frame: pl.concat([frame, frame[:1]]))


def other_total(monkeypatch):
    def change(frame):
        totals = frame["total"].to_list()
        totals[2] = str(Decimal(totals[2]) + Decimal("0.1"))
        return frame.with_columns(total=pl.Series(totals))

    changed_rows(monkeypatch, change)


def points_moved_between_questions(monkeypatch):
    def swapped(row):
        for one, other in pairwise(f"q{n:02d}" for n in range(1, 7)):
            if Decimal(row[one] or 0) != Decimal(row[other] or 0):
                return {**row, one: row[other], other: row[one]}
        return row

    changed_rows(
        monkeypatch,
        lambda frame: pl.DataFrame(map(swapped, frame.to_dicts()), schema=frame.schema),
    )


def lost_reject(monkeypatch):
    rows = score_tables._reject_rows
    monkeypatch.setattr(score_tables, "_reject_rows", lambda graded: list(rows(graded))[:-1])


def lost_row_of_the_record(monkeypatch):
    write = run_record.write_rows
    monkeypatch.setattr(
        run_record,
        "write_rows",
        lambda table, *given: write(replace(table, frame=table.frame[1:]), *given),
    )


def lost_right_answer(monkeypatch):
    def change(row):
        return [*row[:6], str(int(row[6]) + 1), *row[7:]]

    monkeypatch.setattr(item_tables, "_row", once(item_tables._row, change, at=1))


def lost_refused_answer(monkeypatch):
    def change(row):
        return [*row[:9], str(int(row[9]) + 1), *row[10:]]

    monkeypatch.setattr(item_tables, "_row", once(item_tables._row, change, at=1))


def lost_row_of_a_student(monkeypatch):
    def change(made: Choice) -> Choice:
        return replace(made, superseded=made.superseded[1:], counted=made.counted[1:])

    monkeypatch.setattr(choice, "choose", once(choice.choose, change, at=1))
    monkeypatch.setattr(choice, "_apart", lambda: pl.lit(value=False))


def lost_superseded_row(monkeypatch):
    def change(chosen):
        return replace(chosen, superseded=chosen.superseded[1:])

    chosen = grading.chosen_rows
    monkeypatch.setattr(grading, "chosen_rows", lambda *given: change(chosen(*given)))


def lost_in_what_was_graded(monkeypatch):
    units = used.UsedStudents.point_units

    def forgetting(self):
        found = units(self)
        name = next(column.name for column in found if column.sum())
        return found.with_columns(pl.lit(0, found.schema[name]).alias(name))

    monkeypatch.setattr(used.UsedStudents, "point_units", forgetting)


def other_columns(monkeypatch):
    changed_rows(
        monkeypatch,
        lambda frame: frame.rename({"q03": "q2", "q02": "q03"}),
    )


IN_EVERY_RUN = [
    lost_student,
    student_twice,
    other_total,
    points_moved_between_questions,
    lost_reject,
    lost_right_answer,
    lost_refused_answer,
    lost_row_of_a_student,
    lost_superseded_row,
    lost_in_what_was_graded,
    other_columns,
]


@pytest.fixture
def desk(tmp_path):
    desk = Desk(tmp_path, 6)
    path = desk.export()
    path.write_bytes(path.read_bytes() + b"too,short\n")
    return desk


@pytest.mark.parametrize("loss", [*IN_EVERY_RUN, lost_row_of_the_record])
def test_a_loss_stops_grading_and_nothing_is_written(desk, monkeypatch, loss):
    before = snapshot(desk.folder)
    loss(monkeypatch)
    said = desk.run("export.csv", "--attempts", "latest", "--no-pages", ok=False)
    assert "fault of the program" in said and "Nothing was written" in said
    assert snapshot(desk.folder) == before and not list(desk.folder.glob(".*"))
    assert not (desk.folder / "out").exists()


@pytest.mark.parametrize("loss", IN_EVERY_RUN)
def test_a_loss_stops_a_regrade_and_the_run_stays(desk, monkeypatch, loss):
    desk.run("export.csv", "--no-pages", "--attempts", "latest")
    before = snapshot(desk.folder)
    loss(monkeypatch)
    with pytest.raises(Hw9Error, match="fault of the program"):
        write_regrade(
            plan_regrade(
                Regrade(
                    desk.folder / "out",
                    None,
                    load_bank(desk.folder / "questions"),
                    "everybody",
                    ["q02"],
                )
            ),
            Signature("TA", "seen"),
        )
    assert snapshot(desk.folder) == before and not list(desk.folder.glob(".*"))


@pytest.mark.parametrize("attempts", ["highest", "latest", "first", "average"])
@pytest.mark.parametrize("policy", ["all-or-nothing", "canvas-partial"])
def test_nothing_is_lost_under_any_rule(desk, monkeypatch, attempts, policy):
    seen = []
    check = conservation._Scores
    monkeypatch.setattr(conservation, "_Scores", lambda *g: seen.append(check(*g)) or seen[-1])
    desk.run("export.csv", "--no-pages", "--attempts", attempts, "--policy", policy)
    (scores,) = seen
    assert scores.students == 5 and scores.total == sum(
        Decimal(row["total"]) for row in desk.table("scores.csv")
    )
