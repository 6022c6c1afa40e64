"""One run at a time into one place: a lock that dies with its process.

The lock is an advisory one (`flock`) on a small hidden file beside the place, so that two runs
that make ``out`` cannot both think it theirs. The system gives it up when the process ends, however
it ends: the file that a killed run leaves behind holds nobody up, and the next run takes it away.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from solver.errors import OutputError

try:
    import fcntl
except ImportError:  # pragma: no cover - not on Windows, which locks nothing here
    fcntl = None  # type: ignore[assignment]


@contextmanager
def one_at_a_time(place: Path) -> Iterator[None]:
    """Hold `place` (a file or folder, there or not) for this run alone.

    Holding it twice in one process is refused like any other second run. Where the file system
    has no locks, nothing is held and nobody refused.

    Raises:
        OutputError: another run holds it, or no file can be made beside it.
    """
    place = place.resolve()
    path = place.with_name(f".{place.name}.lock")
    handle = _held(place, path)
    try:
        yield
    finally:
        # Taken away while it is still held: whoever waits at the old file looks again (`_is_at`).
        with suppress(OSError):
            path.unlink()
        os.close(handle)


def _held(place: Path, path: Path) -> int:
    while True:
        handle = _opened(place, path)
        try:
            _lock(handle, place)
        except BaseException:
            os.close(handle)
            raise
        if _is_at(path, handle):
            with suppress(OSError):  # a full disk: then nobody is told who holds it
                os.truncate(handle, 0)
                os.write(handle, f"{os.getpid()}\n".encode())
            return handle
        os.close(handle)


def _opened(place: Path, path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        return os.open(path, flags, 0o600)
    except OSError as problem:
        raise OutputError(
            f"{place}: cannot be written ({problem.strerror}). Give another folder with --out."
        ) from None


def _lock(handle: int, place: Path) -> None:
    if fcntl is None:  # pragma: no cover
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        who = os.pread(handle, 20, 0).decode("ascii", "replace").strip()
        by = f" (process {who})" if who.isdigit() else ""
        raise OutputError(
            f"{place}: another run{by} is writing it. Wait until it has ended, or give another "
            "name."
        ) from None
    except OSError:  # a file system without locks
        return


def _is_at(path: Path, handle: int) -> bool:
    """Say whether the open file is still the one of that name: its holder may have removed it."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False
