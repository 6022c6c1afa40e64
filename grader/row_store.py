"""Rows waiting on disk between reading and reporting, so that memory does not grow with them.

The rows themselves lie as lines in the run's record, or in a file without a name, and are read
again by their place in it. What is counted, sorted and joined are numbers of one size a row, in
files without a name that are gone with the process.
"""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solver.errors import OutputError

_NEAR = 1 << 12
"""Bytes that are read over rather than that a new place is looked for."""
_WINDOW = 1 << 18
PIECE = 1 << 16
"""Rows of numbers that are looked at together."""
Numbers = NDArray[Any]


class _Bytes:
    """Bytes in a file, written one after another and read again by their place.

    Args:
        path: a new file for one's own eyes (0600); None: one without a name.

    Raises:
        OutputError: it cannot be made, or there is no room.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self.size = 0
        with self._room():
            if path is None:
                with tempfile.TemporaryFile() as file:
                    self._handle = os.dup(file.fileno())
            else:
                self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        # Rows are read for as long as the class is in use, so the file is closed with it.
        weakref.finalize(self, os.close, self._handle)

    def add(self, data: bytes) -> None:
        rest = memoryview(data)
        with self._room():
            while rest:
                rest = rest[os.write(self._handle, rest) :]
        self.size += len(data)

    def read(self, at: int, size: int) -> bytes:
        return os.pread(self._handle, size, at)

    def read_each(self, places: NDArray[np.int64], size: int) -> list[bytes]:
        """Return `size` bytes from each of many places; those that follow closely at one go."""
        found: list[bytes] = []
        begin, window = 0, b""
        for at in places.tolist():
            if not 0 <= at - begin <= len(window) - size:
                near = 0 <= at - begin < len(window) + _NEAR
                begin, window = at, os.pread(self._handle, _WINDOW if near else size, at)
            found.append(window[at - begin : at - begin + size])
        return found

    @contextmanager
    def _room(self) -> Iterator[None]:
        try:
            yield
        except OSError as problem:
            if self._path is None:
                raise OutputError(
                    f"the rows cannot be kept on disk while grading ({problem.strerror}). Make "
                    "room in the folder for temporary files, or name another in TMPDIR."
                ) from None
            raise OutputError(
                f"{self._path}: cannot be written ({problem.strerror}). Give another folder, or "
                "make room."
            ) from None


class StoredLines:
    """Lines of text.

    Args:
        path: a new file for one's own eyes (0600); None: one without a name.

    Raises:
        OutputError: it cannot be made, or there is no room.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._bytes = _Bytes(path)
        self._number = 0

    def __len__(self) -> int:
        return self._number

    def add(self, lines: Sequence[bytes]) -> tuple[Numbers, Numbers]:
        """Add lines in UTF-8, each with its end.

        Returns:
            Where each begins, and how many bytes it has without its end.
        """
        sizes = np.fromiter(map(len, lines), dtype=np.int64, count=len(lines))
        ends = np.cumsum(sizes) + self._bytes.size
        self._bytes.add(b"".join(lines))
        self._number += len(lines)
        return ends - sizes, sizes - 1

    def read(self, at: int, size: int) -> str:
        """Return a line by its place."""
        return self._bytes.read(at, size).decode()

    def firsts(self, places: NDArray[np.int64], size: int) -> list[bytes]:
        """Return the first bytes of lines by their places; what follows a line may be among them.

        Args:
            places: where each begins.
            size: how many bytes; fewer at the end of the file.
        """
        return self._bytes.read_each(places, size)

    def __iter__(self) -> Iterator[str]:
        at, rest = 0, b""
        while data := self._bytes.read(at, 1 << 20):
            at += len(data)
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                yield line.decode()


class StoredNumbers:
    """Rows of numbers, all of one kind.

    Args:
        kind: a structured type of numpy.

    Raises:
        OutputError: there is no room for temporary files.
    """

    def __init__(self, kind: np.dtype[Any]) -> None:
        self.kind = kind
        self._bytes = _Bytes()

    def __len__(self) -> int:
        return self._bytes.size // self.kind.itemsize

    def add(self, rows: Numbers) -> None:
        """Add rows."""
        self._bytes.add(rows.tobytes())

    def pieces(self, most: int = PIECE) -> Iterator[Numbers]:
        """Yield all rows, some thousands at a time."""
        for at in range(0, len(self), most):
            yield self.between(at, at + most)

    def between(self, begin: int, end: int) -> Numbers:
        """Return the rows from one number up to another."""
        size = self.kind.itemsize
        return np.frombuffer(self._bytes.read(begin * size, (end - begin) * size), self.kind)

    def at(self, places: NDArray[np.int64]) -> Numbers:
        """Return rows by their numbers."""
        size = self.kind.itemsize
        begins = places * size
        return np.frombuffer(b"".join(self._bytes.read_each(begins, size)), self.kind)
