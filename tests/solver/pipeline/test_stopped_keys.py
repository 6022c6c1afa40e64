"""`hw9 key` killed, started twice, stopped by hand, without room: nothing half, and a sentence."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from solver.evidence import Evidence, Record, save_evidence
from solver.files.lock import one_at_a_time

REPOSITORY = Path(__file__).resolve().parents[3]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
KEY = ["key", "--evidence", "given", "--only", "q14", "--out", "out"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with evidence and a key made of it, whose evidence has changed since."""
    for name in ("ReLU", "Conv2d"):
        record = Record("module/6", values={"class": name})
        save_evidence(Evidence({record.id: record}), tmp_path / "given")
        if name == "ReLU":
            done = hw9(tmp_path)
            assert done.returncode == 0, done.stderr
    return tmp_path


def hw9(folder: Path, before: str = "") -> subprocess.CompletedProcess[str]:
    code = f"import resource\nfrom grader.cli import main\n{before}\nmain()"
    command = [sys.executable, "-B", "-c", code, *KEY]
    return subprocess.run(
        command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False
    )


def snapshot(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_a_kill_at_any_moment_leaves_whole_files_and_the_next_run_ends_as_if_alone() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.solver.pipeline.key_kill_campaign", "--json", "--kills=6"],
        cwd=REPOSITORY, env=ENVIRONMENT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert sum(scene["killed"] for scene in json.loads(done.stdout).values()) == 6


def test_of_two_runs_into_one_folder_one_refuses(folder: Path) -> None:
    before = snapshot(folder / "out")
    with one_at_a_time(folder / "out"):
        done = hw9(folder)
    assert done.returncode == 1 and done.stdout == ""
    assert "another run" in done.stderr and done.stderr.count("\n") == 1
    assert snapshot(folder / "out") == before


def test_files_that_may_not_grow_any_more(folder: Path) -> None:
    before = snapshot(folder / "out")
    limit = "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))"
    done = hw9(folder, f"import solver.page.key_page, solver.pipeline.make_key\n{limit}")
    assert done.returncode == 1
    assert "cannot be written (File too large)" in done.stderr and done.stderr.count("\n") == 1
    assert str(folder / "out") in done.stderr or "hw9: out" in done.stderr
    assert snapshot(folder / "out") == before
    assert not list(folder.glob(".out.*.partial"))
    assert hw9(folder).returncode == 0
    assert snapshot(folder / "out")["key.yaml"] != before["key.yaml"]


def test_a_folder_that_may_only_be_read(folder: Path) -> None:
    made = subprocess.run(["mount", "--bind", folder, folder], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("nothing can be mounted here")
    try:
        before = snapshot(folder)
        subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
        done = hw9(folder)
        assert done.returncode == 1 and done.stderr.count("\n") == 1
        assert "cannot be written (Read-only file system)" in done.stderr
        assert snapshot(folder) == before
    finally:
        subprocess.run(["umount", folder], check=True)


def test_ctrl_c_is_a_clean_stop(folder: Path) -> None:
    before = snapshot(folder / "out")
    slow = "import time\nimport solver.pipeline.make_key as making\n"
    slow += "making.decide = lambda *a, **k: time.sleep(60)"
    code = f"from grader.cli import main\n{slow}\nmain()"
    process = subprocess.Popen(
        [sys.executable, "-B", "-c", code, *KEY],
        cwd=folder, env=ENVIRONMENT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not list(folder.glob(".out.*.partial/evidence/*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, ""), err
    assert err.startswith("hw9: stopped.") and err.count("\n") == 1
    assert snapshot(folder / "out") == before
    assert not list(folder.glob(".*"))
