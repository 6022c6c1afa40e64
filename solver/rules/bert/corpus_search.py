"""Rule on the first layer in which a hidden word's neighbours in a corpus are of its own kind.

The counts are drawn by the kind of figure ``bert_tags`` (`solver.page.figures.bert`); the
cross-check is in `solver.rules.bert.corpus_search_check`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import Field

from solver.errors import EvidenceError
from solver.evidence import Evidence, Record
from solver.rules.registry import Decision, Figure, Parameters, Verdict, rule
from solver.rules.verdicts import Pair


class NothingToSet(Parameters):
    """No settings: word and corpus come from the bundle."""


class LayerClaim(Parameters):
    """This is the first layer, counted from 1."""

    layer: int = Field(ge=1, description="layer, counted from 1")


def leads(counts: np.ndarray[Any, np.dtype[Any]], own: int) -> list[int]:
    """Return the lead of the own kind over the next kind, in hits, for each layer (row of counts).

    0 is a tie; negative: another kind leads.

    Example:
        >>> leads(np.array([[3, 1], [1, 2]]), own=0)
        [2, -1]
    """
    # Held against the largest other kind alone: many small ones together are no other kind.
    others = np.delete(counts, own, axis=1).max(1)
    return [int(lead) for lead in counts[:, own] - others]


@rule(
    "bert.corpus_search",
    settings=NothingToSet,
    claim=LayerClaim,
    needs=lambda settings: ["corpus_search"],
)
def first_layer_of_own_kind(
    evidence: Evidence, settings: NothingToSet, claims: Sequence[LayerClaim]
) -> Decision:
    """Lead of the hidden word's part of speech among the nearest words over every other one; the
    first layer offered where it leads holds. The note says so where it later loses the lead."""
    record = evidence.get("corpus_search")
    return decide_on_counts(record, record.array("counts", 2), claims)


def decide_on_counts(
    record: Record,
    counts: np.ndarray[Any, np.dtype[Any]],
    claims: Sequence[LayerClaim],
    counted: Pair = ("nearest words", "最接近的詞"),
) -> Decision:
    """Return the verdicts that counts (layers, tags) of parts of speech give.

    `counted` says in sentences what they count.

    Raises:
        EvidenceError: they do not count the record's tags, or fewer layers than are asked for.
    """
    tags, tag = list(record.value("tags")), record.value("tag")
    if tag not in tags or counts.shape[1] != len(tags):
        raise EvidenceError(
            f"record {record.id}: 'counts' does not count the tags, among them {tag}",
            zh=f"紀錄 {record.id}：'counts' 沒有計入各詞性，其中包括 {tag}",
        )
    if claims and max(claim.layer for claim in claims) > len(counts):
        raise EvidenceError(
            f"record {record.id} has {len(counts)} layers, the options ask for more",
            zh=f"紀錄 {record.id} 只有 {len(counts)} 層，選項所問的更多",
        )
    ahead = leads(counts, tags.index(tag))
    # The first of those offered: a question cannot ask for a layer that no option names.
    offered = sorted({claim.layer for claim in claims})
    first = next((layer for layer in offered if ahead[layer - 1] > 0), None)
    verdicts = [_verdict(claim.layer, first, ahead, offered, tag, counted) for claim in claims]
    figure = Figure(
        "bert_tags", {"record": record.id}, ("Parts of speech by layer", "各層的詞性計數")
    )
    return Decision(verdicts, [figure], _note(first, ahead, tag))


def _verdict(
    layer: int, first: int | None, ahead: list[int], offered: list[int], tag: str, counted: Pair
) -> Verdict:
    lead = ahead[layer - 1]
    holds = layer == first
    english = f"In layer {layer} {tag} leads by {lead} of the {counted[0]}"
    chinese = f"第 {layer} 層{counted[1]}中，{tag} 領先其他詞性 {lead} 個"
    if lead <= 0:
        english = f"In layer {layer} {tag} is {-lead} of the {counted[0]} behind the leader"
        chinese = f"第 {layer} 層{counted[1]}中，{tag} 落後最多的詞性 {-lead} 個"
    margin = abs(lead)
    if not holds and lead > 0 and first is not None:
        english += f", but it leads in layer {first} already"
        chinese += f"，但第 {first} 層就已領先"
        # It would hold if the earlier layer lost its lead, however large its own.
        margin = ahead[first - 1]
    earlier = [ahead[other - 1] for other in offered if other < layer]
    if holds and earlier:
        english += f", and in no earlier layer offered ({-max(earlier)} or more behind)"
        chinese += f"，更早的選項都沒有（落後 {-max(earlier)} 個以上）"
        # Or an earlier layer would have to catch up: whichever is nearer.
        margin = min(margin, -max(earlier))
    return Verdict(
        holds=holds,
        value=float(lead),
        unit="words",
        against="a lead over every other part of speech",
        threshold=0.0,
        margin=float(margin),
        sentence=(english + ".", chinese + "。"),
    )


def _note(first: int | None, ahead: list[int], tag: str) -> tuple[str, str] | None:
    if first is None:
        return (f"{tag} leads in no layer offered.", f"選項中沒有一層由 {tag} 領先。")
    # All layers, offered or not: a person should know that the answer hangs on the options.
    lost = [layer for layer in range(first, len(ahead) + 1) if ahead[layer - 1] <= 0]
    before = [layer for layer in range(1, first) if ahead[layer - 1] > 0]
    if not lost and not before:
        return None
    english, chinese = [], []
    if before:
        english.append(f"{tag} also leads in layer {_list(before)}, which is not offered.")
        chinese.append(f"{tag} 在選項以外的第 {_list(before, '、')} 層也領先。")
    if lost:
        english.append(f"{tag} loses the lead again in layer {_list(lost)}.")
        chinese.append(f"{tag} 在第 {_list(lost, '、')} 層又失去領先。")
    return " ".join(english), "".join(chinese)


def _list(layers: list[int], between: str = ", ") -> str:
    return between.join(str(layer) for layer in layers)
