"""One row of an export as one line of JSON: how rows wait on disk, and how a run is kept.

    {"s": [[id, name, section, section_id, sis_id], attempt, submitted, [response...],
           [canvas points...], canvas score, file, line], "x": [[file, line, student, question,
           text, reason]...]}

Responses and points stand in the order of the questions; `s` is null for a refused row. Lines are
written by `grader.record_lines`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

from grader.row_cells import MOST_KNOWN, CanvasPoints, Cell, Columns, Responses
from grader.submissions import ReadRow, Reject, Student, Submission, decode_response

_number = lru_cache(maxsize=1 << 14)(Decimal)
_moment = lru_cache(maxsize=1 << 12)(datetime.fromisoformat)


def person_text(student: Student) -> bytes:
    """Return a person as a line has them, in UTF-8."""
    fields = (student.id, student.name, student.section, student.section_id, student.sis_id)
    return f"[{','.join(map(encode_basestring, fields))}]".encode()


def moment_text(moment: datetime | None) -> bytes:
    """Return a time as a line has it, in UTF-8."""
    return f'"{moment.isoformat()}"'.encode() if moment else b"null"


class RecordedRows:
    """Makes rows of the lines of one record again.

    Args:
        questions: ids of the questions, in the order they had when the lines were written.
    """

    def __init__(self, questions: Sequence[str]) -> None:
        self.columns = Columns(questions)
        self._known: list[dict[tuple[str, str | None], Cell]] = [{} for _ in questions]

    def row(self, line: str) -> ReadRow:
        """Return the row of a line.

        Raises:
            ValueError: it is not such a line.
        """
        data = json.loads(line)
        rejects = tuple(Reject(*each) for each in data.get("x", ()))
        packed = data["s"]
        return ReadRow(None if packed is None else self._submission(packed), rejects)

    def submission(self, line: str) -> Submission:
        """Return the submission of a line that has one."""
        return self._submission(json.loads(line)["s"])

    def _submission(self, packed: list[Any]) -> Submission:
        person, attempt, moment, codes, points, score, source, number = packed
        if not len(codes) == len(points) == len(self._known):
            raise ValueError("other questions than the record was made of")
        # As in the reader of exports: None stands for a pair that was not met before.
        row: tuple[Any, ...] = tuple(map(dict.get, self._known, zip(codes, points, strict=True)))
        if not all(row):
            row = self._decoded(codes, points)
        return Submission(
            Student(*person),
            attempt,
            _moment(moment) if moment else None,
            Responses(self.columns, row),
            CanvasPoints(self.columns, row),
            None if score is None else _number(score),
            source,
            number,
        )

    def _decoded(self, codes: list[str], points: list[str | None]) -> tuple[Cell, ...]:
        row = []
        for known, code, number in zip(self._known, codes, points, strict=True):
            cell = known.get((code, number))
            if cell is None:
                cell = Cell(decode_response(code), None if number is None else Decimal(number))
                if len(known) < MOST_KNOWN:
                    known[code, number] = cell
            row.append(cell)
        return tuple(row)
