"""docs/another-year.md: what it shows is taken by the program, and the names in it exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from solver.banks.bank import load_bank
from solver.bundle.regions import load_regions
from solver.files.resources import shipped_bank
from solver.rules.registry import all_rules, plan_questions

TEXT = (Path(__file__).resolve().parents[3] / "docs" / "another-year.md").read_text("utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", TEXT, re.S)


def block(word: str) -> Any:
    (found,) = [text for text in BLOCKS if word in text]
    return yaml.safe_load(found)


def test_the_question_and_the_settings_shown_are_taken(tmp_path: Path) -> None:
    title = {"en": "One", "zh-Hant": "一"}
    header = {"title": title, **block("methods:")}
    topic = {"topic": "one", "title": title, "questions": block("rule:")}
    for name, data in (("bank", header), ("one", topic)):
        text = yaml.safe_dump(data, allow_unicode=True)
        (tmp_path / f"{name}.yaml").write_text(text, "utf-8")
    bank = load_bank(tmp_path)
    (planned,) = plan_questions(bank)
    shipped = load_bank(shipped_bank("2022"))
    assert bank.header.methods == shipped.header.methods
    assert planned.question.settings == shipped.question(planned.question.id).settings


def test_the_regions_shown_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "regions.yaml"
    path.write_text(yaml.safe_dump(block("polygons"), allow_unicode=True), "utf-8")
    assert [entry.name for entry in load_regions(path).pictures] == ["8_8"]


def test_the_rules_it_names_are_there() -> None:
    named = re.findall(r"rule: ([a-z_.]+)", TEXT)
    assert len(named) >= 5
    assert set(named) <= set(all_rules())
