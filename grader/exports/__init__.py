"""Formats of submissions: a module a format, found by this folder.

A format is a class with the method `rows` (`Export`), and a `FORMAT` at the end of its module.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from grader.quizzes.texts import OtherItem, WordedQuestion
from grader.student_ids.id_systems import IdSystem
from grader.submissions import ReadRow, ScoredQuestion
from solver.errors import ExportError


class Export(Protocol):
    """A file of submissions.

    Attributes:
        source: the file's name, as rejects and pages give it.
        id_system: system of its students' ids.
        notes: how the file was understood, a sentence each (after `rows` was begun).
    """

    source: str
    id_system: IdSystem
    notes: list[str]

    def rows(self) -> Iterator[ReadRow]:
        """Yield each row of the file in order, read or refused: exactly one `ReadRow` for each."""


@dataclass(frozen=True, slots=True)
class ReadingContext:
    """Settings and questions that are known before an export is opened.

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
    wordings: Mapping[str, Sequence[WordedQuestion]]
    left_out: Collection[str] = ()
    skip_columns: Collection[str] = ()
    allow_missing: bool = False
    others: Sequence[OtherItem] = ()
    one_quiz: bool = False


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """A format, as the end of its module names it.

    Attributes:
        name: with its article, as messages list it.
        fits: says whether a file has this format; it looks at the name or the first lines alone.
        opened: opens a file; raises `ExportError` where it is none after all.
        last: tried after every other format, and so the one that names the fault of a file
            of no format.
    """

    name: str
    fits: Callable[[Path], bool]
    opened: Callable[[Path, ReadingContext], Export]
    last: bool = False


class NoFormatError(ExportError):
    """A file has none of the formats."""
