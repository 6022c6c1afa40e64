"""Columns that repeat few values: each distinct value once, and for every row which one it has.

Whatever is worked out of a value alone is worked out once for each, by the same function that a
single row would be given to, and spread over the rows by their codes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.integer[Any]]
MOST_PLACES = 1 << 16
Value = TypeVar("Value")
Other = TypeVar("Other")


@dataclass(frozen=True, slots=True)
class Coded(Generic[Value]):
    """A column of n rows.

    Attributes:
        values: the distinct values, in any order; some may have no row.
        codes: int (n,), the place of each row's value among them.
    """

    values: Sequence[Value]
    codes: Codes

    def __len__(self) -> int:
        return len(self.codes)

    def spread(self, of: Callable[[Value], Any]) -> list[Any]:
        """Return of(value) for every row, as a list."""
        spread: list[Any] = objects(list(map(of, self.values)))[self.codes].tolist()
        return spread

    def made(self, of: Callable[[Value], Other]) -> Coded[Other]:
        """Return the column of of(value)."""
        return Coded([of(value) for value in self.values], self.codes)

    def taken(self, rows: NDArray[Any] | slice) -> Coded[Value]:
        """Return some of the rows: their places, a mask or a slice."""
        return Coded(self.values, self.codes[rows])


def objects(values: Sequence[Any]) -> NDArray[Any]:
    """Return values as an array of objects, one each, whatever they are."""
    return np.fromiter(values, dtype=object, count=len(values))


def coded(values: Sequence[Value], key: Callable[[Value], Any] | None = None) -> Coded[Value]:
    """Return a list as a coded column.

    Args:
        values: one a row.
        key: what makes two of them the same; None: the values themselves.
    """
    places: dict[Any, int] = {}
    kept: list[Value] = []
    codes = np.empty(len(values), dtype=np.int64)
    for row, value in enumerate(values):
        mark = value if key is None else key(value)
        place = places.setdefault(mark, len(kept))
        if place == len(kept):
            kept.append(value)
        codes[row] = place
    return Coded(kept, codes)


def together(one: Coded[Value], two: Coded[Other]) -> Coded[tuple[Value, Other]]:
    """Return the column of the pairs that two columns make, only those that some row has.

    They come in the order in which they are first met.
    """
    across = max(len(two.values), 1)
    joint = one.codes.astype(np.int64) * across + two.codes
    found, first, codes = _distinct(joint, len(one.values) * across)
    order = np.argsort(first, kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    pairs = [
        (one.values[pair // across], two.values[pair % across]) for pair in found[order].tolist()
    ]
    return Coded(pairs, rank[codes])


def _distinct(numbers: Codes, end: int) -> tuple[Codes, Codes, Codes]:
    """Return what ``np.unique`` does of numbers from 0 to below `end`, faster where they are few.

    Returns:
        The distinct numbers, where each is first met, and for each number which one it is.
    """
    if end > MOST_PLACES:
        return np.unique(numbers, return_index=True, return_inverse=True)
    first = np.full(end, -1, dtype=np.int64)
    first[numbers[::-1]] = np.arange(len(numbers) - 1, -1, -1)
    found = np.flatnonzero(first >= 0)
    place = np.zeros(end, dtype=np.int64)
    place[found] = np.arange(len(found))
    return found, first[found], place[numbers]
