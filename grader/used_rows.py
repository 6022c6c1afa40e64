"""The students of a run with what they earned: one by one from the record, or many as columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache, partial

import numpy as np

from grader.attempts import average
from grader.cell_table import OTHER, TableSums
from grader.chosen_rows import ChosenRows
from grader.coded_columns import Coded, together
from grader.kept_rows import KeptRows
from grader.row_cells import Cell
from grader.row_index import LONG_SCORE, NO_SCORE
from grader.row_store import Numbers, StoredNumbers
from grader.scoring import ZERO, Scorer
from grader.submissions import GradedSubmission, Submission
from grader.used_columns import MOST_STUDENTS, Answered, UsedColumns, columns_of

FUDGE_PLACES = Decimal("0.0001")
ONE = Decimal(1)


class Submissions:
    """Rows of a run by their numbers, which can be counted and gone over again."""

    def __init__(self, kept: KeptRows, seqs: StoredNumbers) -> None:
        self._kept, self._seqs = kept, seqs

    def __len__(self) -> int:
        return len(self._seqs)

    def __iter__(self) -> Iterator[Submission]:
        for piece in self._seqs.pieces(MOST_STUDENTS):
            yield from self._kept.submissions(piece["seq"].tolist())


class UsedRows:
    """Every student who has a grade.

    Args:
        kept, chosen: the rows, and which of them count.
        deadline: after which a submission is late.
    """

    def __init__(self, kept: KeptRows, chosen: ChosenRows, deadline: datetime | None) -> None:
        self._kept = kept
        self._chosen = chosen
        self._deadline = deadline
        self._scorer = kept.scorer
        self._ids = self._scorer.columns.names
        self._all_points = sum((each.points for each in self._scorer.questions), ZERO)
        table, points = kept.table, self._scorer.points
        self._hidden = TableSums(table, partial(_hidden, self._scorer))
        self._canvas = TableSums(table, lambda _, cell: cell.points or ZERO)
        self._known = TableSums(table, lambda _, cell: ZERO if cell.points is None else ONE)
        self._unknown = TableSums(table, lambda _, cell: ONE if _is_unknown(cell) else ZERO)
        self._answers = [
            [Answered(cell, points(place, cell)) for cell in cells]
            for place, cells in enumerate(table.cells)
        ]

    def __len__(self) -> int:
        return len(self._chosen.used)

    def __iter__(self) -> Iterator[GradedSubmission]:
        for piece in self._chosen.used.pieces(MOST_STUDENTS):
            yield from self._one_by_one(piece)

    def columns(self) -> Iterator[UsedColumns]:
        """Go over them as columns, some thousand at a time."""
        for piece in self._chosen.used.pieces(MOST_STUDENTS):
            details = self._kept.details.at(piece["seq"])
            single = (piece["rows"] == 1).all()
            known = (details["cells"] != OTHER).all() and (details["score"] != LONG_SCORE).all()
            if single and known:
                yield self._columns(piece, details)
            else:
                yield columns_of(list(self._one_by_one(piece)), self._scorer.columns)

    def _one_by_one(self, piece: Numbers) -> Iterator[GradedSubmission]:
        submissions = self._kept.submissions(piece["seq"].tolist())
        for submission, (_, rows, first, doubt) in zip(submissions, piece.tolist(), strict=True):
            if rows == 1:
                points = self._points(submission)
                total = sum(filter(None, points.values()), ZERO)
            else:
                counted = self._chosen.averaged.between(first, first + rows)["seq"].tolist()
                points, total = self._averaged(list(self._kept.submissions(counted)))
            yield self._finished(submission, points, total, self._chosen.doubts[doubt], rows)

    def _points(self, submission: Submission) -> dict[str, Decimal | None]:
        return dict(zip(self._ids, self._scorer.cells(self._cells(submission)), strict=True))

    def _cells(self, submission: Submission) -> tuple[Cell, ...]:
        return self._scorer.columns.cells_of(submission.responses, submission.canvas_points)

    def _averaged(self, submissions: list[Submission]) -> tuple[dict[str, Decimal | None], Decimal]:
        each = [self._points(submission) for submission in submissions]
        points: dict[str, Decimal | None] = {}
        for name in self._ids:
            known = [value for one in each if (value := one[name]) is not None]
            points[name] = average(known) if known else None
        totals = [sum((value for value in one.values() if value is not None), ZERO) for one in each]
        return points, average(totals)

    def _finished(
        self,
        submission: Submission,
        points: dict[str, Decimal | None],
        total: Decimal,
        doubt: str,
        rows: int,
    ) -> GradedSubmission:
        cells = self._cells(submission)
        certain = not doubt
        compared = certain and rows == 1
        return GradedSubmission(
            submission,
            points,
            total,
            self._possible(cells),
            certain,
            doubt,
            rows,
            difference(total, _canvas_sum(cells)) if compared else None,
            difference(total, submission.canvas_score) if compared else None,
            self._late(submission.submitted),
        )

    def _late(self, submitted: datetime | None) -> timedelta | None:
        deadline = self._deadline
        late = deadline and submitted and submitted > deadline
        return submitted - deadline if late and submitted and deadline else None

    def _possible(self, cells: Sequence[Cell]) -> Decimal:
        hidden = [_hidden(self._scorer, place, cell) for place, cell in enumerate(cells)]
        return self._all_points - sum(hidden, ZERO)

    def _columns(self, piece: Numbers, details: Numbers) -> UsedColumns:
        """Return students of one row each, whose cells are all in the table."""
        numbers = np.asfortranarray(details["cells"])  # a question's numbers side by side
        heads = self._kept.heads(details, dated=self._deadline is not None)
        totals = self._kept.earned.of(numbers)
        doubts = Coded([(not doubt, doubt) for doubt in self._chosen.doubts], piece["doubt"])
        scores = _scores(details["score"])
        return UsedColumns(
            heads=heads,
            rows=[1] * len(piece),
            late=list(map(self._late, heads.moments or [None] * len(piece))),
            answers=tuple(
                Coded(values, codes) for values, codes in zip(self._answers, numbers.T, strict=True)
            ),
            totals=totals,
            possible=self._hidden.of(numbers).made(lambda hidden: self._all_points - hidden),
            scores=scores,
            fudge=_differences(totals, self._canvas_sums(numbers), doubts),
            difference=_differences(totals, scores, doubts),
            doubts=doubts,
        )

    def _canvas_sums(self, numbers: Numbers) -> Coded[Decimal | None]:
        asked = together(self._unknown.of(numbers), self._known.of(numbers))
        sums = together(self._canvas.of(numbers), asked)
        return sums.made(lambda each: None if each[1][0] or not each[1][1] else each[0])


def _scores(texts: Numbers) -> Coded[Decimal | None]:
    found, codes = np.unique(texts, return_inverse=True)
    scores = [None if text == NO_SCORE else Decimal(text.decode()) for text in found.tolist()]
    return Coded(scores, codes)


def _differences(
    totals: Coded[Decimal], others: Coded[Decimal | None], doubts: Coded[tuple[bool, str]]
) -> Coded[Decimal | None]:
    pairs = together(together(totals, others), doubts)
    return pairs.made(lambda each: difference(*each[0]) if each[1][0] else None)


def _hidden(scorer: Scorer, place: int, cell: Cell) -> Decimal:
    """Return the points that a question is not worth because it was not shown."""
    return ZERO if cell.shown else scorer.questions[place].points


def _is_unknown(cell: Cell) -> bool:
    """Say whether a question was put to the student and Canvas' points for it are not known."""
    return cell.shown and cell.points is None


def _canvas_sum(cells: Sequence[Cell]) -> Decimal | None:
    """Return the sum of Canvas' points of the shown questions, None if one of them is unknown."""
    known = [cell.points for cell in cells if cell.points is not None]
    if any(map(_is_unknown, cells)):
        return None
    return sum(known, ZERO) if known else None


@lru_cache(maxsize=1 << 14)
def difference(total: Decimal, canvas: Decimal | None) -> Decimal | None:
    """Return total - canvas without the dust of Canvas' floats (to four decimals)."""
    if canvas is None:
        return None
    rounded = (total - canvas).quantize(FUDGE_PLACES)
    plain = rounded.normalize()
    return plain.quantize(Decimal(1)) if plain == plain.to_integral() else plain
