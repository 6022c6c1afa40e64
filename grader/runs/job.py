"""A grading job as data: exports, key, rules and the folder to make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grader.runs.grading import Rules
from solver.banks.bank import Bank
from solver.key import Key


@dataclass(frozen=True, slots=True)
class Job:
    """A grading job: exports, key, rules and the folder to make.

    Attributes:
        exports: files of submissions.
        key, key_path: the answer key and its file.
        bank: the questions.
        out: folder to make.
        rules: policy, attempts, deadline.
        quizzes: files of `hw9 bank import-qti`.
        skip_columns: Canvas' ids of questions that are none of the key's.
        allow_missing: take questions without a column as not shown.
        one_quiz: take exports that share hardly a question id as exports of one quiz.
        points_of_key: take the key's points where an export's header promises others.
        test_student: grade Canvas' test student too.
        mostly_unread: grade though most answers could not be read.
        corrections: a file of cells that a person has read.
        leave_out_open: grade without the questions that the key leaves open.
        pseudonyms: table of pseudonyms, None to use names.
        gradebook, column: a gradebook to fill, and its column.
        skip_unknown: leave out graded students who are not in the gradebook.
        pages: write the class report and the students' pages.
        reveal: show right options on the students' pages.
        replace: write over an older run.
        jobs: threads that read a large export; 0: as many as there are cores.
    """

    exports: Sequence[Path]
    key: Key
    key_path: Path
    bank: Bank
    out: Path
    rules: Rules = field(default_factory=Rules)
    quizzes: Sequence[Path] = ()
    skip_columns: Sequence[str] = ()
    allow_missing: bool = False
    one_quiz: bool = False
    points_of_key: bool = False
    test_student: bool = False
    mostly_unread: bool = False
    corrections: Path | None = None
    leave_out_open: bool = False
    pseudonyms: Path | None = None
    gradebook: Path | None = None
    column: str = ""
    skip_unknown: bool = False
    pages: bool = True
    reveal: bool = False
    replace: bool = False
    jobs: int = 0

    @property
    def names(self) -> list[str]:
        """Names of the exports in the outputs: a file's own may hold a person's."""
        if self.pseudonyms is None:
            return [path.name for path in self.exports]
        return [f"export {number}" for number in range(1, len(self.exports) + 1)]
