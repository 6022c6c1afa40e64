"""Messages on questions of which most answers could not be read, by the cause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from grader.quizzes.damaged_text import LATIN, SPREADSHEET
from grader.quizzes.option_matching import EMPTY, MANY, NO_SET
from grader.submissions import Reject

_SENTENCES = {
    MANY: "stand in the file as a text that several options have, so they were not taken: what was "
    "ticked is to be looked up in Canvas",
    EMPTY: "are empty where an option's text is empty too, so they were not taken: what was ticked "
    "is to be looked up in Canvas",
    SPREADSHEET: f"could not be read: a spreadsheet changed them. E{SPREADSHEET[1:]}",
    LATIN: f"could not be read: {LATIN}",
}
_UNKNOWN = (
    "could not be read: the quiz words its options otherwise than the bank. Import its own texts "
    "with hw9 bank import-qti"
)
_UNKNOWN_THOUGH_GIVEN = (
    "could not be read: neither the texts given with --quiz nor the bank's have them. Export the "
    "quiz from its course as it is now, import that with hw9 bank import-qti, and give both files"
)


def said_of_unread(rejects: Iterable[Reject], rows: int, worded: Collection[str] = ()) -> list[str]:
    """Return a sentence for each cause that kept most answers of some questions from being read.

    Args:
        rejects: of the run.
        rows: how many were graded or superseded.
        worded: ids of the questions whose texts were given with a quiz file.
    """
    cells: dict[str, Counter[str]] = {}
    for reject in rejects:
        if reject.question:
            kinds = (each for each in (MANY, EMPTY, LATIN, SPREADSHEET) if each in reject.reason)
            cells.setdefault(reject.question, Counter())[next(kinds, NO_SET)] += 1
    found: dict[str, list[str]] = {}
    for question, causes in sorted(cells.items()):
        if 2 * causes.total() > rows:
            kind = max(causes, key=lambda each: (causes[each], each))
            unknown = _UNKNOWN_THOUGH_GIVEN if question in worded else _UNKNOWN
            found.setdefault(_SENTENCES.get(kind, unknown), []).append(question)
    return [
        f"more than half of the answers to {', '.join(questions)} {said}"
        for said, questions in found.items()
    ]
