"""A run's folder, there whole or not at all, and made by one run at a time."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grader.runs.record import is_run
from solver.errors import OutputError
from solver.files.atomic_swap import mend, new_beside, swap
from solver.files.lock import one_at_a_time

MENDED = "cleared away what an earlier run into this folder had left when it was stopped"


@contextmanager
def only_run(out: Path) -> Iterator[list[str]]:
    """Hold `out` for this run; the leftovers of a killed run beside it are mended first.

    Yields:
        Sentences for the person who asked: empty, or that something was mended.

    Raises:
        OutputError: another run is writing it, or nothing can be written beside it.
    """
    with one_at_a_time(out):
        try:
            # A link's own folder: leftovers lie beside that.
            mended = mend(out.resolve())
        except OSError as problem:
            raise _not_written(out, problem) from None
        yield [MENDED] if mended else []


def check_target(out: Path, *, replace: bool) -> None:
    """Refuse a folder that a run must not be written over.

    Raises:
        OutputError: something is there already; names the mend.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not out.is_dir():
        raise OutputError(f"{out}: is a file, not a folder. Give another name with --out.")
    # Whatever else is in it is a person's, and --replace would take it away.
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

    A killed process leaves `out` as it was, or as it was to become (`solver.files.atomic_swap`).

    Raises:
        OutputError: no folder can be made beside `out`, or there is no room.
    """
    out = out.resolve()
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        # Beside it, on the same file system: only there does one rename put it in place.
        partial = new_beside(out)
    except OSError as problem:
        raise OutputError(f"{out}: cannot be made ({problem.strerror}).") from None
    try:
        yield partial
        for folder in partial.rglob("*"):
            if folder.is_dir() and not folder.is_symlink():
                folder.chmod(0o700)  # of whatever umask it was made under
        swap(partial, out)
    except OSError as problem:
        raise _not_written(out, problem) from None
    finally:
        # Not there any more where it has become `out`.
        shutil.rmtree(partial, ignore_errors=True)


def _not_written(out: Path, problem: OSError) -> OutputError:
    return OutputError(
        f"{out}: cannot be written ({problem.strerror or problem}). Nothing was changed; make "
        "room, or give another folder."
    )
