"""Canvas' four ways, as properties over made-up classes; and what a regrade leaves in a folder."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import grader.runs.regrade_run as regrade_job
from grader.cli.regrade import _printable, _summary
from grader.cli.regrade import regrade as command
from grader.key_changes.move_counts import MoveCounts
from grader.key_changes.regrade_log import log_entries, read_log, read_standing
from grader.key_changes.regrading import (
    HOWS,
    changed_questions,
    merged_key,
    moved_students,
    moves,
    regraded,
)
from grader.runs.grading import Rules, grade, grade_table
from grader.runs.record import FORMAT, RunData, write_run
from grader.runs.regrade_run import Plan, Regrade, Signature, plan_regrade, write_regrade
from grader.runs.results import write_results
from grader.scoring.accepted_answers import open_questions, scored_questions
from grader.submissions import (
    NOT_SHOWN,
    ReadRow,
    Refused,
    ScoredQuestion,
    Submission,
    Ticked,
)
from grader.table.graded import GradedClass
from solver.banks.bank import Bank
from solver.errors import ExportError, InputError, OutputError
from solver.key import Key, load_key, save_key
from tests.grader.made_classes import (
    every_answer,
    graded,
    made_bank,
    made_key,
    made_submissions,
    overridden,
    with_question,
)
from tests.grader.table.small_tables import table, two

BY_TA = Signature("TA", "the wording was reversed")


def another_answer(question: ScoredQuestion, rng: random.Random) -> list[str] | dict[str, str]:
    """An answer the key does not have, as a key writes it."""
    others = [answer for answer in every_answer(question) if answer not in question.accepted]
    answer = rng.choice(others)
    return answer.by_blank if question.kind == "pair" else sorted(answer.options)


def changed_key(key: Key, bank: Bank, names: list[str], rng: random.Random) -> Key:
    questions = {question.id: question for question in scored_questions(key, bank)}
    for name in names:
        key = overridden(key, name, another_answer(questions[name], rng))
    return key


@given(st.integers(0, 10**6), st.sampled_from(HOWS), st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_the_four_ways(seed: int, how: str, number: int) -> None:
    rng = random.Random(seed)
    bank = made_bank(6, seed % 7)
    key = made_key(bank, seed)
    before = scored_questions(key, bank)
    names = sorted(rng.sample([question.id for question in before], number))
    new_key = changed_key(key, bank, names, rng)
    assert changed_questions(key, new_key) == names
    new = scored_questions(new_key, bank)
    after = regraded(before, new, names, how)
    submissions = made_submissions(before, 25, seed % 1000)
    old_class, new_class = graded(before, submissions), graded(after, submissions)
    for one, other in zip(old_class.used, new_class.used, strict=True):
        for place, question in enumerate(before):
            name = question.id
            was, now = one.points[name], other.points[name]
            response = one.submission.responses[name]
            worth = question.points
            if name not in names or how == "unchanged":
                expected = was
            elif how == "everybody":
                expected = worth
            elif how == "current":
                expected = worth if response == new[place].accepted[0] else Decimal(0)
            else:
                right = response in (new[place].accepted[0], question.accepted[0])
                expected = worth if right else Decimal(0)
            assert now == expected
    found = list(moves(old_class.used, new_class.used))
    changes = {
        other.student.id: other.total - one.total
        for one, other in zip(old_class.used, new_class.used, strict=True)
        if one.points != other.points
    }
    assert {move.student.id: move.change for move in found} == changes
    assert all(set(move.questions) <= set(names) for move in found)


def test_moves_finds_students_who_are_in_one_class_only() -> None:
    bank = made_bank(4)
    questions = scored_questions(made_key(bank), bank)
    whole = graded(questions, made_submissions(questions, 9, 1))
    fewer = [each for index, each in enumerate(whole.used) if index not in (0, 5)]
    gone = list(moves(whole.used, fewer))
    assert [move.student.id for move in gone] == ["10000", "10005"]
    assert all(move.after is None and move.change == -move.before.total for move in gone)
    assert [move.before for move in moves(fewer, whole.used)] == [None, None]


def test_a_student_whose_total_alone_becomes_certain_is_among_the_moves() -> None:
    bank = made_bank(4)
    questions = scored_questions(made_key(bank), bank)
    (one, other) = graded(questions, made_submissions(questions, 2, 1)).used
    doubted = replace(one, complete=False, doubt="a cell could not be read")
    (move,) = moves([doubted, other], [one, other])
    assert move.student == one.student and move.change == 0 and move.questions == ()
    assert list(moves([doubted, other], [doubted, other])) == []


def test_who_may_have_moved_are_those_with_other_points_or_another_doubt() -> None:
    same, names = ["8 1 3 a a", "9 1 3 b a"], ["q1", "q2"]
    before = grade_table(table(names, "7 1 3 a b", "7 2 4 b ?", *same), two(), Rules())
    after = grade_table(table(names, "7 1 3 a b", "7 2 4 b b", *same), two(), Rules())
    one, other = map(list, moved_students(before.used, after.used))
    assert [(each.student.id, each.complete) for each in one] == [("7", False)]
    assert [(each.student.id, each.complete) for each in other] == [("7", True)]
    more = grade_table(table(names, "7 1 3 a b", "7 2 4 b ?", *same[:1], "9 1 3 a a"), two(),
                       Rules())  # fmt: skip
    one, other = map(list, moved_students(before.used, more.used))
    assert [each.student.id for each in one] == [each.student.id for each in other] == ["9"]


def test_questions_that_the_former_key_lacks_are_none_that_changed() -> None:
    key = made_key(made_bank(6))
    fewer = key.model_copy(update={"questions": key.questions[:4]})
    assert changed_questions(fewer, key) == changed_questions(key, fewer) == []


def test_a_key_with_other_questions_is_taken_for_its_answers_only() -> None:
    bank = made_bank(6)
    old = made_key(bank)
    new = changed_key(old, bank, ["q01"], random.Random(1))
    for questions in (new.questions[:4], new.questions[::-1], old.questions[1:]):
        other = new.model_copy(update={"questions": list(questions)})
        kept = merged_key(old, other, ["q01"], "current")
        assert [each.id for each in kept.questions] == [each.id for each in old.questions]
        assert kept.questions[1:] == old.questions[1:]
        given = {each.id: each for each in questions}.get("q01", old.questions[0])
        assert kept.questions[0] == given


def test_the_key_kept_is_the_new_one_only_where_it_was_applied() -> None:
    bank = made_bank(6)
    old = made_key(bank)
    new = changed_key(old, bank, ["q01", "q02"], random.Random(1))
    assert merged_key(old, new, ["q01", "q02"], "current") == new
    one = merged_key(old, new, ["q01"], "current")
    assert [q.effective for q in one.questions[:2]] == [
        new.questions[0].effective,
        old.questions[1].effective,
    ]
    assert merged_key(old, old, ["q03"], "everybody").questions[2].void


# --- folders -------------------------------------------------------------------------------


def made_run(
    folder: Path, n: int = 20, seed: int = 3, key: Key | None = None, name: str = ""
) -> tuple[Bank, Key, list[Submission]]:
    bank = made_bank(6)
    key = key or made_key(bank)
    folder.mkdir(parents=True)
    questions = scored_questions(key, bank)
    submissions = made_submissions(questions, n, seed)
    if name:
        first = replace(submissions[0], student=replace(submissions[0].student, name=name))
        submissions = [first, *submissions[1:]]
    rows = [ReadRow(with_canvas(each, questions)) for each in submissions]
    result = grade(rows, questions, Rules(), left_out=open_questions(key))
    write_results(result, folder, bank, key, pages=True, reveal=False)
    data = RunData(
        format=FORMAT,
        questions=[question.id for question in questions],
        left_out=list(open_questions(key)),
        policy="all-or-nothing",
        attempts="highest",
        deadline=None,
        exports=[],
        bank_sha256=bank.sha256,
        pseudonyms=False,
        notes=[],
    )
    write_run(folder, data, key, result.used.table)
    return bank, key, submissions


def with_canvas(submission: Submission, questions: tuple[ScoredQuestion, ...]) -> Submission:
    return replace(submission, canvas_points=dict.fromkeys((q.id for q in questions), Decimal(0)))


def state(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def totals(plan: Plan) -> dict[str, Decimal]:
    return {each.student.id: each.total for each in plan.after.used}


def test_planning_writes_nothing(tmp_path: Path) -> None:
    bank, key, _ = made_run(tmp_path / "run")
    before = state(tmp_path)
    new = changed_key(key, bank, ["q01"], random.Random(2))
    plan = plan_regrade(Regrade(tmp_path / "run", new, bank, "current"))
    assert list(plan.moves())
    assert state(tmp_path) == before


@pytest.mark.parametrize("how", HOWS)
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


def test_not_shown_stays_not_shown_when_everybody_earns() -> None:
    bank = made_bank(4)
    questions = scored_questions(made_key(bank), bank)
    (submission,) = made_submissions(questions, 1, 1)
    submission.responses["q01"] = NOT_SHOWN
    after = regraded(questions, questions, ["q01"], "everybody")
    (one,) = graded(after, [submission]).used
    assert one.points["q01"] is None


# --- why a student is listed ----------------------------------------------------------------


def attempts_of(
    questions: tuple[ScoredQuestion, ...], *responses: dict[str, str], rule: str = "highest"
) -> GradedClass:
    """One student's attempts, by option ids; "?" is a cell that could not be read."""
    (one,) = made_submissions(questions, 1, 1)
    rows = []
    for number, given_ids in enumerate(responses, 1):
        answers = {
            name: Refused("?", "fits none") if ids == "?" else Ticked(frozenset(ids.split("+")))
            for name, ids in given_ids.items()
        }
        made = replace(one, attempt=number, line=number, responses=answers, canvas_points={})
        rows.append(ReadRow(made))
    return grade(rows, questions, Rules(attempts=rule))


