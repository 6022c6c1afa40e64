"""Cross-checks of attention: the amount of a head's attention in place of its strongest link."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from solver.errors import EvidenceError
from solver.evidence import Evidence
from solver.rules.bert.attention import (
    NAMES,
    HeadClaim,
    HeadSettings,
    LinkSettings,
    TargetClaim,
    checked_links,
    checked_weights,
    target_pairs,
    weights_with_head,
)
from solver.rules.registry import Decision, cross_check
from solver.rules.thresholds import threshold
from solver.rules.verdicts import TIE, Pair, above, strongest

MAJORITY = threshold(
    "attention_check.majority",
    0.5,
    "of a head's attention goes there: more than to all the rest of the sentence together",
    lowest=0.0,
    highest=0.99,
)


@cross_check("bert.attention.where_a_head_looks")
def where_attention_goes(
    evidence: Evidence, settings: HeadSettings, claims: Sequence[TargetClaim]
) -> Decision:
    """Share of a head's attention that goes to the target, mean over the tokens that have one, in
    the layer where it is largest. A claim holds where the share is more than that of all the rest
    together, and more than the average head's."""
    record = evidence.get("attention")
    # In doubles: a sum of a hundred half-precision weights would lose what is compared.
    weights = weights_with_head(record, settings.head).astype(np.float64)
    pieces, special = record.value("pieces"), record.value("special")
    verdicts = []
    for claim in claims:
        pairs = target_pairs(pieces, special, claim.target)
        rows = pairs.any(1)
        paid = np.where(pairs, weights, 0).sum(-1)[..., rows]  # (layers, heads, rows)
        amounts = paid.mean(-1) if rows.any() else np.zeros(weights.shape[:2])  # (layers, heads)
        own = amounts[:, settings.head - 1]  # (layers,)
        name, layer = NAMES[claim.target], int(own.argmax())
        share, limit = float(own[layer]), max(MAJORITY.now(), float(amounts.mean()))
        verdicts.append(
            above(
                # A head that is the average itself is not above it, nor below, by a rounding.
                limit if abs(share - limit) <= TIE else share,
                limit,
                unit="share of attention",
                what=(
                    f"attention paid to {name[0]} in layer {layer + 1}",
                    f"第 {layer + 1} 層給予{name[1]}的注意力",
                ),
                against=("all the rest, and the average head", "其餘的總和，以及各 head 的平均"),
            )
        )
    return Decision(verdicts)


@cross_check("bert.attention.coreference")
def link_against_other_words(
    evidence: Evidence, settings: LinkSettings, claims: Sequence[HeadClaim]
) -> Decision:
    """Ratio of a head's attention to the word referred to over the largest that the referring word
    pays any other word (special tokens, full stops and itself left out); of the links the weakest.
    The head with the largest ratio holds, if it is above 1: then each of the words gets more
    attention than all others; or, by `rank`, the head with the smallest."""
    record = evidence.get("attention")
    weights = checked_weights(record)
    links = checked_links(record, weights.shape[-1])
    words = ~np.array(record.value("special"), bool)
    # Many heads rest on full stops and commas; those are no rivals of a word.
    words &= np.array([any(map(str.isalnum, piece)) for piece in record.value("pieces")])
    ratios = []
    for claim in claims:
        if claim.layer > weights.shape[0] or claim.head > weights.shape[1]:
            raise EvidenceError(
                f"there is no layer {claim.layer} head {claim.head}",
                zh=f"沒有第 {claim.layer} 層第 {claim.head} 個 head",
            )
        head = weights[claim.layer - 1, claim.head - 1].astype(np.float64)  # (T, T)
        found = []
        for row, column in links:
            others = words.copy()
            others[[row, column]] = False
            rival = float(head[row, others].max()) if others.any() else 0.0
            # A head with nothing on other words has no ratio; it is as large as can be.
            found.append(float(head[row, column]) / max(rival, 1e-12))
        ratios.append(min(found))
    names: list[Pair] = [
        (f"layer {c.layer} head {c.head}", f"第 {c.layer} 層第 {c.head} 個 head") for c in claims
    ]
    if settings.rank == "most":
        # One rival more, as much as the next word: none of the heads need be right.
        ratios.append(1.0)
        names.append(("as much as the next word", "與次高的詞相同"))
    verdicts = strongest(
        ratios,
        names,
        unit="times",
        what=(
            "attention to the word referred to over the next, {0}",
            "{0}給所指的詞的注意力與次高的詞之比",
        ),
        rank=settings.rank,
    )
    return Decision(verdicts[: len(claims)])
