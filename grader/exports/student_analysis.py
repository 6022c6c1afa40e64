"""The Student Analysis CSV of a Canvas quiz, as NTU COOL exports it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from grader.exports.columns import is_student_analysis, layout_of
from grader.exports.csv_records import (
    DELIMITERS,
    CsvRecords,
    Record,
    RecordBlock,
    is_separator_line,
    lines_between,
    read_header,
)
from grader.exports.question_columns import ColumnMatcher, MatchedColumn, Wordings, how_matched
from grader.exports.times import read_time
from grader.option_matching import LONGEST, MEMORY, CellReader
from grader.row_cells import CanvasPoints, Cell, Columns, Responses, picker
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
        self.path = path
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
        fields = self._layout.fields
        person = [fields[name] for name in ("id", "name", "section", "section_id")]
        self._person = picker([*person, *([fields["sis_id"]] if "sis_id" in fields else [])])
        self._submitted_at = fields["submitted"]
        self._attempt_at = fields.get("attempt", 0)
        self._row_columns = Columns(self._graded)
        self._answers = picker([column.at for column in self._columns])
        self._points = picker([column.at + 1 for column in self._columns])
        self._known = [column.known for column in self._columns]
        self._with_rejects: set[Cell] = set()
        names = [column.question for column in self._columns]
        missing = [name for name in self._graded if name not in names]
        not_shown = [self._row_columns.not_shown[self._row_columns.place[n]] for n in missing]
        self._missing = tuple(not_shown)
        self._in_order = picker([[*names, *missing].index(name) for name in self._graded])

    def _sample(self, width: int) -> list[list[str]]:
        records = CsvRecords(self.path, self._delimiter).read(width)
        rows = (record.cells for record in records if record.cells is not None)
        return list(islice(rows, 1, SAMPLE_ROWS + 1))

    def rows(self) -> Iterator[ReadRow]:
        """Yield each row under the header, read or refused."""
        records = CsvRecords(self.path, self._delimiter).read(self._layout.width)
        next(records, None)
        yield from map(self.row, records)

    def piece(self, begin: int, end: int, *, last: bool) -> Piece:
        """Return the part of the file between two bytes, both at ends of lines, to be read alone.

        Args:
            begin: where a record begins; 0 for the header.
            end: where the part ends.
            last: whether the file ends there.
        """
        return Piece(self, lines_between(self.path, begin, end), begin == 0, last)

    def block(self, lines: list[str], *, last: bool) -> RecordBlock:
        """Return some of the file's lines as records."""
        return RecordBlock(lines, self._delimiter, self._layout.width, last=last)

    def row(self, record: Record) -> ReadRow:
        """Return what a record says, read or refused."""
        line, cells, text, reason = record
        if cells is None:
            return self._refused_row(line, text, reason)
        student = Student(*[text.strip() for text in self._person(cells)])
        if not student.id:
            text = ", ".join(cell for cell in cells[: len(self._layout.fields)] if cell)
            return self._refused_row(line, text, "has no student id")
        return self._submission(line, cells, student)

    def _refused_row(self, line: int, text: str, reason: str) -> ReadRow:
        return ReadRow(None, (Reject(self.source, line, "", "", text[:500], reason),))

    def _submission(self, line: int, cells: list[str], student: Student) -> ReadRow:
        # The innermost loop of a class of a million; None stands for a pair not met before.
        pairs = zip(self._answers(cells), self._points(cells), strict=True)
        met: Sequence[Any] = list(map(dict.get, self._known, pairs))
        if not all(met):
            met = self._all_read(cells)
        rejects: list[tuple[str, str, str]] = []
        if not self._with_rejects.isdisjoint(met):
            for column, cell in zip(self._columns, met, strict=True):
                rejects += cell.rejects(column.question)
        attempt, wrong_attempt = _attempt_number(
            cells[self._attempt_at] if self._attempt_at else ""
        )
        submitted, wrong_time = _moment(cells[self._submitted_at])
        score, wrong_score = _score(cells[self._layout.score])
        if wrong_attempt or wrong_time or wrong_score:
            texts = cells[self._attempt_at], cells[self._submitted_at], cells[self._layout.score]
            reasons = wrong_attempt, wrong_time, wrong_score
            rejects += [("", text, why) for text, why in zip(texts, reasons, strict=True) if why]
        row = self._in_order((*met, *self._missing))
        submission = Submission(
            student,
            attempt,
            submitted,
            Responses(self._row_columns, row),
            CanvasPoints(self._row_columns, row),
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

    def _all_read(self, cells: list[str]) -> list[ReadCell]:
        met = [column.read(cells[column.at], cells[column.at + 1]) for column in self._columns]
        if len(self._with_rejects) > MEMORY * len(self._columns):
            self._with_rejects.clear()  # of cells too many or too long to be known again
            self._with_rejects.update(
                cell for known in self._known for cell in known.values() if cell.has_rejects
            )
        self._with_rejects.update(cell for cell in met if cell.has_rejects)
        return met


@lru_cache(maxsize=MEMORY)
def _attempt_number(text: str) -> tuple[int | None, str]:
    number = text.strip().removesuffix(".0")
    if number.isascii() and number.isdigit() and len(number) < 10:
        return int(number), ""
    return None, "the attempt is not a whole number" if text.strip() else ""


def _moment(text: str) -> tuple[datetime | None, str]:
    if not text.strip():
        return None, ""
    try:
        return read_time(text), ""
    except ValueError as problem:
        return None, f"the time of submission {problem}"


@lru_cache(maxsize=MEMORY)
def _score(text: str) -> tuple[Decimal | None, str]:
    if not text.strip():
        return None, ""
    score = _number(text)
    return score, "Canvas' score is not a number" if score is None else ""


class Piece:
    """A part of an export, from the beginning of a record on.

    Attributes:
        lines: after `rows`, how many lines were read.
        left: after `rows`, the bytes of a record at the end that goes on behind it.
    """

    def __init__(self, export: StudentAnalysis, lines: list[str], first: bool, last: bool) -> None:
        self.lines = self.left = 0
        self._export = export
        self._first = first
        self._separator = first and bool(lines) and is_separator_line(lines[0])
        self._block = export.block(lines[1:] if self._separator else lines, last=last)

    def rows(self) -> Iterator[ReadRow]:
        """Yield each row, as `StudentAnalysis.rows` does, the lines counted from the part's own."""
        records = self._block.records(int(self._separator))
        if self._first:
            next(records, None)
        yield from map(self._export.row, records)
        self.lines = self._block.taken + int(self._separator)
        rest = "".join(self._block.lines[self._block.taken :])
        self.left = len(rest.encode("utf-8", "surrogateescape"))


class ReadCell(Cell):
    """A cell of an export, with the text of points that are no number."""

    __slots__ = ("bad_points", "has_rejects")

    def __init__(self, response: Response, points: Decimal | None, bad_points: str) -> None:
        super().__init__(response, points)
        self.bad_points = bad_points
        self.has_rejects = bool(bad_points) or self.refused

    def rejects(self, question: str) -> Iterator[tuple[str, str, str]]:
        """Yield question, text and reason of what could not be read."""
        if isinstance(self.response, Refused):
            yield question, self.response.text, self.response.reason
        if self.bad_points:
            yield question, self.bad_points, "Canvas' points are not a number"


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
