"""Names and ids left out of every output, with the table that brings them back kept apart.

A pseudonym is a keyed hash of the student's id. The key is drawn once, when the table is made, and
kept in the table; so the same table gives the same pseudonyms in every run, and nobody without it
can work them out from a list of ids.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import hmac
import io
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from grader.csv_text import defused
from grader.exports.csv_records import FIELD_LIMIT
from grader.submissions import ReadRow, Refused, Reject, Student, Submission
from solver.errors import ExportError
from solver.whole_files import write_whole
from solver.yaml_places import read_text

_HEADER = ("pseudonym", "student", "name", "section", "sis_id")
_KEY_ROW = "(key of this table)"
_KEY_BYTES = 16


class Pseudonyms:
    """The table of one class, read if it is there, else begun.

    Raises:
        ExportError: the file is there and is no such table.
        OutputError: it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: set[str] = set()
        if path.exists():
            self._key = self._read()
        else:
            self._key = secrets.token_bytes(_KEY_BYTES)
            self._text = ""
            self._append([_HEADER, (_KEY_ROW, self._key.hex(), "", "", "")])

    def _read(self) -> bytes:
        text = read_text(self._path, ExportError, max_bytes=1 << 30)
        try:
            csv.field_size_limit(FIELD_LIMIT)
            rows = list(csv.reader(io.StringIO(text, newline="")))
            if tuple(rows[0]) != _HEADER or rows[1][0] != _KEY_ROW:
                raise ValueError
            key = bytes.fromhex(rows[1][1])
            if len(key) != _KEY_BYTES:
                raise ValueError
        except (ValueError, IndexError, csv.Error):
            raise ExportError(
                "is no table of pseudonyms",
                path=self._path,
                mend="Name one that hw9 wrote, or a file that is not there yet.",
            ) from None
        self._text = text.rstrip("\r\n") + "\r\n"
        for number, row in enumerate(rows[2:], 3):
            if row:
                self._known.add(self._checked(row, key, number))
        return key

    def _checked(self, row: list[str], key: bytes, number: int) -> str:
        """Return a row's pseudonym, which must be the one of its student: else names are mixed."""
        student = row[1] if len(row) > 1 else ""
        # A spreadsheet's guard before "=" and the like is no part of the id.
        if row[0] not in {_pseudonym(key, each) for each in (student, student.removeprefix("'"))}:
            raise ExportError(
                f"{row[0]!r} is not the pseudonym of the student beside it, so the table was "
                "changed by hand or is damaged",
                path=self._path,
                place=f"row {number}",
                mend="Put it back as hw9 wrote it, or name a file that is not there yet.",
            )
        return row[0]

    def _append(self, rows: Iterable[tuple[str, ...]]) -> None:
        # Whole or not at all: half a row would give its pseudonym away to nobody ever again.
        more = io.StringIO(newline="")
        csv.writer(more, lineterminator="\r\n").writerows(rows)
        self._text += more.getvalue()
        write_whole(self._path, "\ufeff" + self._text, private=True)

    def name_of(self, student: str) -> str:
        """Return the pseudonym of a student id."""
        return _pseudonym(self._key, student)

    def through(self, rows: Iterable[ReadRow], source: str = "export") -> Iterator[ReadRow]:
        """Yield the rows with pseudonyms; students new to the table are added to it.

        Texts that could not be read are left out, since anybody's name may stand in them, and so
        is the name of the file.

        Args:
            rows: as they were read.
            source: what the file is called in every output.
        """
        new: list[tuple[str, ...]] = []
        for row in rows:
            submission = row.submission
            if submission is not None:
                student = submission.student
                pseudonym = self.name_of(student.id)
                if pseudonym not in self._known:
                    self._known.add(pseudonym)
                    new.append((pseudonym, *map(defused, _fields(student))))
                submission = _hidden(submission, pseudonym, source)
            yield ReadRow(submission, tuple(self._hidden(each, source) for each in row.rejects))
        if new:
            self._append(new)

    def _hidden(self, reject: Reject, source: str) -> Reject:
        student = self.name_of(reject.student) if reject.student else ""
        return replace(reject, source=source, student=student, text="")


def _pseudonym(key: bytes, student: str) -> str:
    digest = hmac.new(key, student.encode(), hashlib.sha256).digest()
    return "p" + base64.b32encode(digest)[:11].decode().lower()


def _hidden(submission: Submission, pseudonym: str, source: str) -> Submission:
    hidden = replace(submission, student=Student(pseudonym), source=source)
    refused = {
        name: replace(response, text="")
        for name, response in submission.responses.items()
        if isinstance(response, Refused)
    }
    if not refused:
        return hidden
    return replace(hidden, responses={**submission.responses, **refused})


def _fields(student: Student) -> tuple[str, str, str, str]:
    return student.id, " ".join(student.name.split()), student.section, student.sis_id
