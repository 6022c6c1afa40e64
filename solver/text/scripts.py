"""Scripts that write words without blanks between them: Chinese characters and kana."""

from __future__ import annotations

import unicodedata

_CHINESE_OR_KANA = ("CJK", "HIRAGANA", "KATAKANA")


def writes_without_blanks(sign: str) -> bool:
    """Return whether a sign is a Chinese character or kana.

    >>> [writes_without_blanks(sign) for sign in "果のモーa9."]
    [True, True, True, True, False, False, False]
    """
    return unicodedata.name(sign, "").startswith(_CHINESE_OR_KANA)


def in_one_word(one: str, other: str) -> bool:
    """Return whether two neighbouring signs are of one word, as far as the script tells.

    Letters and digits are; a Chinese character or hiragana may begin or end a word anywhere, and
    katakana goes on as long as it is katakana. An empty text is the end of the text.

    >>> in_one_word("a", "b"), in_one_word("a", "."), in_one_word("a", "")
    (True, False, False)
    >>> in_one_word("は", "交"), in_one_word("流", "モ"), in_one_word("モ", "ー")
    (False, False, True)
    """
    if not (one.isalnum() and other.isalnum()):
        return False
    if writes_without_blanks(one) or writes_without_blanks(other):
        # The long vowel mark is named KATAKANA-HIRAGANA, and goes on with katakana too.
        return all(unicodedata.name(sign, "").startswith("KATAKANA") for sign in (one, other))
    return True
