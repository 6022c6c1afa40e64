"""Summary of a regrade: how many students move, how far, and the mean before and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from grader.key_changes.regrading import Move
from grader.table.graded import GradedClass
from grader.table.used import UsedStudents


@dataclass(frozen=True, slots=True)
class MoveCounts:
    """Counts of students who move.

    Attributes:
        students: of the class.
        up, down, same_total: of the moves, those with more points, fewer, as many in all.
        most_up, most_down, sum: in points.
        changes: (change of the total, students), the commonest first; a change of 0 is left out.
        mean_before, mean_after: of the totals that are certain, None where none is.
    """

    students: int
    up: int
    down: int
    same_total: int
    most_up: Decimal
    most_down: Decimal
    sum: Decimal
    changes: tuple[tuple[Decimal, int], ...]
    mean_before: Decimal | None
    mean_after: Decimal | None


def count_moves(moves: Iterable[Move], before: GradedClass, after: GradedClass) -> MoveCounts:
    """Return the counts of the students who move.

    Args:
        moves: the students whose points change.
        before, after: the two classes.
    """
    changes = Counter(move.change for move in moves)
    same = changes.pop(Decimal(0), 0)
    return MoveCounts(
        students=len(after.used),
        up=sum(n for change, n in changes.items() if change > 0),
        down=sum(n for change, n in changes.items() if change < 0),
        same_total=same,
        most_up=max([*changes, Decimal(0)]),
        most_down=min([*changes, Decimal(0)]),
        sum=sum((change * n for change, n in changes.items()), Decimal(0)),
        # Ties by points, so that the order of the students does not show.
        changes=tuple(sorted(changes.items(), key=lambda each: (-each[1], -each[0]))),
        mean_before=_certain_mean(before.used),
        mean_after=_certain_mean(after.used),
    )


def _certain_mean(used: UsedStudents) -> Decimal | None:
    """Return the mean of the totals that are certain, as on class.html."""
    totals = used.frame.filter(pl.col("doubt") == "")["total"]
    counted = totals.value_counts().iter_rows()
    whole = sum((Decimal(total) * n for total, n in counted), Decimal(0))
    return whole / len(totals) if len(totals) else None