def questions_of(*keyed: str) -> tuple[ScoredQuestion, ...]:
    """Questions of one answer each; the third is worth more."""
    worth = map(Decimal, ("0.3", "0.3", "0.4"))
    return tuple(
        ScoredQuestion(f"q0{n}", "single", points, (Ticked(frozenset(ids)),), ("a", "b", "c"))
        for n, points, ids in zip(range(1, 1 + len(keyed)), worth, keyed, strict=False)
    )


def reasons(before: GradedClass, after: GradedClass) -> list[tuple[str, tuple[str, ...], str]]:
    found = moves(before.used, after.used)
    return [(str(move.change), move.questions, move.reason) for move in found]


def test_a_move_of_points_alone_needs_no_reason() -> None:
    rows = ({"q01": "a", "q02": "a"},)
    before, after = (attempts_of(questions_of(*key), *rows) for key in ("ba", "aa"))
    assert reasons(before, after) == [("0.3", ("q01",), "")]


def test_a_line_without_a_change_says_why_it_is_there() -> None:
    rows = ({"q01": "a", "q02": "b"},)
    before, after = (attempts_of(questions_of(*key), *rows) for key in ("aa", "bb"))
    lost_and_won = "points lost and won are the same"
    assert reasons(before, after) == [("0.0", ("q01", "q02"), lost_and_won)]


