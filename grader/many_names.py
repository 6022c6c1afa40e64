"""Ids that stand with more than one name: told, and graded as one student.

Two students under one id are likely a slip of somebody who edited the export, and one of them goes
without a grade. Names that differ only in how they are written, or are left out, say nothing.
"""

from __future__ import annotations

import numpy as np

from grader.alike_ids import folded
from grader.kept_rows import KeptRows
from grader.plurals import counted
from grader.row_store import Numbers
from grader.submissions import ManyNames, NamedRow

MOST = 500
"""Ids that are kept; a class with more has another fault, and is told of these."""
_SHOWN = 5
_TOGETHER = 1 << 14
"""Rows whose names are read again together."""


class NameWatch:
    """Watches the rows of a class go by, those of a student together.

    Only of students whose rows say different things of the person are the names read again.

    Args:
        kept: all rows.
    """

    def __init__(self, kept: KeptRows) -> None:
        self._kept = kept
        self._found: list[ManyNames] = []

    def add(self, rows: Numbers, seqs: Numbers) -> None:
        """Take the rows of some students, all that each has, and their numbers."""
        student, person = rows["student"], rows["person"]
        other = (student[1:] == student[:-1]) & (person[1:] != person[:-1])
        if other.any():
            asked = np.isin(student, student[1:][other])
            self._read(student[asked], seqs[asked])

    def found(self) -> tuple[ManyNames, ...]:
        """Return the ids with more than one name, in the order of students."""
        return tuple(self._found)

    def _read(self, students: Numbers, seqs: Numbers) -> None:
        firsts: dict[int, dict[str, int]] = {}
        for at in range(0, len(seqs), _TOGETHER):
            some = slice(at, at + _TOGETHER)
            heads = self._kept.heads(self._kept.details.at(seqs[some]), dated=False)
            names = heads.texts["name"].to_list()
            for student, seq, name in zip(students[some].tolist(), seqs[some], names, strict=True):
                if form := folded(name):
                    firsts.setdefault(student, {}).setdefault(form, int(seq))
        for by_name in firsts.values():
            if len(by_name) > 1 and len(self._found) < MOST:
                self._found.append(self._told(list(by_name.values())))

    def _told(self, seqs: list[int]) -> ManyNames:
        made = list(self._kept.submissions(seqs))
        rows = (NamedRow(each.student.name, each.source, each.line) for each in made)
        return ManyNames(made[0].student.id, tuple(rows))


def said_of_names(found: tuple[ManyNames, ...]) -> str:
    """Return the sentence for the person who grades."""
    shown = "; ".join(f"{each.student!r} is {_names(each.rows)}" for each in found[:_SHOWN])
    more = len(found) - _SHOWN
    also = f" and {counted(more, 'more id')}" if more > 0 else ""
    return (
        f"ids that stand with different names, each graded as one student: {shown}{also}. Where "
        "they are two students, correct the id in the export and grade again"
    )


def _names(rows: tuple[NamedRow, ...]) -> str:
    shown = [f"{row.name!r} ({row.source}, line {row.line})" for row in rows[:_SHOWN]]
    more = len(rows) - _SHOWN
    return " and ".join([*shown, counted(more, "more name")] if more > 0 else shown)
