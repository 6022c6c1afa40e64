"""The Student Analysis CSV of a Canvas quiz, as NTU COOL exports it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import Any

from grader.exports.columns import is_student_analysis, layout_of
from grader.exports.csv_records import DELIMITERS, CsvRecords, Record, read_header
from grader.exports.question_cells import AnalysisColumn
from grader.exports.question_columns import ColumnMatcher, Wordings, how_matched
from grader.exports.row_fields import attempt_number, canvas_score, moment_of, student_fault
from grader.row_cells import CanvasPoints, Columns, Responses, picker
from grader.submissions import ReadRow, Reject, Student, Submission
from solver.errors import ExportError

SAMPLE_ROWS = 200
_HAS_REJECTS = attrgetter("has_rejects")


class StudentAnalysis:
    """One Student Analysis CSV.

    Args:
        path: the file.
        wordings: every wording of every question of the key, in the key's order.
        graded: ids of the questions to read (others are matched and passed over).
        skip: Canvas' ids of columns to pass over.
        allow_missing: take questions without a column as not shown.

    Attributes:
        delimiter, layout: how the file is written, and which column is which.
        columns: the questions' columns that are read, in the order of the file.
        missing: the cells of graded questions that have none.
        in_order: makes what comes in the order of `columns` and `missing` come in that of `graded`.
        person_at, submitted_at, attempt_at: columns of the person's fields (id, name, section,
            section_id and, where there is one, sis_id), of the time and of the attempt (0: none).
        row_columns: what the rows' cells belong to.
    """

    def __init__(
        self,
        path: Path,
        wordings: Wordings,
        graded: Sequence[str],
        *,
        skip: Collection[str] = (),
        allow_missing: bool = False,
    ) -> None:
        self.source = path.name
        self.notes: list[str] = []
        self.path = path
        self._graded = tuple(graded)
        self.delimiter, header = _delimiter_and_header(path)
        self.layout = layout_of(header, self._sample(len(header)), path)
        columns = [each for each in self.layout.questions if each.canvas_id not in skip]
        matched = ColumnMatcher(columns, wordings).match(path, allow_missing=allow_missing)
        self.notes.append(how_matched(matched))
        self.columns = [AnalysisColumn(each) for each in matched if each.question in self._graded]
        self._begin()

    def _begin(self) -> None:
        """Set up what the rows share."""
        fields = self.layout.fields
        person = [fields[name] for name in ("id", "name", "section", "section_id")]
        self.person_at = [*person, *([fields["sis_id"]] if "sis_id" in fields else [])]
        self._person = picker(self.person_at)
        self.submitted_at = fields["submitted"]
        self.attempt_at = fields.get("attempt", 0)
        self.row_columns = Columns(self._graded)
        self._answers = picker([column.at for column in self.columns])
        self._points = picker([column.at + 1 for column in self.columns])
        self._known = [column.known for column in self.columns]
        names = [column.question for column in self.columns]
        missing = [name for name in self._graded if name not in names]
        not_shown = [self.row_columns.not_shown[self.row_columns.place[n]] for n in missing]
        self.missing = tuple(not_shown)
        self.in_order = picker([[*names, *missing].index(name) for name in self._graded])

    def _sample(self, width: int) -> list[list[str]]:
        records = CsvRecords(self.path, self.delimiter).read(width)
        rows = (record.cells for record in records if record.cells is not None)
        return list(islice(rows, 1, SAMPLE_ROWS + 1))

    def rows(self) -> Iterator[ReadRow]:
        """Yield each row under the header, read or refused."""
        records = CsvRecords(self.path, self.delimiter).read(self.layout.width)
        next(records, None)
        yield from map(self.row, records)

    def row(self, record: Record) -> ReadRow:
        """Return what a record says, read or refused."""
        line, cells, text, reason = record
        if cells is None:
            return self._refused_row(line, text, reason)
        student = Student(*[text.strip() for text in self._person(cells)])
        if fault := student_fault(student.id):
            text = ", ".join(cell for cell in cells[: len(self.layout.fields)] if cell)
            return self._refused_row(line, text, fault)
        return self._submission(line, cells, student)

    def _refused_row(self, line: int, text: str, reason: str) -> ReadRow:
        return ReadRow(None, (Reject(self.source, line, "", "", text[:500], reason),))

    def _submission(self, line: int, cells: list[str], student: Student) -> ReadRow:
        # The innermost loop of a class of a million; None stands for a pair not met before.
        pairs = zip(self._answers(cells), self._points(cells), strict=True)
        met: Sequence[Any] = list(map(dict.get, self._known, pairs))
        if not all(met):
            met = [column.read(cells[column.at], cells[column.at + 1]) for column in self.columns]
        rejects: list[tuple[str, str, str]] = []
        if any(map(_HAS_REJECTS, met)):
            for column, cell in zip(self.columns, met, strict=True):
                rejects += cell.rejects(column.question)
        attempt, wrong_attempt = attempt_number(cells[self.attempt_at] if self.attempt_at else "")
        submitted, wrong_time = moment_of(cells[self.submitted_at])
        score, wrong_score = canvas_score(cells[self.layout.score])
        if wrong_attempt or wrong_time or wrong_score:
            texts = cells[self.attempt_at], cells[self.submitted_at], cells[self.layout.score]
            reasons = wrong_attempt, wrong_time, wrong_score
            rejects += [("", text, why) for text, why in zip(texts, reasons, strict=True) if why]
        row = self.in_order((*met, *self.missing))
        submission = Submission(
            student,
            attempt,
            submitted,
            Responses(self.row_columns, row),
            CanvasPoints(self.row_columns, row),
            score,
            self.source,
            line,
        )
        if not rejects:
            return ReadRow(submission)
        return ReadRow(
            submission,
            tuple(
                Reject(self.source, line, student.id, question, text[:500], reason)
                for question, text, reason in rejects
            ),
        )


def _delimiter_and_header(path: Path) -> tuple[str, list[str]]:
    for delimiter in DELIMITERS:
        header = read_header(path, delimiter)
        if is_student_analysis(header):
            return delimiter, header
    raise ExportError(
        'has no question columns ("NUMBER: text", then its points)',
        path=path,
        place="line 1",
        mend="Give the Student Analysis CSV from the quiz's statistics page.",
    )
