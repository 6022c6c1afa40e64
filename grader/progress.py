"""A count of rows for a person who is watching, after two seconds; nothing for anybody else."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from grader.row_columns import RowBlock

Item = TypeVar("Item")
PATIENCE = 2.0
EVERY = 500


def watched(items: Iterable[Item], what: str) -> Iterator[Item]:
    """Yield the items; on a terminal, show on stderr how many there were so far.

    Args:
        items: gone over once.
        what: what they are, in the plural ("rows read").
    """
    if not sys.stderr.isatty():
        yield from items
        return
    count = _Count(what)
    try:
        yield from count.over(items)
    finally:
        count.stop()


def watched_blocks(blocks: Iterable[RowBlock]) -> Iterator[RowBlock]:
    """Yield blocks of rows; on a terminal, show how many rows there were so far."""
    if not sys.stderr.isatty():
        yield from blocks
        return
    count = _Count("rows read")
    try:
        for block in blocks:
            count.add(block.size)
            yield block
    finally:
        count.stop()


class _Count:
    """A number on stderr that rises after some patience."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._number = 0
        self._began = time.monotonic()
        self._status: Any = None

    def over(self, items: Iterable[Item]) -> Iterator[Item]:
        """Yield the items, counted."""
        for item in items:
            self.add(1)
            yield item

    def add(self, number: int) -> None:
        """Count so many more."""
        shown = self._number // EVERY
        self._number += number
        if self._number // EVERY > shown:
            self._show()

    def _show(self) -> None:
        if self._status is None and time.monotonic() - self._began > PATIENCE:
            from rich.console import Console  # only a person at a terminal pays for this import
            from rich.status import Status

            self._status = Status(self._what, console=Console(stderr=True))
            self._status.start()
        if self._status is not None:
            self._status.update(f"{self._number:,} {self._what}")

    def stop(self) -> None:
        """Take the number away."""
        if self._status is not None:
            self._status.stop()
