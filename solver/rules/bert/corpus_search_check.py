"""Cross-check of the corpus search: each word found counts once, however often it was found."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from solver.errors import MissingEvidence
from solver.evidence import Evidence
from solver.rules.bert.corpus_search import LayerClaim, NothingToSet, decide_on_counts
from solver.rules.registry import Decision, cross_check

DISTINCT = ("distinct words among the nearest", "最接近的相異詞")


@cross_check("bert.corpus_search")
def first_layer_by_distinct_words(
    evidence: Evidence, settings: NothingToSet, claims: Sequence[LayerClaim]
) -> Decision:
    """The same lead among distinct words, capitals aside: one word found many times, as a corpus
    about few things has them, would lead by itself."""
    record = evidence.get("corpus_search")
    names, totals = list(record.value("tags")), record.array("counts", 2).sum(1)
    nearest = record.values.get("nearest") or []
    listed = [len(words) for words in nearest]
    if listed != [int(total) for total in totals]:
        raise MissingEvidence(
            [record.id], ("every word found ('nearest')", "所找到的每個詞（'nearest'）")
        )
    # The part of speech is part of it: "saw" may be two words.
    distinct = [{(str(word).casefold(), str(tag)) for word, tag in words} for words in nearest]
    found = [[names.index(tag) for _, tag in words] for words in distinct]
    # `minlength`: a kind that no word found has still has its column.
    counts = np.stack(
        [np.bincount(np.array(row, dtype=np.int64), minlength=len(names)) for row in found]
    )
    return Decision(decide_on_counts(record, counts, claims, DISTINCT).verdicts)
