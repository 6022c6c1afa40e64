"""Sequential test: stop sampling once every dependent claim is decided at the given confidence.

At each of a few counts (`solver.explain.estimator`) every claim is decided on the samples so far,
and again on records drawn from them that differ from the record as much as it differs from the one
at the course's count. With m the claim's margin (negative where it does not hold) and m_r that of
draw r, ``t = |m| / sqrt(mean (m_r - m)^2)`` is held against Student's t. The claim is decided when
t is beyond the quantile and no draw gives the other verdict.

Gradients of noisy pictures are skewed: a few are many times the others, and where those few have
not come yet, both the mean and its error are too small. t must therefore be beyond the quantile
after Hall's transformation as well, ``t + g t^2 / 3 + g^2 t^3 / 27 + g / 6`` with g the skewness of
the margin (Hall 1992, "On the Removal of Skewness by Transformation", Journal of the Royal
Statistical Society B 54:221), found by leaving out one part of the samples after the other.

The error is shared out over the looks (alpha spending, Lan and DeMets 1983, Biometrika 70:659) and
equally over the claims (Bonferroni).
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import numpy as np
import numpy.typing as npt
from scipy import stats

from solver.evidence import Evidence, Record
from solver.explain.estimator import samples_taken
from solver.explain.job import Job
from solver.explain.registry import sampling_of
from solver.explain.sampling.claims import Claims
from solver.explain.sampling.critical_values import corrected_for_skewness, critical_value

REDRAWS = 100

MOST_REDRAWS = 400
"""Redraws where a hundred, all on one side, are too few to decide a claim."""

APART = 10
"""Draws of one record alone, for its part in the variance of a claim."""

MOST_OF_IT = 0.9
"""Share of a claim's variance that the records to be extended have together; the others alone could
not decide the claim."""

FEWEST = 50
"""Redraws that are made in any case."""

HOPE = 0.1
"""A claim that the last look would decide with a smaller probability waits for no look."""

Floats = npt.NDArray[np.float64]


@dataclass
class _Draws:
    """How claims moved over redraws so far.

    Attributes:
        squares: sums of the squared distances from the margins; 0 of a margin without an end (a
            claim on a name, not on a number), which does not move: (claims,).
        turned: how many draws gave another verdict: (claims,).
        number: of draws.
    """

    squares: Floats
    turned: npt.NDArray[np.int64]
    number: int = 0

    @property
    def steady(self) -> npt.NDArray[np.bool_]:
        """Whether each draw gave the same verdict: (claims,)."""
        return self.turned == 0

    def take(self, again: Floats, margins: Floats) -> None:
        """Count one draw; all margins NaN where they cannot be had."""
        moves = np.isfinite(margins)
        # A margin that is no number, an undecided verdict, is never the same.
        self.turned += np.sign(again) != np.sign(margins)
        self.squares[moves] += (again[moves] - margins[moves]) ** 2
        self.number += 1

    def error(self, margins: Floats, number: int | None = None) -> Floats:
        """The error of each margin, with one draw more that came to the line: (claims,).

        Args:
            margins: the margins.
            number: of draws, if these went on as they are; None: as many as there are.
        """
        error, moves = np.zeros(len(margins)), np.isfinite(margins)
        number = self.number if number is None else number
        squares = self.squares[moves] * (number / self.number)
        # One draw more, as if it had come to the line: draws that all agree are no certainty.
        error[moves] = np.sqrt((squares + margins[moves] ** 2) / (number + 1))
        return error


@dataclass(frozen=True)
class SequentialTest:
    """One test of claims on the samples so far.

    Attributes:
        claims: the claims.
        evidence: every record they need.
        unfinished: the jobs of those records that could be extended.
    """

    claims: Claims
    evidence: Evidence
    unfinished: Sequence[Job]

    @cached_property
    def margins(self) -> Floats | None:
        """Margins (claims,); None where the evidence lacks records that no samples bring."""
        found = self.claims.margins(self.evidence)
        return None if found is None else np.asarray(found, float)

    def undecided(self, which: Sequence[int], *, number: int, claims_in_all: int) -> list[int]:
        """Return those of the claims `which` (by their places) that are not decided yet.

        Args:
            which: the claims not decided before.
            number: how many times they have been looked at, this time included.
            claims_in_all: how many claims the error is shared out over.
        """
        margins = self.margins
        # Not that all is decided: more samples would not decide it.
        if margins is None or not self.unfinished:
            return []
        drawn = self._draws
        if drawn is None or not drawn.steady[list(which)].any():
            return list(which)
        error, moves = drawn.error(margins), np.isfinite(margins)
        bound = critical_value(self.unfinished, number, claims_in_all, self.own_freedom.min())
        clear = np.abs(margins) > bound * error
        # A claim on several records draws from the samples of each: its error is known better. This
        # takes redraws of each record alone, so only where it can change the outcome.
        if len(self.unfinished) > 1 and any(drawn.steady[at] and not clear[at] for at in which):
            bound = critical_value(self.unfinished, number, claims_in_all, self.freedom)
            clear = np.abs(margins) > bound * error
        # More draws, that all agree again, come nearer to certainty.
        later = np.abs(margins) > bound * drawn.error(margins, MOST_REDRAWS)
        if any(drawn.steady[at] and later[at] and not clear[at] for at in which):
            for again in self._drawing:
                drawn.take(np.full(len(margins), np.nan) if again is None else again, margins)
            clear = np.abs(margins) > bound * drawn.error(margins)
        decided = drawn.steady & clear
        # Last: it decides the claims anew for each part of the samples left out.
        if decided[list(which)].any() and moves.any():
            bound = corrected_for_skewness(bound, self.skewness * np.sign(margins))
            decided &= ~moves | (np.abs(margins) > bound * np.sqrt(drawn.squares / drawn.number))
        return [at for at in which if not decided[at]]

    def hopeless(
        self, which: Sequence[int], *, number: int, claims_in_all: int
    ) -> dict[int, float]:
        """Return those of the undecided claims `which` that no later look could well decide.

        A claim so near its line that the last look before the course's count would pass it with a
        probability under `HOPE` gains nothing from looks between: only the course's count itself
        would end it, and that is one draw of a run that the course does not seed. With each stands
        the probability that the verdict at the course's count is the other one.

        Args: as those of `undecided`.
        """
        margins = self.margins
        if margins is None or not which or not self.unfinished or self._draws is None:
            return {}
        error = self._draws.error(margins)
        parts = self.parts
        left = np.array([_error_left(job, self.evidence[job.id]) for job in self.unfinished])
        looks = max(_looks_left(job, self.evidence[job.id]) for job in self.unfinished)
        bound = critical_value(self.unfinished, number + looks, claims_in_all, self.freedom)
        with np.errstate(invalid="ignore", divide="ignore"):
            later = error * np.sqrt((left[:, None] * parts).sum(0) / parts.sum(0))
            gained = np.sqrt(error**2 - later**2)
            size = np.abs(margins)
            hope = stats.norm.sf((bound * later - size) / gained)
            hope += stats.norm.sf((bound * later + size) / gained)
            tail = stats.t.sf(size / error, self.freedom)
        # The share of the draws that turn, of which the tail counts as one: a margin that moves in
        # steps, as LIME's by whole segments, turns less often than its error lets one think.
        chance = (self._draws.turned + tail) / (self._draws.number + 1)
        # A claim on a name, or an undecided one, has no distance to a line and is never given up.
        near = np.isfinite(margins) & ((hope < HOPE) | (looks == 0))
        return {at: float(chance[at]) for at in which if near[at]}

    @cached_property
    def _draws(self) -> _Draws | None:
        """How the claims move over the redraws; None where a draw leaves them all undecided."""
        margins = self.margins
        assert margins is not None
        draws = _Draws(np.zeros(len(margins)), np.zeros(len(margins), np.int64))
        for again in islice(self._drawing, REDRAWS):
            if again is None:
                return None
            draws.take(again, margins)
            # None of the claims can be decided any more; so many tell how far from it they are.
            if draws.number >= FEWEST and not draws.steady.any():
                break
        return draws

    @cached_property
    def _drawing(self) -> Iterator[Floats | None]:
        """The redraws that are still to be made."""
        # A generator of a method would hold the test that holds it, and with it every sample.
        return _margins_redrawn(self.claims, self.evidence, self.unfinished)

    @cached_property
    def skewness(self) -> Floats:
        """The skewness of each claim's margin as an estimate of that at the course's count.

        (claims,); NaN where leaving out a part makes a claim undecided. The deviation of a part is
        ``(u - 1) (m - m_i)``, with m_i the mean without it, of u parts. With U - u parts still to
        come the error of the mean over u has the variance
        ``s2 (1 - u/U)^2 (1/u + 1/(U - u))`` and the third moment
        ``s3 (1 - u/U)^3 (1/u^2 - 1/(U - u)^2)``; both add up over the records.
        """
        margins = self.margins
        assert margins is not None
        second, third = np.zeros(len(margins)), np.zeros(len(margins))
        for job in self.unfinished:
            record, most = self.evidence[job.id], sampling_of(job).most(job)
            less = [
                _margins_with(self.claims, self.evidence, [one])
                for one in sampling_of(job).each_left_out(record, most)
            ]
            found = [np.full(len(margins), np.nan) if one is None else one for one in less]
            here, share = len(found), samples_taken(record) / most
            to_come = here / share - here
            with np.errstate(invalid="ignore"):
                deviations = (here - 1) * (margins - np.stack(found))
                deviations -= deviations.mean(0)
            rest = 1 - share
            second += (deviations**2).mean(0) * rest**2 * (1 / here + 1 / to_come)
            third += (deviations**3).mean(0) * rest**3 * (1 / here**2 - 1 / to_come**2)
        with np.errstate(invalid="ignore", divide="ignore"):
            skewness: Floats = np.where(second == 0, 0.0, third / second**1.5)
        return skewness

    @cached_property
    def freedom(self) -> Floats:
        """Degrees of freedom of each claim's variance: (claims,).

        Those of a sum of variances (Satterthwaite 1946, Biometrics Bulletin 2:110):
        ``(sum v)^2 / sum (v^2 / f)`` of the parts v the records bring, with f degrees each. Parts
        found from a few draws differ more than the true ones, which makes the result too small
        rather than too large.
        """
        own = self.own_freedom
        with np.errstate(invalid="ignore", divide="ignore"):
            freedom = self.parts.sum(0) ** 2 / (self.parts**2 / own[:, None]).sum(0)
        known = np.isfinite(freedom)
        found: Floats = np.where(known, np.maximum(freedom, own.min()), own.min())
        return found

    @cached_property
    def own_freedom(self) -> Floats:
        """Degrees of freedom of the error of each unfinished record: (records,)."""
        found = []
        for job in self.unfinished:
            sampling = sampling_of(job)
            own = sampling.freedom
            found.append(sampling.units - 1.0 if own is None else own(self.evidence[job.id]))
        return np.array(found)

    @cached_property
    def parts(self) -> Floats:
        """The part of each unfinished record in each claim's variance: (records, claims).

        Infinite where a claim on a name changes, or where a draw leaves one undecided.
        """
        margins = self.margins
        assert margins is not None
        parts = np.zeros((len(self.unfinished), len(margins)))
        for at, job in enumerate(self.unfinished):
            for again in islice(_margins_redrawn(self.claims, self.evidence, [job]), APART):
                parts[at] += np.inf if again is None else _squares(again, margins)
        return parts / APART

    def decisive_records(self, which: Sequence[int]) -> set[str]:
        """Return the ids of the records to be extended for the claims `which`.

        Of each claim those with most of its variance: a claim on one picture does not wait for
        nine, nor one on ten for those that hardly move it. Where no record moves any claim (all
        undecided), all of them.
        """
        if self.margins is None:
            return set()
        ids = np.array([job.id for job in self.unfinished])
        moving: set[str] = set()
        for claim in which:
            moving.update(ids[_largest(self.parts[:, claim])].tolist())
        return moving or set(ids.tolist())


def _margins_redrawn(
    claims: Claims, evidence: Evidence, jobs: Sequence[Job]
) -> Iterator[Floats | None]:
    """Margins (claims,) on redrawn records, draw by draw; None where they cannot be had."""
    for records in zip(*(_redrawn(job, evidence) for job in jobs), strict=True):
        yield _margins_with(claims, evidence, records)


def _margins_with(claims: Claims, evidence: Evidence, records: Sequence[Record]) -> Floats | None:
    """Margins (claims,) with records in the place of those with their ids."""
    named = {one.id: one for one in (*evidence, *records)}
    found = claims.margins(Evidence(named, evidence.bundle))
    return None if found is None else np.asarray(found, float)


def _looks_left(job: Job, record: Record) -> int:
    """How many looks a record still has before the course's count."""
    *before, _ = sampling_of(job).looks(job)
    return sum(look > samples_taken(record) for look in before)


