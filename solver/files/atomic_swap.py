"""Atomic swap of a folder: another takes its place in one step, flushed to the disk before.

A reader sees the whole old folder or the whole new one, and a kill at any moment leaves one of
them, or is mended when the next run begins (`mend`).
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from solver.files.atomic_write import sync_path

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
# POSIX lets a system say either of a folder that is not empty.
_NOT_EMPTY = {errno.ENOTEMPTY, errno.EEXIST}
# As kernels, file systems and containers say that they lack a call.
_CANNOT = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EPERM}
PARTIAL = ".partial"


def new_beside(out: Path) -> Path:
    """Return a new empty folder (0700) beside `out`, to be filled and then put in its place."""
    return Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=PARTIAL, dir=out.parent))


def linked_copy(source: Path, target: Path) -> None:
    """Copy a folder by hard links; where files cannot have two names, by their bytes.

    Either way a file that is replaced in the one folder (`solver.files.atomic_write`) stays as it
    is in the other.

    Raises:
        OSError: something cannot be read or written.
    """
    shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True, copy_function=_linked)


def _linked(source: str, target: str) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except (OSError, NotImplementedError):  # Windows cannot link without following links
        shutil.copy2(source, target, follow_symlinks=False)


def can_be_swapped(out: Path) -> bool:
    """Return whether another folder can take the place of `out`."""
    # A mount cannot be replaced, and a process in the working folder would be left in a dead one.
    return not out.is_dir() or not (os.path.ismount(out) or Path.cwd().is_relative_to(out))


def leftovers(out: Path) -> list[Path]:
    """Return the folders that killed runs left beside `out`, sorted by name.

    The caller must hold the lock of `out` (`solver.files.lock`): else they may be another run's.
    """
    if not out.parent.is_dir():
        return []
    # Eight signs, as mkdtemp makes them: "key.old" beside "key" must not be taken for a leftover.
    partial = re.compile(rf"\.{re.escape(out.name)}\.[a-z0-9_]{{8}}{re.escape(PARTIAL)}")
    return sorted(
        path
        for path in out.parent.iterdir()
        if (partial.fullmatch(path.name) or path == _aside(out))
        and path.is_dir()
        and not path.is_symlink()
    )


def mend(out: Path) -> bool:
    """Put back an old folder that a killed run had moved aside, and remove the run's leftovers.

    Returns:
        True if there was anything to do.
    """
    found = leftovers(out)
    bring_back(out)
    for path in found:
        shutil.rmtree(path, ignore_errors=True)
    return bool(found)


def bring_back(out: Path) -> None:
    """Put back an old folder that a killed run had moved aside, if nothing is in its place."""
    aside = _aside(out)
    if aside in leftovers(out) and not out.exists():
        aside.replace(out)


def swap(new: Path, out: Path) -> None:
    """Put `new` in the place of `out` (absent, empty or full), which is then removed.

    Raises:
        OSError: nothing was changed.
    """
    # Before the swap: a power failure could else leave the new name with empty files.
    sync_folder(new)
    try:
        new.rename(out)  # in one step, if there is nothing or an empty folder
    except OSError as problem:
        if problem.errno not in _NOT_EMPTY:
            raise
        if not _exchange(new, out):
            aside = _aside(out)
            out.rename(aside)  # a kill from here on is mended by the next run
            try:
                new.rename(out)
            except BaseException:
                aside.rename(out)
                raise
    _sync(out.parent)
    for old in (new, _aside(out)):
        shutil.rmtree(old, ignore_errors=True)


def _aside(out: Path) -> Path:
    return out.with_name(f".{out.name}.old")


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two names; False where the system or the file system cannot."""
    # Linux since 3.15; Python has no name for it. Elsewhere the old folder is moved aside first.
    function = getattr(_libc(), "renameat2", None)
    if function is None:
        return False
    names = os.fsencode(one), os.fsencode(other)
    if function(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _CANNOT:
        return False
    raise OSError(number, os.strerror(number), str(other))


def sync_folder(folder: Path) -> None:
    """Flush a folder and all in it to the disk.

    Raises:
        OSError: a file cannot be read.
    """
    # One call for the whole file system where there is one; else a file at a time.
    function = getattr(_libc(), "syncfs", None)
    if function is not None:
        handle = os.open(folder, os.O_RDONLY)
        try:
            if function(handle) == 0:
                return
        finally:
            os.close(handle)
    for path in [*folder.rglob("*"), folder]:
        if not path.is_symlink():
            _sync(path)


def _sync(path: Path) -> None:
    try:
        sync_path(path)
    except OSError as problem:
        if problem.errno not in _CANNOT:  # some file systems cannot do it for a folder
            raise


@cache
def _libc() -> Any:
    try:
        return ctypes.CDLL(None, use_errno=True)
    except (OSError, TypeError):  # pragma: no cover - not on Windows
        return None
