"""The reference of rules is made from the code, says what every field is, and is up to date."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from pydantic import BaseModel

from grader.cli.bank import bank as bank_command
from solver.banks.bank import (
    Bank,
    BankFile,
    Blank,
    MeasuredChoices,
    Option,
    Question,
    TopicFile,
    load_bank,
)
from solver.banks.course_settings import Methods
from solver.errors import BankError
from solver.files.resources import shipped_bank, shipped_editions
from solver.rules.reference import SMALLEST, describe, example_of, reference
from solver.rules.registry import all_rules, plan_questions

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "rules.md"
OF_A_BANK = (BankFile, TopicFile, Question, Option, Blank, MeasuredChoices)


@pytest.fixture(scope="module")
def shipped() -> Bank:
    return load_bank(shipped_bank())


def models() -> list[type[BaseModel]]:
    found = {model for rule in all_rules().values() for model in (rule.settings, rule.claim)}
    inner = [field.annotation for field in Methods.model_fields.values()]
    return [*found, *OF_A_BANK, Methods, *(one for one in inner if isinstance(one, type))]


@pytest.fixture(scope="module")
def whole(shipped: Bank) -> str:
    return reference(shipped)


def test_the_document_is_what_the_code_says(whole: str) -> None:
    """Made anew by `scripts/in-env hw9 bank rules --all > docs/rules.md`."""
    assert DOCUMENT.read_text(encoding="utf-8") == whole


def test_every_field_is_described() -> None:
    lacking = [
        f"{model.__name__}.{name}"
        for model in models()
        for name, field in model.model_fields.items()
        if not field.description
    ]
    assert lacking == []
    assert sum(len(model.model_fields) for model in models()) > 80


def test_values_are_said_in_words_and_mappings_by_their_fields(whole: str) -> None:
    rows = [line.split(" | ") for line in whole.splitlines() if line[:3] == "| `"]
    plain = [re.sub("`[^`]*`", "", row[1]) for row in rows]
    assert len(plain) > 80
    assert [one for one in plain if re.search("[A-Z]|anything", one)] == []
    assert any("a mapping of `item`: whole number >= 1; `words`:" in row[1] for row in rows)


def test_the_smallest_bank_is_one_that_the_check_takes(whole: str, tmp_path: Path) -> None:
    for name, text in zip(("bank.yaml", "1-saliency.yaml"), SMALLEST, strict=True):
        assert f"```yaml\n{text}```" in whole
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert len(plan_questions(load_bank(tmp_path))) == 1


@pytest.mark.parametrize("name", sorted(all_rules()))
def test_an_example_is_a_question_that_the_check_takes(
    shipped: Bank, name: str, tmp_path: Path
) -> None:
    rule = all_rules()[name]
    example = example_of(rule, shipped)
    assert example is not None
    assert example in describe(rule, shipped)
    document = {"topic": "one", "title": {"en": "One", "zh-Hant": "一"}}
    (tmp_path / "bank.yaml").write_bytes((shipped.folder / "bank.yaml").read_bytes())
    text = yaml.safe_dump({**document, "questions": yaml.safe_load(example)}, allow_unicode=True)
    (tmp_path / "one.yaml").write_text(text, encoding="utf-8")
    (question,) = plan_questions(load_bank(tmp_path))
    assert question.rule.name == name
    every = [one for folder in shipped_editions().values() for one in load_bank(folder).questions]
    assert question.question == next(one for one in every if one.rule == name)


def test_the_command_lists_describes_and_corrects() -> None:
    listed = CliRunner().invoke(bank_command, ["rules"])
    assert listed.exit_code == 0
    assert all(name in listed.output for name in all_rules())
    one = CliRunner().invoke(bank_command, ["rules", "maps.brightest_region"])
    assert (
        "| `map` | `saliency`, `smoothgrad`, `integrated_gradients`, `activation` |" in one.output
    )
    wrong = CliRunner().invoke(bank_command, ["rules", "map.brightest"])
    assert isinstance(wrong.exception, BankError)
    assert "'maps.brightest_region'" in str(wrong.exception)
    assert "hw9 bank from-qti" in CliRunner().invoke(bank_command, ["rules", "given"]).output


FAULTY = """topic: demo
title: {en: Demo, zh-Hant: 示範}
questions:
  - id: q01
    kind: single
    points: "0.3"
    rule: maps.brightest_regions
    stem: {en: "Which?", zh-Hant: "哪一個？"}
    options:
      - {id: a, claim: {region: cake}, text: {en: A, zh-Hant: 甲}}
      - {id: b, claim: {region: plate}, text: {en: B, zh-Hant: 乙}}
  - id: q02
    kind: single
    points: "0.3"
    rule: maps.brightest_region
    with: {map: saliency, picture: 2, readings: brightness}
    stem: {en: "Which?", zh-Hant: "哪一個？"}
    options:
      - {id: a, claim: {regoin: cake}, text: {en: A, zh-Hant: 甲}}
      - {id: b, claim: {region: plate}, text: {en: B, zh-Hant: 乙}}