def _error_left(job: Job, record: Record) -> float:
    """The share of a record's present variance that is left at its last look before the course's
    count; 1 where that look is over."""
    looks, taken = sampling_of(job).looks(job), samples_taken(record)
    last = max(looks[-2], taken) if len(looks) > 1 else taken
    return (1 / last - 1 / looks[-1]) / (1 / taken - 1 / looks[-1])


def _squares(again: Floats, margins: Floats) -> Floats:
    """The squared distance of two margins: 0 if equal, infinite if one is not a number."""
    with np.errstate(invalid="ignore"):
        squares = np.where(again == margins, 0.0, (again - margins) ** 2)
    both = np.isnan(again) & np.isnan(margins)
    found: Floats = np.where(both, 0.0, np.where(np.isnan(squares), np.inf, squares))
    return found


def _largest(parts: Floats) -> npt.NDArray[np.intp]:
    """Places of the largest parts that make up most of the sum; none where all are 0."""
    order = np.argsort(-parts, kind="stable")
    if np.isinf(parts).any():
        return order[np.isinf(parts[order])]
    before = np.cumsum(parts[order]) - parts[order]
    return order[(before < MOST_OF_IT * parts.sum()) & (parts[order] > 0)]


def _redrawn(job: Job, evidence: Evidence) -> Iterator[Record]:
    record, sampling = evidence[job.id], sampling_of(job)
    # Not `hash`, which is another one in each process; the count, so that each look draws anew.
    seed = [zlib.crc32(job.id.encode()), samples_taken(record)]
    generator = np.random.default_rng(seed)
    return sampling.redraw(record, sampling.most(job), generator, MOST_REDRAWS)


def evidence_digest(claims: Claims, evidence: Evidence) -> str:
    """Return a hash of the records that claims were decided on."""
    digest = hashlib.sha256()
    for name in claims.needs:
        digest.update(name.encode())
        # A record that is not there counts by its name: it may be there the next time.
        if name in evidence:
            for key, array in sorted(evidence[name].arrays.items()):
                digest.update(key.encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


def was_decided(claims: Claims, evidence: Evidence, unfinished: Sequence[Job]) -> bool:
    """Return whether an earlier run stopped with these claims decided on these very records."""
    if any(name not in evidence for name in claims.needs):
        return False
    digest = evidence_digest(claims, evidence)
    settled = (evidence[job.id].values.get("settled", {}) for job in unfinished)
    return all(isinstance(one, Mapping) and one.get(claims.identity) == digest for one in settled)
