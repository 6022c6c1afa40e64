"""Lock of a file or folder: one run at a time writes it; it ends with its process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from solver.errors import OutputError


@contextmanager
def one_at_a_time(place: Path) -> Iterator[None]:
    """Hold the lock of `place` (a file or folder, which may not exist yet).

    The lock is a small hidden file beside the place; one that a killed run left does not count.
    Locking a place twice in one process is refused like any other second run. On a file system
    without locks nothing is locked.

    Raises:
        OutputError: another run holds it, or no file can be made beside it.
    """
    # Two names of one place, by a link or "..", have one lock.
    place = place.resolve()
    path = place.with_name(f".{place.name}.lock")
    # The system's lock, not the file's presence: it ends with its process, even a killed one.
    lock = FileLock(path, timeout=0, mode=0o600)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise OutputError(
            f"{place}: another run{_who(path)} is writing it. Wait until it has ended, or give "
            "another name."
        ) from None
    except NotImplementedError:  # a file system without locks
        pass
    except OSError as problem:
        raise OutputError(
            f"{place}: cannot be written ({problem.strerror}). Give another folder with --out."
        ) from None
    try:
        with suppress(OSError):  # a full disk: then nobody is told who holds it
            path.write_text(f"{os.getpid()}\n", "ascii")
        yield
    finally:
        # Removed while it is still held: later it may be another run's.
        with suppress(OSError):
            path.unlink()
        lock.release()


def _who(path: Path) -> str:
    with suppress(OSError, UnicodeDecodeError):
        number = path.read_text("ascii").strip()
        if number.isdigit():
            return f" (process {number})"
    return ""
