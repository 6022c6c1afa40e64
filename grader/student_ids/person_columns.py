"""Columns of a Student Analysis CSV with the student, the section, the time and the attempt.

A known header decides, at any place. Unknown headers are known by their place and the shape of
their cells. A file is refused whose known header contradicts its cells, or the place of an unknown
one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import product
from pathlib import Path

from solver.errors import ExportError
from solver.text.plural import counted

_TIME = re.compile(r"\s*\d{4}[-/]\d{1,2}[-/]\d{1,2}[ T]\d")
_ID = re.compile(r"\s*\d+\s*\Z")
LISTED_IDS = re.compile(r"\s*\d+(?:\s*,\s*\d+)*\s*\Z")
"""Ids of one section, or of all that a student is in."""
_SHAPES = {"id": _ID, "section_id": LISTED_IDS, "submitted": _TIME, "attempt": _ID}

FIELD_NAMES = {
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
"""Headers by field, as Canvas writes them in English and NTU COOL in Chinese, in lower case."""

REQUIRED = ("name", "id", "section", "section_id", "submitted")
LEAST, MOST = 5, 9
_AGAIN = "Export it again, and change nothing in its columns."


class PersonColumns:
    """Columns before an export's first question.

    Args:
        header: their headers.
        sample: cells of some rows, as many a row as headers.
        path: of the file, for errors.
    """

    def __init__(self, header: Sequence[str], sample: Sequence[Sequence[str]], path: Path) -> None:
        self._header = [" ".join(cell.split()) for cell in header]
        self._sample = sample
        self._path = path

    def fields(self) -> dict[str, int]:
        """Return the column of each field that there is.

        Raises:
            ExportError: no layout of Canvas, a header twice, headers and cells that contradict
                each other, or no names and ids at all.
        """
        known = self._known()
        if all(field in known for field in REQUIRED):
            # At any place: a column that somebody added, or two that changed places, do no harm.
            found = known
        else:
            layouts = _layouts(len(self._header))
            if not layouts:
                raise self._error(
                    f"has {counted(len(self._header), 'column')} before its first question, where "
                    f"Canvas writes {LEAST} to {MOST}"
                )
            agreeing = [
                names
                for names in layouts
                if all(at < len(names) and names[at] == field for field, at in known.items())
            ]
            if not agreeing:
                raise self._no_layout(known)
            # Layouts of one width differ in optional fields: the one that most cells have the shape
            # of.
            best = max(
                agreeing,
                key=lambda names: sum(
                    _shape_speaks(name, cell)
                    for row in self._sample
                    for name, cell in zip(names, row, strict=True)
                ),
            )
            found = {name: at for at, name in enumerate(best)}
        if "id" not in found:
            raise self._error(
                "has no names and ids (an anonymous survey), so nobody can be given a score", ""
            )
        # Names taken for ids would make one student of two.
        self._refuse_contradiction(found, known)
        return found

    def passed_over(self, fields: dict[str, int]) -> list[str]:
        """Return the columns that hold none of the fields, for people."""
        taken = fields.values()
        return [self._said(at) for at in range(len(self._header)) if at not in taken]

    def _known(self) -> dict[str, int]:
        known: dict[str, int] = {}
        for at, cell in enumerate(self._header):
            for field, names in FIELD_NAMES.items():
                if cell.lower() not in names:
                    continue
                if field in known:
                    raise self._error(
                        f"has two columns that say {field} ({self._said(known[field])} and "
                        f"{self._said(at)}), so the students cannot be identified"
                    )
                known[field] = at
        return known

    def _no_layout(self, known: dict[str, int]) -> ExportError:
        lacking = ", ".join(field for field in REQUIRED if field not in known)
        unknown = [self._said(at) for at in range(len(self._header)) if at not in known.values()]
        if not unknown:
            return self._error(f"has no column {lacking}")
        stand = ", ".join(self._said(at) for at in known.values())
        return self._error(
            f"has {stand} where Canvas does not write them, and beside them {', '.join(unknown)}, "
            f"so which column is {lacking} cannot be told"
        )

    def _refuse_contradiction(self, found: dict[str, int], known: dict[str, int]) -> None:
        """Raise an error for a column that should hold ids or times, and does not."""
        for field in ("id", "submitted"):
            if self._votes(field, found[field]) >= 0:
                continue
            numbers = {"section_id", "attempt", "sis_id", "section_sis_id"}  # they hold them anyway
            passed = {found[field], *(at for name, at in found.items() if name in numbers)}
            others = [at for at in range(len(self._header)) if at not in passed]
            better = next((at for at in others if self._votes(field, at, every=True) > 0), None)
            if field in known and better is None:
                continue  # damaged cells, which are refused row by row
            what = "ids" if field == "id" else "times"
            also = f", while {self._said(better)} holds some" if better is not None else ""
            raise self._error(
                f"{self._said(found[field])} should hold {what} and mostly does not{also}: headers "
                "and cells contradict each other, so the students cannot be identified"
            )

    def _votes(self, field: str, at: int, *, every: bool = False) -> int:
        votes = [_shape_speaks(field, row[at]) for row in self._sample]
        return min(votes, default=0) if every else sum(votes)

    def _said(self, at: int) -> str:
        return f"column {at + 1} ({self._header[at][:40]!r})"

    def _error(self, message: str, mend: str = _AGAIN) -> ExportError:
        return ExportError(message, path=self._path, place="line 1", mend=mend)


def _layouts(width: int) -> list[tuple[str, ...]]:
    """Return every order of so many fields that Canvas writes."""
    layouts = []
    for person, sis, root, section_sis, attempt in product((True, False), repeat=5):
        # An anonymous survey has neither names nor any of the ids that stand beside them.
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
    return [names for names in layouts if len(names) == width]


def _shape_speaks(name: str, cell: str) -> int:
    """Return 1 if a cell has the shape of a field, -1 if it has not, 0 if neither is known."""
    if not cell.strip():
        return 0
    shape = _SHAPES.get(name)
    if shape is not None:
        return 1 if shape.match(cell) else -1
    # A field without a shape of its own may hold anything but a time.
    return -1 if _TIME.match(cell) else 0
