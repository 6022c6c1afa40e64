"""Folder of a key: written whole, by one run at a time, without making anything twice."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solver.banks.bank import load_bank
from solver.errors import Hw9Error, OutputError
from solver.evidence import MANIFEST
from solver.files.atomic_swap import (
    bring_back,
    can_be_swapped,
    leftovers,
    linked_copy,
    mend,
    new_beside,
    swap,
)
from solver.files.atomic_write import clear_half_written
from solver.files.lock import one_at_a_time
from solver.files.resources import data_folder, shipped_bank
from solver.key import Key
from solver.pipeline import up_to_date as up_to_date
from solver.pipeline.overrides import refuse_to_drop_questions


@dataclass(frozen=True)
class KeyInFolder:
    """The content of a key's folder after a run.

    Attributes:
        key: the key, overrides included.
        unchanged: True if the key was up to date, and nothing was run or written.
        kept: ids of the questions whose override or void was kept.
        asked_of: number of questions in the bank.
        held: number of questions in the key that was there before.
    """

    key: Key
    unchanged: bool
    kept: tuple[str, ...]
    asked_of: int = 0
    held: int = 0


@dataclass(frozen=True)
class Workspace:
    """The folder a key is made in, before it is swapped into `out`.

    Attributes:
        folder: to write into; it becomes `out` at the end.
        evidence: the folder of evidence that was given, or the same inside `folder`.
        stopped: folders of evidence that stopped runs have left, to go on from.
    """

    folder: Path
    evidence: Path | None
    stopped: tuple[Path, ...] = ()


def make_once(
    out: Path,
    make: Callable[[Workspace], Key],
    options: Mapping[str, Any],
    *,
    bank: Path | None = None,
    bundle: Path | None = None,
    evidence: Path | None = None,
    replace: bool = False,
) -> KeyInFolder:
    """Return the key of a folder, made by `make` unless it is up to date.

    A reader sees the whole old folder or the whole new one. A run from a bundle that is stopped
    leaves its records in a hidden folder beside `out`, from which the next run goes on. Where a
    folder cannot be swapped (a mount, the working folder, one that holds others' folders) its files
    are replaced one after the other.

    Args:
        out: the folder, which this run locks.
        make: makes the key and writes it into a workspace (`solver.pipeline.make_key.make_key`).
        options: all that shapes the key besides bank, bundle and evidence; "only" names the
            questions it is made of, where they are not all.
        bank, bundle, evidence: as given to `make`.
        replace: True: a key that is there may be replaced whatever its questions.

    Raises:
        OutputError: another run is writing there, or nothing can be written.
        KeyFileError: the key that is there has questions that the new one will not have.
        Hw9Error: raised by `make`.
    """
    questions = load_bank(bank or shipped_bank())
    asked = list(dict.fromkeys(options.get("only") or [each.id for each in questions.questions]))
    asked_of = len(questions.questions)
    materials = bundle or (data_folder("demo") if evidence is None else None)
    with one_at_a_time(out):
        place = out.resolve()
        try:
            bring_back(place)
        except OSError as problem:
            raise _not_written(place, problem) from None
        inputs = up_to_date.inputs_hash(questions, options, bundle=materials, evidence=evidence)
        # Before the workspace is copied: most calls find nothing to do.
        before = up_to_date.recall(place, inputs)
        if before is not None:
            mend(place)  # leftovers of a killed run are of no use to a key that stands
            return KeyInFolder(before, True, _by_hand(before), asked_of, len(before.questions))
        for name in asked:
            questions.question(name)  # an unknown name is refused before anything else
        held = refuse_to_drop_questions(asked, place / "key.yaml", of=asked_of, replace=replace)
        with _workspace(out, evidence, keep=materials is not None) as workspace:
            key = make(workspace)
            up_to_date.remember(workspace.folder, inputs)
        return KeyInFolder(key, False, _by_hand(key), asked_of, held)


@contextmanager
def _workspace(out: Path, evidence: Path | None, *, keep: bool) -> Iterator[Workspace]:
    """Give a copy of `out` to work in, which takes its place if nothing goes wrong.

    Args:
        out: the folder, locked by this run.
        evidence: as it was given.
        keep: leave the records beside `out` if something does go wrong.
    """
    place = out.resolve()
    if not can_be_swapped(place) or _others_in(place):
        up_to_date.forget(place)
        clear_half_written(place)
        # In place: a mount or a working folder cannot be renamed.
        yield Workspace(place, evidence)
        return
    stopped = tuple(each / "evidence" for each in leftovers(place))
    folder = None
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        folder = new_beside(place)
        (folder / "evidence").mkdir()
        folder.chmod((folder / "evidence").stat().st_mode & 0o777)  # as any other new folder
        before = _file_stamps(place)
        if place.is_dir():
            # Links, not copies: evidence may be a GB, and its files are replaced, never written
            # into.
            linked_copy(place, folder)
        # In the copy: if anything goes wrong the old folder still says that it is up to date.
        up_to_date.forget(folder)
        clear_half_written(folder)
        inside = evidence is not None and evidence.resolve() == place / "evidence"
        yield Workspace(folder, folder / "evidence" if inside else evidence, stopped)
        # A TA's override written meanwhile would vanish with the old folder.
        if _file_stamps(place) != before:
            raise OutputError(
                f"{out}: was changed by somebody else while the key was made. Nothing was written; "
                "run it again."
            )
        swap(folder, place)
        mend(place)
    except BaseException as problem:
        if folder is not None and not (keep and (folder / "evidence" / MANIFEST).is_file()):
            shutil.rmtree(folder, ignore_errors=True)
        if isinstance(problem, OSError):
            raise _not_written(out, problem) from None
        if isinstance(problem, Hw9Error) and folder is not None:
            # Whoever gave --out knows nothing of the hidden folder.
            problem.args = (str(problem).replace(str(folder), str(out)),)
        raise


def _others_in(place: Path) -> bool:
    """True if the folder holds other folders than evidence, which another run may be writing."""
    try:
        found = [each for each in os.scandir(place) if each.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return False
    return any(each.name != "evidence" for each in found)


def _file_stamps(place: Path) -> dict[str, tuple[int, int, int]]:
    """Inode, time and size of a folder's files, which tell a rewritten one."""
    found = {}
    for path in place.rglob("*"):
        if not path.is_dir() or path.is_symlink():
            seen = path.lstat()
            found[str(path.relative_to(place))] = (seen.st_ino, seen.st_mtime_ns, seen.st_size)
    return found


def _not_written(out: Path, problem: OSError) -> OutputError:
    return OutputError(
        f"{out}: cannot be written ({problem.strerror or problem}). The key there is as it was; "
        "give another folder with --out, or make room."
    )


def _by_hand(key: Key) -> tuple[str, ...]:
    return tuple(each.id for each in key.questions if each.decision != "undecided")
