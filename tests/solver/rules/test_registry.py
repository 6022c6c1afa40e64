"""All rules: used, described, blind to question numbers, and blunt about what they cannot take."""

from __future__ import annotations

import json
import pickle
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import BaseModel, ValidationError

import solver.rules
from grader.cli import hw9
from solver.banks.bank import GIVEN, load_bank
from solver.decide.decide import decide_question
from solver.errors import MissingEvidence
from solver.evidence import Evidence
from solver.files.resources import shipped_bank
from solver.rules import registry
from solver.rules.former_names import FORMER
from solver.rules.registry import (
    NO_RULE,
    Decide,
    Decision,
    all_rules,
    cross_check,
    plan_questions,
    renamed_rules,
    rule,
)
from solver.text.bilingual import words
from tests.solver.page.made_keys import bank_question, both, made_bank

SOURCES = sorted(Path(solver.rules.__path__[0]).rglob("*.py"))
TESTS = Path(__file__).parents[1]


def test_every_question_has_a_rule_and_every_rule_a_question_or_a_test() -> None:
    bank = load_bank(shipped_bank())
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


def below_rules(function: Callable[..., object]) -> str:
    return function.__module__.removeprefix("solver.rules.")


def test_a_rules_name_begins_with_its_modules_path_and_its_cross_check_lies_beside_it() -> None:
    for name, found in all_rules().items():
        module = below_rules(found.decide)
        assert name == module or name.rpartition(".")[0] == module
        if found.cross_check is not None:
            assert below_rules(found.cross_check.decide) == f"{module}_check"


def test_a_rule_with_another_modules_name_is_an_error() -> None:
    def lies_in(module: str) -> Decide:
        def decide(evidence: Evidence, settings: object, claims: object) -> Decision:
            raise AssertionError

        decide.__module__ = f"solver.rules.{module}"
        return decide

    named = rule("shapes.handles", settings=BaseModel, claim=BaseModel, needs=lambda _: [])
    with pytest.raises(ValueError, match=r"lies in shapes\.handle: its name"):
        named(lies_in("shapes.handle"))
    without = next(name for name, one in all_rules().items() if one.cross_check is None)
    with pytest.raises(ValueError, match="must lie in"):
        cross_check(without)(lies_in("shapes.handle_check"))
    with pytest.raises(ValueError, match="waits for a cross-check"):
        cross_check("shapes.handle")(lies_in("shapes.handle_check"))


def test_every_former_name_is_of_a_rule_there_is() -> None:
    assert set(FORMER.values()) <= set(all_rules())
    assert not set(FORMER) & set(all_rules())


def test_a_bank_with_former_names_is_read_with_a_remark(tmp_path: Path) -> None:
    shipped = shipped_bank()
    former = {name: former for former, name in FORMER.items()}
    for path in shipped.glob("*.yaml"):
        lines = path.read_text("utf-8").splitlines()
        for at, line in enumerate(lines):
            words_of = line.split()
            if words_of[:1] == ["rule:"]:
                lines[at] = line.replace(words_of[1], former.get(words_of[1], words_of[1]))
        (tmp_path / path.name).write_text("\n".join(lines), "utf-8")
    old, new = load_bank(tmp_path), load_bank(shipped)
    assert [one.rule for one in plan_questions(old)] == [one.rule for one in plan_questions(new)]
    assert renamed_rules(new) == []
    remarks = renamed_rules(old)
    assert len(remarks) == sum(one.rule in FORMER for one in old.questions) > 0
    handle = next(one for one in remarks if "shapes.handle" in one)
    where = re.match(r"02-saliency\.yaml line (\d+): q08: the rule 'map\.handle_side'", handle)
    assert where is not None
    lines = (tmp_path / "02-saliency.yaml").read_text("utf-8").splitlines()
    assert lines[int(where[1]) - 1].strip() == "rule: map.handle_side"
    said = CliRunner().invoke(hw9, ["bank", "check", "--bank", str(tmp_path)])
    assert said.exit_code == 0 and handle in said.output
    asked = CliRunner().invoke(hw9, ["bank", "check", "--json", "--bank", str(tmp_path)])
    assert json.loads(asked.output)["remarks"] == remarks


def test_a_key_made_from_former_names_holds_the_names_of_today(tmp_path: Path) -> None:
    bank = made_bank(
        tmp_path,
        [
            bank_question(
                "q01",
                rule="network.module",
                **{"with": {"index": 6}},
                options=[
                    {"id": "a", "claim": {"module": "ReLU"}, "text": both("a")},
                    {"id": "b", "claim": {"module": "Conv2d"}, "text": both("b")},
                ],
            )
        ],
    )
    (planned,) = plan_questions(bank)
    assert decide_question(planned, Evidence()).entry.rule == "filters.layer_type"


def test_unknown_settings_and_claims_are_refused_by_every_rule() -> None:
    for name, found in all_rules().items():
        for model in (found.settings, found.claim):
            with pytest.raises(ValidationError):
                model.model_validate({"no_rule_takes_this": 1})
            assert model.model_config.get("extra") == "forbid", name


def test_without_evidence_every_rule_says_what_is_missing() -> None:
    for planned in plan_questions(load_bank(shipped_bank())):
        with pytest.raises(MissingEvidence) as caught:
            planned.rule.decide(Evidence(), planned.settings, planned.claims)
        assert set(caught.value.lacks) <= set(planned.needs), planned.question.id


@pytest.mark.parametrize(
    "name",
    [
        "gradients.saliency.normalization",
        "gradients.smoothgrad.unnormalized",
        "maps.agreement",
        "filters.activation_depth",
        "gradients.integrated_gradients.more_steps",
    ],
)
def test_a_rule_over_pictures_needs_a_picture(name: str) -> None:
    given = {"pictures": [], "early": 6, "late": 23, "more": [100]}
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


@pytest.mark.parametrize("name", ["shapes.handle", GIVEN])
def test_another_process_gets_a_rule_by_its_name(name: str) -> None:
    sent = NO_RULE if name == GIVEN else all_rules()[name]
    assert pickle.loads(pickle.dumps(sent)) is sent


def test_a_process_that_has_no_rules_yet_gets_the_cross_check_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent = pickle.dumps(all_rules()["bert.corpus_search"])
    package = sys.modules["solver.rules.bert"]
    for name in ("corpus_search", "corpus_search_check"):
        monkeypatch.setattr(package, name, getattr(package, name))
        monkeypatch.delitem(sys.modules, f"{package.__name__}.{name}")
    monkeypatch.setattr(registry, "_rules", {})
    assert pickle.loads(sent).cross_check is not None
