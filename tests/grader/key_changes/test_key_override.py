"""Overrides: the derived answer stays, the given one counts, wrong ones get a sentence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.cli.override import override as command
from grader.key_changes.key_file import KeyChangedError, KeyFile
from grader.key_changes.key_override import (
    option_lines,
    with_acceptance,
    with_left_out,
    with_override,
    with_signature,
    with_void,
    without_override,
)
from grader.scoring.accepted_answers import scored_questions
from grader.submissions import Chosen
from solver.banks.bank import Bank
from solver.errors import InputError, KeyFileError
from solver.key import Flips, load_key, save_key
from tests.grader.made.bank_files import write_bank
from tests.grader.made.made_classes import every_answer, made_bank, made_key, with_question


@given(st.integers(0, 10**6), st.data())
@settings(max_examples=40, deadline=None)
def test_any_answer_can_be_given_and_undone(seed: int, data: st.DataObject) -> None:
    bank = made_bank(5, seed % 4)
    key = made_key(bank, seed)
    question = data.draw(st.sampled_from(scored_questions(key, bank)))
    answer = data.draw(st.sampled_from(every_answer(question)))
    if isinstance(answer, Chosen):
        text = ",".join(f"{blank}={choice}" for blank, choice in answer.choices)
    else:
        text = ",".join(answer.options)
    given_key = with_override(key, question.id, text, "why", "TA", bank=bank)
    after = next(q for q in scored_questions(given_key, bank) if q.id == question.id)
    assert after.accepted == (answer,)
    before, kept = (
        next(q for q in each.questions if q.id == question.id) for each in (key, given_key)
    )
    assert kept.correct == before.correct
    assert (kept.override.why, kept.override.by) == ("why", "TA")
    assert without_override(given_key, question.id) == key
    others = [q for q in given_key.questions if q.id != question.id]
    assert others == [q for q in key.questions if q.id != question.id]


@pytest.mark.parametrize("with_bank", [True, False])
def test_several_options_of_a_single_question_each_earn_if_that_is_said(with_bank: bool) -> None:
    bank = made_bank(5)
    given = bank if with_bank else None
    with pytest.raises(InputError, match=r"has one right option, and these are 2.*--any"):
        with_override(made_key(bank), "q01", "a, c", "both are right", bank=given)
    key = with_override(
        made_key(bank), "q01", "a, c", "both are right", bank=given, each_earns=True
    )
    assert [sorted(a.options) for a in scored_questions(key, bank)[0].accepted] == [["a"], ["c"]]
    for name, correct in (("q01", "a"), ("q02", "a,c")):
        with pytest.raises(InputError, match="--any is for several options"):
            with_override(made_key(bank), name, correct, "x", bank=given, each_earns=True)


def test_as_many_options_as_the_question_asks_to_choose() -> None:
    bank = choosing_two(made_bank(5))
    key = made_key(bank)
    for correct in ("a", "a,b,c"):
        with pytest.raises(InputError, match=r"where 2 options .*Its options: a  a"):
            with_override(key, "q02", correct, "seen", bank=bank)
    assert with_override(key, "q02", "b,a", "seen", bank=bank).questions[1].effective == ["a", "b"]


def choosing_two(bank: Bank) -> Bank:
    topics = tuple(
        replace(
            topic,
            questions=tuple(
                q.model_copy(update={"choose": 2}) if q.id == "q02" else q for q in topic.questions
            ),
        )
        for topic in bank.topics
    )
    return replace(bank, topics=topics)


def test_a_derived_answer_changed_by_hand_is_put_back() -> None:
    key = made_key(made_bank(5))
    entry = key.questions[0]
    other = next(name for name in "abcd" if [name] != entry.correct)
    by_hand = with_question(key, "q01", correct=[other])
    given = with_override(by_hand, "q01", other, "seen").questions[0]
    assert (given.correct, given.effective) == (entry.correct, [other])
    assert without_override(by_hand, "q01") == key
    assert with_void(by_hand, "q01") == with_void(key, "q01")
    nothing = with_question(key, "q01", state="open", correct=[other], options=[])
    assert without_override(nothing, "q01").questions[0].correct == []


def test_options_are_shown_with_their_texts_and_what_counts() -> None:
    bank = made_bank(5)
    key = with_override(made_key(bank), "q05", "x=b,y=c", "seen", bank=bank)
    entry, asked = key.questions[4], bank.question("q05")
    lines = option_lines(entry, asked, mark=True)
    assert [line[:6] for line in lines if line.startswith("*")] == ["* x: b", "* y: c"]
    assert len(lines) == sum(len(blank.options) for blank in asked.blanks)
    assert "  x: a  a) the food" in lines
    assert option_lines(entry, asked, "zh-Hant")[0] == "x: a  食物（a）"
    bare = option_lines(entry, None, mark=True)
    assert [line[:6] for line in bare if line.startswith("*")] == ["* x: b", "* y: c"]


@pytest.mark.parametrize(
    ("question", "correct", "error", "says"),
    [
        ("q99", "a", KeyFileError, "no question 'q99'"),
        ("q01", "z", KeyFileError, "'z'"),
        ("q01", "a,,b", InputError, "empty"),
        ("q01", "", InputError, "empty"),
        ("q02", "a,a", InputError, "twice"),
        ("q05", "a", InputError, "drop-down=choice"),
        ("q05", "x=a", KeyFileError, "'y'"),
        ("q05", "x=a,y=zz", KeyFileError, "'zz'"),
        ("q05", "x=a,x=b", InputError, "twice"),
        ("q05", "x=a,w=a", KeyFileError, "'w'"),
    ],
)
@pytest.mark.parametrize("with_bank", [True, False])
def test_wrong_overrides_get_a_sentence(
    question: str, correct: str, error: type[Exception], says: str, with_bank: bool
) -> None:
    bank = made_bank(5)
    with pytest.raises(error, match=says):
        with_override(made_key(bank), question, correct, "why", bank=bank if with_bank else None)


def test_a_reason_is_needed() -> None:
    with pytest.raises(InputError, match="reason"):
        with_override(made_key(made_bank(5)), "q01", "a", "  ")


def test_the_command_changes_the_file(tmp_path: Path) -> None:
    path = tmp_path / "key.yaml"
    key = made_key(made_bank(5))
    save_key(key, path)
    before = path.read_bytes()
    args = ["q01", "--key", str(path), "--bank", str(write_bank(made_bank(5), tmp_path / "bank"))]
    done = CliRunner().invoke(command, [*args, "--correct", "b", "--why", "typo", "--by", "TA"])
    assert done.exit_code == 0, done.output
    assert "* b  b) the plate" in done.output
    assert f"hw9 regrade RUN_DIR --key {path} --bank {tmp_path / 'bank'} --how" in done.output
    entry = load_key(path).questions[0]
    assert (entry.effective, entry.correct) == (["b"], key.questions[0].correct)
    assert CliRunner().invoke(command, [*args, "--undo"]).exit_code == 0
    assert path.read_bytes() == before
    assert CliRunner().invoke(command, [*args, "--void"]).exit_code == 0
    assert load_key(path).questions[0].void
    assert load_key(path) == with_void(key, "q01")
    assert CliRunner().invoke(command, [*args, "--undo"]).exit_code == 0
    with pytest.raises(KeyFileError, match="nothing was set"):
        without_override(key, "q01")


@pytest.mark.parametrize("args", [[], ["--void", "--undo"], ["--correct", "a", "--void"]])
def test_one_thing_at_a_time(tmp_path: Path, args: list[str]) -> None:
    found = CliRunner().invoke(command, ["q01", "--key", str(tmp_path / "k.yaml"), *args])
    assert found.exit_code == 2


@pytest.mark.parametrize("part", ["correct", "why", "by"])
def test_bytes_that_are_no_text_get_a_sentence(part):
    key = made_key(made_bank(6))
    given = {"correct": "a", "why": "seen", "by": "TA", part: "a\udcff"}
    with pytest.raises(InputError, match="not UTF-8"):
        with_override(key, key.questions[0].id, **given)


def test_another_bank_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    path = tmp_path / "key.yaml"
    save_key(made_key(made_bank(5)), path)
    before = path.read_bytes()
    done = CliRunner().invoke(command, ["q01", "--key", str(path), "--void"])  # the shipped bank
    assert isinstance(done.exception, KeyFileError) and "--bank" in str(done.exception)
    assert path.read_bytes() == before


def test_each_decision_is_kept_with_who_and_why_and_counts() -> None:
    bank = made_bank(5)
    key = made_key(bank)
    derived = key.questions[0].correct
    for made, state in (
        (with_acceptance(key, "q01", "TA"), "accepted"),
        (with_void(key, "q01", by="TA", why="torn"), "everybody"),
        (with_left_out(key, "q01", by="TA", why="torn"), "left_out"),
    ):
        entry = made.questions[0]
        assert (entry.decision, entry.decided.by, entry.decided.on) == (state, "TA", derived)
        assert entry.correct == derived
        assert without_override(made, "q01") == key
    scored = scored_questions(with_left_out(key, "q01"), bank)[0]
    assert (scored.points, scored.left_out, scored.void) == (0, True, False)


def test_each_of_several_whole_answers_earns() -> None:
    bank = made_bank(5)
    key = with_override(
        made_key(bank), "q02", "a,b", "read either way", "TA", bank=bank, also=["c", "b,c"]
    )
    accepted = scored_questions(key, bank)[1].accepted
    assert [sorted(each.options) for each in accepted] == [["a", "b"], ["c"], ["b", "c"]]
    assert key.questions[1].decision == "either"
    pair = with_override(
        made_key(bank), "q05", "x=a,y=a", "either", "TA", bank=bank, also=["x=b,y=a"]
    )
    assert [dict(each.choices) for each in scored_questions(pair, bank)[4].accepted] == [
        {"x": "a", "y": "a"},
        {"x": "b", "y": "a"},
    ]
    with pytest.raises(KeyFileError, match="names 'zz'"):
        with_override(made_key(bank), "q02", "a", "x", bank=bank, also=["zz"])


def test_a_key_is_signed_when_all_is_decided_and_until_it_changes(tmp_path: Path) -> None:
    bank = made_bank(3)
    doubted = made_key(bank)
    first = doubted.questions[0].options[0].model_copy(update={"flips": Flips(share=0.2)})
    entry = doubted.questions[0].model_copy(update={"options": [first]})
    doubted = doubted.model_copy(update={"questions": [entry, *doubted.questions[1:]]})
    with pytest.raises(KeyFileError, match="there is no decision on q01"):
        with_signature(doubted, "TA")
    signed = with_signature(with_left_out(doubted, "q01", by="TA", why="torn"), "TA", "2026-05-02")
    save_key(signed, tmp_path / "key.yaml")
    read = load_key(tmp_path / "key.yaml")
    assert read == signed and read.signature.by == "TA"
    assert with_void(read, "q02").signature is None  # changed since
    with pytest.raises(InputError, match="needs a name"):
        with_signature(made_key(bank), " ")


def test_a_key_changed_since_it_was_read_is_not_written_over(tmp_path: Path) -> None:
    bank = made_bank(3)
    path = tmp_path / "key.yaml"
    save_key(made_key(bank), path)
    one, other = KeyFile(bank, path), KeyFile(bank, path)
    one.save(with_void(one.key, "q01"))
    with pytest.raises(KeyChangedError, match="changed by somebody else"):
        other.save(with_void(other.key, "q02"))
    other.read()
    other.save(with_void(other.key, "q02"))
    assert [each.void for each in load_key(path).questions] == [True, True, False]
