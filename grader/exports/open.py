"""Opening of files of submissions by their formats, all of them before any is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from grader import exports
from grader.csv_files.records import first_bytes
from grader.exports import Export, ExportFormat, NoFormatError, ReadingContext
from grader.exports.student_analysis import StudentAnalysis
from grader.quizzes.same_quiz import refuse_two_quizzes
from grader.student_ids.id_systems import one_system
from solver.errors import ExportError
from solver.files.atomic_write import sha256_of


def open_exports(paths: Sequence[Path], context: ReadingContext) -> list[Export]:
    """Open every file and match its columns, so that a wrong one is known before any work.

    Raises:
        ExportError: a file is no export, has other questions, or is given twice; two are of two
            quizzes, or name their students by ids of two systems.
    """
    # Files of different sizes differ: a class's export of a GB is hashed once, not twice.
    sizes = Counter(path.stat().st_size for path in paths if path.is_file())
    seen: dict[str, Path] = {}
    for path in paths:
        alone = not path.is_file() or sizes[path.stat().st_size] == 1
        content = str(path) if alone else sha256_of(path)
        if content in seen:
            raise ExportError(
                f"is the same file as {seen[content]}", path=path, mend="Give it once."
            )
        seen[content] = path
    opened = [open_export(path, context) for path in paths]
    one_system([(str(path), each.id_system) for path, each in zip(paths, opened, strict=True)])
    if not context.one_quiz:
        refuse_two_quizzes(
            [(str(path), _asked(each)) for path, each in zip(paths, opened, strict=True)]
        )
    return opened


def _asked(export: Export) -> list[str]:
    """Return Canvas' ids of an export's questions, where it has any."""
    if not isinstance(export, StudentAnalysis):
        return []
    return [column.canvas_id for column in export.layout.questions]


def open_export(path: Path, context: ReadingContext) -> Export:
    """Open one file by its shape: the first format that it fits.

    Raises:
        ExportError: it cannot be read, or is none of the known formats.
    """
    # Before any format looks into it: none need know of a file that is not there.
    first_bytes(path)
    try:
        return next(each for each in formats() if each.fits(path)).opened(path, context)
    except NoFormatError as problem:
        # The one for all other files comes first here: it is the one most people want.
        names = "; ".join(each.name for each in sorted(formats(), key=lambda each: not each.last))
        raise ExportError(
            problem.message, path=path, place=problem.place, mend=f"Give one of: {names}."
        ) from None


@cache
def formats() -> tuple[ExportFormat, ...]:
    """Return the formats of this folder's modules by name, the one for all other files last."""
    # Sorted: which of two formats that fit is taken must not hang on the file system.
    names = sorted(module.name for module in iter_modules(exports.__path__, "grader.exports."))
    found = [getattr(import_module(name), "FORMAT", None) for name in names]
    return tuple(sorted(filter(None, found), key=lambda each: each.last))
