"""Which question a column of an export is: by Canvas' id, by its text, or by its place.

The first way that speaks is taken, and each export says which was used for what. "Words" are a text
without its punctuation and the marks of its drop-downs (`grader.exports.column_texts`); "order" and
"elimination" are the place among the columns that are recognised (`grader.exports.column_places`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.cell_text import fingerprint
from grader.exports.column_places import ColumnPlaces
from grader.exports.column_texts import begins, words_of_column, words_of_wording
from grader.exports.columns import QuestionColumn
from grader.plurals import counted
from grader.quiz_texts import WordedQuestion
from solver.errors import ExportError

Wordings = Mapping[str, Sequence[WordedQuestion]]


@dataclass(frozen=True, slots=True)
class MatchedColumn:
    """A column, the question it is, and the wordings its cells may have."""

    column: QuestionColumn
    question: str
    wordings: tuple[WordedQuestion, ...]
    how: str


def item_idents(canvas_id: str) -> tuple[str, str]:
    """Return the two ids that the QTI item of Canvas' question `canvas_id` may have."""
    digest = hashlib.md5(f"quiz_question_{canvas_id}".encode(), usedforsecurity=False).hexdigest()
    return f"i{digest}", f"g{digest}"


class ColumnMatcher:
    """Matches the columns of one export to the questions of a key."""

    def __init__(self, columns: Sequence[QuestionColumn], wordings: Wordings) -> None:
        self._left = list(columns)
        self._wordings = wordings
        self._open = list(wordings)
        self._matched: list[MatchedColumn] = []

    def match(self, path: Path, *, allow_missing: bool = False) -> list[MatchedColumn]:
        """Return every column with its question, in the order of the columns.

        Raises:
            ExportError: a column or a question is left over; says what to do about it.
        """
        self._by_ident()
        self._by_text()
        self._by_words()
        self._by_first_words()
        places = self._by_place()
        unclear = [gap for gap in places.gaps if any(each in self._left for each in gap.columns)]
        if unclear:
            raise places.error(unclear[0], path)
        if self._open and not allow_missing:
            raise ExportError(
                f"has no column for {places.listed(self._open)} of the key "
                f"({how_matched(self._matched)})",
                path=path,
                mend="If the quiz left them out, say --allow-missing.",
            )
        return sorted(self._matched, key=lambda each: each.column.at)

    def _take(
        self, column: QuestionColumn, question: str, wordings: Sequence[WordedQuestion], how: str
    ) -> None:
        self._left.remove(column)
        self._open.remove(question)
        self._matched.append(MatchedColumn(column, question, tuple(wordings), how))

    def _by_ident(self) -> None:
        known = {
            wording.ident: wording
            for question in self._open
            for wording in self._wordings[question]
            if wording.ident
        }
        for column in list(self._left):
            for ident in item_idents(column.canvas_id):
                wording = known.get(ident)
                if wording is not None and wording.id in self._open:
                    self._take(column, wording.id, [wording], "Canvas' question id")
                    break

    def _by_text(self) -> None:
        texts: dict[str, dict[str, list[WordedQuestion]]] = {}
        for question in self._open:
            for wording in self._wordings[question]:
                mark = fingerprint(wording.stem)
                if mark:
                    texts.setdefault(mark, {}).setdefault(question, []).append(wording)
        marks = {
            column: (fingerprint(column.text), "".join(column.text.split()))
            for column in self._left
        }
        self._where_equal(marks, texts, "text")

    def _by_words(self) -> None:
        texts: dict[str, dict[str, list[WordedQuestion]]] = {}
        for question in self._open:
            for wording in self._wordings[question]:
                for words in words_of_wording(wording):
                    texts.setdefault(words, {})[question] = list(self._wordings[question])
        marks = {column: words_of_column(column.text) for column in self._left}
        self._where_equal(marks, texts, "words")

    def _where_equal(
        self,
        marks: Mapping[QuestionColumn, Sequence[str]],
        texts: Mapping[str, Mapping[str, Sequence[WordedQuestion]]],
        how: str,
    ) -> None:
        """Take the columns with a mark that as many open questions have."""
        columns: dict[str, list[QuestionColumn]] = {}
        for column, of_column in marks.items():
            known = next((mark for mark in of_column if mark in texts), None)
            if known is not None:
                columns.setdefault(known, []).append(column)
        for mark, same in columns.items():
            questions = [each for each in texts[mark] if each in self._open]
            if len(questions) != len(same):
                continue
            said = how if len(same) == 1 else f"{how}, and place among equal texts"
            for column, question in zip(same, questions, strict=True):
                self._take(column, question, texts[mark][question], said)

    def _by_first_words(self) -> None:
        """Take what begins with the text of one open question alone, and is the only one to."""
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
                self._take(column, questions[0], self._wordings[questions[0]], "first words")

    def _by_place(self) -> ColumnPlaces:
        recognised = [(each.column, each.question) for each in self._matched]
        places = ColumnPlaces(list(self._wordings), recognised, self._left)
        for column, question, how in places.told():
            self._take(column, question, self._wordings[question], how)
        return places


def _listed(questions: Sequence[str]) -> str:
    shown = ", ".join(questions[:8])
    return shown + (f" and {len(questions) - 8} more" if len(questions) > 8 else "")


def how_matched(matched: Sequence[MatchedColumn]) -> str:
    """Say in one sentence which way of matching was used for which questions."""
    ways: dict[str, list[str]] = {}
    for each in matched:
        ways.setdefault(each.how, []).append(each.question)
    parts = [f"{len(found)} by {how} ({_listed(found)})" for how, found in ways.items()]
    return f"{counted(len(matched), 'question column')} matched: {'; '.join(parts)}"
