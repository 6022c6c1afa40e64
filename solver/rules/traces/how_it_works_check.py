"""Cross-check of how a method works: values that recur from one picture fed to the next."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from solver.evidence import Evidence
from solver.rules.registry import Decision, cross_check
from solver.rules.traces.how_it_works import (
    Found,
    MethodSettings,
    Read,
    WorksClaim,
    needs,
    read_shares,
    works_verdicts,
)


@cross_check("traces.how_it_works")
def works_by_recurrence(
    evidence: Evidence, settings: MethodSettings, claims: Sequence[WorksClaim]
) -> Decision:
    """Values of a changed pixel in the other pictures that the method feeds.

    A hidden piece looks alike whenever it is hidden: pieces are worth the share of changed pixels
    whose value another picture fed has too. Noise never recurs and cancels out: it is worth the
    share of the changes lost when they are averaged (length of the mean change over the mean
    length). Nothing: no pixel of any picture fed changed. The gradient is read if any was taken. No
    shape counts.
    """
    record = evidence.get(*needs(settings)[0].split("/"))
    changed = record.array("changed", 1)
    reads: dict[Read, float] = {
        name: float(share > 0) for name, share in read_shares(record).items()
    }
    if reads["gradient"]:
        # A method that takes gradients passes the output as well, on the way to them.
        reads["output"] = 0.0
    fed = len(changed) > 0
    moved = fed and bool((changed > 0).any())
    found = Found(
        {
            "nothing": float(fed and not moved),
            "noise": float(1 - record.array("drift", 1)[0]) if moved else 0.0,
            "pieces": float(np.mean(record.array("recurs", 1))) if fed else 0.0,
        },
        reads,
    )
    return Decision(works_verdicts(found, claims))
