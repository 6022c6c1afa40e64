"""When has a mean over samples been taken far enough? When the claims resting on it are decided.

At each of a few counts (`solver.explain.sampling`) every claim is decided on the samples so far,
and again on records drawn from them that differ from the record as much as it differs from the one
at the course's count. With m the claim's margin (negative where it does not hold) and m_r that of
draw r, ``t = |m| / sqrt(mean (m_r - m)^2)`` is held against Student's t. The claim is decided when
t is beyond the quantile and no draw gives the other verdict. A claim on several records draws from
the samples of each, so that its error is known better than that of a claim on one: its degrees of
freedom are those of a sum of variances (Satterthwaite 1946, Biometrics Bulletin 2:110).

The error is shared out: over the looks as 6 / (pi j)^2 of it at look j, a series whose sum is 1, so
that looking again costs nothing in validity (alpha spending, Lan and DeMets 1983, Biometrika
70:659), and equally over the claims (Bonferroni). One draw more than there are is counted as having
come to the line, so that draws which all agree are not taken for certainty.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

import numpy as np
import numpy.typing as npt
from scipy import stats

from solver.evidence import Evidence, Record
from solver.explain.method import Job
from solver.explain.sampling import samples_taken
from solver.stakes import Stake

REDRAWS = 100

FEW = 5
"""Draws that show whether a record moves a claim."""

APART = 10
"""Draws of one record alone that show its part in the variance of a claim."""

Floats = npt.NDArray[np.float64]


def undecided(
    stake: Stake,
    evidence: Evidence,
    unfinished: Sequence[Job],
    which: Sequence[int],
    *,
    look: int,
    claims_in_all: int,
) -> list[int]:
    """Return those of the claims `which` (places in the stake) that are not decided yet.

    Args:
        stake: the claims.
        evidence: every record they need.
        unfinished: the jobs of those records that could be taken further.
        which: the claims not decided before.
        look: how many times they have been looked at, this time included.
        claims_in_all: how many claims the error is shared out over.
    """
    found = stake.margins(evidence)
    if found is None or not unfinished:
        return []
    margins = np.asarray(found, float)
    squares, steady = np.zeros(len(margins)), ~np.isnan(margins)
    # A margin without an end (a claim on a name, not on a number) does not move.
    moves = np.isfinite(margins)
    for again in _margins_redrawn(stake, evidence, unfinished):
        if again is None or not steady[list(which)].any():
            return list(which)
        steady &= np.sign(again) == np.sign(margins)
        squares[moves] += (again[moves] - margins[moves]) ** 2
    error = np.zeros(len(margins))
    error[moves] = np.sqrt((squares[moves] + margins[moves] ** 2) / (REDRAWS + 1))
    with np.errstate(invalid="ignore"):
        clear = np.abs(margins) > critical(unfinished, look, claims_in_all) * error
    if len(unfinished) > 1 and any(steady[at] and not clear[at] for at in which):
        freedom = _effective_freedom(stake, evidence, unfinished, margins)
        clear = np.abs(margins) > critical(unfinished, look, claims_in_all, freedom) * error
    return [at for at in which if not (steady[at] and clear[at])]


def _effective_freedom(
    stake: Stake, evidence: Evidence, unfinished: Sequence[Job], margins: Floats
) -> Floats:
    """Degrees of freedom of each claim's variance, the sum of those the records bring: (claims,).

    ``(sum v)^2 / sum (v^2 / f)`` of the parts v with f degrees each. Parts found from a few draws
    differ more than the true ones, which makes the result too small rather than too large.
    """
    parts, own = np.zeros((len(unfinished), len(margins))), np.zeros((len(unfinished), 1))
    moves = np.isfinite(margins)
    for at, job in enumerate(unfinished):
        own[at] = job.sampling.units - 1
        for again in islice(_margins_redrawn(stake, evidence, [job]), APART):
            # What a draw makes impossible to tell is no small part: then the least is taken.
            parts[at, moves] += np.nan if again is None else (again[moves] - margins[moves]) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        freedom = parts.sum(0) ** 2 / (parts**2 / own).sum(0)
    found: Floats = np.where(np.isfinite(freedom), np.maximum(freedom, own.min()), own.min())
    return found


def movers(
    stake: Stake, evidence: Evidence, unfinished: Sequence[Job], which: Sequence[int]
) -> set[str]:
    """Return the ids of those records whose samples move one of the claims `which` at all.

    The others need not be taken further for them: a claim on one picture does not wait for nine.
    Where nothing moves anything (the claims cannot be told yet), all of them.
    """
    base = stake.margins(evidence)
    if base is None:
        return set()
    chosen = np.asarray(base, float)[list(which)]
    moving = set()
    for job in unfinished:
        for again in islice(_margins_redrawn(stake, evidence, [job]), FEW):
            if again is None or not np.array_equal(again[list(which)], chosen):
                moving.add(job.id)
                break
    return moving or {job.id for job in unfinished}


def critical(
    unfinished: Sequence[Job], look: int, claims_in_all: int, freedom: Floats | None = None
) -> Floats:
    """Return the quantile of Student's t that a claim must pass at a look (the first is 1).

    Args:
        unfinished: the jobs whose samples are drawn from.
        look: how many times the claim has been looked at, this time included.
        claims_in_all: how many claims the error is shared out over.
        freedom: degrees of freedom, a number a claim; if not given, those of a claim on one record.
    """
    confidence = max(job.settings.confidence or 0.0 for job in unfinished)
    share = (1 - confidence) * 6 / (np.pi * look) ** 2 / max(claims_in_all, 1)
    least = min(job.sampling.units for job in unfinished) - 1
    quantile: Floats = stats.t.isf(share, least if freedom is None else freedom)
    return quantile


def _margins_redrawn(
    stake: Stake, evidence: Evidence, unfinished: Sequence[Job]
) -> Iterator[Floats | None]:
    """Margins (claims,) on redrawn records, draw by draw; None where a draw lacks something."""
    for records in zip(*(_redrawn(job, evidence) for job in unfinished), strict=True):
        changed = Evidence({one.id: one for one in (*evidence, *records)}, evidence.bundle)
        found = stake.margins(changed)
        yield None if found is None else np.asarray(found, float)


def _redrawn(job: Job, evidence: Evidence) -> Iterator[Record]:
    record, sampling = evidence.get(*job.id.split("/")), job.sampling
    seed = [zlib.crc32(job.id.encode()), samples_taken(record)]
    generator = np.random.default_rng(seed)
    return sampling.redraw(record, sampling.most(job), generator, REDRAWS)


def evidence_digest(stake: Stake, evidence: Evidence) -> str:
    """Return a hash of all that a stake was decided on."""
    digest = hashlib.sha256()
    for name in stake.needs:
        digest.update(name.encode())
        if name in evidence:
            for key, array in sorted(evidence.get(*name.split("/")).arrays.items()):
                digest.update(key.encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


def was_decided(stake: Stake, evidence: Evidence, unfinished: Sequence[Job]) -> bool:
    """Whether the records say that an earlier run stopped with this stake decided on just these."""
    if any(name not in evidence for name in stake.needs):
        return False
    digest = evidence_digest(stake, evidence)
    settled = (evidence.get(*job.id.split("/")).values.get("settled", {}) for job in unfinished)
    return all(isinstance(one, Mapping) and one.get(stake.identity) == digest for one in settled)
