"""Counts of parts of speech whose truth is made."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.errors import EvidenceError, MissingEvidence
from solver.evidence import Evidence, Record
from solver.rules.bert.corpus_search import LayerClaim, NothingToSet, first_layer_of_own_kind
from solver.rules.bert.corpus_search_check import first_layer_of_the_nearer_half

TAGS = ["ADJ", "NOUN", "VERB"]
OFFERED = (2, 3, 5, 6)


def evidence_of(nouns: list[int], more: int = 0) -> Evidence:
    counts = np.array([[50 - n, n, 0] for n in nouns]) + more
    return Evidence(
        {
            "corpus_search": Record(
                "corpus_search", {"counts": counts}, {"tags": TAGS, "tag": "NOUN"}
            )
        }
    )


def held(nouns: list[int], more: int = 0) -> list[int]:
    claims = [LayerClaim(layer=layer) for layer in OFFERED]
    decision = first_layer_of_own_kind(evidence_of(nouns, more), NothingToSet(), claims)
    assert all((v.margin or 0) >= 0 for v in decision.verdicts)
    return [at for at, verdict in zip(OFFERED, decision.verdicts, strict=True) if verdict.holds]


@pytest.mark.parametrize("first", range(1, 7))
def test_the_first_layer_offered_from_which_the_kind_leads_holds(first: int) -> None:
    nouns = [10] * (first - 1) + [40] * (7 - first)
    assert held(nouns) == [min(layer for layer in OFFERED if layer >= first)]


def test_no_layer_holds_where_the_kind_never_leads() -> None:
    assert held([10] * 6) == []
    assert held([25] * 6) == []  # a tie is no lead


@given(nouns=st.lists(st.integers(0, 50), min_size=6, max_size=6), more=st.integers(1, 9))
def test_at_most_one_holds_and_more_words_of_each_kind_change_nothing(
    nouns: list[int], more: int
) -> None:
    found = held(nouns)
    assert len(found) <= 1
    assert found == held(nouns, more)
    if found:
        assert nouns[found[0] - 1] > 25
        assert all(nouns[layer - 1] <= 25 for layer in OFFERED if layer < found[0])


def test_a_lead_that_is_lost_again_is_noted() -> None:
    claims = [LayerClaim(layer=2)]
    decision = first_layer_of_own_kind(evidence_of([10, 40, 10, 40]), NothingToSet(), claims)
    assert decision.note == (
        "NOUN loses the lead again in layer 3.",
        "NOUN 在第 3 層又失去領先。",
    )
    assert first_layer_of_own_kind(evidence_of([10, 40, 40]), NothingToSet(), claims).note is None
    claims = [LayerClaim(layer=3)]
    decision = first_layer_of_own_kind(evidence_of([10, 40, 40]), NothingToSet(), claims)
    assert decision.note is not None
    assert decision.note[0] == "NOUN also leads in layer 2, which is not offered."


@pytest.mark.parametrize(
    ("nouns", "leads", "margins"),
    [
        # Leads are 2 n - 50 in layers 2, 3, 5 and 6. The nearest other outcome: the lead itself is
        # lost, an earlier layer catches up, or one that leads already falls back.
        ([0, 10, 20, 0, 45, 26], [-30, -10, 40, 2], [30, 10, 10, 40]),
        ([0, 10, 20, 0, 27, 45], [-30, -10, 4, 40], [30, 10, 4, 4]),
        ([0, 45, 20, 0, 26, 45], [40, -10, 2, 40], [40, 10, 40, 40]),
    ],
)
def test_a_margin_is_the_way_to_the_nearest_other_verdict(
    nouns: list[int], leads: list[int], margins: list[int]
) -> None:
    claims = [LayerClaim(layer=layer) for layer in OFFERED]
    found = first_layer_of_own_kind(evidence_of(nouns), NothingToSet(), claims).verdicts
    assert [one.value for one in found] == leads
    assert [one.margin for one in found] == margins


def test_a_layer_that_is_not_there_is_refused() -> None:
    with pytest.raises(EvidenceError, match="has 4 layers"):
        first_layer_of_own_kind(
            evidence_of([10, 40, 10, 40]), NothingToSet(), [LayerClaim(layer=12)]
        )


def test_a_lead_of_the_farther_words_alone_is_none_of_the_nearer_half() -> None:
    noun, adjective = TAGS.index("NOUN"), TAGS.index("ADJ")
    tags = np.full((6, 50), adjective)
    tags[1, 20:] = noun  # layer 2: 30 of 50, 5 of the nearer 25
    tags[2:, :40] = noun
    record = Record(
        "corpus_search",
        {"counts": np.stack([np.bincount(row, minlength=3) for row in tags]), "tags": tags},
        {"tags": TAGS, "tag": "NOUN"},
    )
    evidence = Evidence({"corpus_search": record})
    claims = [LayerClaim(layer=layer) for layer in OFFERED]
    found = [
        [one.holds for one in way(evidence, NothingToSet(), claims).verdicts]
        for way in (first_layer_of_own_kind, first_layer_of_the_nearer_half)
    ]
    assert found == [[True, False, False, False], [False, True, False, False]]
    tags[0], tags[1, 0] = noun, noun  # neither the nearest word nor a layer not offered counts
    record.arrays["counts"] = np.stack([np.bincount(row, minlength=3) for row in tags])
    again = first_layer_of_the_nearer_half(evidence, NothingToSet(), claims).verdicts
    assert [one.value for one in again] == [6 - 19, 25, 25, 25]
    with pytest.raises(MissingEvidence, match="part of speech of each word"):
        first_layer_of_the_nearer_half(evidence_of([10] * 6), NothingToSet(), claims)
