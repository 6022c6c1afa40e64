"""Claims that rest on records, as data: the distance of each to the other verdict.

Whoever decides hands them in, so that a mean over samples can stop once they are decided
(`solver.explain.sampling.sequential_test`) without an explanation knowing a rule. Nothing here
needs torch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from solver.evidence import Evidence

Margins = Callable[[Evidence], Sequence[float] | None]


@dataclass(frozen=True)
class Claims:
    """Claims that rest on records.

    Attributes:
        identity: a hash of the claims and of the rules that decide them.
        needs: ids of the records they are decided on.
        count: how many claims there are.
        margins: from evidence to a number a claim, its distance to the other verdict, negative
            where the claim does not hold and NaN where that cannot be said; None where the
            evidence lacks something that samples do not bring.
    """

    identity: str
    needs: tuple[str, ...]
    count: int
    margins: Margins
