"""Which column of a Student Analysis CSV is which: found by place and shape, not by name.

Canvas writes ``name, id, [sis_id], [root_account], section, section_id, [section_sis_id],
submitted, [attempt]``, then two columns a question (``<id>: <text>`` and a bare number of
points), then three. Header names are translated on COOL, so they decide only between layouts
that the cells themselves leave open (a file without rows, say).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from grader.plurals import counted
from solver.errors import ExportError

_QUESTION = re.compile(r"\s*(\d+):(.*)\Z", re.DOTALL)
_NUMBER = re.compile(r"\s*\d+(?:[.,]\d+)?\s*\Z")
_TIME = re.compile(r"\s*\d{4}[-/]\d{1,2}[-/]\d{1,2}[ T]\d")
_ID = re.compile(r"\s*\d+\s*\Z")
_IDS = re.compile(r"\s*\d+(?:\s*,\s*\d+)*\s*\Z")
TRAILING = 3

_NAMES = {
    "name": {"name", "名稱", "姓名"},
    "id": {"id"},
    "sis_id": {"sis_id", "sis id"},
    "root_account": {"root_account", "root account"},
    "section": {"section", "班別"},
    "section_id": {"section_id", "section id"},
    "section_sis_id": {"section_sis_id", "section sis id"},
    "submitted": {"submitted", "已提交"},
    "attempt": {"attempt", "作答紀錄"},
}


@dataclass(frozen=True, slots=True)
class QuestionColumn:
    """A question's pair of columns: `at` holds what was ticked, `at` + 1 Canvas' points."""

    at: int
    canvas_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of one export.

    Attributes:
        fields: name of the field (as in `_NAMES`) to column.
        questions: the questions' columns, in order.
        score: column of Canvas' score.
        width: how many columns a row has.
    """

    fields: dict[str, int]
    questions: tuple[QuestionColumn, ...]
    score: int
    width: int


def is_student_analysis(header: Sequence[str]) -> bool:
    """Say whether a header has a question's pair of columns somewhere."""
    return _first_question(header) is not None


def _first_question(header: Sequence[str]) -> int | None:
    for at in range(len(header) - 1):
        if _QUESTION.match(header[at]) and _NUMBER.match(header[at + 1]):
            return at
    return None


def layout_of(header: Sequence[str], sample: Sequence[Sequence[str]], path: Path) -> Layout:
    """Work out the columns from the header and some rows.

    Args:
        header: the header's cells, empty ones at its end taken off.
        sample: the first rows, each as wide as the header or wider.
        path: for errors.

    Raises:
        ExportError: not the shape that Canvas writes; says which column and what was expected.
    """
    first = _first_question(header)
    if first is None:
        raise ExportError(
            'has no question columns ("NUMBER: text", then its points)',
            path=path,
            place="line 1",
            mend="Give the Student Analysis CSV from the quiz's statistics page.",
        )
    questions = []
    at = first
    while at + 1 < len(header) and _NUMBER.match(header[at + 1]):
        match = _QUESTION.match(header[at])
        if match is None:
            break
        questions.append(QuestionColumn(at, match[1], match[2].strip()))
        at += 2
    if len(header) - at != TRAILING:
        what = f"has {counted(len(header) - at, 'column')} after its "
        what += counted(len(questions), "question")
        if at < len(header):
            what += f", from {_shortened(header[at])} on"
        raise ExportError(
            f"{what}, where Canvas writes {TRAILING}",
            path=path,
            place=f"line 1, column {at + 1}",
            mend="Export it again, and change nothing in its columns.",
        )
    fields = _leading_fields(header[:first], [row[:first] for row in sample], path)
    return Layout(fields, tuple(questions), len(header) - 1, len(header))


def _shortened(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:40] + "...")


def _leading_fields(
    header: Sequence[str], sample: Sequence[Sequence[str]], path: Path
) -> dict[str, int]:
    """Choose the layout that fits the cells best; names decide between equals."""
    candidates = [names for names in _layouts() if len(names) == len(header)]
    if not candidates:
        raise ExportError(
            f"has {counted(len(header), 'column')} before its first question, "
            "where Canvas writes 5 to 9",
            path=path,
            place="line 1",
            mend="Export it again, and change nothing in its columns.",
        )
    best = max(candidates, key=lambda names: _fit(names, header, sample))
    if "id" not in best:
        raise ExportError(
            "has no names and ids (an anonymous survey), so nobody can be given a score",
            path=path,
            place="line 1",
        )
    return {name: index for index, name in enumerate(best)}


def _layouts() -> list[tuple[str, ...]]:
    layouts = []
    for person, sis, root, section_sis, attempt in product((True, False), repeat=5):
        if not person and (sis or root):
            continue
        layouts.append(
            (("name", "id") if person else ())
            + (("sis_id",) if sis else ())
            + (("root_account",) if root else ())
            + ("section", "section_id")
            + (("section_sis_id",) if section_sis else ())
            + ("submitted",)
            + (("attempt",) if attempt else ())
        )
    return layouts


def _fit(
    names: tuple[str, ...], header: Sequence[str], sample: Sequence[Sequence[str]]
) -> tuple[int, int]:
    by_shape = 0
    for row in sample:
        for name, cell in zip(names, row, strict=True):
            by_shape += _shape_speaks(name, cell)
    by_name = sum(
        1 if cell.strip().lower() in _NAMES[name] else 0
        for name, cell in zip(names, header, strict=True)
    )
    return by_shape, by_name


def _shape_speaks(name: str, cell: str) -> int:
    """Return 1, -1 or 0: the cell speaks for, against, or not at all."""
    if not cell.strip():
        return 0
    shape = {"id": _ID, "section_id": _IDS, "submitted": _TIME, "attempt": _ID}.get(name)
    if shape is not None:
        return 1 if shape.match(cell) else -1
    return -1 if _TIME.match(cell) else 0
