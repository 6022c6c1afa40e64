"""A key is held to what its bank asks: kind, points, wordings, and answers that can be given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from solver.banks.bank import Bank, Question, Wording
from solver.banks.wording import wording_of
from solver.errors import KeyFileError
from solver.key import Key, KeyQuestion, Override, save_key
from solver.key_checks.agreement import choice_fault, faults, hold_to_bank, load_key_for
from tests.grader.made.made_classes import made_bank, made_key, with_question

BANK = made_bank(5)
BARE = made_key(BANK, 3)
"""As keys were made before they carried wordings."""
WORDED = BARE.model_copy(
    update={
        "questions": [
            entry.model_copy(update={"wording": wording_of(BANK.question(entry.id))})
            for entry in BARE.questions
        ]
    }
)


def with_asked(name: str, change: Callable[[Question], Question], bank: Bank = BANK) -> Bank:
    topics = tuple(
        replace(
            topic,
            questions=tuple(change(q) if q.id == name else q for q in topic.questions),
        )
        for topic in bank.topics
    )
    return replace(bank, topics=topics)


def updated(name: str, **changes: object) -> Bank:
    return with_asked(name, lambda question: question.model_copy(update=changes))


def said(key: Key, bank: Bank, **more: bool) -> list[tuple[str, str]]:
    return [(fault.question, fault.about) for fault in faults(key, bank, **more)]


@pytest.mark.parametrize("key", [BARE, WORDED])
def test_a_key_agrees_with_its_own_bank_whatever_its_bytes(key: Key) -> None:
    assert said(key, BANK) == []
    other = updated("q01", rule="t.other", settings={"record": "lime/3"})
    assert said(key, replace(other, files={"bank.yaml": "0" * 64})) == []
    part = key.model_copy(update={"questions": key.questions[:2]})
    assert said(part, BANK) == []
    hold_to_bank(key, BANK)


def test_another_wording_is_refused_where_the_key_carries_its_own() -> None:
    stem = Wording(en="Which does NOT fit?", zh_hant="何者不符？")
    other = updated("q02", stem=stem)
    assert said(BARE, other) == []
    assert said(WORDED, other) == [("q02", "bank")]
    with pytest.raises(KeyFileError) as caught:
        hold_to_bank(WORDED, other, path="spring/key.yaml")
    text = str(caught.value)
    assert text.startswith("spring/key.yaml: q02: its text is") and "'Which does NOT fit?'" in text
    assert "name its own with --bank" in text
    assert "hw9 key as it was made, with --bank questions" in text


def test_the_advice_names_the_evidence_beside_the_key(tmp_path: Path) -> None:
    (tmp_path / "evidence").mkdir()
    with pytest.raises(KeyFileError) as caught:
        hold_to_bank(WORDED, updated("q02", kind="single"), path=tmp_path / "key.yaml")
    again = f"hw9 key --evidence {tmp_path}/evidence --bank questions --out {tmp_path}"
    assert again in str(caught.value)


def test_a_key_without_wordings_is_held_to_edition_kind_and_ids() -> None:
    of_2022 = BARE.model_copy(update={"bank": {"edition": "2022"}})
    assert said(of_2022, BANK) == [("", "bank")]
    with pytest.raises(KeyFileError) as caught:
        hold_to_bank(of_2022, updated("q02", kind="single"), path="key.yaml")
    sentences = "is a key of edition 2022, and the questions are of test. Name its own questions"
    assert str(caught.value) == f"key.yaml: {sentences}: --bank 2022."
    worded = WORDED.model_copy(update={"bank": {"edition": "2022"}})
    assert said(worded, BANK) == []  # the wordings say that it is the same quiz
    assert said(BARE.model_copy(update={"bank": {"edition": "test"}}), BANK) == []
    question = BANK.question("q02")
    assert said(BARE, updated("q02", options=question.options[:-1]))[0] == ("q02", "bank")
    assert said(BARE, updated("q02", kind="single"))[0] == ("q02", "bank")


def test_a_question_that_the_bank_does_not_have() -> None:
    fewer = replace(BANK, topics=BANK.topics[:1])
    gone = {question.id for question in BANK.questions} - {q.id for q in fewer.questions}
    assert said(WORDED, fewer) == [(name, "bank") for name in sorted(gone)]


def test_points_are_the_banks(tmp_path: Path) -> None:
    path = tmp_path / "key.yaml"
    save_key(WORDED, path)
    text = path.read_text("utf-8").replace('points: "0.3"', "points: '3'", 1)
    path.write_text(text, "utf-8")
    line = text.split("points: '3'")[0].count("\n") + 1
    with pytest.raises(KeyFileError) as caught:
        load_key_for(BANK, path)
    assert f"{path}: line {line}, q01: is worth 3 in the key and 0.3 in the bank." in str(
        caught.value
    )
    assert 'points: "0.3" here' in str(caught.value)
    other = with_question(WORDED, "q01", points=Decimal("0.30"))
    assert said(other, BANK) == []


def by_hand(entry: KeyQuestion, correct: list[str]) -> dict[str, object]:
    """Changes that a hand-written key without verdicts would have."""
    return {"correct": correct, "options": []}


@pytest.mark.parametrize(
    ("name", "correct", "choose", "wrong"),
    [
        ("q01", ["a", "b"], None, True),
        ("q01", ["b"], None, False),
        ("q02", ["a"], 2, True),
        ("q02", ["a", "b", "c"], 2, True),
        ("q02", ["a", "c"], 2, False),
        ("q02", ["a"], None, False),
        ("q02", ["a", "a"], 2, True),
        ("q02", ["a", "q"], 2, True),
    ],
)
def test_an_answer_must_be_one_that_a_student_can_give(
    name: str, correct: list[str], choose: int | None, wrong: bool
) -> None:
    bank = updated(name, choose=choose) if choose else BANK
    entry = next(each for each in BARE.questions if each.id == name)
    key = with_question(BARE, name, **by_hand(entry, correct))
    # An option named twice is both: changed by hand, and no answer.
    assert {each for each, _ in said(key, bank)} == ({name} if wrong else set())
    given = with_question(BARE, name, override=Override(correct=correct, why="seen"))
    several_of_single = name == "q01"  # each earns: it was said so with a reason
    assert bool(said(given, bank)) == (wrong and not several_of_single)
    assert said(given, bank, answers=False) == []
    assert said(with_question(given, name, void=True), bank) == []


def test_a_measured_answer_of_another_number_is_for_a_person_to_decide() -> None:
    bank = updated("q02", choose=4)
    assert said(BARE, bank) == [("q02", "answer")]
    assert said(BARE, bank, derived=False) == []
    given = with_question(BARE, "q02", override=Override(correct=["a"], why="x"))
    assert said(given, bank, derived=False) == [("q02", "answer")]
    with pytest.raises(KeyFileError, match='--correct "OPTION,OPTION,OPTION,OPTION" --why'):
        hold_to_bank(BARE, bank)


def test_an_answer_changed_by_hand_is_told_with_all_the_rest() -> None:
    entry = next(each for each in WORDED.questions if each.id == "q01")
    other = next(name for name in "abcd" if [name] != entry.correct)
    key = with_question(WORDED, "q01", correct=[other])
    key = with_question(key, "q03", points=Decimal(3))
    assert said(key, BANK) == [("q01", "by_hand"), ("q03", "points")]
    with pytest.raises(KeyFileError) as caught:
        hold_to_bank(key, BANK, path="key.yaml")
    assert f'hw9 key override q01 --correct "{other}"' in str(caught.value)


def test_what_contradicts_itself_is_told_with_the_points_of_a_file(tmp_path: Path) -> None:
    entry = next(each for each in WORDED.questions if each.id == "q01")
    other = next(name for name in "abcd" if [name] != entry.correct)
    key = with_question(with_question(WORDED, "q01", correct=[other]), "q03", points=Decimal(3))
    save_key(key, tmp_path / "key.yaml")
    with pytest.raises(KeyFileError, match=r"q01: correct is .*; line \d+, q03: is worth 3"):
        load_key_for(BANK, tmp_path / "key.yaml")


def test_the_advice_names_the_flag_where_several_options_may_each_earn() -> None:
    for name, choose, flag in (("q01", None, True), ("q02", 2, False)):
        bank = updated(name, choose=choose) if choose else BANK
        entry = next(each for each in BARE.questions if each.id == name)
        key = with_question(BARE, name, **by_hand(entry, ["a", "b", "c"]))
        with pytest.raises(KeyFileError) as caught:
            hold_to_bank(key, bank)
        assert ("with --any where each of several" in str(caught.value)) == flag


def test_many_faults_are_told_in_part() -> None:
    changes = {"stem": Wording(en="!", zh_hant="x"), "points": Decimal(9)}
    bank = BANK
    for question in BANK.questions:
        bank = with_asked(question.id, lambda each: each.model_copy(update=changes), bank)
    with pytest.raises(KeyFileError, match="and 4 more like it"):
        hold_to_bank(WORDED, bank, answers=False)


def test_a_choice_that_a_question_takes() -> None:
    single = BANK.question("q01")
    assert choice_fault(single, ["a", "b"]) and not choice_fault(
        single, ["a", "b"], each_earns=True
    )
    assert not choice_fault(BANK.question("q05"), {"x": "a"})
