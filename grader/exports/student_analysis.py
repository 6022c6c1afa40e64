"""The Student Analysis CSV of a Canvas quiz, as NTU COOL exports it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from itertools import islice
from pathlib import Path
from typing import Any

from grader.exports.columns import Layout, is_student_analysis, layout_of
from grader.exports.csv_records import DELIMITERS, CsvRecords, Record, read_header
from grader.exports.question_columns import ColumnMatcher, MatchedColumn, Wordings, how_matched
from grader.exports.times import read_time
from grader.option_matching import LONGEST, MEMORY, CellReader
from grader.row_cells import CanvasPoints, Cell, Columns, Responses, picker
from grader.submissions import (
    NOT_SHOWN,
    ReadRow,
    Reject,
    Response,
    Student,
    Submission,
)
from solver.errors import ExportError

SAMPLE_ROWS = 200


class StudentAnalysis:
    """One Student Analysis CSV.

    Args:
        path: the file.
        wordings: every wording of every question of the key, in the key's order.
        graded: ids of the questions to read (others are matched and passed over).
        skip: Canvas' ids of columns to pass over.
        allow_missing: take questions without a column as not shown.
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
        self._path = path
        self._graded = tuple(graded)
        self._delimiter, header = _delimiter_and_header(path)
        self._layout = layout_of(header, self._sample(len(header)), path)
        columns = [each for each in self._layout.questions if each.canvas_id not in skip]
        matched = ColumnMatcher(columns, wordings).match(path, allow_missing=allow_missing)
        self.notes.append(how_matched(matched))
        self._columns = [_Column(each) for each in matched if each.question in self._graded]
        self._begin()

    def _begin(self) -> None:
        """Set up what the rows share."""
        self._rows_columns = Columns(self._graded)
        self._answers = picker([column.at for column in self._columns])
        self._points = picker([column.at + 1 for column in self._columns])
        self._known = [column.known for column in self._columns]
        self._with_rejects: set[Cell] = set()
        names = [column.question for column in self._columns]
        missing = [name for name in self._graded if name not in names]
        not_shown = [self._rows_columns.not_shown[self._rows_columns.place[n]] for n in missing]
        self._missing = tuple(not_shown)
        self._in_order = picker([[*names, *missing].index(name) for name in self._graded])

    def _sample(self, width: int) -> list[list[str]]:
        records = CsvRecords(self._path, self._delimiter).read(_width_check(width))
        rows = (record.cells for record in records if record.cells is not None)
        return list(islice(rows, 1, SAMPLE_ROWS + 1))

    def rows(self) -> Iterator[ReadRow]:
        """Yield each row under the header, read or refused."""
        records = CsvRecords(self._path, self._delimiter).read(_width_check(self._layout.width))
        next(records, None)
        for record in records:
            yield self._row(record)

    def _row(self, record: Record) -> ReadRow:
        if record.cells is None:
            return self._refused_row(record.line, "", record.text, record.reason)
        student = self._student(record.cells, self._layout)
        if not student.id:
            text = ", ".join(cell for cell in record.cells[: len(self._layout.fields)] if cell)
            return self._refused_row(record.line, "", text, "has no student id")
        return self._submission(record.line, record.cells, student)

    def _refused_row(self, line: int, student: str, text: str, reason: str) -> ReadRow:
        return ReadRow(None, (Reject(self.source, line, student, "", text[:500], reason),))

    def _submission(self, line: int, cells: list[str], student: Student) -> ReadRow:
        rejects: list[Reject] = []

        def refuse(question: str, text: str, reason: str) -> None:
            rejects.append(Reject(self.source, line, student.id, question, text[:500], reason))

        pairs = zip(self._answers(cells), self._points(cells), strict=True)
        # The innermost loop of a class of a million; None stands for a pair not met before.
        met: Sequence[Any] = list(map(dict.get, self._known, pairs))
        if not all(met):
            met = self._all_read(cells)
        if not self._with_rejects.isdisjoint(met):
            for column, cell in zip(self._columns, met, strict=True):
                if cell.refused:
                    refuse(column.question, cell.response.text, cell.response.reason)
                if cell.bad_points:
                    refuse(column.question, cell.bad_points, "Canvas' points are not a number")
        row = self._in_order((*met, *self._missing))
        submission = Submission(
            student,
            self._attempt(cells, refuse),
            self._submitted(cells, refuse),
            Responses(self._rows_columns, row),
            CanvasPoints(self._rows_columns, row),
            self._score(cells, refuse),
            self.source,
            line,
        )
        return ReadRow(submission, tuple(rejects))

    def _all_read(self, cells: list[str]) -> list[ReadCell]:
        met = [column.read(cells[column.at], cells[column.at + 1]) for column in self._columns]
        if len(self._with_rejects) > MEMORY * len(self._columns):
            self._with_rejects.clear()  # of cells too many or too long to be known again
            self._with_rejects.update(
                cell for known in self._known for cell in known.values() if cell.has_rejects
            )
        self._with_rejects.update(cell for cell in met if cell.has_rejects)
        return met

    @staticmethod
    def _student(cells: list[str], layout: Layout) -> Student:
        def field(name: str) -> str:
            at = layout.fields.get(name)
            return "" if at is None else cells[at].strip()

        sis = field("sis_id")
        return Student(field("id"), field("name"), field("section"), field("section_id"), sis)

    def _attempt(self, cells: list[str], refuse: Callable[[str, str, str], None]) -> int | None:
        at = self._layout.fields.get("attempt")
        if at is None or not cells[at].strip():
            return None
        text = cells[at].strip().removesuffix(".0")
        if text.isascii() and text.isdigit() and len(text) < 10:
            return int(text)
        refuse("", cells[at], "the attempt is not a whole number")
        return None

    def _submitted(
        self, cells: list[str], refuse: Callable[[str, str, str], None]
    ) -> datetime | None:
        text = cells[self._layout.fields["submitted"]]
        if not text.strip():
            return None
        try:
            return read_time(text)
        except ValueError as problem:
            refuse("", text, f"the time of submission {problem}")
            return None

    def _score(self, cells: list[str], refuse: Callable[[str, str, str], None]) -> Decimal | None:
        text = cells[self._layout.score]
        if not text.strip():
            return None
        score = _number(text)
        if score is None:
            refuse("", text, "Canvas' score is not a number")
        return score


