"""The program with what Windows refuses taken away: one ability at a time, then all together.

It was not run on Windows itself. Each refusal is as its documentation has it: which call fails, and
with which error.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import re
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from grader.cli import hw9
from solver.evidence import Evidence, Record, save_evidence
from solver.files import atomic_swap
from solver.files.atomic_swap import linked_copy, new_beside, swap
from solver.files.atomic_write import write_whole
from solver.files.lock import one_at_a_time
from tests.grader.equal_everywhere import prepare, run

RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)|[<>:\"/\\|?*\x00-\x1f]|[ .]$", re.I)

Patch = pytest.MonkeyPatch


def held(path: Any) -> bool:
    """Whether this process has the file open or mapped, or one inside the folder."""
    place = str(Path(os.fspath(path)).absolute())
    found = [str(each.readlink()) for each in Path("/proc/self/fd").iterdir() if each.is_symlink()]
    maps = Path("/proc/self/maps").read_text("utf-8", "replace")
    found += [line[line.index("/") :] for line in maps.splitlines() if "/" in line]
    return any(each == place or each.startswith(place + "/") for each in found)


def refuse_where(patch: Patch, name: str, refuse: Callable[..., BaseException | None]) -> None:
    """Let `os.NAME` raise what `refuse` returns for its arguments, if anything."""
    real = getattr(os, name)

    def call(*given: Any, **named: Any) -> Any:
        if (fault := refuse(*given, **named)) is not None:
            raise fault
        return real(*given, **named)

    patch.setattr(os, name, call)


def denied(path: object) -> PermissionError:
    return PermissionError(errno.EACCES, "Access is denied", str(path))


def no_libc(patch: Patch) -> None:
    def missing(*_: Any, **__: Any) -> None:
        raise TypeError("LoadLibrary() argument 1 must be str, not None")

    patch.setattr(ctypes, "CDLL", missing)


def no_open_folder(patch: Patch) -> None:
    def refuse(path: Any, *_: Any, dir_fd: int | None = None, **__: Any) -> BaseException | None:
        return denied(path) if dir_fd is None and Path(path).is_dir() else None

    refuse_where(patch, "open", refuse)
    patch.setattr(shutil, "_use_fd_functions", False)  # as shutil finds it there
    no_libc(patch)


def no_sync_of_what_is_only_read(patch: Patch) -> None:
    def refuse(handle: int) -> BaseException | None:
        only_read = fcntl.fcntl(handle, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY
        file = stat.S_ISREG(os.fstat(handle).st_mode)  # a folder is never open there
        return OSError(errno.EBADF, "Bad file descriptor") if file and only_read else None

    refuse_where(patch, "fsync", refuse)
    no_libc(patch)


def no_link_of_a_link(patch: Patch) -> None:
    def refuse(*_: Any, follow_symlinks: bool = True, **__: Any) -> BaseException | None:
        return None if follow_symlinks else NotImplementedError("follow_symlinks unavailable")

    refuse_where(patch, "link", refuse)


def no_move_of_what_is_open(patch: Patch) -> None:
    def refuse(source: Any, target: Any, **_: Any) -> BaseException | None:
        if held(source) or held(target):
            return denied(source)
        if Path(target).is_dir():
            return FileExistsError(errno.EEXIST, "it is there already", str(target))
        return None

    refuse_where(patch, "rename", refuse)
    refuse_where(patch, "replace", lambda *each, **_: denied(each[1]) if held(each[1]) else None)


def no_removal_of_what_is_open(patch: Patch) -> None:
    for name in ("unlink", "remove"):
        refuse_where(patch, name, lambda path, **_: denied(path) if held(path) else None)


def no_modes(patch: Patch) -> None:
    refuse_where(patch, "chmod", lambda *_, **__: None)
    patch.setattr(os, "chmod", lambda *_, **__: None)


def no_positioned_read(patch: Patch) -> None:
    patch.delattr(os, "pread")
    patch.delattr(os, "fork")


REFUSALS = [
    no_libc,
    no_open_folder,
    no_sync_of_what_is_only_read,
    no_link_of_a_link,
    no_move_of_what_is_open,
    no_removal_of_what_is_open,
    no_modes,
    no_positioned_read,
]


@pytest.fixture(autouse=True)
def the_libc_is_looked_for_anew() -> Any:
    atomic_swap._libc.cache_clear()
    yield
    atomic_swap._libc.cache_clear()


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda each: each.__name__)
def test_files_and_folders_are_put_in_place(
    refusal: Callable[[Patch], None], tmp_path: Path, monkeypatch: Patch
) -> None:
    refusal(monkeypatch)
    out = tmp_path / "out"
    with one_at_a_time(out):
        for text in ("first", "second"):
            new = new_beside(out)
            if out.exists():
                linked_copy(out, new)
            write_whole(new / "inner" / "file.yaml", text)
            swap(new, out)
            assert (out / "inner" / "file.yaml").read_text() == text
    assert {path.name for path in tmp_path.iterdir()} - {".out.lock"} == {"out"}


def test_a_class_is_graded_and_regraded_and_a_key_decided(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    for refusal in REFUSALS:
        refusal(monkeypatch)
    monkeypatch.chdir(tmp_path)
    prepare()
    run(1)
    assert Path("out/scores.csv").exists() and Path("out/regrades.jsonl").exists()
    save_evidence(Evidence({"module/6": Record("module/6", values={"class": "ReLU"})}), Path("e"))
    for repeats in ("0", "2"):
        words = ["key", "--evidence", "e", "--only", "q14", "--out", "k", "--stability", repeats]
        done = CliRunner().invoke(hw9, words)
        assert done.exit_code == 0, done.output
    assert Path("k/key.html").exists()
    written = [path for path in Path().rglob("*") if path.parts[0] in ("out", "k")]
    assert written and not [path.name for path in written if RESERVED.search(path.name)]


def test_the_refusals_refuse(tmp_path: Path, monkeypatch: Patch) -> None:
    with monkeypatch.context() as patch:
        for refusal in REFUSALS:
            refusal(patch)
        with pytest.raises(PermissionError):
            os.open(tmp_path, os.O_RDONLY)
        (tmp_path / "in").mkdir()
        path = tmp_path / "in" / "file"
        with path.open("w") as file:
            for call in (path.unlink, lambda: path.parent.rename(tmp_path / "away")):
                with pytest.raises(PermissionError):
                    call()
            file.write("x")
        path.parent.rename(tmp_path / "away")
        handle = os.open(tmp_path / "away" / "file", os.O_RDONLY)
        with pytest.raises(OSError, match="descriptor"):
            os.fsync(handle)
        os.close(handle)
    assert stat.S_ISREG((tmp_path / "away" / "file").stat().st_mode)
