"""A gradebook CSV of Canvas with one column filled and every other byte as it was.

On import Canvas finds a student by ``ID``, an assignment by the ``(id)`` in its column's title,
makes a new assignment of a title it does not know, and changes the assignment if its Points
Possible differ. So nothing is written here but cells that were there, in the rows of students.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from grader.csv_spans import CellSpan, cell_spans, replaced
from grader.plurals import counted
from grader.submissions import GradedSubmission
from solver.errors import ExportError
from solver.files.encodings import START, narrow_encoding, wide_encoding

_ASSIGNMENT = re.compile(r".*\((\d+)\)\s*\Z", re.DOTALL)
_SIS = ("SIS User ID", "SIS Login ID")
_KEPT = {"EX", "N/A"}
MOST_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Filled:
    """What was done to a gradebook.

    Attributes:
        content: its bytes, with the column filled.
        filled: students whose cell got a score.
        replaced: how many of them had another score in it before.
        kept: students whose cell is ``EX`` or ``N/A`` and was left.
        incomplete: students left out because their total is not certain.
        unknown: students with a score who are not in the gradebook (only if that was allowed).
        points_possible: the column's Points Possible, "" if the file does not say.
    """

    content: bytes
    filled: int
    replaced: int
    kept: int
    incomplete: int
    unknown: int
    points_possible: str


class Gradebook:
    """A gradebook as the TA exported it.

    Raises:
        ExportError: not one; a column or a student in it twice; says where.
    """

    def __init__(self, path: Path, column: str) -> None:
        self._path = path
        self._data = _read(path)
        self._records = self._parsed()
        header = [cell.text.strip() for cell in self._records[0]]
        self._check_header(header)
        self._column = self._find_column(header, column)
        self._id = header.index("ID")
        self._sis = [header.index(name) for name in _SIS if name in header]
        self._by_id: dict[str, list[CellSpan]] = {}
        self._by_sis: dict[str, list[list[CellSpan]]] = {}
        self.points_possible = ""
        for number, record in enumerate(self._records[1:], 2):
            self._add(number, record, len(header))

    def _parsed(self) -> list[list[CellSpan]]:
        wide = wide_encoding(self._data[:START])
        if wide:
            raise self._error(f"is {wide} text", "Export it again.")
        first_line = self._data.split(b"\n", 1)[0]
        delimiter = b";" if first_line.count(b";") > first_line.count(b",") else b","
        try:
            records = list(cell_spans(self._data, delimiter))
        except UnicodeDecodeError:
            big5 = " but, it seems, Big5" if narrow_encoding(self._data) else ""
            raise self._error(f"is not UTF-8 text{big5}", "Export it again.") from None
        except ValueError as problem:
            raise self._error(f"is not readable as CSV ({problem})", "Export it again.") from None
        if not records:
            raise self._error("is empty", "Export it again.")
        return records

    def _error(self, message: str, mend: str = "", place: str = "") -> ExportError:
        return ExportError(message, path=self._path, place=place, mend=mend)

    def _check_header(self, header: list[str]) -> None:
        for name in ("Student", "ID", "Section"):
            if header.count(name) != 1:
                raise self._error(
                    f"has no column {name!r}" if name not in header else f"has {name!r} twice",
                    "Give the CSV that the gradebook's Export writes.",
                    "line 1",
                )

    def _find_column(self, header: list[str], column: str) -> int:
        wanted = column.strip()
        found = [index for index, name in enumerate(header) if name == wanted]
        if not found and wanted.isascii() and wanted.isdigit():
            ids = [(index, _ASSIGNMENT.match(name)) for index, name in enumerate(header)]
            found = [index for index, match in ids if match and match[1] == wanted]
        titles = [name for name in header if _ASSIGNMENT.match(name)]
        if not found:
            listed = "; ".join(titles[:12]) or "none"
            raise self._error(
                f"has no column {column!r}, and a new one would make a new assignment",
                f"Its assignments are: {listed}.",
                "line 1",
            )
        if len(found) > 1:
            raise self._error(f"has the column {column!r} {len(found)} times", place="line 1")
        if not _ASSIGNMENT.match(header[found[0]]):
            raise self._error(
                f"the column {column!r} is no assignment",
                'An assignment\'s title ends in its id, as in "HW9 (1234)".',
                "line 1",
            )
        return found[0]

    def _add(self, number: int, record: list[CellSpan], width: int) -> None:
        first = record[0].text.strip()
        if first == "Points Possible":
            self.points_possible = (
                record[self._column].text.strip() if len(record) > self._column else ""
            )
            return
        if all(not cell.text.strip() for cell in record):
            return
        student = record[self._id].text.strip() if len(record) > self._id else ""
        if not student:
            return  # Canvas' row of "Manual Posting" marks has no student
        if len(record) != width:
            raise self._error(
                f"has {counted(len(record), 'cell')} where the header has {width}",
                "Export it again.",
                f"record {number}",
            )
        if student in self._by_id:
            raise self._error(
                f"the student with ID {student} stands twice", place=f"record {number}"
            )
        self._by_id[student] = record
        for at in self._sis:
            sis = record[at].text.strip()
            if sis and all(record is not other for other in self._by_sis.get(sis, [])):
                self._by_sis.setdefault(sis, []).append(record)

    def fill(self, graded: Iterable[GradedSubmission], *, skip_unknown: bool = False) -> Filled:
        """Return the gradebook with the totals of `graded` in its column.

        Raises:
            ExportError: a student of `graded` is not in it, or fits two of its rows.
        """
        new: dict[CellSpan, bytes] = {}
        kept = incomplete = others = 0
        unknown: list[str] = []
        for each in graded:
            record = self._record_of(each)
            if record is None:
                unknown.append(each.student.id)
            elif not each.complete:
                incomplete += 1
            elif record[self._column].text.strip() in _KEPT:
                kept += 1
            else:
                cell = record[self._column]
                if cell in new:
                    raise self._error(
                        f"two of the graded students are the one with ID "
                        f"{record[self._id].text.strip()}, {each.student.id} among them"
                    )
                new[cell] = score_text(each.total).encode()
                others += _differs(cell.text, each.total)
        if unknown and not skip_unknown:
            shown = ", ".join(unknown[:5]) + (" and others" if len(unknown) > 5 else "")
            raise self._error(
                f"has no student {shown} ({len(unknown)} graded in all are not in it)",
                "Export the gradebook again, or leave them out with --skip-unknown.",
            )
        content = replaced(self._data, new)
        return Filled(
            content, len(new), others, kept, incomplete, len(unknown), self.points_possible
        )

    def _record_of(self, each: GradedSubmission) -> list[CellSpan] | None:
        student = each.student
        record = self._by_id.get(student.id)
        if record is not None:
            return record
        for sis in (student.id, student.sis_id):
            records = self._by_sis.get(sis, []) if sis else []
            if len(records) > 1:
                raise self._error(f"the student {sis} stands twice")
            if records:
                return records[0]
        return None


def score_text(total: Decimal) -> str:
    """Return a total as the gradebook writes scores: two decimals, more only where it has them."""
    exact = format(total.normalize(), "f")
    decimals = len(exact.partition(".")[2])
    return format(total.quantize(Decimal("0.01")), "f") if decimals <= 2 else exact


def _differs(before: str, total: Decimal) -> bool:
    """Say whether a cell held another score than the total as Canvas shows it."""
    try:
        return bool(before.strip()) and Decimal(before.strip()) != Decimal(score_text(total))
    except InvalidOperation:
        return True


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ExportError(
                f"is larger than {MOST_BYTES >> 20} MiB, which no gradebook is", path=path
            )
        return path.read_bytes()
    except FileNotFoundError:
        raise ExportError("there is no such file", path=path) from None
    except OSError as problem:
        raise ExportError(f"cannot be read ({problem.strerror})", path=path) from None
