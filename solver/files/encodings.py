"""Guess of the encoding of a text or a file's name that is not UTF-8, for the error to name."""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterable
from pathlib import Path

from solver.errors import InputError

_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),  # first: it begins with the mark of UTF-16
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


START = 512
"""Bytes of a file that are looked at."""


def wide_encoding(start: bytes) -> str:
    """Return "UTF-16" or "UTF-32" where the first bytes of a file show it, else ""."""
    for mark, name in _MARKS:
        if start.startswith(mark):
            return name
    # Without a mark: ASCII has zero bytes beside each character, in UTF-16 all on one side, and
    # texts of a course are at least an eighth ASCII. A few zero bytes in a file of UTF-8 are
    # another fault, and refuse their own row alone.
    start = start[:START]
    less, more = sorted((start[::2].count(0), start[1::2].count(0)))
    if less + more == len(start) or 8 * more < len(start):
        return ""
    if 5 * less >= len(start):
        return "UTF-32"
    return "UTF-16" if 4 * less <= more else ""  # some signs of Chinese have a zero byte as well


def narrow_encoding(data: bytes) -> str:
    """Return "Big5" if `data`, which is not UTF-8, can be read as that, else ""."""
    # The one guess: Chinese spreadsheets save CSVs in Big5 by default.
    try:
        data.decode("big5")
    except UnicodeDecodeError:
        return ""
    return "Big5"


def refuse_file_names_in_other_code(arguments: Iterable[str]) -> None:
    """Refuse file names that are not UTF-8, such as those of an archive packed in Big5.

    Raises:
        InputError: gives the name as Big5 reads it, where it does.
    """
    # No table, page or message that names such a file could be written.
    for argument in arguments:
        name = argument.partition("=")[2] if argument.startswith("--") else argument
        if is_text(name) or not Path(name).exists():
            continue
        data = os.fsencode(name)
        guess = narrow_encoding(data)
        reads = f"; in {guess} it reads {data.decode(guess)!r}" if guess else ""
        raise InputError(
            f"the name {str(data)[1:]} of a file or folder is not UTF-8{reads}",
            mend="Rename it, and give its new name.",
        )


def is_text(given: str) -> bool:
    """Return whether words from a terminal can be written as UTF-8."""
    # A terminal of another encoding hands its bytes over as lone surrogates.
    return not any("\ud800" <= sign <= "\udfff" for sign in given)
