"""A second run has nothing to do only where everything is what it was, to the byte."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from solver.banks.bank import load_bank
from solver.evidence import Evidence, Record, save_evidence
from solver.files.resources import data_folder, shipped_bank
from solver.pipeline import up_to_date as up_to_date
from solver.pipeline.make_key import make_key

BANK = load_bank(shipped_bank())


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    folder = tmp_path / "given"
    save_evidence(Evidence({"module/6": Record("module/6", values={"class": "ReLU"})}), folder)
    return folder


@pytest.fixture
def out(evidence: Path, tmp_path: Path) -> Path:
    make_key(evidence=evidence, out=tmp_path / "out", only=["q14"])
    return tmp_path / "out"


def inputs(evidence: Path, **options: object) -> str:
    return up_to_date.inputs_hash(BANK, options, bundle=None, evidence=evidence)


def test_the_key_is_given_back_as_it_was_written(out: Path, evidence: Path) -> None:
    now = inputs(evidence)
    up_to_date.remember(out, now)
    before = up_to_date.recall(out, now)
    assert before is not None
    assert [question.id for question in before.questions] == ["q14"]


def edited(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n")


def a_record_more(path: Path) -> None:
    np.savez(path / "saliency-0.npz", map=np.zeros((2, 2)))


@pytest.mark.parametrize(
    ("where", "change"),
    [
        ("out/key.yaml", edited),
        ("out/key.html", edited),
        ("out/evidence/manifest.json", edited),
        ("out/evidence", a_record_more),
        ("out/key.html", Path.unlink),
    ],
)
def test_an_output_changed_by_hand_is_made_again(
    out: Path, evidence: Path, where: str, change: Callable[[Path], None]
) -> None:
    now = inputs(evidence)
    up_to_date.remember(out, now)
    change(out.parent / where)
    assert up_to_date.recall(out, now) is None


def test_another_input_is_another_hash(evidence: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = inputs(evidence)
    assert inputs(evidence) == plain
    assert inputs(evidence, only=["q14"]) != plain
    for name in ("code_hash", "_version"):
        with monkeypatch.context() as patch:
            patch.setattr(up_to_date, name, lambda *_: "another")
            assert inputs(evidence) != plain
    edited(evidence / "manifest.json")
    assert inputs(evidence) != plain


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "hw9-made/1"}', "[" * 100_000])
def test_a_note_that_says_nothing_is_no_note(out: Path, evidence: Path, text: str) -> None:
    (out / "evidence" / up_to_date.FILE).write_text(text, "utf-8")
    assert up_to_date.recall(out, inputs(evidence)) is None


def test_the_bundle_is_an_input(evidence: Path) -> None:
    demo = data_folder("demo")
    with_demo = up_to_date.inputs_hash(BANK, {}, bundle=demo, evidence=None)
    assert with_demo != up_to_date.inputs_hash(BANK, {}, bundle=None, evidence=None)
