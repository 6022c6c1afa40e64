"""Which encoding a text has that is not UTF-8, so that a refusal can name it."""

from __future__ import annotations

import codecs

_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


def wide_encoding(start: bytes) -> str:
    """Return "UTF-16" or "UTF-32" where a file's first four bytes tell it, with a mark or without.

    Without a mark it is the zero bytes beside a sign of ASCII, with which each of our texts begins.
    """
    for mark, name in _MARKS:
        if start.startswith(mark):
            return name
    zeros = [byte == 0 for byte in start[:4]]
    if len(zeros) < 4 or zeros.count(True) not in (2, 3):
        return ""
    return "UTF-16" if zeros.count(True) == 2 else "UTF-32"


def narrow_encoding(data: bytes) -> str:
    """Return "Big5" if `data`, which is not UTF-8, can be read as that, else "".

    Chinese spreadsheets save CSVs in Big5 where they are not told otherwise.
    """
    try:
        data.decode("big5")
    except UnicodeDecodeError:
        return ""
    return "Big5"
