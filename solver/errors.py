"""Errors for people: one sentence with file, place and mend.

Hw9Error                 base: a message for people in place of a traceback
├── InputError           a file or folder that cannot be used
│   ├── BankError        the questions
│   ├── BundleError      the course materials
│   ├── EvidenceError    saved measurements
│   │   └── MissingEvidence  some that a question needs is not there
│   ├── KeyFileError     an answer key
│   └── ExportError      a file out of NTU COOL, or one like it
└── OutputError          the result cannot be written where it was asked for
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

LONGEST = 2000
"""Characters of a message; a longer one is cut in the middle, as of a file of one long word."""


def printable(text: str) -> str:
    r"""Return text as one line without control characters, safe to show in any terminal.

    Characters that do not print (control characters, marks of writing direction, lone surrogates)
    are escaped as in Python. Longer texts than `LONGEST` are cut in the middle.

    Example:
        >>> printable("a\x1b[31mred")
        'a\\x1b[31mred'
    """
    if len(text) > LONGEST:
        # The end stays: it says what to do.
        text = f"{text[: LONGEST - 400]} [...] {text[-380:]}"
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text
    )


class Hw9Error(Exception):
    """Base of every error whose message is meant for the person at the terminal."""

    def __init__(self, text: str) -> None:
        super().__init__(printable(text))


class InputError(Hw9Error):
    """An input that cannot be used, with its file, the place in it, and the mend.

    The message reads ``FILE, PLACE: WHAT IS WRONG. MEND``. `zh` is what is wrong and the mend in
    Chinese, for pages; "" where only English was written.
    """

    def __init__(
        self,
        message: str,
        *,
        path: Path | str | None = None,
        place: str = "",
        mend: str = "",
        zh: str = "",
    ) -> None:
        self.message = message
        self.path = path
        self.place = place
        self.mend = mend
        self.zh = zh
        where = ", ".join(str(part) for part in (path, place) if part not in (None, ""))
        text = f"{where}: {message}" if where else message
        if not text.endswith((".", "!", "?")):
            text += "."
        super().__init__(f"{text} {mend}".strip())

    @property
    def in_both(self) -> tuple[str, str]:
        """The message in English and in Chinese, without a full stop, as part of a sentence.

        >>> InputError("is broken", path="a.jpg", zh="已損壞").in_both
        ('a.jpg: is broken', 'a.jpg：已損壞')
        >>> InputError("is broken").in_both[1]
        '程式的訊息（英文）：is broken'
        """
        english = str(self).rstrip(".")
        if not self.zh:
            # Better English than nothing: a person can search for it.
            return english, f"程式的訊息（英文）：{english}"
        where = "，".join(str(part) for part in (self.path, self.place) if part not in (None, ""))
        return english, printable(f"{where}：{self.zh}" if where else self.zh).rstrip("。")


class BankError(InputError):
    """The bank of questions is not well formed."""


class BundleError(InputError):
    """The course materials are missing, broken, or do not fit the checkpoint."""


class EvidenceError(InputError):
    """A folder of evidence does not follow its format."""


class MissingEvidence(EvidenceError):  # noqa: N818 - it says what is missing, and is no fault
    """Records that a question needs are missing, or something in them is.

    Attributes:
        lacks: ids of the records.
        what: the thing that is missing in them, in English and Chinese; None: they themselves.
    """

    def __init__(self, lacks: Sequence[str] = (), what: tuple[str, str] | None = None) -> None:
        self.lacks = list(lacks)
        self.what = what
        parts = [", ".join(lacks), what[0] if what else ""]
        super().__init__(f"lacks {': '.join(filter(None, parts))}")


class KeyFileError(InputError):
    """An answer key cannot be read."""


class ExportError(InputError):
    """A file of submissions cannot be read."""


class OutputError(Hw9Error):
    """A result cannot be written."""
