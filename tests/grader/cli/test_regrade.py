"""`hw9 regrade`: what it lists, asks for and writes."""

from __future__ import annotations

import json
import random
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from grader.cli.regrade import _printable, _summary
from grader.cli.regrade import regrade as command
from grader.key_changes.move_counts import MoveCounts
from grader.key_changes.regrade_log import log_entries
from grader.runs.regrade_run import Regrade, plan_regrade
from solver.banks.bank import Bank
from solver.errors import ExportError
from solver.key import load_key, save_key
from tests.grader.made.made_classes import (
    made_bank,
)
from tests.grader.runs.made_runs import changed_key, made_run, state, totals


@pytest.fixture
def bank_folder(monkeypatch: pytest.MonkeyPatch) -> Bank:
    bank = made_bank(6)
    monkeypatch.setattr("solver.banks.bank.load_bank", lambda folder: bank)
    return bank


def test_the_command_shows_first_and_writes_only_if_told(tmp_path: Path, bank_folder: Bank) -> None:
    run = tmp_path / "run"
    bank, key, _ = made_run(run, 50)
    save_key(changed_key(key, bank, ["q01"], random.Random(2)), tmp_path / "new.yaml")
    before = state(run)
    args = [str(run), "--key", str(tmp_path / "new.yaml"), "--how", "current"]
    shown = CliRunner().invoke(command, args)
    assert shown.exit_code == 0, shown.output
    assert "q01: earned by" in shown.output
    assert "dry run" in shown.output
    assert "more (all with --all)" in shown.output
    assert state(run) == before
    data = json.loads(CliRunner().invoke(command, [*args, "--json"]).output)
    plan = plan_regrade(Regrade(run, load_key(tmp_path / "new.yaml"), bank, "current"))
    sides = [[each.total for each in side.used] for side in (plan.before, plan.after)]
    changes = Counter(new - old for old, new in zip(*sides, strict=True) if new != old)
    told = ", ".join(f"{n} x {change:+f}" for change, n in data_order(changes))
    means = " -> ".join(f"{sum(side) / len(side):.2f}" for side in sides)
    assert shown.output.splitlines()[-2] == f"{told}; mean {means}"
    assert [[Decimal(change), n] for change, n in data["changes"]] == [
        list(each) for each in data_order(changes)
    ]
    refused = CliRunner().invoke(command, [*args, "--write"])
    assert refused.exit_code == 2
    assert "--by" in refused.output
    data = json.loads(
        CliRunner()
        .invoke(command, [*args, "--write", "--by", "TA", "--why", "typo", "--json"])
        .output
    )
    assert data["written"] is True
    assert data["up"] + data["down"] == len([m for m in data["moves"] if m["change"] != "0"])
    assert (run / "former" / "1" / "moves.csv").read_text("utf-8-sig").count("\n") == 1 + len(
        data["moves"]
    )
    again = CliRunner().invoke(command, [*args, "--write", "--by", "TA", "--why", "typo"])
    assert "nothing changes" in again.output
    assert len(log_entries(run)) == 1


def data_order(changes: Counter[Decimal]) -> list[tuple[Decimal, int]]:
    return sorted(changes.items(), key=lambda each: (-each[1], -each[0]))


def counts_of(*changes: tuple[str, int], same: int = 0, means: str = "6.14 6.31") -> MoveCounts:
    zero = Decimal(0)
    before, after = map(Decimal, means.split()) if means else (None, None)
    listed = tuple((Decimal(change), number) for change, number in changes)
    return MoveCounts(153, 0, 0, same, zero, zero, zero, listed, before, after)


