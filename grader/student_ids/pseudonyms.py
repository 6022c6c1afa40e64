"""Pseudonyms in place of names and ids in every output; the table of who is who is kept apart.

A pseudonym is a keyed hash of the student's id. The key is drawn once, when the table is made, and
kept in the table, which is of one system of ids.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import hmac
import io
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import polars as pl

from grader.csv_files.records import FIELD_LIMIT
from grader.csv_files.spreadsheet import defused
from grader.student_ids.conflicts import with_refused
from grader.student_ids.id_systems import SAID, IdSystem
from grader.submissions import Refused, Response
from grader.table.answers import NUMBER, PERSON, ROW, AnswerTable, answer, per_distinct
from grader.table.cells import Cells
from solver.errors import ExportError
from solver.files.atomic_write import write_whole
from solver.files.yaml_source import read_text

_HEADER = ("pseudonym", "student", "name", "section", "sis_id")
_KEY_ROW = "(key of this table)"
_KEY_BYTES = 16


class Pseudonyms:
    """Table of pseudonyms of one class, read from its file or begun.

    Args:
        path: of the table.
        ids: system of the students' ids (`Export.id_system`), None where it is not known.

    Raises:
        ExportError: the file is no such table, or one of another system.
        OutputError: it cannot be written.
    """

    def __init__(self, path: Path, ids: IdSystem | None = None) -> None:
        self._path = path
        self._sis_of: dict[str, str] = {}
        self._of_sis: dict[str, str] = {}
        if path.exists():
            self._key = self._read(ids)
        else:
            self._key = secrets.token_bytes(_KEY_BYTES)
            self._text = ""
            self._append([_HEADER, (_KEY_ROW, self._key.hex(), ids or "", "", "")])

    def _read(self, ids: IdSystem | None) -> bytes:
        text = read_text(self._path, ExportError, max_bytes=1 << 30)
        try:
            csv.field_size_limit(FIELD_LIMIT)
            rows = list(csv.reader(io.StringIO(text, newline="")))
            if tuple(rows[0]) != _HEADER or rows[1][0] != _KEY_ROW:
                raise ValueError
            key = bytes.fromhex(rows[1][1])
            held = rows[1][2]  # empty in tables that were begun before it was written there
            if len(key) != _KEY_BYTES or held not in ("", *SAID):
                raise ValueError
        except (ValueError, IndexError, csv.Error):
            raise ExportError(
                "is no table of pseudonyms",
                path=self._path,
                mend="Name one that hw9 wrote, or a file that is not there yet.",
            ) from None
        # Canvas' id 101 and a number 101 in somebody's own file would get one pseudonym.
        if ids and held and held != ids:
            ours = next(said for system, said in SAID.items() if system == held)
            raise ExportError(
                f"is a table of students by {ours}, and the exports name them by {SAID[ids]}",
                path=self._path,
                mend="Name another table, or a file that is not there yet.",
            )
        self._text = text.rstrip("\r\n") + "\r\n"
        for number, row in enumerate(rows[2:], 3):
            if row:
                pseudonym = self._checked(row, key, number)
                # A spreadsheet's guard before "=" and the like is no part of an id.
                self._add(pseudonym, row[4].removeprefix("'") if len(row) > 4 else "")
        return key

    def _add(self, pseudonym: str, sis_id: str) -> None:
        if sis_id or pseudonym not in self._sis_of:
            self._sis_of[pseudonym] = sis_id
        if sis_id:
            self._of_sis[sis_id] = pseudonym

    def _conflict(self, pseudonym: str, sis_id: str) -> str:
        """Return why a student is another one than the table's, "" if nothing speaks for it."""
        sis_id = sis_id.removeprefix("'")
        if not sis_id:
            return ""
        if self._sis_of.get(pseudonym, "") not in ("", sis_id):
            return "the table of pseudonyms has another SIS id for this student"
        if self._of_sis.get(sis_id, pseudonym) != pseudonym:
            return "the table of pseudonyms has this student's SIS id beside another id"
        return ""

    def _without_conflicts(self, table: AnswerTable, names: Mapping[str, str]) -> AnswerTable:
        people = table.frame.filter(pl.col("student").is_not_null())
        found = {
            student: reason
            for student, sis_id in people.select("student", "sis_id").unique().iter_rows()
            if (reason := self._conflict(names[student], sis_id))
        }
        return with_refused(table, found)

    def _checked(self, row: list[str], key: bytes, number: int) -> str:
        """Return a row's pseudonym, after a check that it is its student's."""
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
        # Whole or not at all: of half a row nobody could find the student again.
        more = io.StringIO(newline="")
        csv.writer(more, lineterminator="\r\n").writerows(rows)
        self._text += more.getvalue()
        write_whole(self._path, "\ufeff" + self._text, private=True)

    def name_of(self, student: str) -> str:
        """Return the pseudonym of a student id."""
        return _pseudonym(self._key, student)

    def over(self, table: AnswerTable) -> AnswerTable:
        """Return a table of answers with pseudonyms; new students are added to this table's file.

        Texts that could not be read are left out, since they may hold a name. A row whose ids are
        those of two people, by this table, is refused.

        Raises:
            OutputError: the file cannot be written.
        """
        names = {each: self.name_of(each) for each in table.frame["student"].unique() if each}
        table = self._without_conflicts(table, names)
        frame = table.frame
        people = frame.filter(pl.col("student").is_not_null()).unique(
            "student", keep="first", maintain_order=True
        )
        new = [
            (names[student], *map(defused, (student, " ".join(name.split()), section, sis)))
            for student, name, section, sis in people.select(
                "student", "name", "section", "sis_id"
            ).iter_rows()
            if names[student] not in self._sis_of
        ]
        if new:
            for pseudonym, *_, sis_id in new:
                self._add(pseudonym, sis_id.removeprefix("'"))
            self._append(new)
        hidden = frame.with_columns(
            per_distinct(frame.select("student"), names.get, ROW["student"]).alias("student"),
            *(
                pl.when(pl.col("student").is_not_null())
                .then(pl.lit("").cast(ROW[name]))
                .alias(name)
                for name in PERSON[1:]
            ),
        )
        cells, columns = _without_texts(table)
        students = table.rejects.select("student")
        names[""] = ""
        for student in students["student"].unique():  # refused as a whole, so not among the names
            names.setdefault(student, self.name_of(student))
        rejects = table.rejects.with_columns(
            per_distinct(students, names.get, pl.String).alias("student"), text=pl.lit("")
        )
        corrections = table.corrections.with_columns(text=pl.lit(""))
        return AnswerTable(hidden.with_columns(columns), cells, rejects, corrections)


def _without_texts(table: AnswerTable) -> tuple[Cells, list[pl.Series]]:
    def hidden(response: Response) -> Response:
        # A text that could not be read may hold a name.
        return replace(response, text="") if isinstance(response, Refused) else response

    cells, columns = Cells(table.cells.names), []
    for place, name in enumerate(cells.names):
        numbers = [
            cells.number_of(place, hidden(cell.response), cell.points)
            for cell in table.cells.of[place]
        ]
        column = pl.Series(answer(name), numbers, dtype=NUMBER)
        columns.append(column.gather(table.frame[answer(name)]))
    return cells, columns


def _pseudonym(key: bytes, student: str) -> str:
    # Keyed: of a plain hash anybody with a list of ids could find whose it is by trying them all.
    digest = hmac.new(key, student.encode(), hashlib.sha256).digest()
    # 55 bits: two of a thousand students share one with a chance of 1e-11. The "p" in front keeps
    # spreadsheets from reading a number.
    return "p" + base64.b32encode(digest)[:11].decode().lower()