"""


@pytest.mark.parametrize(
    ("wrong", "right", "says"),
    [
        (
            "brightest_regions",
            "brightest_region.clear_place",
            "it takes no 'rank'; `asks: fails`, ",
        ),
        ("readings: brightness", "rank: least", "a rank is taken by maps.brightest_region, maps."),
        ("topic: demo", "topic: integrated gradients", "no short name: small letters, digits"),
        ('{en: "Which?", zh', "{en: Which: one, zh", "Put texts that hold any of : # ?"),
    ],
)
def test_a_stumble_of_a_newcomer_is_told_with_its_mend(
    tmp_path: Path, wrong: str, right: str, says: str
) -> None:
    header = 'title: {en: T, zh-Hant: 題}\nedition: "2022"\n'
    (tmp_path / "bank.yaml").write_text(header, encoding="utf-8")
    text = FAULTY.replace(wrong, right).replace("readings: brightness", "rank: least")
    text = text.replace("maps.brightest_region\n", "maps.brightest_region.clear_place\n")
    (tmp_path / "demo.yaml").write_text(text, encoding="utf-8")
    done = CliRunner().invoke(bank_command, ["check", "--bank", str(tmp_path)])
    assert done.exit_code == 1
    assert says in done.output


def test_the_check_tells_everything_at_once_with_the_names_that_would_be_right(
    tmp_path: Path,
) -> None:
    header = 'title: {en: T, zh-Hant: 題}\nedition: "2022"\nmethods: {lime: {seeds: 16}}\n'
    (tmp_path / "bank.yaml").write_text(header.replace("seeds", "seed"), encoding="utf-8")
    (tmp_path / "demo.yaml").write_text(FAULTY, encoding="utf-8")
    other = "topic: other\ntitel: {en: O, zh-Hant: 其他}\nquestions: []\n"
    (tmp_path / "other.yaml").write_text(other, encoding="utf-8")
    done = CliRunner().invoke(bank_command, ["check", "--bank", str(tmp_path)])
    assert done.exit_code == 1
    for said in (
        "demo.yaml, line 7: q01: there is no rule 'maps.brightest_regions'; "
        "'maps.brightest_region'",
        "demo.yaml, line 16: q02: the rule 'maps.brightest_region' does not take this 'with': "
        "'readings' is not known here; 'reading' would be right",
        "demo.yaml, line 19: q02: the rule 'maps.brightest_region' does not take this claim: "
        "'regoin' is not known here; 'region' would be right",
        "'titel' is not known here; 'title' would be right",
        "'title' is missing",
        "other.yaml, line 3 (questions)",
    ):
        assert said in done.output, said
    (tmp_path / "bank.yaml").write_text(header, encoding="utf-8")
    done = CliRunner().invoke(bank_command, ["check", "--bank", str(tmp_path)])
    assert "'seeds' is not known here; 'seed' would be right" in done.output
