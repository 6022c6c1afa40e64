"""Explanations that are means over samples: they can be taken further, and drawn again.

A sampled explanation is made by a function that takes its record so far to more samples; the
record itself is all that is kept between two rounds, so that a run which goes on from saved
evidence is the run that never stopped. What the new samples bring is measured first, in rows that
may come from several processes, and then joined to the record: in one order, however the rows were
dealt, so that the bits are the same. From the samples kept in it other records can be drawn, as
different from it as it is from the one at the course's count.

Source: the delete-d jackknife, Shao and Wu 1989, "A General Theory for Jackknife Variance
Estimation", Annals of Statistics 17:1176. Unlike deleting one, deleting a share of the samples is
right for claims that jump, such as which segments are among the first eleven.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solver.evidence import Record
from solver.explain.job import Job

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

GROUPS = 20
"""Samples whose single results are too large to keep are kept as the means of so many groups."""

_LOOKS = (0.08, 0.14, 0.24, 0.36, 0.52, 0.74)
"""Shares of the course's count after which the claims are looked at: each some one and a half times
the one before, so that no more than about half of the work can be too much."""


@dataclass(frozen=True)
class Share:
    """One of `of` nearly equal shares, numbered from 0, into which work is dealt."""

    number: int
    of: int

    def among(self, rows: int) -> range:
        """Return which of so many rows are its own; all shares in order make up all rows."""
        return range(rows * self.number // self.of, rows * (self.number + 1) // self.of)


WHOLE = Share(0, 1)


@dataclass(frozen=True)
class Units:
    """The equal parts into which a record's samples fall: the draws from them are its doubles.

    Attributes:
        number: how many there are.
        left_out: how many a record lacks that differs from this one as much as this one differs
            from the one at the course's count (`left_out`).
        only: from the numbers of some (ascending) to the record that rests on these alone.
    """

    number: int
    left_out: int
    only: Callable[[Ints], Record]


@dataclass(frozen=True)
class Sampling:
    """The seam of a mean over samples: how it is extended, resampled and shared out.

    Attributes:
        most: the course's count of samples for a job.
        looks: ascending counts at which a run may stop; the last is the course's.
        measured: from a job, its record so far (None: none yet), a count and a share to the rows
            (rows, ...) of what the samples up to the count bring; those of all shares, one after
            the other, are those of the whole.
        joined: from a job, its record so far, a count and all rows to the record at that count.
        units_of: from a record and the course's count to the units its samples fall into.
        units: how many there are at the least.
    """

    most: Callable[[Job], int]
    looks: Callable[[Job], list[int]]
    measured: Callable[[Job, Record | None, int, Share], Floats]
    joined: Callable[[Job, Record | None, int, Floats], Record]
    units_of: Callable[[Record, int], Units]
    units: int

    def extend(self, job: Job, before: Record | None, upto: int) -> Record:
        """Return the record of a job extended to a count of samples."""
        return self.joined(job, before, upto, self.measured(job, before, upto, WHOLE))

    def redraw(
        self, record: Record, most: int, generator: np.random.Generator, number: int
    ) -> Iterator[Record]:
        """Yield so many records, each over some of a record's units, chosen at random."""
        units = self.units_of(record, most)
        kept = units.number - units.left_out
        for _ in range(number):
            yield units.only(np.sort(generator.choice(units.number, kept, replace=False)))

    def each_left_out(self, record: Record, most: int) -> Iterator[Record]:
        """Yield the records that lack one of at most 20 parts of the units, part by part."""
        units = self.units_of(record, most)
        count = min(units.number, GROUPS)
        part_of = np.arange(units.number) % count
        for part in range(count):
            yield units.only(np.flatnonzero(part_of != part))


def samples_taken(record: Record | None) -> int:
    """Return how many samples a record rests on; 0 for none, or where it does not say."""
    taken = record.values.get("samples", 0) if record is not None else 0
    return taken if isinstance(taken, int) and not isinstance(taken, bool) else 0


def looks_at(most: int, unit: int, least: int = 0) -> list[int]:
    """Return the counts to look at: multiples of `unit`, none under `least`, the last is `most`."""
    counts = {int(np.ceil(share * most / unit)) * unit for share in _LOOKS}
    return sorted({count for count in counts if least <= count < most} | {most})


def groups_of(samples: int) -> int:
    """Return into how many equal groups so many samples fall: at most 20."""
    return max(count for count in range(1, min(GROUPS, samples) + 1) if samples % count == 0)


def left_out(units: int, taken: int, most: int) -> int:
    """Return how many of `units` equal parts to leave out of a mean over `taken` of `most` samples.

    A mean without d of u parts differs from the whole by a variance of s2 d / (u (u - d)) a part;
    the mean over `taken` differs from the one over `most` by s2 (1 / taken - 1 / most) a sample.
    The two are equal for ``d = u (most - taken) / (2 most - taken)``; it is rounded up.
    """
    if taken >= most or units < 2:
        return 0
    wanted = units * (most - taken) / (2 * most - taken)
    return min(int(np.ceil(wanted)), units - 1)
