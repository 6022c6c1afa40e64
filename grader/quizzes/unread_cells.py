"""Messages on questions of which most answers could not be read, by the cause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from grader.quizzes.damaged_text import LATIN, SPREADSHEET
from grader.submissions import UnreadCause

_SENTENCES: dict[UnreadCause, str] = {
    "several sets": "stand in the file as a text that several options have, so they were not "
    "taken. See in Canvas which was ticked",
    "empty option": "are empty where an option's text is empty too, so they were not taken. See in "
    "Canvas whether it was ticked",
    "spreadsheet": f"could not be read: a spreadsheet changed them. E{SPREADSHEET[1:]}",
    "encoding": f"could not be read: {LATIN}",
}
_UNKNOWN = (
    "could not be read: the quiz words its options otherwise than the bank. Import its own texts "
    "with hw9 bank import-qti"
)
_UNKNOWN_THOUGH_GIVEN = (
    "could not be read: neither the texts given with --quiz nor the bank's have them. Export the "
    "quiz from its course as it is now, import that with hw9 bank import-qti, and give both files"
)


def said_of_unread(
    unread: Mapping[str, Counter[UnreadCause]], rows: int, worded: Collection[str] = ()
) -> list[str]:
    """Return a sentence for each cause that kept most answers of some questions from being read.

    Args:
        unread: for each question, how many cells could not be read, by cause.
        rows: how many were graded or superseded.
        worded: ids of the questions whose texts were given with a quiz file.
    """
    found: dict[str, list[str]] = {}
    for question, causes in sorted(unread.items()):
        if 2 * causes.total() > rows:
            # The name is compared too: of two equal counts the same one in every run.
            commonest = max(causes, key=lambda each: (causes[each], each))
            unknown = _UNKNOWN_THOUGH_GIVEN if question in worded else _UNKNOWN
            found.setdefault(_SENTENCES.get(commonest, unknown), []).append(question)
    return [
        f"more than half of the answers to {', '.join(questions)} {said}"
        for said, questions in found.items()
    ]
