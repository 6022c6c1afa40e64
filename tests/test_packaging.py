"""The wheel holds all it needs, puts nothing rude into site-packages, and does the main job."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from solver.key import load_key

ROOT = Path(__file__).resolve().parents[1]
DATA = (".py", ".npz")
PARTS = ("solver", "grader", "questions", "templates", "fixtures/demo")


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel built from a copy of the sources, unpacked as an installer would."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for part in PARTS:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / part, source / part, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", str(built)]
    done = subprocess.run([*command, str(source)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    (wheel,) = built.glob("*.whl")
    target = tmp_path_factory.mktemp("site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


def test_only_our_two_packages_are_installed(unpacked: Path) -> None:
    modules = {path.name for path in unpacked.iterdir() if not path.name.endswith(".dist-info")}
    assert modules == {"solver", "grader"}


def test_every_source_file_is_in_the_wheel(unpacked: Path) -> None:
    for package in ("solver", "grader"):
        # And the coefficients that lie beside the module that reads them.
        ours, theirs = (
            {p.relative_to(top).as_posix() for p in (top / package).rglob("*") if p.suffix in DATA}
            for top in (ROOT, unpacked)
        )
        assert ours <= theirs


def test_the_installed_program_makes_a_key_in_an_empty_folder(
    unpacked: Path, tmp_path: Path
) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"PYTHONPATH": str(unpacked), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "grader.cli", "key", "--only", "q09,q14,q20", "--out", "made"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    key = load_key(tmp_path / "made" / "key.yaml")
    assert [question.state for question in key.questions] == ["decided"] * 3
    assert (tmp_path / "made" / "key.html").read_text("utf-8").startswith("<!DOCTYPE html>")
