"""Canvas' own points held against the key: they decide no score, they warn.

One text of a question earns the same in Canvas everywhere, and the right answer earns what the
column's header promises. Where a column shows otherwise, Canvas' key or the wording was changed in
mid-quiz, two options read alike, or the key used here is another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import polars as pl

from grader.csv_files.spreadsheet import decimal_text
from grader.submissions import Chosen, Refused, ScoredQuestion, Ticked, answer_text
from grader.table.answers import AnswerTable, answer
from grader.table.cells import Cell
from solver.key import Sentence

ROWS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class CanvasDoubt:
    """A column whose points in Canvas do not go with one key.

    Attributes:
        question: its id.
        sentence: the contradiction, with rows, in both languages.
    """

    question: str
    sentence: Sentence


def canvas_doubts(
    table: AnswerTable, questions: Sequence[ScoredQuestion], promised: Mapping[str, Decimal]
) -> tuple[CanvasDoubt, ...]:
    """Return the contradictions of Canvas' points to the key, question by question.

    Args:
        table: of the run.
        questions: the answers that each accepts, in the order of the table.
        promised: points in the headers of the export, by question; where there are none, the
            question's own.
    """
    found = []
    for place, question in enumerate(questions):
        column = _Column(table, place, question)
        worth = promised.get(question.id, question.points)
        for sentence in (column.unequal(), column.never_full(worth)):
            if sentence is not None:
                found.append(CanvasDoubt(question.id, sentence))
    return tuple(found)


class _Column:
    """One question's cells with Canvas' points, and the rows they stand in."""

    def __init__(self, table: AnswerTable, place: int, question: ScoredQuestion) -> None:
        self._frame = table.frame.select(cell=answer(question.id), file="file", line="line")
        self._cells = table.cells.of[place]
        self._question = question
        # A stretch that was read again may leave cells that no row has: they warn of nothing.
        self._times = np.bincount(self._frame["cell"].to_numpy(), minlength=len(self._cells))

    def _given(self) -> list[tuple[int, Cell]]:
        """Return the cells that some row has, with their numbers, where Canvas gave points."""
        return [
            (number, cell)
            for number, cell in enumerate(self._cells)
            if cell.points is not None and self._times[number]
        ]

    def unequal(self) -> Sentence | None:
        """Say that one text earned different points; None if none did."""
        by_text: dict[str, dict[Decimal, int]] = {}
        for number, cell in self._given():
            if isinstance(cell.response, Refused) and not cell.response.text:
                continue  # with pseudonyms a text that could not be read is left out
            # The first cell with these points: its rows are shown.
            by_text.setdefault(_text(cell), {}).setdefault(cell.points or Decimal(0), number)
        for text, by_points in by_text.items():
            if len(by_points) > 1:
                seen = [
                    (points, self._rows(number)) for points, number in sorted(by_points.items())
                ]
                return Sentence(
                    en=f"{text!r} earned different points in Canvas: "
                    + "; ".join(f"{decimal_text(points)} ({rows.en})" for points, rows in seen)
                    + ". Its key or wording was changed during the quiz, or two options read alike",
                    zh_hant=f"「{text}」在 Canvas 得到不同分數："
                    + "；".join(
                        f"{decimal_text(points)} 分（{rows.zh_hant}）" for points, rows in seen
                    )
                    + "。測驗期間改過答案或文字，或有兩個選項讀起來相同",
                )
        return None

    def never_full(self, worth: Decimal) -> Sentence | None:
        """Say that the key's answer never earned all points in Canvas; None if it did."""
        if self._question.void:
            return None
        right = [(n, cell) for n, cell in self._given() if cell.response in self._question.accepted]
        if not right or any((cell.points or Decimal(0)) >= worth for _, cell in right):
            return None
        number, cell = max(right, key=lambda each: each[1].points or Decimal(0))
        rows, most = self._rows(number), decimal_text(cell.points)
        named = " / ".join(map(answer_text, self._question.accepted))
        return Sentence(
            en=f"the key's answer {named} never earned the {decimal_text(worth)} points of its "
            f"column in Canvas, at most {most} ({rows.en}): Canvas' key is another",
            zh_hant=f"標準答案 {named} 在 Canvas 從未得到該欄的 {decimal_text(worth)} 分，"
            f"最多 {most} 分（{rows.zh_hant}）：Canvas 所用的答案不同",
        )

    def _rows(self, number: int) -> Sentence:
        rows = self._frame.filter(pl.col("cell") == number)
        places = [
            f"{file}:{line}" for file, line in rows["file", "line"].head(ROWS_SHOWN).iter_rows()
        ]
        more = len(rows) - len(places)
        listed = ", ".join(places)
        return Sentence(
            en=f"{listed} and {more} more" if more else listed,
            zh_hant=f"{listed} 及其他 {more} 列" if more else listed,
        )


def _text(cell: Cell) -> str:
    """Return a cell's text for a sentence: the text itself where it was refused."""
    response = cell.response
    if isinstance(response, Refused):
        return response.text
    return answer_text(response) if isinstance(response, Ticked | Chosen) else ""
