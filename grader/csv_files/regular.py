"""Stretches of a CSV of which it is certain how they divide into records, found without reading.

Where every quotation mark opens a cell, closes it, or stands doubled inside it (RFC 4180), any two
readers of CSV agree. That can be seen from the places of the marks alone. A stretch in which one
stands elsewhere, or which holds a zero byte or a carriage return inside a line, is left to the
reader that copes with damage (`grader.csv_files.records`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grader.csv_files.records import FIELD_LIMIT
from grader.csv_files.spans import BOM

_QUOTE, _LF, _CR = 0x22, 0x0A, 0x0D
# A piece and its bits stay in the processor's cache.
_PIECE = 1 << 18
_ONE, _TOP = np.uint64(1), np.uint64(63)
_HALVES = [np.uint64(far) for far in (1, 2, 4, 8, 16, 32)]

Places = NDArray[np.int64]
Bits = NDArray[np.uint64]
"""A bit a byte of a piece, the first byte's lowest."""


@dataclass(frozen=True, slots=True)
class RegularStretch:
    """Bytes from the beginning of a record to the end of another.

    Attributes:
        data: with every line's end written as LF.
        size: bytes of the file that these are.
        doubled: pairs of marks that stand for one inside a cell.
        marks: quotation marks in all.
        lines: ends of lines, those inside cells too.
        starts: int (records,), how many lines stand before each record; None: a line a record.
    """

    data: bytes
    size: int
    doubled: int
    marks: int
    lines: int
    starts: Places | None


def regular_stretch(data: bytes, delimiter: str, *, last: bool) -> RegularStretch | None:
    """Return as much of `data` as are whole, regular records; None where that is not certain.

    Args:
        data: begins where a record begins.
        delimiter: one letter.
        last: whether the file ends here, so that the last line needs no end.
    """
    if not data or data.startswith(BOM) or b"\x00" in data:
        return None
    seen = _Marks(data, delimiter)
    # An odd number of marks: a quoted cell is still open at the end, and no last record is whole.
    size = len(data) if last and seen.marks % 2 == 0 else seen.records_end
    if not 0 < size <= seen.first_wrong or seen.longest > FIELD_LIMIT:
        return None  # damage, or perhaps a cell that is too long to be read
    # The counts of the part that is left are taken off; counting `data[:size]` again would cost
    # more.
    left = _Marks(data[size:], delimiter)
    data = data[:size]
    returns = seen.returns and b"\r" in data
    # A CR alone may end a line for one reader of CSV and belong to the cell for another.
    if returns and data.count(b"\r\n") != data.count(b"\r"):
        return None
    inner = seen.inner_ends - left.inner_ends
    if inner and returns:
        return None  # a cell keeps its line ends as they are
    starts = _starts(data) if inner else None
    if returns:
        data = data.replace(b"\r\n", b"\n")
    counts = (seen.doubled - left.doubled, seen.marks - left.marks, seen.ends - left.ends)
    return RegularStretch(data, size, *counts, starts)