class ReadCell(Cell):
    """A cell of an export, with the text of points that are no number."""

    __slots__ = ("bad_points", "has_rejects")

    def __init__(self, response: Response, points: Decimal | None, bad_points: str) -> None:
        super().__init__(response, points)
        self.bad_points = bad_points
        self.has_rejects = bool(bad_points) or self.refused


class _Column:
    """One question's two columns, with the pairs of cells met so far."""

    def __init__(self, matched: MatchedColumn) -> None:
        self.question = matched.question
        self.at = matched.column.at
        self.known: dict[tuple[str, str], ReadCell] = {}
        self._reader = CellReader(matched.wordings)

    def read(self, cell: str, points: str) -> ReadCell:
        """Return what the two cells say."""
        pair = (cell, points)
        known = self.known.get(pair)
        if known is None:
            known = self._decide(cell, points)
            if len(self.known) < MEMORY and len(cell) + len(points) <= LONGEST:
                self.known[pair] = known
        return known

    def _decide(self, cell: str, points: str) -> ReadCell:
        # A question that was shown has points, be they 0.0; one that was not has none.
        if not points.strip():
            if not cell.strip():
                return ReadCell(NOT_SHOWN, None, "")
            return ReadCell(self._reader.read(cell), None, "")
        number = _number(points)
        return ReadCell(self._reader.read(cell), number, "" if number is not None else points)


def _number(text: str) -> Decimal | None:
    text = text.strip()
    if "," in text and "." not in text:  # a spreadsheet's decimal comma
        text = text.replace(",", ".", 1)
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < 1_000_000 else None


def _width_check(width: int) -> Callable[[list[str]], str]:
    def check(cells: list[str]) -> str:
        if len(cells) == width or (len(cells) > width and not any(cells[width:])):
            return ""
        return f"has {len(cells)} cells where the header has {width}"

    return check


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