def test_another_attempt_that_counts_is_named() -> None:
    rows = ({"q01": "a", "q02": "c"}, {"q01": "b", "q02": "b"})
    before, after = (attempts_of(questions_of(*key), *rows) for key in ("aa", "bb"))
    assert reasons(before, after) == [("0.3", ("q02",), "attempt 2 counts, no longer 1")]


def test_where_only_certainty_changes_it_says_so() -> None:
    """By one key alone the other attempt, with a cell that could not be read, may be higher."""
    rows = ({"q01": "b", "q02": "c", "q03": "a"}, {"q01": "c", "q02": "?", "q03": "b"})
    sure, unsure = (attempts_of(questions_of(*key), *rows) for key in ("aaa", "caa"))
    assert [each.total for side in (sure, unsure) for each in side.used] == [Decimal("0.4")] * 2
    assert reasons(sure, unsure) == [
        (
            "0.0",
            (),
            "the total is no longer certain: another attempt, with a cell that could not be read, "
            "may be higher",
        )
    ]
    assert reasons(unsure, sure) == [("0.0", (), "the total is certain now")]


@given(st.integers(0, 10**6), st.sampled_from(HOWS), st.sampled_from(["highest", "average"]))
@settings(max_examples=25, deadline=None)
def test_every_line_has_questions_or_a_reason(seed: int, how: str, rule: str) -> None:
    rng = random.Random(seed)
    bank = made_bank(5, seed % 7)
    key = made_key(bank, seed)
    before = scored_questions(key, bank)
    names = sorted(rng.sample([question.id for question in before], 2))
    new = scored_questions(changed_key(key, bank, names, rng), bank)
    rows = []
    for number, submission in enumerate(made_submissions(before, 24, seed % 1000)):
        student = replace(submission.student, id=str(number % 12))
        responses = dict(submission.responses)
        if rng.random() < 0.4:
            responses[rng.choice(names)] = Refused("?", "fits none")
        rows.append(
            replace(submission, student=student, attempt=1 + number // 12, responses=responses)
        )
    classes = [
        grade(map(ReadRow, rows), questions, Rules(attempts=rule))
        for questions in (before, regraded(before, new, names, how))
    ]
    for move in moves(classes[0].used, classes[1].used):
        assert move.reason or (move.change and move.questions)


# --- the command ---------------------------------------------------------------------------


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