class _Marks:
    """Findings from the places of quotation marks in bytes that begin where a record begins.

    Found piece by piece, with a bit a byte, 64 to a word: a rule on neighbours is a shift and an
    "and".

    Attributes:
        marks, doubled, ends, inner_ends: how many: quotation marks, pairs that stand for one
            inside a cell, ends of lines, those of them inside cells.
        records_end: the place behind the last end of a record, 0 if there is none.
        first_wrong: the place of the first mark that stands where none should, or further on.
        longest: bytes that no record is longer than, at most 128 too many.
        returns: whether a carriage return stands anywhere.
    """

    def __init__(self, data: bytes, delimiter: str) -> None:
        self.marks = self.doubled = self.ends = self.inner_ends = 0
        self.records_end = self.longest = 0
        self.first_wrong = len(data)
        self._delimiter = ord(delimiter)
        self.returns = b"\r" in data
        self._odd = 0  # whether the byte before this piece stands inside a cell
        self._edge = 1  # whether a mark may open a cell at the first byte
        self._closed = 0  # whether a mark that closes stands just before
        array = np.frombuffer(data, np.uint8)
        for at in range(0, len(array), _PIECE):
            self._take(array[at : at + _PIECE], at)
        self.longest = max(self.longest, len(data) - self.records_end)

    def _take(self, piece: NDArray[np.uint8], at: int) -> None:
        marks, n_marks = _places(piece, _QUOTE)
        ends, n_ends = _places(piece, _LF)
        edges = ends | _places(piece, self._delimiter)[0]
        inside = _odd_so_far(marks, self._odd)
        # Of a doubled mark the first counts as closing, the second as opening right behind it.
        opening, closing = marks & inside, marks & ~inside
        behind = _moved_on(closing, self._closed)
        # A mark opens only behind a delimiter, a line's end, or a mark that closes (then it is
        # doubled).
        wrong = opening & ~_moved_on(edges | closing, self._edge)
        follows = edges | opening
        if self.returns:
            follows |= _places(piece, _CR)[0]
        # Behind a mark that closes: a delimiter, a line's end, or the second of two.
        wrong |= behind & ~follows
        if wrong.any():
            self.first_wrong = min(self.first_wrong, at + _first(wrong))
        outer = ends & ~inside
        held = np.flatnonzero(outer)
        if len(held):
            begun = self.records_end - at
            # Lengths to the word of 64 bytes are enough: they are held against a limit of a
            # million.
            apart = (int(np.diff(held).max(initial=0)) + 1) * 64
            self.longest = max(self.longest, int(held[0]) * 64 + 64 - begun, apart)
            self.records_end = at + int(held[-1]) * 64 + int(outer[held[-1]]).bit_length()
        self.marks += n_marks
        self.ends += n_ends
        self.doubled += _count(opening & behind)
        self.inner_ends += _count(ends & inside)
        self._odd = int(inside[-1] >> _TOP)
        self._closed = int(closing[-1] >> _TOP)
        self._edge = int((edges | closing)[-1] >> _TOP)


def _places(piece: NDArray[np.uint8], letter: int) -> tuple[Bits, int]:
    """Return where a letter stands, and how often."""
    found = piece == letter
    bits = np.packbits(found, bitorder="little")
    whole = np.pad(bits, (0, -len(bits) % 8)) if len(bits) % 8 else bits
    return whole.view("<u8"), int(np.count_nonzero(found))


def _count(bits: Bits) -> int:
    """Return how many bits are set."""
    # Most words hold no bit, and unpacking is the dear part.
    words = bits[np.flatnonzero(bits)]
    return int(np.count_nonzero(np.unpackbits(words.view(np.uint8))))


def _moved_on(bits: Bits, first: int) -> Bits:
    """Return the bits, each at the byte that follows its own, and `first` at the first byte."""
    moved = bits << _ONE
    moved[1:] |= bits[:-1] >> _TOP
    moved[0] |= np.uint64(first)
    return moved


def _odd_so_far(bits: Bits, before: int) -> Bits:
    """Return for each byte whether the bits up to it, itself included, and `before` are odd."""
    # Six doubling shifts give the parity of all bits up to each within a word, then words are
    # joined.
    odd = bits.copy()
    for far in _HALVES:
        odd ^= odd << far
    words = np.bitwise_xor.accumulate(odd >> _TOP)
    odd[1:] ^= np.negative(words[:-1])  # 1 becomes a word of ones
    return ~odd if before else odd


def _first(bits: Bits) -> int:
    word = int(np.flatnonzero(bits)[0])
    value = int(bits[word])
    # value & -value keeps the lowest bit alone.
    return word * 64 + (value & -value).bit_length() - 1


def _starts(data: bytes) -> Places:
    """Return for each record how many lines stand before it."""
    array = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(array == _LF)
    begun = np.flatnonzero(np.cumsum(array == _QUOTE)[ends] % 2 == 0) + 1
    return np.concatenate([[0], begun[: len(begun) - data.endswith(b"\n")]])
