"""Means over samples: extended by more samples, and resampled.

A sampled explanation is a function that extends its record so far to more samples. The record is
all that is kept between two rounds, so that a run which goes on from saved evidence gives the same
result as one that never stopped. New samples are measured first, in rows that may come from several
processes, and then joined to the record in one order, so that the bits are the same in any number
of processes. From the kept samples other records are drawn that differ from it as much as it
differs from the one at the course's count.

Source: the delete-d jackknife, Shao and Wu 1989, "A General Theory for Jackknife Variance
Estimation", Annals of Statistics 17:1176.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solver.evidence import Record
from solver.explain.job import Job

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

GROUPS = 20
"""Groups in which samples are kept as means, where single results are too large to keep."""

_LOOKS = (0.04, 0.08, 0.14, 0.24, 0.36, 0.52, 0.74)
"""Shares of the course's count after which the claims are tested: each some one and a half times
the one before, so that at most about half of the work is too much."""


@dataclass(frozen=True)
class Share:
    """One of `of` nearly equal shares of work, numbered from 0."""

    number: int
    of: int

    def among(self, rows: int) -> range:
        """Return the share's own of so many rows; all shares in order make up all rows."""
        # By whole numbers: the shares meet without a gap, and differ by one row at the most.
        return range(rows * self.number // self.of, rows * (self.number + 1) // self.of)


WHOLE = Share(0, 1)


@dataclass(frozen=True)
class Units:
    """Equal parts of a record's samples, from which other records are drawn.

    Attributes:
        number: of units.
        left_out: units to leave out for a record that differs from this one as much as this one
            differs from the one at the course's count (see `left_out`).
        only: from the numbers of some units (ascending) to the record of these alone.
    """

    number: int
    left_out: int
    only: Callable[[Ints], Record]


@dataclass(frozen=True)
class Sampling:
    """Functions of a mean over samples: how it is extended, resampled and shared among processes.

    Attributes:
        most: the course's count of samples for a job.
        looks: ascending counts at which a run may stop; the last is the course's.
        measured: from a job, its record so far (None: none yet), a count and a share to the rows
            (rows, ...) of the new samples up to the count; the rows of all shares, one after the
            other, are those of the whole.
        joined: from a job, its record so far, a count and all rows to the record at that count.
        units_of: from a record and the course's count to the units of its samples.
        units: the least number of units.
        redrawn: from a record, the course's count, a generator and a number to so many records that
            differ from this one as much as this one differs from the one at the course's count;
            None where they are drawn from the units.
        freedom: degrees of freedom of the error that a record shows; None: one less than its units.
    """

    most: Callable[[Job], int]
    looks: Callable[[Job], list[int]]
    measured: Callable[[Job, Record | None, int, Share], Floats]
    joined: Callable[[Job, Record | None, int, Floats], Record]
    units_of: Callable[[Record, int], Units]
    units: int
    redrawn: Callable[[Record, int, np.random.Generator, int], Iterator[Record]] | None = None
    freedom: Callable[[Record], float] | None = None

    def extend(self, job: Job, before: Record | None, upto: int) -> Record:
        """Return the record of a job, extended from `before` to a count of samples."""
        return self.joined(job, before, upto, self.measured(job, before, upto, WHOLE))

    def redraw(
        self, record: Record, most: int, generator: np.random.Generator, number: int
    ) -> Iterator[Record]:
        """Yield `number` records as far from this one as it is from that at the course's count."""
        if self.redrawn is not None:
            yield from self.redrawn(record, most, generator, number)
            return
        units = self.units_of(record, most)
        kept = units.number - units.left_out
        for _ in range(number):
            # A share of the units, not one: deleting one is wrong for claims that jump, such as
            # which segments are among the first eleven (Shao and Wu 1989).
            yield units.only(np.sort(generator.choice(units.number, kept, replace=False)))

    def each_left_out(self, record: Record, most: int) -> Iterator[Record]:
        """Yield the records that leave out one of at most 20 parts of the units, part by part."""
        units = self.units_of(record, most)
        count = min(units.number, GROUPS)
        part_of = np.arange(units.number) % count
        for part in range(count):
            yield units.only(np.flatnonzero(part_of != part))


def samples_taken(record: Record | None) -> int:
    """Return the number of samples of a record; 0 for no record, or where it is unknown."""
    taken = record.values.get("samples", 0) if record is not None else 0
    # Evidence written by hand may hold anything there.
    return taken if isinstance(taken, int) and not isinstance(taken, bool) else 0


def looks_at(most: int, unit: int, least: int = 0, shares: Sequence[float] = _LOOKS) -> list[int]:
    """Return the counts at which to test: multiples of `unit` from `least` on, and `most`.

    They are those next above these shares of `most`.
    """
    counts = {int(np.ceil(share * most / unit)) * unit for share in shares}
    return sorted({count for count in counts if least <= count < most} | {most})


def groups_of(samples: int) -> int:
    """Return the largest number of equal groups, at most 20, that divides so many samples."""
    return max(count for count in range(1, min(GROUPS, samples) + 1) if samples % count == 0)


def left_out(units: int, taken: int, most: int) -> int:
    """Return how many of `units` equal parts to leave out of a mean over `taken` of `most` samples.

    So many that the result differs from the mean as much as the mean from the one over `most`.

    Example:
        >>> left_out(20, 100, 500), left_out(20, 500, 500)
        (9, 0)
    """
    # A mean without d of u parts differs from the whole by a variance of s2 d / (u (u - d)) a
    # part; the mean over `taken` differs from the one over `most` by s2 (1 / taken - 1 / most) a
    # sample. The two are equal for d = u (most - taken) / (2 most - taken); it is rounded up.
    if taken >= most or units < 2:
        return 0
    wanted = units * (most - taken) / (2 * most - taken)
    return min(int(np.ceil(wanted)), units - 1)
