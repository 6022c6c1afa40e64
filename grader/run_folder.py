"""A run's folder, there whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grader.run_record import is_run
from solver.errors import OutputError


def check_target(out: Path, *, replace: bool) -> None:
    """Refuse a folder that a run must not be written over.

    Raises:
        OutputError: something is there already; says what to do.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not out.is_dir():
        raise OutputError(f"{out}: is a file, not a folder. Give another name with --out.")
    if not is_run(out):
        raise OutputError(
            f"{out}: is not empty and no folder that hw9 grade wrote. Give another with --out."
        )
    if not replace:
        raise OutputError(
            f"{out}: holds a run already. Give another folder with --out, change its key with "
            "hw9 regrade, or say --replace to have it replaced with all that is in it."
        )


@contextmanager
def folder_made_whole(out: Path) -> Iterator[Path]:
    """Give an empty folder (0700) to fill, which becomes `out` only if nothing goes wrong.

    Raises:
        OutputError: no folder can be made beside `out`.
    """
    out = out.absolute()
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    except OSError as problem:
        raise OutputError(f"{out}: cannot be made ({problem.strerror}).") from None
    try:
        yield partial
        for folder in partial.rglob("*"):
            if folder.is_dir():
                folder.chmod(0o700)
        _swap(partial, out)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _swap(partial: Path, out: Path) -> None:
    old = partial.with_name(partial.name + ".old")
    moved = False
    try:
        if out.exists():
            out.replace(old)
            moved = True
        partial.replace(out)
    except OSError as problem:
        if moved:
            old.replace(out)
        raise OutputError(f"{out}: cannot be written ({problem.strerror}).") from None
    shutil.rmtree(old, ignore_errors=True)
