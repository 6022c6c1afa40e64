"""`hw9 bundle check` looks at every part of the BERT materials, and names each that is wrong."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from grader.cli.bundle import bundle
from solver.files.resources import data_folder


def check(folder: Path) -> tuple[int, dict[str, Any]]:
    result = CliRunner().invoke(bundle, ["check", "--json", str(folder)])
    found: dict[str, Any] = json.loads(result.stdout)
    return result.exit_code, found


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    folder = tmp_path / "course"
    shutil.copytree(data_folder("demo"), folder)
    return folder


def test_the_demo_is_whole() -> None:
    code, found = check(data_folder("demo"))
    assert code == 0 and found["problems"] == []
    assert found["bert"]["slide"] == 10
    assert sum(name.startswith("model") for name in found["bert"]) == 9


def test_each_fault_is_one_sentence(copied: Path) -> None:
    (copied / "corpus.tsv").write_text("a word without a tag\n")
    (copied / "hw9_bert" / "output" / "model2_q3").unlink()
    (copied / "similarity_slide.png").write_bytes(b"no picture")
    (copied / "bert-base-chinese" / "config.json").unlink()
    code, found = check(copied)
    assert code == 1
    problems = found["problems"]
    assert len(problems) == 4 and all("\n" not in problem for problem in problems)
    for part in ("corpus.tsv, line 1", "model2_q3", "similarity_slide.png", "bert-base-chinese"):
        assert any(part in problem for problem in problems), part


def test_a_broken_file_is_the_one_problem(copied: Path) -> None:
    (copied / "bert.yaml").write_text("format: hw9-bert/2\n")
    code, found = check(copied)
    assert code == 1 and len(found["problems"]) == 1
    assert "bert.yaml" in found["problems"][0]


def test_a_bundle_without_a_bert_part_is_no_fault(copied: Path) -> None:
    (copied / "bert.yaml").unlink()
    code, found = check(copied)
    assert code == 0 and list(found["bert"]) == ["left out"]
