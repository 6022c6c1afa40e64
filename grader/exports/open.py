"""Which format a file of submissions has; each is opened before any of them is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.exports import Export
from grader.exports.analysis_columns import Wordings
from grader.exports.answers_yaml import AnswersYaml
from grader.exports.plain_csv import PlainCsv, is_plain
from grader.exports.student_analysis import StudentAnalysis
from grader.quizzes.same_quiz import refuse_two_quizzes
from grader.quizzes.texts import OtherItem
from grader.student_ids.id_systems import one_system
from grader.submissions import ScoredQuestion
from solver.errors import ExportError
from solver.files.atomic_write import sha256_of

YAML_SUFFIXES = {".yaml", ".yml"}


@dataclass(frozen=True, slots=True)
class ReadingContext:
    """What is known before an export is opened.

    Attributes:
        questions: those that are graded.
        wordings: of every question of the key, in its order.
        left_out: ids of the key's questions that are not graded.
        skip_columns: Canvas' ids of questions that are none of the key's.
        allow_missing: take questions without a column as not shown.
        others: items of the quiz that are none of the key's questions (a heading, say); their
            columns are passed over.
        one_quiz: exports that share hardly a question id are of one quiz all the same.
    """

    questions: tuple[ScoredQuestion, ...]
    wordings: Wordings
    left_out: Collection[str] = ()
    skip_columns: Collection[str] = ()
    allow_missing: bool = False
    others: Sequence[OtherItem] = ()
    one_quiz: bool = False


def open_exports(paths: Sequence[Path], context: ReadingContext) -> list[Export]:
    """Open every file and match its columns, so that a wrong one is known before any work.

    Raises:
        ExportError: a file is no export, has other questions, or is given twice; two are of two
            quizzes, or name their students by ids of two systems.
    """
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
    exports = [open_export(path, context) for path in paths]
    one_system([(str(path), each.id_system) for path, each in zip(paths, exports, strict=True)])
    if not context.one_quiz:
        refuse_two_quizzes(
            [(str(path), _asked(each)) for path, each in zip(paths, exports, strict=True)]
        )
    return exports


def _asked(export: Export) -> list[str]:
    """Return Canvas' ids of an export's questions, where it has any."""
    if not isinstance(export, StudentAnalysis):
        return []
    return [column.canvas_id for column in export.layout.questions]


def open_export(path: Path, context: ReadingContext) -> Export:
    """Open one file by its shape: the first format of `FORMATS` that it fits.

    Raises:
        ExportError: it is none of the known formats.
    """
    return next(opened for fits, opened in FORMATS if fits(path))(path, context)


def _answers_yaml(path: Path, context: ReadingContext) -> Export:
    return AnswersYaml(path, context.questions, left_out=context.left_out)


def _plain_csv(path: Path, context: ReadingContext) -> Export:
    missing = context.allow_missing
    return PlainCsv(path, context.questions, left_out=context.left_out, allow_missing=missing)


def _student_analysis(path: Path, context: ReadingContext) -> Export:
    return StudentAnalysis(
        path,
        context.wordings,
        [question.id for question in context.questions],
        skip=context.skip_columns,
        others=context.others,
        allow_missing=context.allow_missing,
    )


def _is_yaml(path: Path) -> bool:
    return path.suffix.lower() in YAML_SUFFIXES


FORMATS: tuple[tuple[Callable[[Path], bool], Callable[[Path, ReadingContext], Export]], ...] = (
    (_is_yaml, _answers_yaml),
    (is_plain, _plain_csv),
    (lambda path: True, _student_analysis),
)
"""Each format: whether a file has it, and how it is opened. The last one says what is wrong."""
