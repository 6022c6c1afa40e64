"""Canvas' four ways, as properties over made-up classes; and what a regrade leaves in a folder."""

from __future__ import annotations

import random
from decimal import Decimal
from pathlib import Path
from typing import get_args

import pytest

import grader.runs.regrade_run as regrade_job
from grader.key_changes.regrade_log import log_entries, read_log, read_standing
from grader.key_changes.regrading import (
    How,
)
from grader.runs.regrade_run import Regrade, Signature, plan_regrade, write_regrade
from grader.scoring.accepted_answers import scored_questions
from solver.errors import ExportError, InputError, OutputError
from solver.key import load_key
from tests.grader.made.made_classes import (
    made_bank,
    made_key,
    with_question,
)
from tests.grader.runs.made_runs import BY_TA, changed_key, made_run, state, totals


def test_planning_writes_nothing(tmp_path: Path) -> None:
    bank, key, _ = made_run(tmp_path / "run")
    before = state(tmp_path)
    new = changed_key(key, bank, ["q01"], random.Random(2))
    plan = plan_regrade(Regrade(tmp_path / "run", new, bank, "current"))
    assert list(plan.moves())
    assert state(tmp_path) == before


@pytest.mark.parametrize("how", get_args(How))
def test_writing_keeps_what_was_and_says_who_and_why(tmp_path: Path, how: str) -> None:
    run = tmp_path / "run"
    bank, key, _ = made_run(run)
    (run / "notes.txt").write_text("a TA's own file")
    for name in ("unscored.csv", "corrections-open.yaml"):
        (run / name).write_text(f"{name}, half filled in")
        (run / name).chmod(0o600)
    before = state(run)
    new = changed_key(key, bank, ["q01", "q05"], random.Random(2))
    plan = plan_regrade(Regrade(run, new, bank, how))
    expected = totals(plan)
    former = write_regrade(plan, BY_TA)
    after = state(run)
    assert former == run / "former" / "1"
    for name in ("key.yaml", "scores.csv", "items.csv", "summary.json", "run.json"):
        assert after[f"former/1/{name}"] == before[name]
    for name in ("unscored.csv", "corrections-open.yaml"):  # no key changes them
        assert after[f"former/1/{name}"] == after[name] == before[name]
    assert after["rows.parquet"] == before["rows.parquet"]
    assert after["notes.txt"] == before["notes.txt"]
    (entry,) = log_entries(run)
    assert (entry["by"], entry["why"], entry["how"]) == ("TA", "the wording was reversed", how)
    assert "when" not in entry
    assert load_key(run / "key.yaml").questions[0].effective == new.questions[0].effective
    # Read back from the folder alone, the run is graded as was promised.
    again = plan_regrade(Regrade(run, load_key(run / "key.yaml"), bank, "current"))
    assert again.nothing_changes
    assert totals(again) == expected
    assert all((path.stat().st_mode & 0o077) == 0 for path in run.rglob("*.csv"))


def test_a_second_regrade_leaves_the_first_standing(tmp_path: Path) -> None:
    run = tmp_path / "run"
    bank, key, _ = made_run(run, 40)
    one = changed_key(key, bank, ["q01"], random.Random(2))
    write_regrade(plan_regrade(Regrade(run, one, bank, "both")), BY_TA)
    two = changed_key(one, bank, ["q02"], random.Random(3))
    plan = plan_regrade(Regrade(run, two, bank, "current"))
    write_regrade(plan, BY_TA)
    graded_now = plan_regrade(Regrade(run, two, bank, "unchanged")).before.questions
    assert set(graded_now[0].accepted) == {
        *scored_questions(key, bank)[0].accepted,
        *scored_questions(one, bank)[0].accepted,
    }
    assert graded_now[1].accepted == scored_questions(two, bank)[1].accepted
    assert {name: kept.how for name, kept in read_standing(run).items()} == {"q01": "both"}
    assert [entry["number"] for entry in log_entries(run)] == [1, 2]
    assert (run / "former" / "1" / "key.yaml").exists()
    assert load_key(run / "former" / "2" / "key.yaml").questions[0].override is not None


def test_points_to_everybody_need_no_new_key_and_can_be_taken_back(tmp_path: Path) -> None:
    run = tmp_path / "run"
    bank, key, _ = made_run(run)
    plan = plan_regrade(Regrade(run, None, bank, "everybody", ["q02"]))
    start = {each.student.id: each.total for each in plan.before.used}
    assert all(each.points["q02"] == Decimal("0.3") for each in plan.after.used)
    write_regrade(plan, BY_TA)
    assert load_key(run / "key.yaml").questions[1].void
    back = plan_regrade(Regrade(run, key, bank, "current"))
    assert totals(back) == start


