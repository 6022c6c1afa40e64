"""Which question a column of an export is: by Canvas' id, by its text, or by its place.

The first way that speaks is taken, and each export says which was used for which questions. "Words"
are a text without its punctuation and the marks of its drop-downs
(`grader.exports.analysis_headers`); "order" and "elimination" are the place among the columns that
are recognised (`grader.exports.analysis_positions`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from grader.exports.analysis_headers import begins, words_of_column, words_of_wording
from grader.exports.analysis_layout import QuestionColumn
from grader.exports.analysis_positions import ColumnPlaces
from grader.quizzes.canvas_text import fingerprint, fingerprints
from grader.quizzes.damaged_text import LATIN, repaired
from grader.quizzes.texts import OtherItem, WordedQuestion
from solver.errors import ExportError
from solver.text.plural import counted

Wordings = Mapping[str, Sequence[WordedQuestion]]
ShownTogether = Callable[[QuestionColumn, QuestionColumn], bool]
"""Says whether two columns are filled in one row."""
REMADE = "text, each shown to others: deleted and made again"


@dataclass(frozen=True, slots=True)
class MatchedColumn:
    """A column, the question it is, and the wordings its cells may have."""

    column: QuestionColumn
    question: str
    wordings: tuple[WordedQuestion, ...]
    how: str


def item_idents(canvas_id: str) -> tuple[str, str]:
    """Return the two ids that the QTI item of Canvas' question `canvas_id` may have."""
    # Canvas names an item by the MD5 of its asset string, after `i` or, in newer files, `g`.
    digest = hashlib.md5(f"quiz_question_{canvas_id}".encode(), usedforsecurity=False).hexdigest()
    return f"i{digest}", f"g{digest}"


