"""All rules: used, described, blind to question numbers, and blunt about what they cannot take."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

import solver.rules
from solver.bank import load_bank
from solver.evidence import Evidence, MissingEvidence
from solver.resources import data_folder
from solver.rules.registry import Decision, all_rules, plan_questions, rule
from solver.text.bilingual import words

SOURCES = sorted(Path(solver.rules.__path__[0]).rglob("*.py"))
TESTS = Path(__file__).parents[1]


def test_every_question_has_a_rule_and_every_rule_a_question_or_a_test() -> None:
    bank = load_bank(data_folder("questions"))
    assert len(plan_questions(bank)) == len(bank.questions)
    asked = {question.rule for question in bank.questions}
    tests = "".join(path.read_text(encoding="utf-8") for path in sorted(TESTS.rglob("test_*.py")))
    for name, found in all_rules().items():
        function = found.decide.__name__
        module = re.escape(found.decide.__module__)
        tried = re.search(rf"from {module} import[^)]*?\b{function}\b", tests)
        assert name in asked or f'"{name}"' in tests or tried, name


def test_no_rule_knows_a_question_or_an_answer() -> None:
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\bq\d\d\b|\bquestion \d", text, re.I), path.name


def test_every_rule_says_what_it_measures() -> None:
    for name, found in all_rules().items():
        assert len(found.what) > 40, name
        assert re.fullmatch(r"[a-z_]+(\.[a-z0-9_]+)+", name)


def test_a_name_taken_already_is_an_error() -> None:
    name = next(iter(all_rules()))
    before = all_rules()[name]
    with pytest.raises(ValueError, match="is registered twice"):

        @rule(name, settings=BaseModel, claim=BaseModel, needs=lambda _: [])
        def again(evidence: Evidence, settings: object, claims: object) -> Decision:
            """Never called."""
            raise AssertionError

    assert all_rules()[name] is before


def test_unknown_settings_and_claims_are_refused_by_every_rule() -> None:
    for name, found in all_rules().items():
        for model in (found.settings, found.claim):
            with pytest.raises(ValidationError):
                model.model_validate({"no_rule_takes_this": 1})
            assert model.model_config.get("extra") == "forbid", name


def test_without_evidence_every_rule_says_what_is_missing() -> None:
    for planned in plan_questions(load_bank(data_folder("questions"))):
        with pytest.raises(MissingEvidence) as caught:
            planned.rule.decide(Evidence(), planned.settings, planned.claims)
        assert set(caught.value.lacks) <= set(planned.needs), planned.question.id


@pytest.mark.parametrize(
    "name",
    [
        "saliency.normalization",
        "smoothgrad.unnormalized",
        "map.compare",
        "activation.with_depth",
        "integrated.more_steps",
    ],
)
def test_a_rule_over_pictures_needs_a_picture(name: str) -> None:
    given = {"pictures": [], "early": 6, "late": 23, "steps": 10, "more": [100]}
    model = all_rules()[name].settings
    known = {field: given[field] for field in given if field in model.model_fields}
    with pytest.raises(ValidationError, match="pictures"):
        model.model_validate(known)
    model.model_validate(known | {"pictures": [0]})


def test_every_unit_has_a_name_in_chinese() -> None:
    texts = words()
    for path in SOURCES:
        for unit in re.findall(r'\bunit="([^"]+)"', path.read_text(encoding="utf-8")):
            assert f"unit:{unit}" in texts, f"{path.name}: {unit}"