@pytest.mark.parametrize(
    ("counts", "line"),
    [
        (counts_of(("0.3", 117)), "117 x +0.3; mean 6.14 -> 6.31"),
        (counts_of(("0.3", 9), ("-0.3", 2), same=4),
         "9 x +0.3, 2 x -0.3, 4 with the same total; mean 6.14 -> 6.31"),
        (counts_of(means="6.14 6.14"), "no total changes; mean 6.14 -> 6.14"),
        (counts_of(("0.3", 1), means="6.1401 6.1421"), "1 x +0.3; mean 6.140 -> 6.142"),
        (counts_of(("0.3", 1), means=""), "1 x +0.3; no mean, since no total is certain"),
        (counts_of(*((f"0.{n}", 9 - n) for n in range(1, 9))),
         "8 x +0.1, 7 x +0.2, 6 x +0.3, 5 x +0.4, 4 x +0.5, 3 x +0.6, 3 x otherwise; "
         "mean 6.14 -> 6.31"),
    ],
)  # fmt: skip
def test_the_summary_counts_changes_and_gives_both_means(counts: MoveCounts, line: str) -> None:
    assert _summary(counts) == line


def test_reasons_have_a_column_only_where_there_are_any(tmp_path: Path, bank_folder: Bank) -> None:
    run = tmp_path / "run"
    bank, key, _ = made_run(run, 30)
    args = [str(run), "--how", "everybody", "--question", "q01"]
    assert "reason" not in CliRunner().invoke(command, args).output
    # Two questions swap who earns them: some totals stay.
    names = [q.id for q in key.questions if q.kind == "single"][:2]
    save_key(changed_key(key, bank, names, random.Random(2)), tmp_path / "new.yaml")
    args = [str(run), "--key", str(tmp_path / "new.yaml"), "--how", "current", "--all"]
    shown = CliRunner().invoke(command, args).output
    data = json.loads(CliRunner().invoke(command, [*args, "--json"]).output)
    same = [move for move in data["moves"] if move["change"] in ("0", "0.0")]
    assert same and all(move["reason"] for move in same)
    assert "reason" in shown and shown.count("points lost and won are the same") == len(same)
    written = CliRunner().invoke(command, [*args, "--write", "--by", "TA", "--why", "typo"])
    assert written.exit_code == 0, written.output
    table = (run / "former" / "1" / "moves.csv").read_text("utf-8-sig")
    assert table.count("points lost and won are the same") == len(same)


def test_one_student_moves_in_the_singular(tmp_path: Path, bank_folder: Bank) -> None:
    made_run(tmp_path / "run", 1, seed=4)
    args = [str(tmp_path / "run"), "--how", "everybody"]
    args += [word for number in range(1, 7) for word in ("--question", f"q0{number}")]
    shown = CliRunner().invoke(command, args)
    assert "1 of 1 student moves: 1 up" in shown.output


@pytest.mark.parametrize("args", [["--how", "current"], ["--how", "everybody"]])
def test_the_command_asks_for_what_is_missing(tmp_path: Path, args: list[str]) -> None:
    found = CliRunner().invoke(command, [str(tmp_path), *args])
    assert found.exit_code == 2
    assert "--key" in found.output


def test_a_name_cannot_send_commands_to_the_terminal(tmp_path: Path, bank_folder: Bank) -> None:
    run = tmp_path / "run"
    made_run(run, name="\u001b[2Jx")
    args = [str(run), "--how", "everybody", "--question", "q01", "--question", "q02", "--all"]
    shown = CliRunner().invoke(command, args)
    assert shown.exit_code == 0
    assert "\x1b" not in shown.output


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("李\n換行", "李 換行"),
        ("李\r\n換行 ", "李 換行"),
        ("a\tb\x7f", "a b"),
        ("李\u3000換行", "李 換行"),
        ("李\u2028換行", "李 換行"),
        ("b\u202ea", "b\ufffda"),
        ("O'Neil", "O'Neil"),
    ],
)
def test_a_name_stays_on_its_line_in_the_list(name: str, shown: str) -> None:
    assert _printable(name) == shown


