"""The Student Analysis CSV of a Canvas quiz, as NTU COOL exports it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from itertools import islice
from pathlib import Path

from grader.exports.columns import Layout, is_student_analysis, layout_of
from grader.exports.csv_records import DELIMITERS, CsvRecords, Record, read_header
from grader.exports.question_columns import ColumnMatcher, MatchedColumn, Wordings, how_matched
from grader.exports.times import read_time
from grader.option_matching import LONGEST, MEMORY, CellReader
from grader.submissions import (
    NOT_SHOWN,
    ReadRow,
    Refused,
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

        responses: dict[str, Response] = dict.fromkeys(self._graded, NOT_SHOWN)
        points: dict[str, Decimal | None] = dict.fromkeys(self._graded)
        for column in self._columns:
            name = column.question
            response, earned, bad_points = column.read(cells[column.at], cells[column.at + 1])
            responses[name], points[name] = response, earned
            if type(response) is Refused:
                refuse(name, response.text, response.reason)
            if bad_points:
                refuse(name, bad_points, "Canvas' points are not a number")
        submission = Submission(
            student,
            self._attempt(cells, refuse),
            self._submitted(cells, refuse),
            responses,
            points,
            self._score(cells, refuse),
            self.source,
            line,
        )
        return ReadRow(submission, tuple(rejects))

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


class _Column:
    """One question's two columns, with the pairs of cells met so far."""

    def __init__(self, matched: MatchedColumn) -> None:
        self.question = matched.question
        self.at = matched.column.at
        self._reader = CellReader(matched.wordings)
        self._seen: dict[tuple[str, str], tuple[Response, Decimal | None, str]] = {}

    def read(self, cell: str, points: str) -> tuple[Response, Decimal | None, str]:
        """Return the response, Canvas' points, and the text of points that are no number."""
        pair = (cell, points)
        known = self._seen.get(pair)
        if known is None:
            known = self._decide(cell, points)
            if len(self._seen) < MEMORY and len(cell) + len(points) <= LONGEST:
                self._seen[pair] = known
        return known

    def _decide(self, cell: str, points: str) -> tuple[Response, Decimal | None, str]:
        # A question that was shown has points, be they 0.0; one that was not has none.
        if not points.strip():
            if not cell.strip():
                return NOT_SHOWN, None, ""
            return self._reader.read(cell), None, ""
        number = _number(points)
        return self._reader.read(cell), number, "" if number is not None else points


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
