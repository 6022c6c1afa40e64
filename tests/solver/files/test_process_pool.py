"""Processes of a pool end with the process that started them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

STARTS_ONE = """
import multiprocessing, os, time
from solver.files.process_pool import end_with_parent

def work(told):
    end_with_parent()
    told.send(os.getpid())
    time.sleep(60)

if __name__ == "__main__":
    here, there = multiprocessing.get_context("spawn").Pipe()
    multiprocessing.get_context("spawn").Process(target=work, args=(there,)).start()
    print(here.recv(), flush=True)
    time.sleep(60)
"""
ROOT = Path(__file__).resolve().parents[3]


def test_a_process_ends_with_one_that_is_killed(tmp_path: Path) -> None:
    (tmp_path / "starts_one.py").write_text(STARTS_ONE, "utf-8")
    with subprocess.Popen(
        [sys.executable, str(tmp_path / "starts_one.py")],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    begun = time.monotonic()
    while running(child):
        assert time.monotonic() < begun + 30, "it goes on"
        time.sleep(0.02)


def running(process: int) -> bool:
    """Whether a process is there and no zombie, which nobody may have waited for."""
    try:
        state = Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
