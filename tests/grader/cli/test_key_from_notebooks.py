"""`hw9 key --notebook`: reading figures and deciding in one step."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from grader.cli import hw9
from solver.evidence import load_evidence
from solver.key import load_key

NOTEBOOKS = Path(__file__).resolve().parents[4] / "shared" / "notebooks"


def test_a_key_is_made_from_the_figures_of_a_notebook(tmp_path: Path) -> None:
    if not NOTEBOOKS.is_dir():
        pytest.skip("the published notebooks are not beside this checkout")
    (notebook,) = NOTEBOOKS.glob("n00-*.ipynb")
    out = tmp_path / "key"
    words = ["key", "--notebook", str(notebook), "--only", "q15,q16,q17", "--out", str(out)]
    done = CliRunner().invoke(hw9, words)
    assert done.exit_code == 0, done.output
    key = load_key(out / "key.yaml")
    depth, layer, procedure = key.questions
    assert depth.state == procedure.state == "decided" and layer.state == "open"
    assert depth.figure is not None and key.bundle["name"] == "executed notebooks"
    evidence = load_evidence(out / "evidence")
    assert {"activation/6/0", "filter_trace/6/1"} <= {record.id for record in evidence}
    # Nothing of the notebook but its hash: its name may be a person's.
    assert notebook.stem not in (out / "key.yaml").read_text(encoding="utf-8")


def test_a_notebook_stands_alone_and_must_be_one(tmp_path: Path) -> None:
    file = tmp_path / "run.ipynb"
    file.write_text("{torn")
    both = CliRunner().invoke(hw9, ["key", "--notebook", str(file), "--evidence", str(tmp_path)])
    assert both.exit_code == 2 and "--notebook alone" in both.output
    torn = CliRunner().invoke(hw9, ["key", "--notebook", str(file), "--out", str(tmp_path / "k")])
    assert torn.exit_code == 1 and "run.ipynb: is not a notebook" in str(torn.exception)
    assert not (tmp_path / "k").exists()
    for command in (["key"], ["evidence", "from-notebook"]):
        given = ["--notebook", "no.ipynb"] if command == ["key"] else ["no.ipynb"]
        none = CliRunner().invoke(hw9, [*command, *given, "--out", str(tmp_path / "k")])
        assert none.exit_code == 1 and str(none.exception) == "no.ipynb: there is no such file."
