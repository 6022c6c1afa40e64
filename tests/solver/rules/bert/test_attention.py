"""Attention whose truth is made: a head that looks one token back, a head that makes links."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.errors import EvidenceError
from solver.evidence import Evidence, Record
from solver.rules.bert.attention import (
    HeadClaim,
    HeadSettings,
    LinkSettings,
    TargetClaim,
    coreference,
    target_pairs,
    where_a_head_looks,
)
from solver.rules.bert.attention_check import link_against_other_words, where_attention_goes

PIECES = ["[CLS]", "the", "cat", "saw", "the", "dog", "and", "it", "ran", ".", "[SEP]"]
SPECIAL = [piece.startswith("[") for piece in PIECES]
TARGETS = ("full_stop", "previous", "same", "next", "special")
T = len(PIECES)


def even_attention(layers: int = 3, heads: int = 4) -> np.ndarray:
    return np.full((layers, heads, T, T), 1 / T, np.float32)


def looking(target: str, strength: float) -> np.ndarray:
    """One head (T, T) that pays `strength` to the target, wherever there is one."""
    weights = np.full((T, T), 1 / T, np.float32)
    pairs = target_pairs(PIECES, SPECIAL, target)  # type: ignore[arg-type]
    for row in range(T):
        if pairs[row].any():
            weights[row] = np.where(
                pairs[row], strength / pairs[row].sum(), (1 - strength) / (~pairs[row]).sum()
            )
    return weights


def evidence_of(weights: np.ndarray, links: list[list[int]] | None = None) -> Evidence:
    values = {"pieces": PIECES, "special": SPECIAL, "links": links or [[7, 2]]}
    return Evidence({"attention": Record("attention", {"attentions": weights}, values)})


def held(weights: np.ndarray, head: int = 4) -> set[str]:
    claims = [TargetClaim(target=target) for target in TARGETS]  # type: ignore[arg-type]
    found = [
        way(evidence_of(weights), HeadSettings(head=head), claims).verdicts
        for way in (where_a_head_looks, where_attention_goes)
    ]
    sets = [{t for t, one in zip(TARGETS, way, strict=True) if one.holds} for way in found]
    # Attention to one place alone makes it the strongest, and not the other way round.
    assert sets[1] <= sets[0]
    return sets[0]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("layer", [0, 2])
def test_what_a_head_does_in_one_layer_is_found(target: str, layer: int) -> None:
    weights = even_attention()
    weights[layer, 3] = looking(target, 0.9)
    assert held(weights) == {target}


@pytest.mark.parametrize("target", TARGETS)
def test_what_another_head_does_is_not_counted(target: str) -> None:
    weights = even_attention()
    weights[1, 2] = looking(target, 0.9)
    assert held(weights) == set()
    assert held(weights, head=3) == {target}


@pytest.mark.parametrize(
    ("target", "columns"),
    [
        # The places that each of "a b . a" between [CLS] and [SEP] looks at.
        ("full_stop", [[3], [3], [], [3]]),
        ("previous", [[], [1], [2], [3]]),
        ("same", [[1, 4], [2], [3], [1, 4]]),
        ("next", [[2], [3], [4], []]),
        ("special", [[0, 5]] * 4),
    ],
)
def test_the_places_a_target_means(target: str, columns: list[list[int]]) -> None:
    pieces = ["[CLS]", "a", "b", ".", "a", "[SEP]"]
    special = [True, False, False, False, False, True]
    pairs = target_pairs(pieces, special, target)  # type: ignore[arg-type]
    assert [np.flatnonzero(row).tolist() for row in pairs] == [[], *columns, []]


@pytest.mark.parametrize("layer", [1, 2, 3])
def test_the_layer_is_named_and_the_share_is_that_of_the_tokens(layer: int) -> None:
    """Six of the eight words that have a word before them look at it; all other heads at none."""
    weights = even_attention()
    weights[layer - 1, 3] = looking("previous", 0.9)
    weights[layer - 1, 3, 4:6] = np.eye(T)[0]
    asked = HeadSettings(head=4), [TargetClaim(target="previous")]
    (found,) = where_a_head_looks(evidence_of(weights), *asked).verdicts
    assert found.value == pytest.approx((6 + 0) / 8)
    assert f"(in layer {layer}, the most of all)" in found.sentence[0]
    assert f"（第 {layer} 層，為各層最多）" in found.sentence[1]
    (second,) = where_attention_goes(evidence_of(weights), *asked).verdicts
    assert second.value == pytest.approx(6 * 0.9 / 8)
    assert f"in layer {layer}:" in second.sentence[0] and f"第 {layer} 層" in second.sentence[1]


def test_two_layers_may_do_two_things() -> None:
    weights = even_attention()
    weights[0, 3], weights[2, 3] = looking("previous", 0.8), looking("special", 0.8)
    assert held(weights) == {"previous", "special"}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(("strength", "holds"), [(0.9, True), (0.6, True), (0.4, False)])
def test_the_second_way_asks_for_more_than_half_of_the_attention(
    target: str, strength: float, holds: bool
) -> None:
    weights = even_attention()
    weights[1, 3] = looking(target, strength)
    claims = [TargetClaim(target=target)]  # type: ignore[arg-type]
    found = where_attention_goes(evidence_of(weights), HeadSettings(head=4), claims)
    assert found.verdicts[0].holds == holds


def test_what_all_heads_do_is_no_mark_of_one() -> None:
    weights = even_attention()
    weights[:] = looking("special", 0.9)
    assert held(weights) == set()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), order=st.permutations(range(3)))
def test_layers_in_another_order_change_nothing(seed: int, order: list[int]) -> None:
    weights = np.random.default_rng(seed).dirichlet(np.ones(T), (3, 4, T)).astype(np.float32)
    assert held(weights) == held(weights[order])


def paid(weights: np.ndarray, links: list[list[int]]) -> list[bool | None]:
    claims = [HeadClaim(layer=layer, head=2) for layer in (1, 2, 3)]
    ways = [
        [
            verdict.holds
            for verdict in way(evidence_of(weights, links), LinkSettings(), claims).verdicts
        ]
        for way in (coreference, link_against_other_words)
    ]
    assert ways[0] == ways[1]
    return ways[0]


def test_a_link_that_another_word_outdoes_is_none_of_the_second_way() -> None:
    weights = even_attention()
    weights[1, 1, 7] = 0
    weights[1, 1, 7, [2, 5, 0]] = [0.4, 0.5, 0.1]
    evidence = evidence_of(weights, [[7, 2]])
    claims = [HeadClaim(layer=layer, head=2) for layer in (1, 2, 3)]
    first = coreference(evidence, LinkSettings(), claims).verdicts
    assert [one.holds for one in first] == [False, True, False]
    second = link_against_other_words(evidence, LinkSettings(), claims).verdicts
    assert [one.holds for one in second] == [False, False, False]
    weights[1, 1, 7, [5, 0]] = [0.1, 0.5]  # to a special token it may look as it likes
    second = link_against_other_words(evidence, LinkSettings(), claims).verdicts
    assert [one.holds for one in second] == [False, True, False]


def test_the_head_that_makes_every_link_is_found() -> None:
    weights = even_attention()
    for row, column in ((7, 2), (5, 1)):
        weights[1, 1, row] = 0.4 / (T - 1)
        weights[1, 1, row, column] = 0.6
    # Layer 3 makes one of the two links, and more strongly.
    weights[2, 1, 7] = 0
    weights[2, 1, 7, 2] = 1
    assert paid(weights, [[7, 2], [5, 1]]) == [False, True, False]
    assert paid(weights, [[7, 2]]) == [False, False, True]


@settings(max_examples=15, deadline=None, derandomize=True)
@given(strengths=st.permutations([0.2, 0.5, 0.8]))
def test_the_head_that_links_least_is_the_mirror_of_the_one_that_links_most(
    strengths: list[float],
) -> None:
    """Each head pays another word what it does not pay the link, so that both ways rank alike."""
    weights = even_attention()
    for layer, strength in enumerate(strengths):
        weights[layer, 1, 7] = 0
        weights[layer, 1, 7, [2, 5]] = [strength, 1 - strength]
    claims = [HeadClaim(layer=layer, head=2) for layer in (1, 2, 3)]
    for way in (coreference, link_against_other_words):
        for rank, end in (("most", max), ("least", min)):
            asked = LinkSettings(rank=rank)  # type: ignore[arg-type]
            found = way(evidence_of(weights, [[7, 2]]), asked, claims).verdicts
            assert [one.holds for one in found] == [one == end(strengths) for one in strengths]
    alike = [
        one.holds
        for way in (coreference, link_against_other_words)
        for one in way(evidence_of(even_attention()), LinkSettings(rank="least"), claims).verdicts
    ]
    assert not any(alike)


def test_even_heads_resolve_nothing() -> None:
    assert paid(even_attention(), [[7, 2]]) == [False, False, False]


def test_rows_that_are_no_shares_are_refused() -> None:
    with pytest.raises(EvidenceError, match="do not sum to 1"):
        held(even_attention() * 2)


def test_a_head_that_is_not_there_is_refused() -> None:
    with pytest.raises(EvidenceError, match="no head 5: the model has 4"):
        held(even_attention(), head=5)
    for way in (coreference, link_against_other_words):
        for layer, head in ((4, 1), (1, 5)):
            claims = [HeadClaim(layer=1, head=1), HeadClaim(layer=layer, head=head)]
            with pytest.raises(EvidenceError, match=f"no layer {layer} head {head}"):
                way(evidence_of(even_attention()), LinkSettings(), claims)


@pytest.mark.parametrize("links", [[], [[7, 99]], [[7]], [["her", "cat"]]])
def test_links_that_are_no_places_are_refused(links: list[list[int]]) -> None:
    evidence = evidence_of(even_attention())
    evidence.get("attention").values["links"] = links
    with pytest.raises(EvidenceError, match="link"):
        coreference(evidence, LinkSettings(), [HeadClaim(layer=1, head=1)])
