from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from solver.errors import OutputError
from solver.files.lock import one_at_a_time

HOLDER = """
import sys, time
from pathlib import Path
from solver.files.lock import one_at_a_time
with one_at_a_time(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds ``out``."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "out")],
        stdout=subprocess.PIPE, env=environment, text=True,
    ) as process:  # fmt: skip
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_nothing_is_left_of_it(tmp_path):
    with one_at_a_time(tmp_path / "new" / "out"):
        assert [each.name for each in (tmp_path / "new").iterdir()] == [".out.lock"]
    assert not list((tmp_path / "new").iterdir())


def test_the_second_run_is_refused_and_told_who_has_it(tmp_path, holder):
    with pytest.raises(OutputError, match=f"another run .process {holder.pid}. is writing it"):
        one_at_a_time(tmp_path / "out").__enter__()
    with one_at_a_time(tmp_path / "other"):
        pass


def test_one_place_by_two_names_is_one_place(tmp_path, holder, monkeypatch):
    (tmp_path / "out").mkdir()
    (tmp_path / "link").symlink_to("out")
    monkeypatch.chdir(tmp_path)
    for name in ("out", "link", "out/../out"):
        with pytest.raises(OutputError, match="another run"):
            one_at_a_time(Path(name)).__enter__()


def test_a_killed_run_holds_nobody_up(tmp_path, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert (tmp_path / ".out.lock").exists()
    with one_at_a_time(tmp_path / "out"):
        pass
    assert not list(tmp_path.iterdir())


def test_the_same_process_cannot_hold_it_twice_but_again(tmp_path):
    with one_at_a_time(tmp_path / "out"), pytest.raises(OutputError, match="another run"):
        one_at_a_time(tmp_path / "out").__enter__()
    with one_at_a_time(tmp_path / "out"):
        pass


def test_the_lock_is_given_up_when_the_run_fails(tmp_path):
    with pytest.raises(RuntimeError), one_at_a_time(tmp_path / "out"):
        raise RuntimeError
    with one_at_a_time(tmp_path / "out"):
        pass


def test_a_folder_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="cannot be written"):
        one_at_a_time(tmp_path / "file" / "out").__enter__()
