"""Cross-check of the corpus search: the nearer half of the words found."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from solver.errors import MissingEvidence
from solver.evidence import Evidence
from solver.rules.bert.corpus_search import LayerClaim, NothingToSet, decide_on_counts
from solver.rules.registry import Decision, cross_check


@cross_check("bert.corpus_search")
def first_layer_of_the_nearer_half(
    evidence: Evidence, settings: NothingToSet, claims: Sequence[LayerClaim]
) -> Decision:
    """The same lead in the nearer half of the words found: a lead by the farther ones alone would
    depend on where the search was stopped."""
    record = evidence.get("corpus_search")
    if "tags" not in record.arrays:
        raise MissingEvidence(
            [record.id],
            ("the part of speech of each word found ('tags')", "所找到各詞的詞性（'tags'）"),
        )
    found, names = record.array("tags", 2), list(record.value("tags"))
    nearer = found[:, : max(found.shape[1] // 2, 1)]  # sorted, the nearest first
    # `minlength`: a kind that no word found has still has its column.
    counts = np.stack([np.bincount(row, minlength=len(names)) for row in nearer.astype(np.int64)])
    return Decision(decide_on_counts(record, counts, claims).verdicts)
