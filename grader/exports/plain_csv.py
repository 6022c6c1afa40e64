"""A plain CSV: ``student,q01,...,q30``, with option ids in the cells.

The header of the first column names the kind of its ids: ``id`` of Canvas, ``login``, ``sis_id``,
or ``student`` for names or numbers that only this file has. Other columns it may have: name,
section, section_id, sis_id (beside another id), attempt, submitted. In a cell, ids are set apart by
blanks, commas, semicolons or ``|``; a pair's two choices by a semicolon, in the
order of its drop-downs or as ``drop-down=choice``. Empty: not answered. ``-``: not shown.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from grader.csv_files.records import DELIMITERS, CsvRecords, Record, read_header
from grader.exports import ExportFormat, ReadingContext
from grader.exports.fields import student_fault
from grader.exports.option_ids import chosen_values, ticked_ids
from grader.exports.times import read_time
from grader.student_ids.id_systems import COLUMN, IdSystem
from grader.submissions import (
    NOT_SHOWN,
    UNANSWERED,
    ReadRow,
    Refused,
    Reject,
    Response,
    ScoredQuestion,
    Student,
    Submission,
)
from solver.errors import ExportError
from solver.text.plural import counted

WHO: tuple[IdSystem, ...] = ("own", "canvas", "login")
"""Systems of which one column says who a student is; an SIS id does where there is none."""
_PERSON = tuple(COLUMN[each] for each in WHO)
FIELDS = ("name", "section", "section_id", "sis_id", "attempt", "submitted")


class PlainCsv:
    """One plain CSV of option ids."""

    def __init__(
        self,
        path: Path,
        questions: Sequence[ScoredQuestion],
        *,
        left_out: Collection[str] = (),
        allow_missing: bool = False,
    ) -> None:
        self.source = path.name
        self.notes: list[str] = []
        self._path = path
        self._questions = tuple(questions)
        self._delimiter, header = _delimiter_and_header(path)
        self._at = {name.strip(): index for index, name in enumerate(header)}
        self._width = len(header)
        self._check(header, left_out, allow_missing)
        self.id_system: IdSystem = next((each for each in WHO if COLUMN[each] in self._at), "sis")
        self._who = self._at[COLUMN[self.id_system]]
        self.notes.append("a plain CSV of option ids")

    def _check(self, header: Sequence[str], left_out: Collection[str], allow_missing: bool) -> None:
        asked = [question.id for question in self._questions]
        for index, name in enumerate(header):
            # A name that appears twice is at its last place.
            known = name.strip() in {*asked, *_PERSON, *FIELDS, *left_out}
            if not known or self._at[name.strip()] != index:
                raise ExportError(
                    f"the column {name!r} "
                    + ("appears twice" if known else "is neither a question of the key nor known"),
                    path=self._path,
                    place=f"line 1, column {index + 1}",
                    mend=f"Columns are {', '.join((*_PERSON, *FIELDS))}, and the questions' ids.",
                )
        who = [name for name in _PERSON if name in self._at]
        if len(who) > 1:
            raise ExportError(
                f"says in {counted(len(who), 'column')} who a student is: {' and '.join(who)}",
                path=self._path,
                place="line 1",
                mend="Keep one of them; an SIS id may stand beside it.",
            )
        missing = [name for name in asked if name not in self._at]
        # Most likely a file of another kind, for which no --allow-missing helps.
        if missing == asked:
            raise ExportError(
                f"has no column for any question of the key ({', '.join(asked[:4])} ...), and is "
                "no Student Analysis CSV either",
                path=self._path,
                place="line 1",
                mend="Give the Student Analysis CSV from the quiz's statistics page, or name the "
                "columns by the questions' ids.",
            )
        if missing and not allow_missing:
            more = f" and {len(missing) - 8} more" if len(missing) > 8 else ""
            raise ExportError(
                f"has no column for {', '.join(missing[:8])}{more}",
                path=self._path,
                place="line 1",
                mend="If they were not asked, say --allow-missing.",
            )

    def rows(self) -> Iterator[ReadRow]:
        """Yield each row under the header, read or refused."""
        records = CsvRecords(self._path, self._delimiter).read(self._width)
        next(records, None)
        for record in records:
            yield self._row(record)

    def _row(self, record: Record) -> ReadRow:
        if record.cells is None:
            refused = Reject(self.source, record.line, "", "", record.text[:500], record.reason)
            return ReadRow(None, (refused,))
        fields = {
            name: record.cells[self._at[name]].strip() if name in self._at else ""
            for name in FIELDS
        }
        fields["student"] = record.cells[self._who].strip()
        if fault := self._fault(fields["student"]):
            text = ", ".join(cell for cell in record.cells if cell)[:500]
            refused = Reject(self.source, record.line, "", "", text, fault)
            return ReadRow(None, (refused,))
        return self._submission(record.line, record.cells, fields)

    def _fault(self, student: str) -> str:
        digits = student.isascii() and student.isdigit()
        if student and self.id_system == "canvas" and not digits:
            return (
                "is no id of Canvas, which is a whole number; call the column login, sis_id or "
                "student"
            )
        return student_fault(student)

    def _submission(self, line: int, cells: list[str], fields: dict[str, str]) -> ReadRow:
        student = Student(
            fields["student"],
            fields["name"],
            fields["section"],
            fields["section_id"],
            # As the student's own id it is said already, and would be compared with itself.
            fields["sis_id"] if self.id_system != "sis" else "",
        )
        rejects: list[Reject] = []
        responses: dict[str, Response] = {}
        for question in self._questions:
            at = self._at.get(question.id)
            response = NOT_SHOWN if at is None else read_ids(question, cells[at])
            responses[question.id] = response
            if isinstance(response, Refused):
                rejects.append(
                    Reject(
                        self.source, line, student.id, question.id, response.text, response.reason
                    )
                )
        attempt, submitted = None, None
        text = fields["attempt"]
        if text.isascii() and text.isdigit() and len(text) < 10:
            attempt = int(text)
        elif fields["attempt"]:
            reason = "the attempt is not a whole number"
            rejects.append(Reject(self.source, line, student.id, "", fields["attempt"], reason))
        try:
            submitted = read_time(fields["submitted"]) if fields["submitted"] else None
        except ValueError as problem:
            reason = f"the time of submission {problem}"
            rejects.append(Reject(self.source, line, student.id, "", fields["submitted"], reason))
        no_points = dict.fromkeys(responses)
        submission = Submission(
            student, attempt, submitted, responses, no_points, None, self.source, line
        )
        return ReadRow(submission, tuple(rejects))


def read_ids(question: ScoredQuestion, cell: str) -> Response:
    """Return the response a plain cell names."""
    text = cell.strip()
    if not text:
        return UNANSWERED
    if text == "-":
        return NOT_SHOWN
    if question.kind != "pair":
        # A separator at the end would be an empty id.
        return ticked_ids(question, re.split(r"[\s,;|]+", text.strip(" ,;|")), cell)
    parts = [part.strip() for part in text.split(";")]
    if all("=" in part for part in parts if part):
        pairs = [part.split("=", 1) for part in parts if part]
        named = {blank.strip(): value.strip() for blank, value in pairs}
        if len(named) != len(pairs):
            return Refused(cell, "names a drop-down twice")
        return chosen_values(question, named, cell)
    blanks = [blank for blank, _ in question.blanks]
    if len(parts) != len(blanks):
        return Refused(
            cell, f"has {counted(len(parts), 'choice')} where the question has {len(blanks)}"
        )
    return chosen_values(question, dict(zip(blanks, parts, strict=True)), cell)


def is_plain(path: Path) -> bool:
    """Say whether a CSV's header has a column of ids, and no question columns of Canvas."""
    return any(_has_ids(read_header(path, delimiter)) for delimiter in DELIMITERS)


def _has_ids(header: Sequence[str]) -> bool:
    names = {name.strip() for name in header}
    if "student" in names:
        return True
    # An export of Canvas has `id` too, beside questions as "123: text".
    return not names.isdisjoint({*_PERSON, COLUMN["sis"]}) and not any(
        ":" in name for name in names
    )


def _delimiter_and_header(path: Path) -> tuple[str, list[str]]:
    for delimiter in DELIMITERS:
        header = read_header(path, delimiter)
        # By a wrong delimiter the whole header is one cell.
        if len(header) > 1 and _has_ids(header):
            return delimiter, header
    raise ExportError(
        "has no column 'student', 'id', 'login' or 'sis_id'", path=path, place="line 1"
    )


def _opened(path: Path, context: ReadingContext) -> PlainCsv:
    missing = context.allow_missing
    return PlainCsv(path, context.questions, left_out=context.left_out, allow_missing=missing)


FORMAT = ExportFormat(
    "a CSV with a column 'student', 'id', 'login' or 'sis_id' and one for each question",
    is_plain,
    _opened,
)
