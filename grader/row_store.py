"""Rows waiting on disk between reading and reporting, so that memory does not grow with them.

What is sorted and joined lies in a private temporary SQLite database: it has no name, small ones
never leave memory, and it is gone with the process. The rows themselves lie in the run's record,
or in a file without a name, and are read again by their place in it.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, TypeVar

from solver.errors import OutputError

BATCH = 2000
BUFFER = 1 << 20
_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA temp_store = FILE;
PRAGMA cache_size = -32768;
CREATE TABLE row (
    seq INTEGER PRIMARY KEY, student TEXT NOT NULL, attempt INTEGER, submitted TEXT,
    total TEXT, at_most TEXT, at INTEGER NOT NULL, size INTEGER NOT NULL
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


class RowLines:
    """Lines in a file, written one after another and read again by their place.

    Args:
        path: a new file for one's own eyes (0600); None: one without a name.

    Raises:
        OutputError: it cannot be made, or there is no room.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._end = 0
        self._waiting: list[bytes] = []
        self._held = 0
        with self._room():
            if path is None:
                with tempfile.TemporaryFile() as file:
                    self._handle = os.dup(file.fileno())
            else:
                self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        # Rows are read for as long as the class is in use, so the file is closed with it.
        weakref.finalize(self, os.close, self._handle)

    def add(self, line: str) -> tuple[int, int]:
        """Add a line, without its end; return where it begins and how many bytes it has."""
        data = f"{line}\n".encode()
        at, size = self._end, len(data)
        self._end += size
        self._waiting.append(data)
        self._held += size
        if self._held > BUFFER:
            self.flush()
        return at, size - 1

    def flush(self) -> None:
        """Give everything to the system."""
        if self._waiting:
            data = memoryview(b"".join(self._waiting))
            self._waiting, self._held = [], 0
            with self._room():
                while data:
                    data = data[os.write(self._handle, data) :]

    def read(self, at: int, size: int) -> str:
        """Return a line that was flushed."""
        return os.pread(self._handle, size, at).decode()

    @contextmanager
    def _room(self) -> Iterator[None]:
        try:
            yield
        except OSError as problem:
            raise OutputError(
                f"{self._path or 'the rows'}: cannot be written ({problem.strerror}). Give another "
                "folder, or make room."
            ) from None


@contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as problem:
        raise OutputError(
            f"the rows cannot be kept on disk while grading ({problem}). Make room in the folder "
            "for temporary files, or name another in TMPDIR."
        ) from None
