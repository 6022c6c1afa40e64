"""A count for a person who is watching, after two seconds; nothing for anybody else."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress

Item = TypeVar("Item")
PATIENCE = 2.0


def watched(items: Iterable[Item], what: str, size: Callable[[Item], int]) -> Iterator[Item]:
    """Yield the items; on a terminal, show on stderr how much there was so far.

    Args:
        items: gone over once.
        what: they hold, in the plural ("rows read").
        size: how many of these an item holds.
    """
    if not sys.stderr.isatty():
        yield from items
        return
    began, count, bar = time.monotonic(), 0, None
    try:
        for item in items:
            count += size(item)
            if bar is None and time.monotonic() - began > PATIENCE:
                bar = _bar()
                bar.start()
                task = bar.add_task(what, total=None)
            if bar is not None:
                bar.update(task, completed=count)
            yield item
    finally:
        if bar is not None:
            bar.stop()


def _bar() -> Progress:
    # Only a person at a terminal pays for these imports.
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn

    shown = TextColumn("{task.completed:,.0f} {task.description}")
    return Progress(SpinnerColumn(), shown, console=Console(stderr=True), transient=True)
