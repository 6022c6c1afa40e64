"""Which question a column of an export is: by Canvas' id, by its text, or by its place.

The first way that speaks is taken, and each export says which was used for what.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.cell_text import fingerprint
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
        self._by_order()
        if self._left:
            raise self._left_over(path)
        if self._open and not allow_missing:
            raise ExportError(
                f"has no column for {_listed(self._open)} of the key",
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
        columns: dict[str, list[QuestionColumn]] = {}
        for column in self._left:
            for mark in dict.fromkeys((fingerprint(column.text), "".join(column.text.split()))):
                if mark in texts:
                    columns.setdefault(mark, []).append(column)
                    break
        for mark, same in columns.items():
            questions = [each for each in texts[mark] if each in self._open]
            if len(questions) != len(same):
                continue
            how = "text" if len(same) == 1 else "text, and place among equal texts"
            for column, question in zip(same, questions, strict=True):
                self._take(column, question, texts[mark][question], how)

    def _by_order(self) -> None:
        if len(self._left) != len(self._open):
            return
        for column, question in list(zip(self._left, self._open, strict=True)):
            self._take(column, question, self._wordings[question], "order")

    def _left_over(self, path: Path) -> ExportError:
        column = self._left[0]
        text = " ".join(column.text.split())
        also = f" ({len(self._left)} such columns)" if len(self._left) > 1 else ""
        open_ones = f"; without a column are {_listed(self._open)}" if self._open else ""
        return ExportError(
            f"question {column.canvas_id} ({text[:60]!r}) is no question of the key, "
            f"by its id, its text or its place{also}{open_ones}",
            path=path,
            place=f"line 1, column {column.at + 1}",
            mend="Give the quiz's own texts (hw9 bank import-qti, then --quiz), or leave it out "
            f"with --skip-column {column.canvas_id}.",
        )


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
