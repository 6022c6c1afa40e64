"""The same evidence gives the same bytes whatever the machine is set to."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from solver.banks.bank import load_bank
from solver.evidence import Evidence, save_evidence
from solver.files.resources import shipped_bank
from solver.pipeline.make_key import needed_records, planned
from tests.fuzz.made_evidence import made_record

REPOSITORY = Path(__file__).resolve().parents[4]
QUESTIONS = ["q01", "q05", "q09", "q11", "q16", "q19", "q21", "q22", "q23", "q25", "q28", "q30"]
SETTINGS = {
    "threads and hash seed": {
        "OMP_NUM_THREADS": "4", "OPENBLAS_NUM_THREADS": "4", "PYTHONHASHSEED": "12345",
    },
    "place and time": {
        "LC_ALL": "C", "LANG": "de_DE.UTF-8", "TZ": "Asia/Taipei", "PYTHONUTF8": "0",
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("given")
    needed = needed_records(planned(load_bank(shipped_bank()), QUESTIONS))
    save_evidence(Evidence({name: made_record(name) for name in needed}), folder)
    return folder


def made(evidence: Path, out: Path, cwd: Path, settings: dict[str, str]) -> dict[str, bytes]:
    plain = {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    command = ["-m", "grader.cli", "key", "--evidence", str(evidence), "--out", str(out)]
    done = subprocess.run(
        [sys.executable, *command, "--only", ",".join(QUESTIONS)],
        cwd=cwd, env={**os.environ, **plain, **settings}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    paths = [path for path in out.rglob("*") if path.is_file()]
    return {str(path.relative_to(out)): path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def usual(evidence: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("usual") / "out"
    return made(evidence, out, REPOSITORY, {})


@pytest.mark.parametrize("name", SETTINGS)
def test_other_settings_give_the_same_bytes(
    evidence: Path, usual: dict[str, bytes], tmp_path: Path, name: str
) -> None:
    found = made(evidence, tmp_path / "out", tmp_path, SETTINGS[name])
    assert sorted(found) == sorted(usual)
    assert [name for name in found if found[name] != usual[name]] == []
