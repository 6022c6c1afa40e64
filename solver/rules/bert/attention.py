"""Rules on attention: the target of a head, and the head that links a word to its referent.

The weights are drawn by the kinds of figure ``bert_attention`` and ``bert_links``
(`solver.page.figures.bert`); the cross-checks are in `solver.rules.bert.attention_check`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from solver.errors import EvidenceError
from solver.evidence import Evidence, Record
from solver.rules.parameters import Rank
from solver.rules.registry import Decision, Figure, Parameters, Verdict, rule
from solver.rules.thresholds import threshold
from solver.rules.verdicts import TIE, Pair, amounts

Weights = npt.NDArray[np.floating]
Pairs = npt.NDArray[np.bool_]
Target = Literal["full_stop", "previous", "same", "next", "special"]
NAMES: dict[Target, Pair] = {
    "full_stop": ("the full stop", "句號"),
    "previous": ("the token before", "前一個 token"),
    "same": ("the same token", "相同的 token"),
    "next": ("the token after", "後一個 token"),
    "special": ("the special tokens", "特殊 token"),
}
MOST = threshold(
    "attention.most",
    0.5,
    "of the sentence's tokens have their strongest link there: more of them than not",
    lowest=0.0,
    highest=0.99,
)
UNIFORM_TIMES = threshold(
    "attention.uniform_times",
    2.0,
    "times what a uniform head would give a link: from twice on it stands out",
    lowest=1.0,
)


class HeadSettings(Parameters):
    """The head, counted from 1."""

    head: int = Field(ge=1, description="head, counted from 1")


class TargetClaim(Parameters):
    """The head attends to this in some layer."""

    target: Target = Field(description="what the head attends to")


def _attention(_: HeadSettings | LinkSettings) -> list[str]:
    return ["attention"]


def checked_weights(record: Record) -> Weights:
    """Return the attention (layers, heads, T, T), checked.

    Raises:
        EvidenceError: rows that do not sum to 1, or another number of pieces.
    """
    weights: Weights = record.array("attentions", 4)
    tokens = len(record.value("pieces"))
    if weights.shape[2:] != (tokens, tokens):
        raise EvidenceError(
            f"record {record.id}: 'attentions' is not square in the {tokens} pieces",
            zh=f"紀錄 {record.id}：'attentions' 不是 {tokens} 個 token 的方陣",
        )
    # Half precision and rounded tables sum to 1 within a thousandth.
    if weights.min() < -1e-6 or not np.allclose(weights.sum(-1), 1, atol=1e-3):
        raise EvidenceError(
            f"record {record.id}: the rows of 'attentions' do not sum to 1",
            zh=f"紀錄 {record.id}：'attentions' 各列之和不是 1",
        )
    return weights


def weights_with_head(record: Record, head: int) -> Weights:
    """Return `checked_weights` of a model that has a head.

    Raises:
        EvidenceError: the model has fewer heads.
    """
    weights = checked_weights(record)
    if head > weights.shape[1]:
        raise EvidenceError(
            f"there is no head {head}: the model has {weights.shape[1]}",
            zh=f"沒有第 {head} 個 head：模型有 {weights.shape[1]} 個",
        )
    return weights


def target_pairs(pieces: list[str], special: list[bool], target: Target) -> Pairs:
    """Return the pairs of places (T, T) of a target: row attends to column.

    Rows of special tokens are empty. A full stop is no target of itself, nor is [SEP] "the token
    after" the last word: special tokens are targets of "special" alone.
    """
    count = len(pieces)
    ends = np.array(special, bool)
    rows, columns = np.indices((count, count))
    if target == "special":
        # A copy: what `broadcast_to` returns cannot be written to.
        pairs = np.broadcast_to(ends, (count, count)).copy()
    elif target == "full_stop":
        stops = np.array([piece == "." for piece in pieces])
        pairs = np.broadcast_to(stops, (count, count)) & ~np.eye(count, dtype=bool)
    elif target == "same":
        # Every piece of the same text, not only its own place: "the" looks at each "the".
        words = np.array(pieces)
        pairs = (words[:, None] == words[None]) & ~ends[None]
    else:
        pairs = (columns == rows + (1 if target == "next" else -1)) & ~ends[None]
    pairs[ends] = False  # [CLS] and [SEP] look nowhere that a question asks about
    result: Pairs = pairs
    return result


def share_of_strongest(weights: Weights, pairs: Pairs) -> Weights:
    """Return the share of the rows with a target whose strongest link is one: (layers, heads)."""
    # Tokens without such a target count for nothing: the first word has none before it.
    rows = pairs.any(1)
    if not rows.any():
        return np.zeros(weights.shape[:2])
    some = weights[:, :, rows]  # (layers, heads, rows, T)
    strongest = some >= some.max(-1, keepdims=True) - TIE  # several where they are equal
    # Equally strong links share the token between them.
    hits = (strongest & pairs[rows]).sum(-1) / strongest.sum(-1)
    share: Weights = hits.mean(-1)
    return share


@rule(
    "bert.attention.where_a_head_looks", settings=HeadSettings, claim=TargetClaim, needs=_attention
)
def where_a_head_looks(
    evidence: Evidence, settings: HeadSettings, claims: Sequence[TargetClaim]
) -> Decision:
    """The share of the tokens whose strongest link in that head is the target, in the layer where
    it is largest. It holds above one half and above the average head."""
    record = evidence.get("attention")
    weights = weights_with_head(record, settings.head)
    pieces, special = record.value("pieces"), record.value("special")
    verdicts = []
    for claim in claims:
        pairs = target_pairs(pieces, special, claim.target)
        shares = share_of_strongest(weights, pairs)  # (layers, heads)
        layer = int(shares[:, settings.head - 1].argmax())
        share = float(shares[layer, settings.head - 1])
        verdicts.append(_target_verdict(claim.target, share, layer + 1, float(shares.mean())))
    return Decision(
        verdicts,
        [
            Figure(
                "bert_attention",
                {"record": record.id, "head": settings.head},
                (f"Head {settings.head} in every layer", f"各層的第 {settings.head} 個 head"),
            )
        ],
    )


def _target_verdict(target: Target, share: float, layer: int, average: float) -> Verdict:
    # The average head too: in a short sentence half of the tokens may look anywhere.
    limit = max(MOST.now(), average)
    holds = share > limit + TIE
    name = NAMES[target]
    own, other = amounts(share, limit, "share of tokens")
    over = ("more", "高於") if holds else ("no more", "不高於")
    return Verdict(
        holds=holds,
        value=share,
        unit="share of tokens",
        against="half of the tokens, and the average head",
        threshold=limit,
        margin=abs(share - limit),
        sentence=(
            f"{own[0]} of the tokens look first at {name[0]} (in layer {layer}, the most of all), "
            f"{over[0]} than the limit of {other[0]} (average head: {average:.0%}).",
            f"最注意{name[1]}的 token 占 {own[1]}（第 {layer} 層，為各層最多），"
            f"{over[1]}門檻 {other[1]}（各 head 平均 {average:.0%}）。",
        ),
    )


def checked_links(record: Record, tokens: int) -> list[tuple[int, int]]:
    """Return the places (from, to) of words that refer to one another.

    Raises:
        EvidenceError: there are none, or they are no places in the sentence.
    """
    links = [tuple(link) for link in record.value("links")]
    if not links:
        raise EvidenceError(
            f"record {record.id} names no links", zh=f"紀錄 {record.id} 沒有指代關係（links）"
        )
    for link in links:
        # Evidence may be put together by hand.
        if len(link) != 2 or not all(isinstance(at, int) and 0 <= at < tokens for at in link):
            raise EvidenceError(
                f"record {record.id}: the link {list(link)} is no pair of places",
                zh=f"紀錄 {record.id}：{list(link)} 不是一對位置",
            )
    return [(a, b) for a, b in links]


class LinkSettings(Parameters):
    """Which head of those offered holds; the links come from the bundle."""

    rank: Rank = "most"


class HeadClaim(Parameters):
    """This head of this layer, both counted from 1, links the words most (or, by `rank`, least)."""

    layer: int = Field(ge=1, description="layer, counted from 1")
    head: int = Field(ge=1, description="head, counted from 1")


@rule("bert.attention.coreference", settings=LinkSettings, claim=HeadClaim, needs=_attention)
def coreference(
    evidence: Evidence, settings: LinkSettings, claims: Sequence[HeadClaim]
) -> Decision:
    """The attention that each referring word pays to the word it refers to: of its links the
    weakest, since a head that resolves coreference makes them all. The strongest head of those
    offered holds, if it pays more than twice as much as a uniform head; or, by `rank`, the one that
    pays least."""
    record = evidence.get("attention")
    weights = checked_weights(record)
    links = checked_links(record, weights.shape[-1])
    for claim in claims:
        if claim.layer > weights.shape[0] or claim.head > weights.shape[1]:
            raise EvidenceError(
                f"there is no layer {claim.layer} head {claim.head}",
                zh=f"沒有第 {claim.layer} 層第 {claim.head} 個 head",
            )
    paid = [
        # The weakest link: a head that resolves references links every one of them.
        min(float(weights[claim.layer - 1, claim.head - 1, a, b]) for a, b in links)
        for claim in claims
    ]
    uniform = UNIFORM_TIMES.now() / weights.shape[-1]
    verdicts = [_head_verdict(claims[at], paid, at, uniform, settings) for at in range(len(claims))]
    figure = Figure(
        "bert_links",
        {"record": record.id, "heads": [[claim.layer, claim.head] for claim in claims]},
        ("What the heads link", "各 head 連結的詞"),
    )
    return Decision(verdicts, [figure])


def _head_verdict(
    claim: HeadClaim, paid: Sequence[float], at: int, uniform: float, settings: LinkSettings
) -> Verdict:
    """The verdict on head `at` by the attention `paid` by each head offered."""
    rivals = [*paid[:at], *paid[at + 1 :]]
    least = settings.rank == "least"
    # A uniform head bounds only the most: of the least paid, none is too little.
    limit = min(rivals) if least else max([*rivals, uniform])
    lead = limit - paid[at] if least else paid[at] - limit
    own, other = amounts(paid[at], limit, "share")
    if least:
        against = "the weakest other head offered"
        rival, its = "the weakest rival", "最弱的對手"
        over = ("less", "低於") if lead > TIE else ("no less", "不低於")
    else:
        against = "the strongest other head offered, and twice a uniform head"
        rival, its = "the best rival", "最強的對手"
        over = ("more", "高於") if lead > TIE else ("no more", "不高於")
    return Verdict(
        holds=lead > TIE,
        value=paid[at],
        unit="attention",
        against=against,
        threshold=limit,
        margin=abs(lead),
        sentence=(
            f"Layer {claim.layer} head {claim.head} pays at least {own[0]} of its attention to "
            f"each word referred to, {over[0]} than {rival} ({other[0]}).",
            f"第 {claim.layer} 層第 {claim.head} 個 head 給每個所指的詞的注意力至少為 {own[1]}，"
            f"{over[1]}{its}（{other[1]}）。",
        ),
    )
