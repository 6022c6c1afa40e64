"""A count of rows for a person who is watching, after two seconds; nothing for anybody else."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

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
    yield from _shown(items, what)


def _shown(items: Iterable[Item], what: str) -> Iterator[Item]:
    from rich.console import Console  # only a person at a terminal pays for this import
    from rich.status import Status

    began = time.monotonic()
    status: Status | None = None
    try:
        for number, item in enumerate(items, 1):
            if number % EVERY == 0:
                if status is None and time.monotonic() - began > PATIENCE:
                    status = Status(what, console=Console(stderr=True))
                    status.start()
                if status is not None:
                    status.update(f"{number:,} {what}")
            yield item
    finally:
        if status is not None:
            status.stop()
