"""Choice of the attempt of a student that counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import NamedTuple

from grader.submissions import AttemptsRule
from solver.key import Sentence

AVERAGE_DECIMALS = 4
CERTAIN, REFUSED_ROW, UNREAD_CELL, MAY_BE_HIGHER = "", "refused_row", "unread_cell", "may_be_higher"
DOUBTS = {
    REFUSED_ROW: Sentence(en="an attempt of this student was refused", zh_hant="有一次作答被退回"),
    UNREAD_CELL: Sentence(en="a cell could not be read", zh_hant="有一格無法判讀"),
    MAY_BE_HIGHER: Sentence(
        en="another attempt, with a cell that could not be read, may be higher",
        zh_hant="另一次作答有一格無法判讀，分數可能更高",
    ),
}
"""Reasons for which a total is not certain, by id."""


class Candidate(NamedTuple):
    """One row of a student, with the values that the choice needs.

    Attributes:
        seq: number of the row, in the order of reading.
        attempt: number of the attempt, if the export says it.
        submitted: moment as sortable text in UTC, "" if unknown.
        total: the known points.
        at_most: the total if every refused cell were right.
        digest: the same for two rows with the same answers; "" where it is not needed, since
            every row of the student has an attempt's number of its own.
    """

    seq: int
    attempt: int | None
    submitted: str
    total: Decimal
    at_most: Decimal
    digest: str = ""


def told_apart(attempts: Sequence[int | None]) -> bool:
    """Say whether every row has an attempt number of its own."""
    return None not in attempts and len(set(attempts)) == len(attempts)


@dataclass(frozen=True, slots=True)
class Choice:
    """Choice among a student's rows: each row is in exactly one of the three lists.

    Attributes:
        counted: rows that make the grade (several for an average), the latest last.
        superseded: rows that another one replaces.
        rejected: rows that contradict each other.
        reason: why rows are rejected, else "".
        doubt: id (in `DOUBTS`) of why the total is not certain, else "".
    """

    counted: list[int] = field(default_factory=list)
    superseded: list[int] = field(default_factory=list)
    rejected: list[int] = field(default_factory=list)
    reason: str = ""
    doubt: str = ""


def choose(rows: Sequence[Candidate], rule: AttemptsRule) -> Choice:
    """Return the rows of one student that count by an attempts rule.

    Two rows for one attempt with the same answers (two exports that overlap) are one. Two rows for
    one attempt with different answers are both refused.
    """
    if len(rows) == 1:
        return Choice([rows[0].seq], doubt=_own_doubt(rows[0]))
    # Sorted: an export with its rows in another order gives the same grades.
    different, repeated, contrary = sorted(rows), list[int](), list[Candidate]()
    if not told_apart([row.attempt for row in rows]):
        different, repeated = _without_repeats(rows)
        numbers = [row.attempt for row in different]
        contrary = [
            row for row in different if row.attempt is not None and numbers.count(row.attempt) > 1
        ]
        different = [row for row in different if row not in contrary]
    rejected = [row.seq for row in contrary]
    reason = "the same attempt stands here with different answers in another row"
    if not different:
        return Choice([], repeated, rejected, reason)
    in_order = _in_order(different)
    if in_order is None and rule in ("latest", "first"):
        reason = "which of this student's attempts came first cannot be told"
        return Choice([], repeated, rejected + [row.seq for row in different], reason)
    doubt = REFUSED_ROW if rejected else ""
    if rule == "average":
        ordered = in_order or sorted(different, key=_rank)
        doubt = doubt or next((each for each in map(_own_doubt, ordered) if each), "")
        return Choice([row.seq for row in ordered], repeated, rejected, reason, doubt)
    if in_order and rule != "highest":
        used = in_order[0 if rule == "first" else -1]
    else:
        # Of equal totals the latest: a choice, so that the order of the rows decides nothing.
        used = max(in_order or different, key=lambda row: (row.total, *_rank(row)))
    others = [row for row in different if row is not used]
    superseded = repeated + [row.seq for row in others]
    doubt = doubt or _own_doubt(used)
    # Its refused cells might have made another attempt the highest.
    if rule == "highest" and not doubt and any(row.at_most > used.total for row in others):
        doubt = MAY_BE_HIGHER
    return Choice([used.seq], superseded, rejected, reason, doubt)


def _own_doubt(row: Candidate) -> str:
    return UNREAD_CELL if row.at_most > row.total else CERTAIN


def _rank(row: Candidate) -> tuple[int, str, str]:
    # Rows without a number come before all that have one.
    return (-1 if row.attempt is None else row.attempt), row.submitted, row.digest


def _without_repeats(rows: Sequence[Candidate]) -> tuple[list[Candidate], list[int]]:
    """Return the rows without repeats of one attempt, and the numbers of the repeats."""
    # A row without an attempt's number is known by its time.
    numbered = {(row.submitted, row.digest): row for row in rows if row.attempt is not None}
    kept: dict[tuple[int | None, str, str], Candidate] = {}
    repeated = []
    for row in sorted(rows, key=lambda each: each.seq):
        attempt = row.attempt
        twin = numbered.get((row.submitted, row.digest)) if row.submitted else None
        if attempt is None and twin is not None:
            attempt = twin.attempt
        same = (attempt, row.submitted, row.digest)
        if same not in kept:
            kept[same] = row
            continue
        # The row with the attempt's number says more; else the one read last.
        older = kept[same]
        newer_stays = row.attempt is not None or older.attempt is None
        kept[same] = row if newer_stays else older
        repeated.append(older.seq if newer_stays else row.seq)
    return list(kept.values()), repeated


def _in_order(rows: Sequence[Candidate]) -> list[Candidate] | None:
    """Return the rows from first to latest, None if their order is not known."""
    if all(row.attempt is not None for row in rows):
        return sorted(rows, key=lambda row: row.attempt or 0)
    times = [row.submitted for row in rows]
    if all(times) and len(set(times)) == len(times):
        return sorted(rows, key=lambda row: row.submitted)
    return list(rows) if len(rows) == 1 else None


def mean(total: Fraction | Decimal, n: int) -> Decimal:
    """Return total / n: exact where it ends within four decimals, else rounded half up.

    >>> mean(Decimal("0.3"), 3), mean(Decimal(2), 3)
    (Decimal('0.1'), Decimal('0.6667'))
    """
    mean = Fraction(total) / n
    exact = Decimal(mean.numerator) / Decimal(mean.denominator)
    rounded = exact.quantize(Decimal(1).scaleb(-AVERAGE_DECIMALS), rounding=ROUND_HALF_UP)
    return rounded.normalize() + Decimal(0)  # + 0 writes 1E+1 as 10 and -0 as 0
