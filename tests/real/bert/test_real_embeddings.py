"""Rules on embeddings, on the real outputs changed in known ways; no answer is expected."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from solver.evidence import Evidence, Record
from tests.solver.rules.made_maps import decide, decide_again, held

WAYS = [decide, decide_again]
SLIDE = [{"metric": "euclidean"}, {"metric": "cosine"}]
SLIDE += [{"part": part} for part in ("first", "second", "both")]
SHAPES = [{"shape": s} for s in ("falls_then_rises", "falls", "rises", "rises_then_falls")]
CURVE = {"sentences": [7, 8], "character": 0, "first": 0, "last": 11}
CAUSES = [{"independent_of": c} for c in ("meaning", "length", "position", "frequency")]


def with_arrays(evidence: Evidence, **changes: dict[str, np.ndarray]) -> Evidence:
    """The embeddings and the picture, with some of their arrays changed."""
    records = [
        Record(record.id, {**record.arrays, **changes.get(record.id, {})}, record.values)
        for record in (evidence.get("embeddings"), evidence.get("similarity_picture"))
    ]
    return Evidence({record.id: record for record in records})


def slide(way: Any, evidence: Evidence) -> list[bool | None]:
    return held(way("bert.similarity_image", evidence, {}, SLIDE))


def test_the_slide_follows_its_colours_and_not_the_order_of_sentences(
    real_evidence: Evidence,
) -> None:
    picture = real_evidence.get("similarity_picture").array("values", 2)
    found = slide(decide, real_evidence)
    assert found[:2].count(True) == 1 and found[2:].count(True) == 1
    # Sentences of one sense in another order: the same, in tables and picture alike.
    order = [1, 2, 3, 4, 0, 6, 5, 9, 8, 7]
    tables = real_evidence.get("embeddings").arrays
    moved = {name: tables[name][np.ix_(order, order)] for name in ("euclidean", "cosine")}
    again = with_arrays(
        real_evidence,
        embeddings=moved,
        similarity_picture={"values": picture[np.ix_(order, order)]},
    )
    assert slide(decide, again) == found
    # Bright for dark: the other metric.
    inverted = with_arrays(real_evidence, similarity_picture={"values": 1 - picture})
    assert slide(decide, inverted)[:2] == found[1::-1]
    assert slide(decide_again, inverted)[:2] == slide(decide_again, real_evidence)[1::-1]


def test_a_picture_of_noise_is_of_no_part(real_evidence: Evidence) -> None:
    noise = np.random.default_rng(3).random((10, 10))
    np.fill_diagonal(noise, 1)
    found = with_arrays(real_evidence, similarity_picture={"values": (noise + noise.T) / 2})
    assert True not in slide(decide, found)[2:]


def test_what_both_ways_decide_of_the_slide_is_the_same(real_evidence: Evidence) -> None:
    pairs = list(zip(slide(decide, real_evidence), slide(decide_again, real_evidence), strict=True))
    assert all(first == second for first, second in pairs if None not in (first, second))
    assert sum(None not in pair for pair in pairs) >= 3


@pytest.mark.parametrize("way", WAYS)
def test_the_curve_upside_down_has_the_other_shape(real_evidence: Evidence, way: Any) -> None:
    curve = real_evidence.get("embeddings").array("curve", 1)
    found = held(way("bert.embeddings.curve_over_layers", real_evidence, CURVE, SHAPES))
    assert found.count(True) == 1
    over = with_arrays(real_evidence, embeddings={"curve": 1.7 - curve})
    turned = held(way("bert.embeddings.curve_over_layers", over, CURVE, SHAPES))
    assert turned == found[::-1]
    level = with_arrays(real_evidence, embeddings={"curve": np.full_like(curve, 0.9)})
    assert True not in held(way("bert.embeddings.curve_over_layers", level, CURVE, SHAPES))


def test_the_curve_that_was_kept_says_what_it_lacks(real_evidence: Evidence) -> None:
    decision = decide("bert.embeddings.curve_over_layers", real_evidence, CURVE, SHAPES)
    assert decision.note is not None
    assert "other character" in decision.note[0] and "layers 0 to 10" in decision.note[0]


def test_trials_and_pairs_of_sentences_agree_on_layer_0(real_evidence: Evidence) -> None:
    first, second = (
        way("bert.embeddings.layer0_independent", real_evidence, {"character": 1}, CAUSES)
        for way in WAYS
    )
    pairs = zip(held(first), held(second), strict=True)
    assert all(one == other for one, other in pairs if other is not None)
    assert first.note is not None and "trials were not made on" in first.note[0]
    assert second.note is not None and "other character" in second.note[0]
    # Sentences at one place that lay apart would refute all of it.
    ranges = real_evidence.get("embeddings").array("layer0_distance_ranges", 3).copy()
    ranges[ranges.sum(-1) == 0] = [5.8, 6.0]
    apart = with_arrays(real_evidence, embeddings={"layer0_distance_ranges": ranges})
    apart.add(real_evidence.get("embedding_trials"))
    found = held(
        decide_again("bert.embeddings.layer0_independent", apart, {"character": 1}, CAUSES)
    )
    assert True not in found


def test_sentences_that_are_told_stand_at_the_places_that_are_told(real_evidence: Evidence) -> None:
    record = real_evidence.get("embeddings")
    texts, word = record.value("sentences"), record.value("word")
    if word not in texts[0]:
        pytest.skip("the text that lists the sentences is not beside the real outputs")
    at = np.array([text.index(word) for text in texts])
    places = record.array("places", 1)
    assert ((at[:, None] == at[None]) == (places[:, None] == places[None])).all()
