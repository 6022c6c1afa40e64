"""Sums of decimals over columns, to the last digit and to the way they are written.

`Decimal` keeps the number of places: 0.3 + 0.70 is 1.00, and a table that says 1.0 would be
another file. So a sum is a number of units of the smallest place there is, and beside it the
places it is written with, which are the most of its terms. Both are whole numbers, summed as such;
each distinct sum becomes a decimal once.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from grader.coded_columns import Coded, Codes, coded

ZERO = Decimal(0)
MOST_UNITS = 1 << 62
"""What a sum of 64 bits holds; Decimal itself is exact to 28 digits, which is more."""
LEAST_UNIT = -18
"""Exponent of the smallest unit with which whole points still fit."""


class ExactSums:
    """Adds one term of each column, as ``sum(terms, Decimal(0))`` does, for many rows at once.

    Args:
        terms: for each column, what its codes stand for.
    """

    def __init__(self, terms: Sequence[Sequence[Decimal]]) -> None:
        self._terms = terms
        each = {id(column): column for column in terms}  # the same list may stand for many columns
        exponents = {name: list(map(_exponent, column)) for name, column in each.items()}
        self._unit = min((least for column in exponents.values() for least in column), default=0)
        self._alike = self._unit == 0
        self._fits = self._unit >= LEAST_UNIT
        if not self._fits:
            return
        units = {
            name: [int(term.scaleb(-self._unit)) for term in column]
            for name, column in each.items()
        }
        most = {name: max(map(abs, column), default=0) for name, column in units.items()}
        self._fits = sum(most[id(column)] for column in terms) < MOST_UNITS
        if self._fits:
            arrays = {name: np.array(column, dtype=np.int64) for name, column in units.items()}
            self._units = [arrays[id(column)] for column in terms]
            places = {name: np.array(column, dtype=np.int64) for name, column in exponents.items()}
            self._places = [places[id(column)] for column in terms]

    def of(self, columns: Sequence[Codes], rows: int) -> Coded[Decimal]:
        """Return the sum of every row.

        Args:
            columns: the codes of each column, all of `rows` rows.
            rows: how many.
        """
        if not self._fits:
            return self._one_by_one(columns, rows)
        units: NDArray[np.int64] = np.zeros(rows, dtype=np.int64)
        for table, codes in zip(self._units, columns, strict=True):
            units += table[codes]
        found, which = np.unique(units, return_inverse=True)
        if self._alike:
            return Coded([Decimal(each) for each in found.tolist()], which)
        places: NDArray[np.int64] = np.zeros(rows, dtype=np.int64)
        for table, codes in zip(self._places, columns, strict=True):
            np.minimum(places, table[codes], out=places)
        joint, codes = np.unique(which * (1 - self._unit) - places, return_inverse=True)
        of, place = np.divmod(joint, 1 - self._unit)
        numbers = zip(found[of].tolist(), place.tolist(), strict=True)
        return Coded([self._decimal(number, -place) for number, place in numbers], codes)

    def _decimal(self, units: int, exponent: int) -> Decimal:
        return Decimal(units // 10 ** (exponent - self._unit)).scaleb(exponent)

    def _one_by_one(self, columns: Sequence[Codes], rows: int) -> Coded[Decimal]:
        # Terms of very unlike sizes: Decimal may round, and is left to do it in its own order.
        sums = [ZERO] * rows
        for column, codes in zip(self._terms, columns, strict=True):
            sums = [so_far + column[code] for so_far, code in zip(sums, codes, strict=True)]
        return coded(sums, key=str)


def _exponent(term: Decimal) -> int:
    exponent = term.as_tuple().exponent
    return min(int(exponent), 0)
