"""Items made one ahead of their use, on another thread."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


def one_ahead(items: Iterator[Item]) -> Iterator[Item]:
    """Yield items while the next one is being made.

    It saves time where much of the making is not Python's own work. What is raised in the making is
    raised here, in its place.

    Args:
        items: none of them None; gone over by one thread at a time, never by two at once.
    """
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = pool.submit(next, items, None)
            yield item