@pytest.mark.parametrize("where", ["write_run", "write_results", "with_entry", "_write_moves"])
def test_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    run = tmp_path / "run"
    bank, key, _ = made_run(run)
    before = state(tmp_path)
    new = changed_key(key, bank, ["q01"], random.Random(2))
    plan = plan_regrade(Regrade(run, new, bank, "current"))

    def full(*_: object, **__: object) -> None:
        raise OutputError("no room")

    monkeypatch.setattr(regrade_job, where, full)
    with pytest.raises(OutputError):
        write_regrade(plan, BY_TA)
    assert state(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_log_changed_by_hand_is_noticed(tmp_path: Path) -> None:
    run = tmp_path / "run"
    bank, _, _ = made_run(run)
    write_regrade(plan_regrade(Regrade(run, None, bank, "everybody", ["q02"])), BY_TA)
    write_regrade(plan_regrade(Regrade(run, None, bank, "everybody", ["q03"])), BY_TA)
    good = (run / "regrades.jsonl").read_text()
    assert read_log(run) == good
    lines = good.splitlines(keepends=True)
    renumbered = lines[0] + lines[1].replace('"number":2', '"number":3')
    for bad in (
        good.replace("TA", "Dean", 1),
        lines[1],
        "x\n" + good,
        good.rstrip("\n"),
        renumbered,
    ):
        (run / "regrades.jsonl").write_text(bad)
        with pytest.raises(ExportError, match=r"regrades\.jsonl, line \d"):
            plan_regrade(Regrade(run, None, bank, "everybody", ["q04"]))


def test_what_cannot_be_regraded_is_said(tmp_path: Path) -> None:
    run = tmp_path / "run"
    bank, key, _ = made_run(run)
    with pytest.raises(InputError, match="'q99' was not graded"):
        plan_regrade(Regrade(run, key, bank, "current", ["q99"]))
    without = with_question(key, "q02", correct=[], state="open")
    for how in ("current", "both", "unchanged"):
        with pytest.raises(InputError, match="no answer for q02"):
            plan_regrade(Regrade(run, without, bank, how))
    plan = plan_regrade(Regrade(run, without, bank, "everybody"))
    write_regrade(plan, BY_TA)
    assert plan_regrade(Regrade(run, None, bank, "everybody", ["q02"])).nothing_changes
    with pytest.raises(ExportError, match=r"no run\.json"):
        plan_regrade(Regrade(tmp_path, key, bank, "current"))


def test_a_question_left_out_of_the_run_stays_out(tmp_path: Path) -> None:
    run = tmp_path / "run"
    bank = made_bank(6)
    whole = made_key(bank)
    made_run(run, key=with_question(whole, "q03", correct=[], state="open"))
    new = changed_key(whole, bank, ["q01"], random.Random(1))
    plan = plan_regrade(Regrade(run, new, bank, "current"))
    assert [change.id for change in plan.changes] == ["q01"]
    assert any("q03" in note and "grade the exports again" in note for note in plan.notes)
    write_regrade(plan, BY_TA)
    assert plan_regrade(Regrade(run, new, bank, "current")).nothing_changes


def test_a_reason_with_another_end_of_a_line_leaves_a_log_that_can_be_read(tmp_path: Path) -> None:
    run = tmp_path / "run"
    bank, _, _ = made_run(run)
    signature = Signature("T\u2028A", "seen\x85 in\u2029class")
    write_regrade(plan_regrade(Regrade(run, None, bank, "everybody", ["q02"])), signature)
    write_regrade(plan_regrade(Regrade(run, None, bank, "everybody", ["q03"])), signature)
    assert [entry["why"] for entry in log_entries(run)] == [signature.why] * 2


def test_a_signature_that_is_no_text_is_refused(tmp_path: Path) -> None:
    run = tmp_path / "run"
    bank, _, _ = made_run(run)
    before = state(run)
    plan = plan_regrade(Regrade(run, None, bank, "everybody", ["q02"]))
    for words in (("\udcff", "x"), ("x", "\udcff"), ("x", "y", "\ud800")):
        with pytest.raises(InputError, match="not UTF-8"):
            write_regrade(plan, Signature(*words))
    assert state(run) == before


@pytest.mark.parametrize("kept", [0, 1])
def test_a_log_that_lacks_its_end_is_noticed(tmp_path: Path, kept: int) -> None:
    run = tmp_path / "run"
    bank, _, _ = made_run(run)
    for name in ("q02", "q03"):
        write_regrade(plan_regrade(Regrade(run, None, bank, "everybody", [name])), BY_TA)
    lines = (run / "regrades.jsonl").read_text("utf-8").splitlines(keepends=True)
    (run / "regrades.jsonl").write_text("".join(lines[:kept]), "utf-8")
    with pytest.raises(ExportError, match="lacks the line of regrade 2"):
        read_log(run)


def test_a_key_that_does_not_fit_is_named_by_its_file(tmp_path: Path) -> None:
    run = tmp_path / "run"
    bank, key, _ = made_run(run)
    pair = next(question for question in key.questions if question.kind == "pair")
    (blank, choice), *_ = pair.correct.items()  # type: ignore[union-attr]
    half = pair.model_copy(update={"correct": {blank: choice}})
    broken = key.model_copy(
        update={"questions": [half if q.id == pair.id else q for q in key.questions]}
    )
    with pytest.raises(InputError, match=r"new\.yaml"):
        plan_regrade(Regrade(run, broken, bank, "current", key_path=tmp_path / "new.yaml"))
