"""Blanks between Chinese and Latin writing in one line."""

from __future__ import annotations

import re

_CHINESE, _LATIN = "\u4e00-\u9fff", "A-Za-z0-9"
# A sign belongs to its number: the blank stands before "−2", not within it.
_JOIN = re.compile(f"(?<=[{_CHINESE}])(?=[+\u2212-]?[{_LATIN}])|(?<=[{_LATIN}%])(?=[{_CHINESE}])")


def with_blanks(text: str) -> str:
    """Return a text with a blank between each Chinese character and a Latin letter or digit.

    For sentences that are put together from names in either writing.

    >>> with_blanks("SmoothGrad最亮處占40%的圖片9。")
    'SmoothGrad 最亮處占 40% 的圖片 9。'
    """
    return _JOIN.sub(" ", text)
