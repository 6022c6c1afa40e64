"""Rows waiting on disk between reading and reporting, so that memory does not grow with them.

A private temporary SQLite database: it has no name, small ones never leave memory, and it is gone
with the process.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from solver.errors import OutputError

BATCH = 2000
_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA temp_store = FILE;
PRAGMA cache_size = -32768;
CREATE TABLE row (
    seq INTEGER PRIMARY KEY, student TEXT, attempt INTEGER, submitted TEXT,
    total TEXT, at_most TEXT, digest TEXT, record TEXT NOT NULL
);
CREATE TABLE used (place INTEGER PRIMARY KEY, rows TEXT NOT NULL, last INTEGER, doubt TEXT);
CREATE TABLE superseded (place INTEGER PRIMARY KEY, seq INTEGER NOT NULL);
CREATE TABLE reject (place INTEGER PRIMARY KEY, record TEXT NOT NULL);
"""

Item = TypeVar("Item", covariant=True)


class RowStore:
    """The rows of one run."""

    def __init__(self) -> None:
        self._base = sqlite3.connect("")
        with _disk():
            self._base.executescript(_SCHEMA)

    def add_many(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Run an INSERT for each of `rows`.

        Raises:
            OutputError: there is no room for temporary files.
        """
        with _disk():
            self._base.executemany(statement, rows)

    def query(self, statement: str, values: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a SELECT."""
        with _disk():
            cursor = self._base.execute(statement, values)
            while batch := cursor.fetchmany(BATCH):
                yield from batch

    def count(self, table: str) -> int:
        """Return how many rows a table has."""
        ((number,),) = self.query(f"SELECT count(*) FROM {table}")
        return int(number)


class StoredRows(Generic[Item]):
    """A SELECT that can be counted and gone over again; each row is made into an object."""

    def __init__(
        self,
        store: RowStore,
        table: str,
        statement: str,
        make: Callable[[tuple[Any, ...]], Item],
    ) -> None:
        self._store, self._statement, self._make = store, statement, make
        self._length = store.count(table)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Item]:
        make = self._make
        for row in self._store.query(self._statement):
            yield make(row)


@contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as problem:
        raise OutputError(
            f"the rows cannot be kept on disk while grading ({problem}). Make room in the folder "
            "for temporary files, or name another in TMPDIR."
        ) from None