class ColumnMatcher:
    """Matches the columns of one export to the questions of a key.

    Args:
        columns: of the export.
        wordings: every wording of every question, in the key's order.
        others: items of the quiz that are no questions; their columns are passed over.
        together: whether two columns are filled in one row; those of a question that was deleted
            and made again never are.

    Attributes:
        passed_over: how many columns are those of other items.
    """

    def __init__(
        self,
        columns: Sequence[QuestionColumn],
        wordings: Wordings,
        others: Sequence[OtherItem] = (),
        together: ShownTogether = lambda one, other: True,
    ) -> None:
        self._left = list(columns)
        self._wordings = wordings
        self._open = list(wordings)
        self._matched: list[MatchedColumn] = []
        self._idents = {
            ident: column.canvas_id for column in columns for ident in item_idents(column.canvas_id)
        }
        self._other_items = others
        self._together = together
        self.passed_over = 0

    def match(self, path: Path, *, allow_missing: bool = False) -> list[MatchedColumn]:
        """Return every column with its question, in the order of the columns.

        A question that was deleted and made again has more than one.

        Raises:
            ExportError: columns or questions are left over; names all, with the mend.
        """
        self._pass_over_others()
        # The surest way first: an id is Canvas' own, a text may have been typed anew, and a place
        # may be that of another quiz.
        self._by_ident()
        self._by_text()
        self._by_words()
        self._by_first_words()
        # Before any place is believed: a file read in another code matches by no text, and would
        # then be graded by the order of its columns alone.
        self._refuse_other_code(path)
        places = self._by_place()
        unclear = [gap for gap in places.gaps if any(each in self._left for each in gap.columns)]
        if unclear:
            raise places.error(unclear, path)
        if self._open and not allow_missing:
            raise ExportError(
                f"has no column for {places.listed(self._open)} of the key "
                f"({how_matched(self._matched)})",
                path=path,
                mend="If the quiz left them out, say --allow-missing.",
            )
        return sorted(self._matched, key=lambda each: each.column.at)

    def _take(self, column: QuestionColumn, question: str, how: str) -> None:
        """Take a column with every wording of its question, but those of another column."""
        self._left.remove(column)
        if question in self._open:
            self._open.remove(question)
        # A wording with another column's id is shown there, and not here.
        wordings = [
            wording
            for wording in self._wordings[question]
            if self._idents.get(wording.ident, column.canvas_id) == column.canvas_id
        ]
        self._matched.append(MatchedColumn(column, question, tuple(wordings), how))

    def _pass_over_others(self) -> None:
        """Leave out the columns of other items, told by id, or by a text that no question has."""
        idents = {other.ident for other in self._other_items if other.ident}
        asked = {
            mark
            for wordings in self._wordings.values()
            for wording in wordings
            for mark in fingerprints(wording.stem)
        }
        # A text that a question has too is the question's.
        texts = {mark for each in self._other_items for mark in fingerprints(each.text)} - asked
        for column in list(self._left):
            ids = item_idents(column.canvas_id)
            if not idents.isdisjoint(ids) or not texts.isdisjoint(_marks_of_column(column)):
                self._left.remove(column)
                self.passed_over += 1

    def _refuse_other_code(self, path: Path) -> None:
        """Refuse a file whose headers were read in another code than they were written in."""
        for column in self._left:
            before = repaired(column.text)
            if before is not None:
                raise ExportError(
                    f"the question begins {column.text[:30]!r}, where {before[:30]!r} was; {LATIN}",
                    path=path,
                    place=f"line 1, column {column.at + 1}",
                )

    def _by_ident(self) -> None:
        known: dict[str, set[str]] = {}
        for question in self._open:
            for wording in self._wordings[question]:
                if wording.ident:
                    known.setdefault(wording.ident, set()).add(question)
        for column in list(self._left):
            questions = {
                each for ident in item_idents(column.canvas_id) for each in known.get(ident, ())
            }
            # An id that two quiz files give to two questions tells nothing.
            if len(questions) == 1:
                (question,) = questions
                self._take(column, question, "Canvas' question id")

    def _by_text(self) -> None:
        texts: dict[str, set[str]] = {}
        for question in self._open:
            for wording in self._wordings[question]:
                for mark in fingerprints(wording.stem):
                    if mark:
                        texts.setdefault(mark, set()).add(question)
        marks = {column: _marks_of_column(column) for column in self._left}
        self._where_equal(marks, texts, "text")

    def _by_words(self) -> None:
        texts: dict[str, set[str]] = {}
        for question in self._open:
            for wording in self._wordings[question]:
                for words in words_of_wording(wording):
                    texts.setdefault(words, set()).add(question)
        marks = {column: words_of_column(column.text) for column in self._left}
        self._where_equal(marks, texts, "words")

    def _where_equal(
        self,
        marks: Mapping[QuestionColumn, Sequence[str]],
        texts: Mapping[str, set[str]],
        how: str,
    ) -> None:
        """Take the columns with a mark that as many open questions have."""
        columns: dict[str, list[QuestionColumn]] = {}
        alone: dict[str, str] = {}
        for column, of_column in marks.items():
            known = next((mark for mark in of_column if mark in texts), None)
            if known is None:
                continue
            if len(texts[known]) == 1:
                # A text before and after it was mended: two marks of one question are one.
                known = alone.setdefault(min(texts[known]), known)
            columns.setdefault(known, []).append(column)
        for mark, same in columns.items():
            questions = [each for each in self._open if each in texts[mark]]
            # Two columns of one question: it was deleted and made again, unless a row fills both.
            if (
                how == "text"
                and len(questions) == 1
                and not any(self._together(one, other) for one, other in combinations(same, 2))
            ):
                for column in same:
                    self._take(column, questions[0], how if len(same) == 1 else REMADE)
                continue
            if len(questions) != len(same):
                continue
            said = how if len(same) == 1 else f"{how}, and place among equal texts"
            for column, question in zip(same, questions, strict=True):
                self._take(column, question, said)

    def _by_first_words(self) -> None:
        """Take the only column that begins with the text of one open question alone."""
        begun = {
            column: [
                question
                for question in self._open
                if any(begins(column.text, wording) for wording in self._wordings[question])
            ]
            for column in self._left
        }
        for column, questions in begun.items():
            alone = (
                len(questions) == 1 and sum(questions[0] in each for each in begun.values()) == 1
            )
            if alone:
                self._take(column, questions[0], "first words")

    def _by_place(self) -> ColumnPlaces:
        # Of a question that was made again one column is enough to know its place.
        first = {each.question: each for each in reversed(self._matched)}
        recognised = [(each.column, each.question) for each in first.values()]
        places = ColumnPlaces(list(self._wordings), recognised, self._left)
        for column, question, how in places.told():
            self._take(column, question, how)
        return places


def _listed(questions: Sequence[str]) -> str:
    shown = ", ".join(questions[:8])
    return shown + (f" and {len(questions) - 8} more" if len(questions) > 8 else "")


def how_matched(matched: Sequence[MatchedColumn], passed_over: int = 0) -> str:
    """Say in one sentence which way of matching was used for which questions.

    Args:
        matched: the questions' columns.
        passed_over: how many columns are other items' (a heading's, say).
    """
    ways: dict[str, list[str]] = {}
    for each in matched:
        ways.setdefault(each.how, []).append(each.question)
    parts = [f"{len(found)} by {how} ({_listed(found)})" for how, found in ways.items()]
    said = f"{counted(len(matched), 'question column')} matched: {'; '.join(parts)}"
    if passed_over:
        said += f"; {counted(passed_over, 'column')} of headings and other items passed over"
    return said


def _marks_of_column(column: QuestionColumn) -> tuple[str, ...]:
    """Return a header's text read as HTML and as it stands, without white space."""
    return (fingerprint(column.text), "".join(column.text.split()))
