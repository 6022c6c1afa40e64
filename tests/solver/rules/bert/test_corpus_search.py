"""Counts of parts of speech whose truth is made."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.errors import EvidenceError, MissingEvidence
from solver.evidence import Evidence, Record
from solver.rules.bert.corpus_search import LayerClaim, NothingToSet, first_layer_of_own_kind
from solver.rules.bert.corpus_search_check import first_layer_by_distinct_words

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


def found_words(layers: list[dict[str, list[str]]]) -> Evidence:
    """Words found by their part of speech, of each layer."""
    nearest = [[[word, tag] for tag, words in row.items() for word in words] for row in layers]
    counts = np.array([[len(row.get(tag, [])) for tag in TAGS] for row in layers])
    values = {"tags": TAGS, "tag": "NOUN", "nearest": nearest}
    return Evidence({"corpus_search": Record("corpus_search", {"counts": counts}, values)})


def test_one_word_found_many_times_is_no_lead_of_distinct_words() -> None:
    repeated = {"NOUN": ["Wizard", "wizard", "WIZARD"] * 10, "VERB": ["saw", "ran"]}
    many = {"NOUN": ["cat", "dog", "saw"], "VERB": ["saw", "ran"]}
    evidence = found_words([many, repeated, many, many, many, many])
    claims = [LayerClaim(layer=layer) for layer in OFFERED]
    rule, check = (
        way(evidence, NothingToSet(), claims).verdicts
        for way in (first_layer_of_own_kind, first_layer_by_distinct_words)
    )
    assert [one.holds for one in rule] == [True, False, False, False]
    assert [one.holds for one in check] == [False, True, False, False]
    # "saw" is two words, one of each kind.
    assert [one.value for one in check] == [-1, 1, 1, 1]
    assert check[0].sentence == (
        "In layer 2 NOUN is 1 of the distinct words among the nearest behind the leader.",
        "第 2 層最接近的相異詞中，NOUN 落後最多的詞性 1 個。",
    )


@pytest.mark.parametrize("kept", [None, [], [[["cat", "NOUN"]]] * 6])
def test_words_that_were_not_all_kept_are_named(kept: object) -> None:
    evidence = evidence_of([10] * 6)
    evidence["corpus_search"].values["nearest"] = kept  # type: ignore[index]
    with pytest.raises(MissingEvidence, match="every word found"):
        first_layer_by_distinct_words(evidence, NothingToSet(), [LayerClaim(layer=2)])
