"""Repeats measured once stay with the questions whose evidence, rule and thresholds stay."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from grader.cli import hw9
from solver.banks.bank import load_bank
from solver.decide.decide import Decided
from solver.decide.stability_basis import BasisHashes
from solver.evidence import Evidence, Record, save_evidence
from solver.files.resources import shipped_bank
from solver.key import load_key
from solver.pipeline.make_key import planned
from solver.rules import thresholds
from tests.solver.page.made_keys import decided


def run(*arguments: object) -> str:
    done = CliRunner().invoke(hw9, [str(each) for each in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_second_run_keeps_what_was_measured_and_says_what_it_drops(tmp_path: Path) -> None:
    given, out = tmp_path / "given", tmp_path / "out"
    layers = {name: Record(name, values={"class": "ReLU"}) for name in ("module/6", "module/13")}
    save_evidence(Evidence(layers), given)
    asked = ("key", "--evidence", given, "--only", "q14,q15", "--out", out)
    run(*asked, "--stability", "3")
    first = load_key(out / "key.yaml")
    said = run(*asked)
    kept = load_key(out / "key.yaml")
    assert kept == first and kept.stability is not None and kept.questions[0].stability is not None
    assert "The repeats measured before are kept for 1 question." in said and "dropped" not in said
    changed = Evidence({"module/6": Record("module/6", values={"class": "Conv2d"})})
    save_evidence(changed, tmp_path / "other")
    said = run("key", "--evidence", tmp_path / "other", "--only", "q14,q15", "--out", out)
    assert "have changed: q14." in said and "kept for" not in said
    assert load_key(out / "key.yaml").stability is None


def test_the_basis_changes_with_evidence_claims_and_thresholds_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (question,) = planned(load_bank(shipped_bank()), ["q09"])
    records = {name: Record(name, {"map": np.eye(3)}) for name in question.needs}
    found = Decided(decided("q09"), None, ("chance.level",))

    def basis(evidence: dict[str, Record], asked: object = question) -> str:
        return BasisHashes(Evidence(evidence)).of(asked, found)  # type: ignore[arg-type]

    first = basis(records)
    assert basis({**records, "lime/1": Record("lime/1", {"signs": np.eye(2)})}) == first
    settings = {name: replace(one, settings={"seed": 9}) for name, one in records.items()}
    assert basis(settings) == first  # what was measured counts, not how
    name = question.needs[0]
    assert basis({**records, name: Record(name, {"map": np.eye(3) * 2})}) != first
    assert basis({**records, name: Record(name, {"map": np.eye(3)}, {"valid": False})}) != first
    assert basis(records, replace(question, claims=question.claims[::-1])) != first
    chosen = thresholds._declared["chance.level"]
    monkeypatch.setitem(thresholds._declared, "chance.level", replace(chosen, value=0.05))
    assert basis(records) != first
