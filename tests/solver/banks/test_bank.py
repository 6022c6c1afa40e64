"""The bank that ships, and every fault of a bank named with its file and line."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from solver.banks.bank import LANGUAGES, Bank, load_bank
from solver.errors import BankError
from solver.files.resources import shipped_bank
from solver.rules.registry import plan_questions

HEADER = 'title: {en: "Test", zh-Hant: "測試"}\nedition: "2021"\n'
TOPIC = """topic: demo
title: {en: Demo, zh-Hant: 示範}
questions:
  - id: q01
    kind: single
    points: "0.3"
    rule: filters.layer_type
    with: {index: 6}
    stem: {en: "Which module?", zh-Hant: "哪一個模組？"}
    options:
      - id: a
        claim: {module: Conv2d}
        text: {en: A, zh-Hant: 甲}
      - id: b
        claim: {module: ReLU}
        text: {en: B, zh-Hant: 乙}
"""
PAIR = """topic: pairs
title: {en: Pairs, zh-Hant: 配對}
questions:
  - id: q02
    kind: pair
    points: "0.4"
    rule: filters.layer_type
    with: {index: 6}
    stem: {en: "Choose.", zh-Hant: "請選。"}
    blanks:
      - id: x
        label: {en: X, zh-Hant: 甲}
        options:
          - {id: a, claim: {module: Conv2d}, text: {en: A, zh-Hant: 甲}}
          - {id: b, claim: {module: ReLU}, text: {en: B, zh-Hant: 乙}}
      - id: y
        label: {en: Y, zh-Hant: 乙}
        measured: {factors: ["0.5", "2"], decimals: 2, claim: {module: ReLU}}
