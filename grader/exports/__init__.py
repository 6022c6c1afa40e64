"""Formats of submissions: a module a format, each a class with one method, `rows`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from grader.student_ids.id_systems import IdSystem
from grader.submissions import ReadRow


class Export(Protocol):
    """A file of submissions.

    Attributes:
        source: the file's name, as rejects and pages give it.
        id_system: what its students' ids are.
        notes: how the file was understood, a sentence each (after `rows` was begun).
    """

    source: str
    id_system: IdSystem
    notes: list[str]

    def rows(self) -> Iterator[ReadRow]:
        """Yield what became of each row, in the order of the file, exactly one for each."""
