"""Losses made on purpose: each stops the run, and nothing of it is on disk."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

import grader.chosen_rows as chosen_rows
import grader.conservation as conservation
import grader.grade_job as grade_job
import grader.item_tables as item_tables
import grader.row_store as row_store
import grader.score_tables as score_tables
from grader.attempts import Choice
from grader.regrade_job import Regrade, Signature, plan_regrade, write_regrade
from solver.bank import load_bank
from solver.errors import Hw9Error
from tests.grader.test_grade_command import Desk
from tests.grader.test_stopped_runs import snapshot


def once(function, change, at: int = 3):
    """`function`, whose result is passed through `change` the `at`-th time it is called."""
    calls = [0]

    def changed(*arguments, **named):
        calls[0] += 1
        result = function(*arguments, **named)
        return change(result) if calls[0] == at else result

    return changed


def lines_written(rows, *given) -> list[bytes]:
    return [line for some in rows(*given) for line in some]


def lost_student(monkeypatch):
    rows = score_tables._score_rows
    monkeypatch.setattr(score_tables, "_score_rows", lambda *g: [lines_written(rows, *g)[1:]])


def student_twice(monkeypatch):
    rows = score_tables._score_rows
    monkeypatch.setattr(
        score_tables, "_score_rows", lambda *g: [(r := lines_written(rows, *g)) + r[:1]]
    )


def changed_rows(monkeypatch, change):
    """Have the rows of scores.csv, lists of cells, changed on their way."""
    rows = score_tables._score_rows

    def changed(*given):
        texts = b"".join(lines_written(rows, *given)).decode()
        cells = change(list(csv.reader(io.StringIO(texts, newline=""))))
        written = io.StringIO(newline="")
        csv.writer(written, lineterminator="\r\n").writerows(cells)
        return [[written.getvalue().encode()]]

    monkeypatch.setattr(score_tables, "_score_rows", changed)


def other_total(monkeypatch):
    # "total" is the sixth cell from the first of the rest: possible, complete, canvas, ...
    def change(rows):
        rows[2][-7] = str(Decimal(rows[2][-7]) + Decimal("0.1"))
        return rows

    changed_rows(monkeypatch, change)


def points_moved_between_questions(monkeypatch):
    first, questions = 8, 6

    def swapped(rows):
        for row in rows:
            for at in range(first, first + questions - 1):
                if Decimal(row[at] or 0) != Decimal(row[at + 1] or 0):
                    row[at], row[at + 1] = row[at + 1], row[at]
                    break
        return rows

    changed_rows(monkeypatch, swapped)


def lost_reject(monkeypatch):
    rows = score_tables._reject_rows
    monkeypatch.setattr(score_tables, "_reject_rows", lambda graded: list(rows(graded))[:-1])


def lost_line_of_the_record(monkeypatch):
    add = row_store._Bytes.add

    def forgetting(self, data):
        add(self, data.replace(b"\n", b" ", 1) if data.startswith(b'{"s"') else data)

    monkeypatch.setattr(row_store._Bytes, "add", forgetting)


def lost_right_answer(monkeypatch):
    def change(row):
        return [*row[:6], str(int(row[6]) + 1), *row[7:]]

    monkeypatch.setattr(item_tables, "_row", once(item_tables._row, change, at=1))


def lost_refused_answer(monkeypatch):
    def change(row):
        return [*row[:9], str(int(row[9]) + 1), *row[10:]]

    monkeypatch.setattr(item_tables, "_row", once(item_tables._row, change, at=1))


def lost_row_of_a_student(monkeypatch):
    def change(choice: Choice) -> Choice:
        return replace(choice, superseded=choice.superseded[1:], counted=choice.counted[1:])

    chosen = chosen_rows.ChosenRows._chosen
    monkeypatch.setattr(chosen_rows.ChosenRows, "_chosen", once(chosen, change, at=1))
    by_one(monkeypatch)


def by_one(monkeypatch):
    """Have every student's attempts weighed by `choose`."""
    plain = chosen_rows.plain_choices

    def none(*given):
        found = plain(*given)
        return replace(found, plain=np.zeros_like(found.plain))

    monkeypatch.setattr(chosen_rows, "plain_choices", none)


def lost_superseded_row(monkeypatch):
    choose = chosen_rows.ChosenRows._choose

    def forgetting(self, rows, seqs):
        choose(self, rows, seqs)
        kept = self.superseded.between(1, len(self.superseded))
        self.superseded = row_store.StoredNumbers(kept.dtype)
        self.superseded.add(kept)

    monkeypatch.setattr(chosen_rows.ChosenRows, "_choose", forgetting)


def lost_in_what_was_graded(monkeypatch):
    tally = grade_job.ClassTally.add

    def forgetting(self, used):
        name = next(
            n for n, column in enumerate(used.answers) if any(each.points for each in column.values)
        )
        none = used.answers[name].made(lambda each: each._replace(points=Decimal(0)))
        tally(self, replace(used, answers=(*used.answers[:name], none, *used.answers[name + 1 :])))

    monkeypatch.setattr(grade_job.ClassTally, "add", forgetting)


def other_columns(monkeypatch):
    write = score_tables.write_lines

    def renamed(path, header, rows):
        write(path, [name.replace("q02", "q03") for name in header], rows)

    monkeypatch.setattr(score_tables, "write_lines", renamed)


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


@pytest.mark.parametrize("loss", [*IN_EVERY_RUN, lost_line_of_the_record])
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
