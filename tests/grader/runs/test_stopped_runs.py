"""Runs that are killed, stopped by hand, started twice, or have no room: whole or not at all."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import solver.files.atomic_swap as folder_swap
from grader.runs.folder import MENDED, folder_made_whole
from grader.runs.regrade_run import Regrade, Signature, plan_regrade, write_regrade
from solver.banks.bank import load_bank
from solver.errors import OutputError
from solver.files.atomic_swap import leftovers, mend, new_beside, swap
from solver.files.lock import one_at_a_time
from tests.grader.cli.test_grade import Desk

REPOSITORY = Path(__file__).parents[3]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
ARGUMENTS = ["--key", "key.yaml", "--bank", "questions", "--out", "out"]


@pytest.mark.parametrize("how", ["--kills=10", "--kills=6 --two-steps"])
def test_a_kill_at_any_moment_leaves_the_old_state_or_the_new_one(how):
    done = subprocess.run(
        [sys.executable, "-m", "tests.grader.campaigns.kill_campaign", "--json", *how.split()],
        cwd=REPOSITORY, env=ENVIRONMENT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    met = json.loads(done.stdout)
    assert sum(scene["killed"] for scene in met.values()) == int(how.split()[0].split("=")[1])


def desk_with_run(folder: Path) -> Desk:
    desk = Desk(folder, 6)
    desk.export()
    desk.run("export.csv", "--no-pages")
    return desk


def snapshot(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("exchange", [True, False])
def test_what_a_killed_run_left_is_cleared_away_and_told(tmp_path, monkeypatch, exchange):
    desk = desk_with_run(tmp_path)
    before = snapshot(tmp_path)
    (new_beside(tmp_path / "out") / "scores.csv").write_text("half")
    if not exchange:  # killed between the two steps
        (tmp_path / "out").rename(tmp_path / ".out.old")
    (tmp_path / ".out.lock").write_text("1\n")
    said = desk.run("export.csv", "--no-pages", "--replace")
    assert MENDED in said
    assert snapshot(tmp_path) == before  # run.json does not speak of it
    assert MENDED not in desk.run("export.csv", "--no-pages", "--replace")


def test_a_regrade_finds_a_run_that_was_moved_aside(tmp_path):
    desk = desk_with_run(tmp_path)
    (tmp_path / "out").rename(tmp_path / ".out.old")
    plan_regrade(Regrade(tmp_path / "out", desk.key, load_bank(tmp_path / "questions"), "both"))
    assert not leftovers(tmp_path / "out") and (tmp_path / "out" / "run.json").exists()


def test_only_what_a_run_leaves_is_taken_away(tmp_path):
    for name in (".out.partial", ".out.old.txt", ".output.x.partial", ".out.notes", "out.old"):
        (tmp_path / name).mkdir()
    (tmp_path / ".out.file.partial").write_text("a file")
    (tmp_path / ".out.link.partial").symlink_to("out.old")
    before = sorted(tmp_path.iterdir())
    assert not mend(tmp_path / "out") and sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("exchange", [True, False])
def test_a_swap_that_fails_changes_nothing(tmp_path, monkeypatch, exchange):
    out = tmp_path / "out"
    out.mkdir()
    (out / "old").write_text("old")
    if not exchange:
        monkeypatch.setattr(folder_swap, "_exchange", lambda one, other: False)
    with folder_made_whole(out) as new:
        (new / "new").write_text("new")
    assert [path.name for path in out.iterdir()] == ["new"] and len(list(tmp_path.iterdir())) == 1
    new.mkdir()
    new.rename(tmp_path / "gone")
    with pytest.raises(OSError, match="No such file"):
        swap(new, out)
    assert (out / "new").read_text() == "new"


def test_files_are_synced_one_by_one_where_there_is_no_other_way(tmp_path, monkeypatch):
    monkeypatch.setattr(folder_swap, "_libc", lambda: None)
    synced = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(handle))
    (tmp_path / "new" / "below").mkdir(parents=True)
    (tmp_path / "new" / "below" / "file").write_text("x")
    (tmp_path / "new" / "link").symlink_to("nowhere")
    swap(tmp_path / "new", tmp_path / "out")
    assert len(synced) == 4  # the file, two folders, and the name in the folder above


def test_two_runs_into_one_folder_one_refuses(tmp_path):
    desk = desk_with_run(tmp_path)
    before = snapshot(tmp_path / "out")
    plan = plan_regrade(
        Regrade(tmp_path / "out", None, load_bank(tmp_path / "questions"), "everybody", ["q01"])
    )
    with one_at_a_time(tmp_path / "out"):
        assert "another run" in desk.run("export.csv", "--replace", ok=False)
        with pytest.raises(OutputError, match="another run"):
            write_regrade(plan, Signature("TA", "seen"))
    assert snapshot(tmp_path / "out") == before


def test_two_runs_with_one_table_of_pseudonyms_one_refuses(tmp_path):
    desk = Desk(tmp_path, 6)
    desk.export()
    with one_at_a_time(tmp_path / "table.csv"):
        said = desk.run("export.csv", "--pseudonyms", "table.csv", ok=False)
    assert "table.csv: another run" in said and not (tmp_path / "out").exists()


def test_a_plan_is_not_written_over_what_came_after_it(tmp_path):
    desk_with_run(tmp_path)
    bank = load_bank(tmp_path / "questions")
    first, second = (
        plan_regrade(Regrade(tmp_path / "out", None, bank, "everybody", [name]))
        for name in ("q01", "q02")
    )
    write_regrade(first, Signature("TA", "seen"))
    before = snapshot(tmp_path)
    with pytest.raises(OutputError, match="was changed by another run since"):
        write_regrade(second, Signature("TA", "seen"))
    assert snapshot(tmp_path) == before


def stopped(desk: Desk, *arguments: str) -> subprocess.Popen[str]:
    """Start `hw9 grade` on a named pipe, so that it is sure to be running, and interrupt it."""
    os.mkfifo(desk.folder / "slow.csv")
    process = subprocess.Popen(
        [sys.executable, "-m", "grader.cli", "grade", "slow.csv", *ARGUMENTS, *arguments],
        cwd=desk.folder, env=ENVIRONMENT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not list(desk.folder.glob(".out.lock")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    return process


def test_ctrl_c_is_a_clean_stop(tmp_path):
    desk = desk_with_run(tmp_path)
    before = snapshot(tmp_path)
    process = stopped(desk, "--replace")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert out == "" and err == ("hw9: stopped. Its output is there whole or not at all.\n")
    (tmp_path / "slow.csv").unlink()
    assert snapshot(tmp_path) == before and not list(tmp_path.glob(".*"))


def test_files_that_may_not_grow_any_more(tmp_path):
    desk = desk_with_run(tmp_path)
    before = snapshot(tmp_path)
    code = (
        "import resource, sys; from grader.cli import main\n"
        "import grader.runs.grade_run, grader.reports.class_report, grader.reports.student_report\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))\n"
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", code, "grade", "export.csv", *ARGUMENTS, "--replace"],
        cwd=desk.folder, env=ENVIRONMENT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("hw9: ") and "cannot be written (File too large)" in done.stderr
    assert done.stderr.count("\n") == 1
    assert snapshot(tmp_path) == before and not list(tmp_path.glob(".*"))
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 256 KiB, where this machine lets us have one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if made.returncode:
        pytest.skip(f"no small disk can be mounted here ({made.stderr.strip()})")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def fill(disk: Path, leave: int) -> None:
    room = os.statvfs(disk)
    (disk / "full").write_bytes(b"x" * (room.f_bavail * room.f_bsize - leave))


def test_a_full_disk(tmp_path, small_disk):
    desk = Desk(tmp_path, 6)
    desk.export()
    out = str(small_disk / "out")
    desk.run("export.csv", "--no-pages", out=out)
    before = snapshot(small_disk)
    fill(small_disk, leave=12288)
    said = desk.run("export.csv", "--no-pages", "--replace", out=out, ok=False)
    assert "cannot be" in said and "(No space left on device" in said
    (small_disk / "full").unlink()
    assert snapshot(small_disk) == before and not list(small_disk.glob(".*"))
    plan = plan_regrade(
        Regrade(small_disk / "out", None, load_bank(tmp_path / "questions"), "everybody", ["q01"])
    )
    fill(small_disk, leave=16384)
    with pytest.raises(OutputError, match="No space left on device"):
        write_regrade(plan, Signature("TA", "seen"))
    (small_disk / "full").unlink()
    assert snapshot(small_disk) == before and not list(small_disk.glob(".*"))


def test_a_folder_that_may_only_be_read(tmp_path):
    desk = desk_with_run(tmp_path)
    made = subprocess.run(["mount", "--bind", tmp_path, tmp_path], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("nothing can be mounted here")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", tmp_path], check=True)
        said = desk.run("export.csv", "--no-pages", "--replace", ok=False)
        assert "out: cannot be written (Read-only file system)" in said
        plan = plan_regrade(
            Regrade(tmp_path / "out", None, load_bank(tmp_path / "questions"), "everybody", ["q01"])
        )
        with pytest.raises(OutputError, match="Read-only"):
            write_regrade(plan, Signature("TA", "seen"))
    finally:
        subprocess.run(["umount", tmp_path], check=True)
