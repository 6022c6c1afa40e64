"""What a worker has of its server, and what the process that deals work does without."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from solver.bundle.bundle import Bundle, load_bundle
from solver.evidence import Record
from solver.explain.estimator import Share
from solver.explain.job import fast_settings
from solver.explain.run import worker_process
from solver.explain.run.tasks import Task

REPOSITORY = Path(__file__).resolve().parents[4]
PROGRAM = """
import atexit, os, sys
from pathlib import Path
from solver.bundle.bundle import load_bundle
from solver.explain.job import fast_settings
from solver.explain.run.runner import RunOptions, run_explanations
from solver.files.resources import data_folder

def servers():
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    lines = [Path(f"/proc/{child}/cmdline").read_bytes() for child in children]
    return sum(b"forkserver" in line for line in lines)

wanted = ["picture/1", "smoothgrad/1", "lime/0", "integrated_gradients/7/10"]
few = fast_settings(smoothgrad_samples=20, lime_samples=20)
options = RunOptions(processes=2, network_first=True)
found, failures = run_explanations(wanted, load_bundle(data_folder("demo")), few, options)
assert {one.id for one in found} == set(wanted), failures
assert servers() == 1
print([name for name in ("torch", "captum", "transformers") if name in sys.modules])
atexit._run_exitfuncs()
assert servers() == 0
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere workers are not forked")
def test_a_process_that_deals_work_has_no_torch_and_one_server_which_it_waits_for() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


def test_a_bundle_is_taken_from_the_server_until_a_file_of_it_is_changed(
    demo: Bundle, tmp_path: Path
) -> None:
    folder = tmp_path / "course"
    folder.mkdir()
    shutil.copytree(demo.folder / "food", folder / "food")
    shutil.copy(demo.folder / "checkpoint.pth", folder)
    served = load_bundle(folder)

    def taken(bundle: Bundle) -> Bundle:
        return worker_process.bundle_for(served, bundle.folder, "cpu", bundle.cnn_files)

    assert taken(load_bundle(folder)) is served
    assert taken(demo).folder == demo.folder
    with (folder / "checkpoint.pth").open("ab") as file:
        file.write(b"\0")
    assert taken(load_bundle(folder)) is not served
    assert worker_process.bundle_for(None, folder, "cpu", {}).folder == folder


def test_free_memory_is_given_back_once_whole_tasks_are_done(
    demo: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    here = worker_process._Process(demo, fast_settings())
    monkeypatch.setattr(worker_process, "_here", [here])
    monkeypatch.setattr(worker_process, "give_back_free_memory", lambda: done.append("tidied"))
    monkeypatch.setattr(worker_process, "perform", lambda task, *_: Record(task.id))
    monkeypatch.setattr(worker_process, "measure", lambda *_: np.zeros(1))
    for share in (None, None, Share(0, 2), Share(1, 2), None, Share(0, 1)):
        worker_process.do(Task("lime/1"), share, None)
        done.append("whole" if share is None else "share")
    assert done == ["whole", "whole", "tidied", "share", "share", "whole", "tidied", "share"]
