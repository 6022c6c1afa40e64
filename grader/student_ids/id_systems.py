"""Systems of student ids; an id of one is never looked up among those of another.

Canvas' id 101, the login 101 and a number 101 in somebody's own file may be three people. So each
export has a system of ids, exports of two systems are not graded together, and a student is looked
up in the gradebook's column of that system alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from solver.errors import ExportError

IdSystem = Literal["canvas", "login", "sis", "own"]

SAID: dict[IdSystem, str] = {
    "canvas": "Canvas' id",
    "login": "login",
    "sis": "SIS id",
    "own": "a name or number of its own",
}

COLUMN: dict[IdSystem, str] = {"canvas": "id", "login": "login", "sis": "sis_id", "own": "student"}
"""The column of a plain CSV that holds ids of a system."""

GRADEBOOK: dict[IdSystem, str] = {
    "canvas": "ID",
    "login": "SIS Login ID",
    "sis": "SIS User ID",
}
"""The column of a gradebook that holds ids of a system."""


def one_system(exports: Sequence[tuple[str, IdSystem]]) -> IdSystem:
    """Return the one system of all exports' ids; "canvas" if there is no export.

    Args:
        exports: name and system of each.

    Raises:
        ExportError: two of them are of different systems.
    """
    if not exports:
        return "canvas"
    name, system = exports[0]
    for other, its in exports[1:]:
        if its != system:
            raise ExportError(
                f"names its students by {SAID[its]}, and {name} by {SAID[system]}: their students "
                "cannot be matched",
                path=other,
                mend="Grade them apart, or give both the same ids: in a plain CSV a column id "
                "(Canvas' id), login or sis_id says what it holds.",
            )
    return system
