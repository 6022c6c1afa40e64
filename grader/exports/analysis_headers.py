"""A question's text as headers have it: whole, without the marks of drop-downs, by its words alone.

The text of a question with drop-downs has a mark for each, such as ``[a]``, among words that say
what to choose. Whoever types such a question into Canvas words and marks that otherwise than a quiz
made from the bank, or leaves it out of the text; what is asked before it stays.
"""

from __future__ import annotations

import re
import unicodedata

from grader.quizzes.canvas_text import fingerprint, fingerprints
from grader.quizzes.texts import WordedQuestion

LEAST_BEGUN = 20
"""Letters that a text must have for another one that begins with it to be told by that."""
_MARK = re.compile(r"\[[^\[\]]{1,60}\]")


def words_alone(text: str) -> str:
    """Return the letters and digits of a text that has no tags, the marks of drop-downs left out.

    >>> words_alone("Which word? [a]  And how far? [b]")
    'whichwordandhowfar'
    """
    # NFKC: full-width letters and signs, typed in a Chinese keyboard's mode, are plain ones.
    one_case = unicodedata.normalize("NFKC", _MARK.sub("", text)).casefold()
    return "".join(sign for sign in one_case if sign.isalnum())


def words_of_wording(wording: WordedQuestion) -> set[str]:
    """Return the words that a column of the question may have, whole or without its drop-downs'."""
    texts = {
        words_alone(mark) for text in (wording.stem, wording.bare) for mark in fingerprints(text)
    }
    return texts - {""}


def words_of_column(text: str) -> list[str]:
    """Return the words of a header, read as HTML and as it stands, where these differ."""
    forms = dict.fromkeys((words_alone(fingerprint(text)), words_alone(text)))
    return [form for form in forms if form]


def begins(column: str, wording: WordedQuestion) -> bool:
    """Return whether a header begins with the text of a question with drop-downs."""
    if wording.kind != "pair":
        return False
    asked = words_alone(fingerprint(wording.bare or wording.stem))
    return len(asked) >= LEAST_BEGUN and any(
        words.startswith(asked) for words in words_of_column(column)
    )
