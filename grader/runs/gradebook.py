"""A gradebook CSV of Canvas with one column filled and every other byte as it was.

On import Canvas finds a student by ``ID``, an assignment by the ``(id)`` in its column's title,
makes a new assignment of a title it does not know, and changes the assignment if its Points
Possible differ. So nothing is written here but cells that were there, in the rows of students.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from grader.csv_files.spans import CellSpan, cell_spans, replaced
from grader.student_ids.id_systems import GRADEBOOK, SAID, IdSystem
from grader.student_ids.look_alikes import plain_form
from grader.submissions import GradedSubmission, Student
from solver.errors import ExportError
from solver.files.encodings import START, narrow_encoding, wide_encoding
from solver.text.plural import counted

_ASSIGNMENT = re.compile(r".*\((\d+)\)\s*\Z", re.DOTALL)
# Excused, and not available: a person has decided these.
_KEPT = {"EX", "N/A"}
MOST_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Filled:
    """Changes made to a gradebook.

    Attributes:
        content: its bytes, with the column filled.
        filled: students whose cell got a score.
        replaced: how many of them had another score in it before.
        kept: students whose cell is ``EX`` or ``N/A`` and was left.
        incomplete: students left out because their total is not certain.
        unknown: students with a score who are not in the gradebook, or of whom it cannot be told
            which row is theirs (only if that was allowed).
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
        self._header = header
        self._column = self._find_column(header, column)
        self._of_system = {
            system: header.index(name) for system, name in GRADEBOOK.items() if name in header
        }
        self._rows: dict[tuple[IdSystem, str], list[list[CellSpan]]] = {}
        self.points_possible = ""
        for number, record in enumerate(self._records[1:], 2):
            self._add(number, record, len(header))
        self._check_ids()

    def _parsed(self) -> list[list[CellSpan]]:
        wide = wide_encoding(self._data[:START])
        if wide:
            raise self._error(f"is {wide} text", "Export it again.")
        first_line = self._data.split(b"\n", 1)[0]
        # Excel saves with semicolons where the decimal sign is a comma.
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
            # By the id alone too: titles with commas and quotes are hard to type on a command line.
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
        # Canvas writes blanks before "Points Possible".
        first = record[0].text.strip()
        if first == "Points Possible":
            self.points_possible = (
                record[self._column].text.strip() if len(record) > self._column else ""
            )
            return
        at = self._of_system["canvas"]
        student = record[at].text.strip() if len(record) > at else ""
        if not student:
            return  # an empty line, and Canvas' row of "Manual Posting" marks
        # After the empty lines, which have one cell.
        if len(record) != width:
            raise self._error(
                f"has {counted(len(record), 'cell')} where the header has {width}",
                "Export it again.",
                f"record {number}",
            )
        if ("canvas", student) in self._rows:
            raise self._error(
                f"the student with ID {student} appears twice", place=f"record {number}"
            )
        for system, at in self._of_system.items():
            if text := record[at].text.strip():
                self._rows.setdefault((system, text), []).append(record)

    def _check_ids(self) -> None:
        """Refuse a column ``ID`` that holds other ids: its header was moved, or its cells were."""
        ids = [text for system, text in self._rows if system == "canvas"]
        others = [text for text in ids if not (text.isascii() and text.isdigit())]
        if len(others) * 2 > len(ids):
            raise self._error(
                f"holds no ids of Canvas in its column 'ID', but {others[0]!r} and the like",
                "Export it again, and change nothing in its columns.",
                "line 1",
            )

    def fill(
        self,
        graded: Iterable[GradedSubmission],
        *,
        ids: IdSystem = "canvas",
        skip_unknown: bool = False,
    ) -> Filled:
        """Return the gradebook with the totals of `graded` in its column.

        Args:
            graded: the students, each once.
            ids: the kind of their ids (`Export.id_system`).
            skip_unknown: leave out students who are not in it, or of whom two ways of looking
                name two of its rows.

        Raises:
            ExportError: the gradebook has no column of such ids; or, without `skip_unknown`, such
                a student.
        """
        if ids not in self._of_system and "sis" not in self._of_system:
            raise self._no_column(ids)
        new: dict[CellSpan, bytes] = {}
        kept = incomplete = others = 0
        unknown: list[str] = []
        doubtful: list[str] = []
        for each in graded:
            records = self._records_of(each.student, ids)
            record = records[0] if records else []
            if not records:
                unknown.append(each.student.id)
            elif doubt := self._doubt(each.student, ids, records):
                doubtful.append(doubt)
            elif not each.complete:
                incomplete += 1
            elif record[self._column].text.strip() in _KEPT:
                kept += 1
            else:
                cell = record[self._column]
                if cell in new:
                    raise self._error(
                        f"two of the graded students are the one with ID "
                        f"{record[self._of_system['canvas']].text.strip()}, {each.student.id} "
                        "among them"
                    )
                new[cell] = score_text(each.total).encode()
                others += _differs(cell.text, each.total)
        # Where an SIS id names another row than the id beside it, neither row is filled.
        if doubtful and not skip_unknown:
            more = f" ({len(doubtful)} such students in all)" if len(doubtful) > 3 else ""
            raise self._error(
                f"the student of this row cannot be determined: {'; '.join(doubtful[:3])}{more}",
                "Correct the ids in the export or the gradebook, or leave them out with "
                "--skip-unknown.",
            )
        if unknown and not skip_unknown:
            shown = ", ".join(unknown[:5]) + (" and others" if len(unknown) > 5 else "")
            raise self._error(
                f"has no student {shown} ({len(unknown)} graded in all are not in it)",
                "Export the gradebook again, or leave them out with --skip-unknown.",
            )
        content = replaced(self._data, new)
        return Filled(
            content,
            len(new),
            others,
            kept,
            incomplete,
            len(unknown) + len(doubtful),
            self.points_possible,
        )

    def people(self) -> Iterator[tuple[str, str, str]]:
        """Yield ID, name and section of every student, in the order of the file."""
        for (system, text), records in self._rows.items():
            if system == "canvas":
                record = records[0]
                name, section = (self._header.index(each) for each in ("Student", "Section"))
                yield text, record[name].text.strip(), record[section].text.strip()

    def ids_of(self, student: Student, ids: IdSystem) -> list[str]:
        """Return the IDs of the rows that a student's ids name."""
        at = self._of_system["canvas"]
        return [record[at].text.strip() for record in self._records_of(student, ids)]

    def _records_of(self, student: Student, ids: IdSystem) -> list[list[CellSpan]]:
        """Return the rows that a student's ids name, each looked for in its own system."""
        found: list[list[CellSpan]] = []
        for way in self._ways(student, ids):
            # By identity: two rows with the same cells are two rows.
            found += [each for each in self._rows.get(way, []) if all(each is not o for o in found)]
        return found

    def _ways(self, student: Student, ids: IdSystem) -> list[tuple[IdSystem, str]]:
        # Each id in the column of its own system alone: Canvas' id 101 and the login 101 may be two
        # people.
        ways: list[tuple[IdSystem, str]] = [(ids, student.id), ("sis", student.sis_id)]
        return [way for way in dict.fromkeys(ways) if way[1] and way[0] in self._of_system]

    def _doubt(self, student: Student, ids: IdSystem, records: list[list[CellSpan]]) -> str:
        """Return why it is not certain that a student's row is the one found; "" if it is."""
        against = [
            f"{GRADEBOOK[system]} {record[self._of_system[system]].text.strip()}"
            for record in records
            for system, text in self._ways(student, ids)
            # A spreadsheet drops leading zeros, and logins stand in capitals: no contradiction.
            if plain_form(record[self._of_system[system]].text) not in ("", plain_form(text))
        ]
        if not against and len(records) < 2:
            return ""
        ours = " and ".join(f"{GRADEBOOK[way]} {text}" for way, text in self._ways(student, ids))
        rows = " and ".join(record[self._of_system["canvas"]].text.strip() for record in records)
        also = f", which has {', '.join(against)}" if against else ""
        return f"{ours} lead to the row with ID {rows}{also}"

    def _no_column(self, ids: IdSystem) -> ExportError:
        if ids == "own":
            return self._error(
                "cannot be filled: the export names its students by names or numbers of its own",
                "Give it a column id (Canvas' id), login or sis_id in place of student.",
            )
        return self._error(
            f"has no column {GRADEBOOK[ids]!r}, and the export names its students by {SAID[ids]}",
            "Export the gradebook again with it, or give the export a column id (Canvas' id).",
            "line 1",
        )


def score_text(total: Decimal) -> str:
    """Return a total as the gradebook writes scores: two decimals, more only where it has them."""
    exact = format(total.normalize(), "f")
    # Canvas shows two decimals; with more, a score is not to be cut.
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
