"""Each thing that hurts students has a case, and a sound question none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from grader.cli import hw9
from solver.banks.bank import Bank, load_bank
from solver.decide.wording_lint import concerns
from solver.key import (
    CauseRepeats,
    Flips,
    Key,
    KeyQuestion,
    Override,
    SecondVerdict,
    Stability,
    save_key,
)
from tests.solver.page.made_keys import bank_question, decided, left_open, made_bank, verdict

REGIONS = ("cake", "plate", "phone")


def asked(identifier: str = "q01", kind: str = "single", **more: Any) -> dict[str, Any]:
    question = bank_question(identifier, kind, **more)
    for option, region in zip(question["options"], REGIONS, strict=True):
        option["claim"] = {"region": region}
    return question


def a_bank(folder: Path, *questions: dict[str, Any]) -> Bank:
    return made_bank(folder / "bank", questions or [asked()])


def found(bank: Bank, *entries: KeyQuestion) -> list[tuple[str, str]]:
    key = Key(format="hw9-key/1", bank={"sha256": bank.sha256}, questions=list(entries))
    return [(concern.what, concern.sentence) for concern in concerns(bank, key)]


def options(*holds: bool | None) -> list[Any]:
    return [verdict(name, holds=one) for name, one in zip("abc", holds, strict=True)]


def test_a_sound_question_raises_none(tmp_path: Path) -> None:
    assert found(a_bank(tmp_path), decided("q01")) == []


@pytest.mark.parametrize(
    ("correct", "says"), [(["a", "b"], "two (a, b) of a question with one answer"), ([], "none of")]
)
def test_a_single_question_with_two_or_no_options_that_hold(
    tmp_path: Path, correct: list[str], says: str
) -> None:
    held = options(*(name in correct for name in "abc"))
    ((what, sentence),) = found(a_bank(tmp_path), decided("q01", correct=correct, options=held))
    assert what == "count" and sentence.startswith(says)
    spared = decided("q01", correct=correct, options=held, void=True)
    assert found(a_bank(tmp_path), spared) == []
    mended = decided(
        "q01", correct=correct, options=held, override=Override(correct=["c"], why="x")
    )
    assert found(a_bank(tmp_path), mended) == []


def test_a_choose_two_with_another_count(tmp_path: Path) -> None:
    bank = a_bank(tmp_path, asked(kind="several", choose=2))
    one = decided("q01", "several")
    assert found(bank, one) == [
        ("count", "one (a) of the options holds, where the wording says choose 2")
    ]
    two = decided("q01", "several", correct=["a", "b"], options=options(True, True, False))
    assert found(bank, two) == []
    free = a_bank(tmp_path / "free", asked(kind="several"))
    none = decided("q01", "several", correct=[], options=options(False, False, False))
    assert found(free, none)[0] == ("count", "none of the options holds, where at least one must")


def test_a_claim_that_could_not_be_measured(tmp_path: Path) -> None:
    bank = a_bank(tmp_path)
    undecided = decided("q01", state="open", correct=[], options=options(True, None, False))
    assert found(bank, undecided) == [("unmeasured", "the claim of option b could not be measured")]
    ((what, sentence),) = found(bank, left_open("q01", "saliency/1"))
    assert what == "unmeasured" and "saliency/1" in sentence
    fewer = decided("q01", options=options(True, False, False)[:2])
    assert found(bank, fewer) == [("unmeasured", "the claim of option c could not be measured")]


def test_two_options_that_claim_the_same(tmp_path: Path) -> None:
    question = asked()
    question["options"][2]["claim"] = {"region": "cake", "minus": []}
    bank = a_bank(tmp_path, question)
    assert found(bank, decided("q01")) == [("alike", "options a and c claim the same")]


def test_two_options_that_flipped_always_together(tmp_path: Path) -> None:
    stability = Stability(repeats=8, changed=0.0, alike=[["a", "b"]])
    ((what, sentence),) = found(a_bank(tmp_path), decided("q01", stability=stability))
    assert what == "alike" and "every repeat" in sentence


def test_contested_options(tmp_path: Path) -> None:
    held = options(True, False, False)
    flips = Flips(share=0.25, by_cause={"regions": 0.5})
    held[0] = held[0].model_copy(update={"flips": flips})
    second = SecondVerdict(holds=True, sentence=held[1].sentence)
    held[1] = held[1].model_copy(update={"second": second})
    repeats = {"regions": CauseRepeats(repeats=4, changed=0.5)}
    stability = Stability(repeats=8, changed=0.25, by_cause=repeats)
    entry = decided("q01", options=held, stability=stability, ways_agree=False)
    assert found(a_bank(tmp_path), entry) == [
        (
            "contested",
            "contested: another answer in 25% of the repeats (regions); "
            "the cross-check disagrees on b",
        )
    ]


def test_a_pair_with_no_or_several_right_values(tmp_path: Path) -> None:
    bank = made_bank(tmp_path / "bank", [_pair()])
    for held, says in (((True, True), "two (a, b)"), ((False, False), "none")):
        verdicts = [
            verdict("a", blank="word", holds=held[0]),
            verdict("b", blank="word", holds=held[1]),
            verdict("c", blank="word"),
            verdict("a", blank="fall", holds=True, text="0.12"),
            verdict("b", blank="fall", text="0.24"),
        ]
        entry = decided("q01", "pair", correct={"fall": "0.12"}, options=verdicts)
        ((what, sentence),) = found(bank, entry)
        assert what == "count" and sentence.startswith(f"{says} in the drop-down word")
        chosen = Override(correct={"word": "a", "fall": "0.12"}, why="seen")
        assert found(bank, entry.model_copy(update={"override": chosen})) == []
        none = chosen.model_copy(update={"correct": {"fall": "0.12"}})
        ((what, sentence),) = found(bank, entry.model_copy(update={"override": none}))
        assert what == "count" and sentence.startswith("none in the drop-down word")


def _pair() -> dict[str, Any]:
    question = bank_question("q01", "pair")
    question["rule"], question["with"] = "bert.masked_lm", {}
    for option, word in zip(question["blanks"][0]["options"], ("her", "him", "me"), strict=True):
        option["claim"] = {"predicted": word}
    question["blanks"][1]["measured"]["claim"] = {"falls": "him"}
    return question


def test_a_key_of_another_bank_or_of_fewer_questions_is_said(tmp_path: Path) -> None:
    bank = a_bank(tmp_path, asked("q01"), asked("q02"))
    key = Key(format="hw9-key/1", bank={"sha256": "0" * 64}, questions=[decided("q01")])
    whats = [(concern.what, concern.question) for concern in concerns(bank, key)]
    assert whats == [("another_bank", ""), ("not_in_key", "")]
    assert load_bank(bank.folder).sha256 == bank.sha256


def _run(*words: str) -> Any:
    return CliRunner().invoke(hw9, ["bank", "check", *words])


def test_the_command_warns_and_is_strict_only_when_asked(tmp_path: Path) -> None:
    bank, key = a_bank(tmp_path), tmp_path / "key.yaml"
    held = decided("q01", correct=["a", "b"], options=options(True, True, False))
    save_key(Key(format="hw9-key/1", bank={"sha256": bank.sha256}, questions=[held]), key)
    given = ("--bank", str(bank.folder), "--with", str(key))
    warned = _run(*given)
    assert warned.exit_code == 0 and "q01: two (a, b) of a question" in warned.output
    assert "1 warning on 1 question." in warned.output
    assert _run(*given, "--strict").exit_code == 1
    as_json = json.loads(_run(*given, "--json").output)
    assert [one["what"] for one in as_json["warnings"]] == ["count"]
    assert _run("--bank", str(bank.folder), "--strict").exit_code == 2
    assert "warnings" not in json.loads(_run("--bank", str(bank.folder), "--json").output)


def test_a_sound_bank_is_strict_and_passes(tmp_path: Path) -> None:
    bank, key = a_bank(tmp_path), tmp_path / "key.yaml"
    save_key(Key(format="hw9-key/1", bank={"sha256": bank.sha256}, questions=[decided("q01")]), key)
    passed = _run("--bank", str(bank.folder), "--with", str(key), "--strict")
    assert passed.exit_code == 0 and "No warnings" in passed.output
