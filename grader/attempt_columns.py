"""Which attempts count, for all students at once whose rows are plainly told apart.

Those are the students of one row, and those each of whose rows has a number of its own. There an
attempts rule is a largest or a smallest number of each student's; everything else, and every
average, is for `grader.attempts.choose`, which this agrees with.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grader.attempts import CERTAIN, MAY_BE_HIGHER, UNREAD_CELL
from grader.row_columns import UNKNOWN
from grader.row_store import Numbers
from grader.submissions import AttemptsRule

DOUBTS = (CERTAIN, UNREAD_CELL, MAY_BE_HIGHER)
MOST_ATTEMPT = 1 << 20
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PlainChoices:
    """Of m students with n rows.

    Attributes:
        starts: int (m,), where each student's rows begin.
        plain: bool (m,), whether the student's rows are plainly told apart.
        used: int (m,), which row is used; means nothing where not `plain`.
        doubts: int (m,), why its total is not certain: places in `DOUBTS`.
    """

    starts: Places
    plain: NDArray[np.bool_]
    used: Places
    doubts: Places


def plain_choices(rows: Numbers, ranks: Places, rule: AttemptsRule) -> PlainChoices:
    """Apply an attempts rule to the students who can be taken together.

    Args:
        rows: of the kind `grader.row_index.INDEX`, (n,), those of a student next to each other.
        ranks: what `Totals.ranks` gives.
        rule: which attempt counts.
    """
    first = np.concatenate([[True], rows["student"][1:] != rows["student"][:-1]])
    starts = np.flatnonzero(first)
    group = np.cumsum(first) - 1
    single = np.diff(starts, append=len(rows)) == 1
    attempt, total = rows["attempt"], ranks[rows["total"]]
    at_most = ranks[rows["at_most"]]
    plain = single if rule == "average" else single | _told_apart(attempt, group, starts)
    used = _used(attempt, total, group, starts, rule)
    doubts = np.where(at_most[used] > total[used], 1, 0)
    if rule == "highest":
        others = at_most > total[used][group]
        others[used] = False
        doubts[(doubts == 0) & np.logical_or.reduceat(others, starts)] = 2
    return PlainChoices(starts, plain, used, doubts)


def _told_apart(attempt: Places, group: Places, starts: Places) -> NDArray[np.bool_]:
    """Say for each student whether every row has a number of its own."""
    fits = (attempt != UNKNOWN) & (attempt < MOST_ATTEMPT)
    apart = np.logical_and.reduceat(fits, starts)
    ordered = np.sort(group * MOST_ATTEMPT + np.where(fits, attempt, 0))
    again = ordered[1:][ordered[1:] == ordered[:-1]]
    apart[again // MOST_ATTEMPT] = False
    return apart


def _used(
    attempt: Places, total: Places, group: Places, starts: Places, rule: AttemptsRule
) -> Places:
    """Return the row that the rule takes of each student, the last one of equals."""
    worth = -attempt if rule == "first" else attempt
    if rule == "highest":
        worth = total * MOST_ATTEMPT + attempt
    best = np.flatnonzero(worth == np.maximum.reduceat(worth, starts)[group])
    used = np.empty(len(starts), dtype=np.int64)
    used[group[best]] = best
    return used
