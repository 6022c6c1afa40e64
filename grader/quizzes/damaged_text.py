"""Damage to a cell's text by a program between Canvas and us: dates, numbers, wrong encoding.

A spreadsheet that opens an export takes ``7-9`` for a date and saves ``7/9/26``; a program that
takes UTF-8 for Latin-1 saves ``ç¶`` where a Chinese character stood.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from grader.quizzes.canvas_text import collapsed
from grader.submissions import UnreadCause

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = rf"({'|'.join(_MONTHS)})[a-z]*"
_NAMED_MONTH = re.compile(
    rf"(?i)(?:(\d{{1,4}})[-/ .]*)?{_MONTH}[-/ .,]*(\d{{1,4}})?(?:[-/ .,]+\d{{2,4}})?"
)
_CHINESE = re.compile(r"(?:\d{2,4}年)?\s*(\d{1,2})月(?:\s*(\d{1,2})日)?")
_NUMBERS = re.compile(
    r"(\d{1,4})([-/.])(\d{1,2})(?:\2(\d{1,4}))?\.?(?:[ T]\d{1,2}:\d{2}(?::\d{2})?)?(?: ?[AP]M)?",
    re.I,
)
_TWO_NUMBERS = re.compile(r"(\d{1,4})\s*[-/.]\s*(\d{1,4})")
_MONTH_AND_NUMBER = re.compile(rf"(?i){_MONTH}[-/ .]*(\d{{1,4}})|(\d{{1,4}})[-/ .]*{_MONTH}")


LATIN = "UTF-8 was read as Latin-1 and saved so: export the file again, and open it as UTF-8"
SPREADSHEET = "export the file again, and do not save it from a spreadsheet"
DATES = f"a spreadsheet made a date of the answer: {SPREADSHEET}"
NUMBERS = f"a spreadsheet may have written the answer its own way: if so, {SPREADSHEET}"


@dataclass(frozen=True, slots=True)
class Damage:
    """Damage to a cell.

    Attributes:
        cause: the kind of program that did it.
        sentence: for people, with the text that was there.
        certain: no student's answer can look so.
    """

    cause: UnreadCause
    sentence: str
    certain: bool = True


def damage_of(cell: str, options: Iterable[str], fits: Callable[[str], bool]) -> Damage | None:
    """Return the damage to a cell that fits no option, None where none is found.

    Args:
        cell: as it stands in the file, since in a wrong encoding a blank can be half a character.
        options: the texts of the question's options.
        fits: says whether a text would be read.
    """
    texts = [collapsed(option) for option in options]
    # Only reported: what was undone here may be lost in other cells, so a new export is needed.
    before = repaired(cell)
    if before is not None and fits(before):
        shown = before if len(before) <= 30 else before[:30] + "..."
        return Damage("encoding", f"{LATIN} ({shown!r} was there)")
    text = collapsed(cell)
    dates = [sorted(pair) for pair in _numbers_of_date(text)]
    for option in dict.fromkeys(texts):
        if text != option and any(sorted(pair) in dates for pair in _numbers_of_option(option)):
            return Damage("spreadsheet", f"{DATES} ({option!r} was there)")
    for option in dict.fromkeys(texts):
        if _same_number(text, option):
            return Damage("spreadsheet", f"{NUMBERS} ({option!r} was there)", certain=False)
    return None


def repaired(text: str) -> str | None:
    """Return a text as it was before its UTF-8 was read as Latin-1, None where it was not.

    >>> repaired("\\xe4\\xb8\\xad\\xe6\\x96\\x87")
    '中文'
    """
    if text.isascii():
        return None
    data = bytearray()
    for sign in text:
        byte = _byte_of(sign)
        if byte is None:
            return None
        data += byte
    for end in range(len(data), max(len(data) - 3, 0), -1):  # its last character may be cut
        try:
            before = data[:end].decode()
        except UnicodeDecodeError:
            continue
        return None if before.isascii() else before
    return None


def _byte_of(sign: str) -> bytes | None:
    """Return the byte of a sign in Windows' Latin-1, else in the standard's, else None."""
    # Windows' table first: it has signs for bytes 0x80 to 0x9F, where the standard has none.
    for encoding in ("cp1252", "latin-1"):
        try:
            return sign.encode(encoding)
        except UnicodeEncodeError:
            continue
    return None


def _numbers_of_date(cell: str) -> list[tuple[int, int]]:
    """Return the pairs of numbers (month and day, month and year) that a date can come from."""
    if named := _NAMED_MONTH.fullmatch(cell):
        month = _MONTHS.index(named[2].lower()) + 1
        numbers = [int(each) for each in (named[1], named[3]) if each]
        return [(month, number) for each in numbers for number in (each, each % 100)]
    if chinese := _CHINESE.fullmatch(cell):
        return [(int(chinese[1]), int(chinese[2] or 1))]
    parts = _NUMBERS.fullmatch(cell)
    if parts is None:
        return []
    first, second = int(parts[1]), int(parts[3])
    if parts[4] is None:
        return [(first, second)]
    third = int(parts[4])
    # Year first or last; of month and year the day is the first of the month.
    return [(first, second), (second, third), (first % 100, second), (second, third % 100),
            (first, third % 100)]  # fmt: skip


def _numbers_of_option(option: str) -> list[tuple[int, int]]:
    if two := _TWO_NUMBERS.fullmatch(option):
        return [(int(two[1]), int(two[2]))]
    if named := _MONTH_AND_NUMBER.fullmatch(option):
        month, number = named[1] or named[4], named[2] or named[3]
        place = _MONTHS.index(month.lower()) + 1
        return [(place, int(number)), (place, int(number) % 100)]
    return []


def _same_number(cell: str, option: str) -> bool:
    """Say whether a cell is an option as a spreadsheet writes it: True as TRUE, 0.30 as 0.3."""
    # "red" for "Red" is no spreadsheet's doing.
    if cell.casefold() == option.casefold():
        return option.casefold() in ("true", "false")
    one, other = _number(cell), _number(option)
    return one is not None and one == other


def _number(text: str) -> Decimal | None:
    text = text.replace(",", "") if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", text) else text
    share = text.endswith("%")
    try:
        number = Decimal(text.removesuffix("%").strip())
    except InvalidOperation:
        return None
    if not number.is_finite():
        return None
    return number / 100 if share else number
