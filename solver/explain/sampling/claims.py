"""Claims that depend on sampled records, and their margins; used to stop sampling early.

They are handed in as data (`solver.decide.margins`), so that `solver.explain.sampling` knows no
rule. Nothing here needs torch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from solver.evidence import Evidence

CLOSE = "close_claims"
"""The value of a record that stopped early, of claims too near their line to wait for: by identity
of the claims ``{"of": the course's count, "chances": {number of the claim: probability that its
verdict at the course's count is the other}}``."""

Margins = Callable[[Evidence], Sequence[float] | None]


@dataclass(frozen=True)
class Claims:
    """Claims that depend on sampled records.

    Attributes:
        identity: a hash of the claims and of the rules that decide them.
        needs: ids of the records they are decided on.
        count: number of claims.
        margins: from evidence to a number a claim, its distance to the other verdict: negative
            where the claim does not hold, NaN where it is undecided; None where the evidence lacks
            something that more samples do not bring.
    """

    identity: str
    needs: tuple[str, ...]
    count: int
    margins: Margins