def test_a_gradebook_is_filled_anew_or_put_aside(tmp_path: Path, bank_folder: Bank) -> None:
    run = tmp_path / "run"
    _, _, submissions = made_run(run, 5)
    lines = ["Student,ID,SIS Login ID,Section,HW9 (7)", "    Points Possible,,,,2.0"]
    lines += [f'"{s.student.name}",{s.student.id},x,A,0.5' for s in submissions]
    lines += ["Late Comer,999,x,A,"]
    (tmp_path / "theirs.csv").write_text("\n".join(lines) + "\n")
    (run / "gradebook.csv").write_text("former")
    args = [str(run), "--how", "everybody", "--question", "q01"]
    shown = CliRunner().invoke(command, args)
    assert "writing will put it aside" in shown.output
    write = ["--write", "--by", "TA", "--why", "typo"]
    book = ["--gradebook", str(tmp_path / "theirs.csv"), "--column", "HW9 (7)"]
    done = CliRunner().invoke(command, [*args, *write, *book, "--json"])
    assert done.exit_code == 0, done.output
    filled = (run / "gradebook.csv").read_text().splitlines()
    plan = plan_regrade(Regrade(run, None, bank_folder, "everybody", ["q01"]))
    assert [Decimal(line.rsplit(",", 1)[1]) for line in filled[2:-1]] == list(totals(plan).values())
    assert (run / "former" / "1" / "gradebook.csv").read_text() == "former"
    assert "Late Comer" in (run / "unscored.csv").read_text("utf-8-sig")
    args = [str(run), "--how", "everybody", "--question", "q02", *write]
    written = CliRunner().invoke(command, args)
    assert written.exit_code == 0
    assert not (run / "gradebook.csv").exists()
    former = run / "former" / "2" / "gradebook.csv"
    assert former.read_text().splitlines() == filled
    assert f"it was put aside as {former.resolve()}" in written.output
    assert "give this command again with --gradebook FILE" in written.output
    assert "nothing changes" in CliRunner().invoke(command, args).output
    again = CliRunner().invoke(command, [*args, *book])
    assert again.exit_code == 0, again.output
    assert "scores filled in" in again.output and "put aside" not in again.output
    plan = plan_regrade(Regrade(run, None, bank_folder, "everybody", ["q02"]))
    refilled = (run / "gradebook.csv").read_text().splitlines()[2:-1]
    assert [Decimal(line.rsplit(",", 1)[1]) for line in refilled] == list(totals(plan).values())


def test_what_becomes_of_the_gradebook_is_said_to_programs_too(
    tmp_path: Path, bank_folder: Bank
) -> None:
    run = tmp_path / "run"
    made_run(run, 5)
    (run / "gradebook.csv").write_text("former")
    args = [str(run), "--how", "everybody", "--question", "q01", "--json"]
    notes = json.loads(CliRunner().invoke(command, args).output)["notes"]
    assert any("writing will put it aside" in note for note in notes)
    args += ["--write", "--by", "TA", "--why", "typo"]
    notes = json.loads(CliRunner().invoke(command, args).output)["notes"]
    assert any("it was put aside" in note for note in notes)
    assert json.loads(CliRunner().invoke(command, args).output)["notes"] == []


def test_who_left_the_gradebook_can_be_left_out(tmp_path: Path, bank_folder: Bank) -> None:
    run = tmp_path / "run"
    _, _, submissions = made_run(run, 5)
    lines = ["Student,ID,SIS Login ID,Section,HW9 (7)"]
    lines += [f'"{s.student.name}",{s.student.id},x,A,' for s in submissions[1:]]
    (tmp_path / "theirs.csv").write_text("\n".join(lines) + "\n")
    args = [str(run), "--how", "everybody", "--question", "q01", "--write", "--by", "TA"]
    args += ["--why", "typo", "--gradebook", str(tmp_path / "theirs.csv"), "--column", "HW9 (7)"]
    refused = CliRunner().invoke(command, args)
    assert isinstance(refused.exception, ExportError)
    assert "leave them out with --skip-unknown" in str(refused.exception)
    assert not (run / "former").exists()
    done = CliRunner().invoke(command, [*args, "--skip-unknown"])
    assert done.exit_code == 0, done.output
    number = len(submissions) - 1
    assert f"gradebook.csv: {number} scores filled in, 1 not in the gradebook" in done.output
