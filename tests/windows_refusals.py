"""What Windows refuses, taken away from this process: one ability a function.

Each is as its documentation has it: which call fails, and with which error.
"""

from __future__ import annotations

import asyncio
import ctypes
import errno
import fcntl
import os
import shutil
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

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
    real = ctypes.CDLL

    def call(name: str | None, *given: Any, **named: Any) -> Any:
        if name is None:
            raise TypeError("LoadLibrary() argument 1 must be str, not None")
        return real(name, *given, **named)

    patch.setattr(ctypes, "CDLL", call)


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


def no_shared_port(patch: Patch) -> None:
    real = socket.socket.setsockopt
    # There SO_REUSEADDR takes a port from the program that has it.
    patch.setattr(socket, "SO_EXCLUSIVEADDRUSE", ~socket.SO_REUSEADDR, raising=False)

    def call(self: socket.socket, level: int, option: int, *value: Any) -> None:
        if level == socket.SOL_SOCKET and option == socket.SO_REUSEADDR:
            raise denied("a port that another program may have")
        if option != ~socket.SO_REUSEADDR:
            real(self, level, option, *value)

    patch.setattr(socket.socket, "setsockopt", call)


def no_signals_in_a_loop(patch: Patch) -> None:
    def call(*_: Any, **__: Any) -> None:
        raise NotImplementedError

    patch.setattr(asyncio.SelectorEventLoop, "add_signal_handler", call)


REFUSALS = [
    no_libc,
    no_open_folder,
    no_sync_of_what_is_only_read,
    no_link_of_a_link,
    no_move_of_what_is_open,
    no_removal_of_what_is_open,
    no_modes,
    no_positioned_read,
    no_shared_port,
    no_signals_in_a_loop,
]