"""


def bank_of(folder: Path, topic: str = TOPIC, header: str = HEADER, **more: str) -> Bank:
    (folder / "bank.yaml").write_text(header, encoding="utf-8")
    (folder / "demo.yaml").write_text(topic, encoding="utf-8")
    for name, text in more.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return load_bank(folder)


def plan(folder: Path, topic: str) -> Any:
    return plan_questions(bank_of(folder, topic))


@pytest.fixture(scope="module")
def shipped() -> Bank:
    return load_bank(shipped_bank())


def test_the_shipped_bank_has_the_courses_twenty(shipped: Bank) -> None:
    plan_questions(shipped)
    first = shipped.questions[:20]
    assert [question.id for question in first] == [f"q{at:02}" for at in range(1, 21)]
    assert {question.points for question in first} == {Decimal("0.3")}
    several = {question.id for question in first if question.kind == "several"}
    assert several == {"q03", "q15", "q17"}
    assert all(question.choose == 2 for question in first if question.kind == "several")


def test_options_are_lettered_in_order(shipped: Bank) -> None:
    for question in shipped.questions:
        for options in [question.options, *(blank.options or [] for blank in question.blanks)]:
            assert [o.id for o in options] == [chr(97 + at) for at in range(len(options))]


def test_every_text_is_there_in_every_language(shipped: Bank) -> None:
    for question in shipped.questions:
        for text in [question.stem, *(option.text for option in question.options)]:
            english, chinese = (text.in_language(language) for language in LANGUAGES)
            assert english.strip()
            assert chinese.strip()
            assert not re.search(r"[\u3400-\u9fff]", english.replace("蘋", "").replace("果", ""))


def test_no_answer_stands_in_the_bank(shipped: Bank) -> None:
    def keys(value: Any) -> set[str]:
        if isinstance(value, dict):
            return {str(key) for key in value} | set().union(*map(keys, value.values()), set())
        if isinstance(value, list):
            return set().union(*map(keys, value), set())
        return set()

    telling = re.compile(r"correct|answer|right|solution|truth|expected|holds|key", re.I)
    for topic in shipped.topics:
        found = {name for name in keys(topic.source.data) if telling.search(name)}
        assert not found, f"{topic.source.path.name}: {found}"


def test_no_two_options_of_a_question_claim_the_same(shipped: Bank) -> None:
    for question in shipped.questions:
        claims = [repr(sorted(option.claim.items())) for option in question.options]
        assert len(set(claims)) == len(claims), question.id


def fault(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


FAULTS = [
    (
        fault(TOPIC, "filters.layer_type", "filters.layer_typo"),
        7,
        "there is no rule 'filters.layer_typo'",
    ),
    (fault(TOPIC, "{index: 6}", "{indx: 6}"), 8, "'index' is missing"),
    (fault(TOPIC, "{index: 6}", "{index: 6, at: 3}"), 8, "'at' is not known here"),
    (fault(TOPIC, "{index: 6}", "{index: -6}"), 8, "a layer is an index"),
    (fault(TOPIC, "{module: ReLU}", "{module: Relu}"), 15, "does not take this claim"),
    (fault(TOPIC, "{module: ReLU}", "{side: left}"), 15, "does not take this claim"),
    (fault(TOPIC, "{module: ReLU}", "{}"), 15, "'module' is missing"),
    (fault(TOPIC, "{en: B, zh-Hant: 乙}", "{en: B}"), 16, "'zh-Hant' is missing"),
    (fault(TOPIC, "{en: B, zh-Hant: 乙}", "{zh-Hant: 乙}"), 16, "'en' is missing"),
    (fault(TOPIC, "{en: B, zh-Hant: 乙}", "{en: '', zh-Hant: 乙}"), 16, "'en'"),
    (fault(TOPIC, "{en: B, zh-Hant: 乙}", "{en: B, zh-Hant: 乙, fr: b}"), 16, "'fr' is not known"),
    (fault(TOPIC, "id: b", "id: a"), 4, "the option id 'a' appears twice"),
    (fault(TOPIC, '"0.3"', "0.3"), 6, "points are written as text"),
    (fault(TOPIC, '"0.3"', "1" + "0" * 30), 6, "less than 10000"),
    (fault(TOPIC, '"0.3"', '"-1"'), 6, "plain decimal number"),
    (fault(TOPIC, '"0.3"', '"1e3"'), 6, "plain decimal number"),
    (fault(TOPIC, '"0.3"', '"NaN"'), 6, "plain decimal number"),
    (fault(TOPIC, "kind: single", "kind: radio"), 5, "'kind'"),
    (fault(TOPIC, "kind: single", "kind: pair"), 4, "a pair has drop-downs and no options"),
    (fault(TOPIC, "kind: single", "kind: single\n    choose: 2"), 4, "'choose' is for questions"),
    (fault(TOPIC, "kind: single", "kind: several\n    choose: 3"), 4, "'choose' is for questions"),
    (fault(TOPIC, "kind: single", "kind: single\n    correct: a"), 6, "'correct' is not known"),
    (fault(TOPIC, "- id: q01", "- id: Q 1"), 4, "'Q 1' is no short name"),
    (TOPIC.split("      - id: b")[0], 4, "two or more options"),
    (TOPIC.split("  - id: q01")[0] + "  []\n", 4, "'questions'"),
    (fault(TOPIC, "topic: demo", "topic: demo\ntopic: again"), 2, "appears twice"),
]


@pytest.mark.parametrize(("text", "line", "says"), FAULTS)
def test_a_fault_is_named_with_file_and_line(
    tmp_path: Path, text: str, line: int, says: str
) -> None:
    with pytest.raises(BankError) as caught:
        plan(tmp_path, text)
    sentence = str(caught.value)
    assert says in sentence
    assert re.search(rf"demo\.yaml, line {line}\b", sentence), sentence
    assert "\n" not in sentence


PAIR_FAULTS = [
    (fault(PAIR, "{module: ReLU}, text", "{module: Rlu}, text"), 15, "does not take this claim"),
    (fault(PAIR, "id: y", "id: x"), 4, "the blank id 'x' appears twice"),
    (fault(PAIR, "{id: b,", "{id: a,"), 11, "the option id 'a' appears twice"),
    (fault(PAIR, "measured:", "mesured:"), 18, "'mesured' is not known"),
    (PAIR[: PAIR.index("        measured")], 16, "needs either options or measured choices"),
    (fault(PAIR, "claim: {module: ReLU}}", "claim: {side: top}}"), 18, "does not take this claim"),
]


@pytest.mark.parametrize(("text", "line", "says"), PAIR_FAULTS)
def test_a_fault_in_a_drop_down_is_named_too(
    tmp_path: Path, text: str, line: int, says: str
) -> None:
    with pytest.raises(BankError) as caught:
        plan(tmp_path, text)
    assert says in str(caught.value)
    assert re.search(rf"demo\.yaml, line {line}\b", str(caught.value)), str(caught.value)


def test_a_sound_bank_is_taken(tmp_path: Path) -> None:
    planned = plan_questions(bank_of(tmp_path, TOPIC, pairs=PAIR))
    assert [one.question.id for one in planned] == ["q01", "q02"]
    assert [blank for blank, _ in planned[1].options] == ["x", "x", "y"]
    assert planned[1].options[2][1] is None
    assert planned[0].needs == ["module/6"]


def test_an_id_in_two_files_names_both(tmp_path: Path) -> None:
    with pytest.raises(BankError, match=r"demo2\.yaml, line 4: .*'q01' appears twice.*demo\.yaml"):
        bank_of(tmp_path, TOPIC, demo2=TOPIC)


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ('edition: "2021"\n', "'title' is missing"),
        (HEADER + "lime_start_label: 1\n", "'lime_start_label' is not known"),
        (HEADER + "methods: {lime: {superpixels: {start_label: 2}}}\n", "'start_label'"),
        (HEADER + "methods: {lime: {seeds: 2}}\n", "'seeds' is not known"),
        (HEADER + "policy: half\n", "'policy' is not known"),
        ("", "the document"),
    ],
)
def test_a_fault_in_the_header_is_named(tmp_path: Path, header: str, says: str) -> None:
    with pytest.raises(BankError, match=r"bank\.yaml") as caught:
        bank_of(tmp_path, header=header)
    assert says in str(caught.value)


def test_a_folder_that_is_no_bank_is_said(tmp_path: Path) -> None:
    with pytest.raises(BankError, match="no such folder"):
        load_bank(tmp_path / "none")
    with pytest.raises(BankError, match=r"bank\.yaml: there is no such file"):
        load_bank(tmp_path)
    (tmp_path / "bank.yaml").write_text(HEADER, encoding="utf-8")
    with pytest.raises(BankError, match="holds no topic file"):
        load_bank(tmp_path)


def test_a_question_that_is_not_there_lists_those_that_are(tmp_path: Path) -> None:
    bank = bank_of(tmp_path)
    assert bank.question("q01").points == Decimal("0.3")
    with pytest.raises(BankError, match=r"no question 'q99'.*q01"):
        bank.question("q99")


def test_the_hash_follows_every_file(tmp_path: Path) -> None:
    before = bank_of(tmp_path).sha256
    assert bank_of(tmp_path).sha256 == before
    assert bank_of(tmp_path, TOPIC + "# a remark\n").sha256 != before
    assert bank_of(tmp_path, TOPIC, HEADER + "# a remark\n").sha256 != before


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(line=st.integers(0, TOPIC.count("\n") - 1), junk=st.sampled_from(["", "  ", "x", "- ", "}"]))
def test_a_damaged_bank_never_ends_in_a_traceback(tmp_path: Path, line: int, junk: str) -> None:
    lines = TOPIC.splitlines()
    lines[line] = junk + lines[line][len(junk) :] if junk else ""
    try:
        plan(tmp_path, "\n".join(lines))
    except BankError as error:
        assert "demo.yaml" in str(error)
