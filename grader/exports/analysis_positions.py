"""Which questions columns are that neither an id nor a text tells: those of their place.

Between two columns that are recognised stand the questions that the key has between the two. Where
as many columns as questions are left there, they are each other's; where not, nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from grader.exports.analysis_layout import QuestionColumn
from solver.errors import ExportError
from solver.text.plural import counted

_ORDER = "order"
_ELIMINATION = "elimination, being the only ones left"
_OWN_TEXTS = "Give the quiz's own texts (hw9 bank import-qti, then --quiz)"


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of an export without a recognised column.

    Attributes:
        columns: that are not recognised, in their order.
        questions: of the key that belong there and have no column yet.
        before, after: the recognised questions beside it, "" at an end.
    """

    columns: tuple[QuestionColumn, ...]
    questions: tuple[str, ...]
    before: str = ""
    after: str = ""


class ColumnPlaces:
    """The places of one export's columns.

    Args:
        order: all questions, in the key's order.
        recognised: column and question of those that an id or a text tells.
        left: the columns that are not recognised, in their order.
    """

    def __init__(
        self,
        order: Sequence[str],
        recognised: Sequence[tuple[QuestionColumn, str]],
        left: Sequence[QuestionColumn],
    ) -> None:
        self._order = list(order)
        in_file = sorted(recognised, key=lambda each: each[0].at)
        self._known = [question for _, question in in_file]
        self._missing = [name for name in order if name not in self._known]
        ranks = [self._order.index(name) for name in self._known]
        self._in_order = ranks == sorted(ranks)
        if self._in_order:
            # 1 << 40: to the right of any column.
            edges = [-1, *(column.at for column, _ in in_file), 1 << 40]
            self.gaps = [
                self._gap(number, [column for column in left if low < column.at < high])
                for number, (low, high) in enumerate(pairwise(edges))
            ]
        else:
            # In another order the columns beside it tell nothing of a column's place.
            self.gaps = [Gap(tuple(left), tuple(self._missing))]

    def _gap(self, number: int, columns: list[QuestionColumn]) -> Gap:
        before, after = ["", *self._known][number], [*self._known, ""][number]
        low = self._order.index(before) if before else -1
        high = self._order.index(after) if after else len(self._order)
        questions = [name for name in self._order[low + 1 : high] if name in self._missing]
        return Gap(tuple(columns), tuple(questions), before, after)

    def told(self) -> list[tuple[QuestionColumn, str, str]]:
        """Return the columns that their place tells: column, question, and how."""
        # Out of order, one column and one question are each other's; of two, which is which?
        most = len(self._order) if self._in_order else 1
        how = _ORDER if self._in_order else _ELIMINATION
        return [
            (column, question, how)
            for gap in self.gaps
            if len(gap.columns) == len(gap.questions) <= most
            for column, question in zip(gap.columns, gap.questions, strict=True)
        ]

    def error(self, gaps: Sequence[Gap], path: Path) -> ExportError:
        """Return the error of the stretches whose columns cannot be told, all of them named."""
        surplus = [column for gap in gaps if not gap.questions for column in gap.columns]
        opened = [gap for gap in gaps if gap.questions]
        said = [_surplus(surplus)] if surplus else []
        said += [self._open(gap) for gap in opened]
        absent = [name for each in self.gaps if not each.columns for name in each.questions]
        if absent:
            said.append(f"no column can be {self.listed(absent)}")
        if self._known:
            said.append(f"recognised by id or text: {self.listed(self._known)}")
        first = min(column.at for gap in gaps for column in gap.columns)
        return ExportError(
            "; ".join(said),
            path=path,
            place=f"line 1, column {first + 1}",
            mend=_mend(surplus, opened),
        )

    def _open(self, gap: Gap) -> str:
        number, questions = len(gap.columns), self.listed(gap.questions)
        if not self._known:
            return (
                f"none of its question columns ({number}) has the id or the text of one of the "
                f"key's questions ({len(gap.questions)}), and as their numbers differ, their "
                "order does not tell either"
            )
        if number == 1:
            said = f"{_named(gap.columns[0])} has the id or the text of no question of the key"
        else:
            said = f"{_named(gap.columns[0])} and {counted(number - 1, 'more column')} "
            said += "have the id or the text of no question of the key"
        if not self._in_order:
            return (
                f"{said}; without a column are {questions}, and the columns stand in another "
                "order than the key's questions, so which is which cannot be told"
            )
        return f"{said}; in that place belong {questions}, so which is which cannot be told"

    def listed(self, questions: Sequence[str]) -> str:
        """Return questions in the key's order, those that follow each other shortened."""
        ranks = sorted(map(self._order.index, questions))
        runs: list[list[int]] = []
        for rank in ranks:
            if runs and runs[-1][-1] == rank - 1:
                runs[-1].append(rank)
            else:
                runs.append([rank])
        texts = []
        for run in runs:
            names = [self._order[rank] for rank in run]
            texts += [f"{names[0]} to {names[-1]}"] if len(names) > 2 else names
        return ", ".join(texts)


def _surplus(columns: Sequence[QuestionColumn]) -> str:
    named = [_named(column) for column in columns]
    if len(named) == 1:
        return f"{named[0]} is no question of the key, by its id, its text or its place"
    listed = f"{', '.join(named[:-1])} and {named[-1]}"
    return f"{listed} are no questions of the key, by their ids, their texts or their places"


def _named(column: QuestionColumn) -> str:
    return f"question {column.canvas_id} ({' '.join(column.text.split())[:60]!r})"


def _mend(surplus: Sequence[QuestionColumn], gaps: Sequence[Gap]) -> str:
    skipped = " ".join(f"--skip-column {column.canvas_id}" for column in surplus)
    ways = [_OWN_TEXTS]
    if any(len(gap.columns) < len(gap.questions) for gap in gaps):
        ways.append("export it again with every question's column as Canvas wrote it")
    elif gaps:
        ways.append("leave out what is no question of the key with --skip-column")
    if surplus:
        ways.append(f"leave out what is no question of the key with {skipped}")
    return f"{', or '.join(ways)}."
