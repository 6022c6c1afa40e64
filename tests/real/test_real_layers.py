"""Rules on depth, steps, SmoothGrad's range, hidden states and embeddings, on the real outputs.

No answer is expected here. What is known is how an answer must change when the evidence is changed:
turned, shifted, swapped, blurred, or put noise in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from solver.evidence import Evidence, Record
from solver.rules.bert.hidden_states import LayersClaim, ModelSettings, matching_layers
from solver.rules.bert.hidden_states_check import matching_by_nearest_link
from solver.rules.thresholds import reads, varied
from tests.solver.rules.made_maps import decide, decide_again, held

Change = Callable[[np.ndarray], np.ndarray]
Maps = dict[str, np.ndarray]
PICTURES = list(range(10))
WAYS = [decide, decide_again]
DEPTH = [{"detail": "sharper"}, {"detail": "blurrier"}, {"place": "same"}, {"place": "other"}]
EFFECTS = [{"effect": effect} for effect in ("same", "swap", "nothing", "random")]

SAME_TO_A_PERSON: dict[str, Change] = {
    "mirrored": lambda values: values[:, ::-1],
    "upside down": lambda values: values[::-1],
    "turned": np.rot90,
    "shifted": lambda values: np.roll(values, (3, -2), (0, 1)),
    "of another range": lambda values: 0.2 + 0.5 * values,
}


def maps_of(evidence: Evidence, kind: str, *place: object) -> list[Maps]:
    """The arrays of every picture's record."""
    if kind == "activation":
        return [evidence.get(kind, *place, k).arrays for k in PICTURES]
    return [evidence.get(kind, k, *place).arrays for k in PICTURES]


def changed(maps: Sequence[Maps], change: Change) -> list[Maps]:
    """Maps changed, with `valid` moved along."""
    moved = []
    for one in maps:
        valid = change(one["valid"].astype(float)) > 0.45 if "valid" in one else None
        valid = valid if valid is None or valid.any() else one["valid"]
        moved.append({"map": change(one["map"].astype(np.float64)), "valid": valid})
    return moved


def put(maps: Sequence[Maps], change: Change) -> list[Maps]:
    """Maps with other values at the same places."""
    return [{**one, "map": change(one["map"].astype(np.float64))} for one in maps]


def depth(way: Any, early: Sequence[Maps], late: Sequence[Maps]) -> list[bool | None]:
    records = [
        Record(f"activation/{layer}/{k}", maps)
        for layer, every in ((6, early), (23, late))
        for k, maps in enumerate(every)
    ]
    parameters = {"early": 6, "late": 23, "pictures": PICTURES}
    evidence = Evidence({record.id: record for record in records})
    return held(way("filters.activation_depth", evidence, parameters, DEPTH))


@pytest.fixture(scope="module")
def activations(real_evidence: Evidence) -> dict[int, list[Maps]]:
    return {layer: maps_of(real_evidence, "activation", layer) for layer in (6, 15, 23)}


@pytest.mark.parametrize("way", WAYS)
def test_the_later_layer_is_one_thing_and_the_layers_swapped_are_the_other(
    activations: dict[int, list[Maps]], way: Any
) -> None:
    found = depth(way, activations[6], activations[23])
    assert found[:2].count(True) == 1 and found[2:].count(True) == 1
    swapped = depth(way, activations[23], activations[6])
    assert swapped[:2] == found[1::-1]
    assert swapped[2:] == found[2:]
    with varied({"filters.noticed": 1.25, "filters.shared": 1.25, "depth_by_blur.mostly": 1.25}):
        assert depth(way, activations[6], activations[23]) == found


def test_both_ways_find_the_same_of_depth(activations: dict[int, list[Maps]]) -> None:
    assert depth(decide, activations[6], activations[23]) == depth(
        decide_again, activations[6], activations[23]
    )


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", SAME_TO_A_PERSON)
def test_pictures_turned_and_shifted_have_the_same_depth(
    activations: dict[int, list[Maps]], way: Any, name: str
) -> None:
    change = SAME_TO_A_PERSON[name]
    early, late = (changed(activations[layer], change) for layer in (6, 23))
    assert depth(way, early, late) == depth(way, activations[6], activations[23])


@pytest.mark.parametrize("way", WAYS)
def test_detail_follows_the_blur_of_real_maps(activations: dict[int, list[Maps]], way: Any) -> None:
    early = activations[6]
    assert depth(way, early, early) == [False, False, True, False]
    for sigma in (2.0, 4.0):
        blurred = put(early, partial(ndimage.gaussian_filter, sigma=sigma))
        assert depth(way, early, blurred)[:2] == [False, True]
        assert depth(way, blurred, early)[:2] == [True, False]


@pytest.mark.parametrize("way", WAYS)
def test_other_pictures_and_noise_are_in_other_places(
    activations: dict[int, list[Maps]], way: Any
) -> None:
    early, late = activations[6], activations[23]
    assert depth(way, early, late[3:] + late[:3])[2:] == [False, True]
    generator = np.random.default_rng(5)
    noise = put(late, lambda values: generator.random(values.shape))
    assert depth(way, early, noise)[2:] == [False, True]


def steps(way: Any, base: Sequence[Maps], *others: Sequence[Maps]) -> list[str]:
    numbers = [10, 100, 1000][: 1 + len(others)]
    records = [
        Record(f"integrated_gradients/{k}/{number}", maps)
        for number, every in zip(numbers, (base, *others), strict=True)
        for k, maps in enumerate(every)
    ]
    parameters = {"pictures": list(range(len(base))), "steps": 10, "more": numbers[1:]}
    evidence = Evidence({record.id: record for record in records})
    found = held(way("gradients.integrated_gradients.more_steps", evidence, parameters, EFFECTS))
    return [str(one["effect"]) for one, holds in zip(EFFECTS, found, strict=True) if holds]


@pytest.fixture(scope="module")
def gradients(real_evidence: Evidence) -> dict[int, list[Maps]]:
    return {n: maps_of(real_evidence, "integrated_gradients", n) for n in (10, 100, 1000)}


def test_every_picture_says_the_same_of_more_steps(gradients: dict[int, list[Maps]]) -> None:
    every = [
        steps(way, [a], [b], [c])
        for way in WAYS
        for a, b, c in zip(*(gradients[n] for n in (10, 100, 1000)), strict=True)
    ]
    assert len(every[0]) == 1
    assert every == every[:1] * 20


@pytest.mark.parametrize("way", WAYS)
def test_real_maps_changed_have_the_effect_of_the_change(
    gradients: dict[int, list[Maps]], way: Any
) -> None:
    base = gradients[10]
    generator = np.random.default_rng(1)
    noise = put(base, lambda values: generator.random(values.shape))
    assert steps(way, base, base) == ["same"]
    assert steps(way, base, put(base, lambda values: 1 - values)) == ["swap"]
    assert steps(way, base, put(base, lambda values: 0.3 + 0 * values)) == ["nothing"]
    assert steps(way, base, noise) == ["random"]
    assert steps(way, noise, [*noise[1:], noise[0]]) == ["random"]
    assert steps(way, base, base[1:] + base[:1]) == ["random"]  # of other pictures


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", SAME_TO_A_PERSON)
def test_maps_turned_and_shifted_say_the_same_of_steps(
    gradients: dict[int, list[Maps]], way: Any, name: str
) -> None:
    change = SAME_TO_A_PERSON[name]
    moved = [changed(gradients[n], change) for n in (10, 100, 1000)]
    assert steps(way, *moved) == steps(way, *(gradients[n] for n in (10, 100, 1000)))


UNNORMALIZED = [
    {"effect": effect} for effect in ("same", "outline_clearer", "elsewhere", "nothing", "swap")
]


@pytest.mark.parametrize(
    ("range_of", "effect"),
    [((0.0, 1e-9), "nothing"), ((0.0, 0.02), "nothing"), ((0.0, 1.0), "same")],
)
def test_real_smoothgrad_is_decided_once_its_range_is_known(
    real_evidence: Evidence, range_of: tuple[float, float], effect: str
) -> None:
    without = decide(
        "gradients.smoothgrad.unnormalized", real_evidence, {"pictures": PICTURES}, UNNORMALIZED
    )
    told = dict(zip((one["effect"] for one in UNNORMALIZED), held(without), strict=True))
    assert {name for name, holds in told.items() if holds is None} == {
        "same",
        "outline_clearer",
        "nothing",
    }
    assert without.note is not None
    low, high = range_of
    records = [
        Record(f"smoothgrad/{k}", maps, {"raw_min": low, "raw_max": high})
        for k, maps in enumerate(maps_of(real_evidence, "smoothgrad"))
    ]
    evidence = Evidence({record.id: record for record in records})
    for way in WAYS:
        found = held(
            way("gradients.smoothgrad.unnormalized", evidence, {"pictures": PICTURES}, UNNORMALIZED)
        )
        assert found == [one["effect"] == effect for one in UNNORMALIZED]
        # What the range rules in, the order alone did not rule out.
        assert all(told[str(one["effect"])] is not False or not holds
                   for one, holds in zip(UNNORMALIZED, found, strict=True))  # fmt: skip


ITEMS = [{"items": items} for items in ([], [1], [2], [3], [1, 2], [1, 3], [2, 3], [1, 2, 3])]
MODELS = [{"models": models} for models in ([], [1], [2], [3], [1, 2], [1, 3], [2, 3], [1, 2, 3])]
BLOCKS = [LayersClaim(first=first, last=first + 2) for first in (1, 4, 7, 10)]
MODEL_1 = {"model": 1, "items": [1, 2, 3]}
ALL_MODELS = {"models": [1, 2, 3], "items": [1, 2, 3]}


def with_points(evidence: Evidence, change: Callable[[Record], np.ndarray]) -> Evidence:
    """The plots with their points changed."""
    records = [record for record in evidence if record.kind == "hidden_states"]
    made = [
        Record(record.id, {**record.arrays, "points": change(record)}, record.values)
        for record in records
    ]
    return Evidence({record.id: record for record in made})


def the_one(found: Sequence[bool | None]) -> int:
    assert list(found).count(True) == 1
    return list(found).index(True)


def blocks(way: Any, evidence: Evidence) -> list[bool | None]:
    settings = ModelSettings.model_validate(MODEL_1)
    return [one.holds for one in way(evidence, settings, BLOCKS).verdicts]


def test_both_ways_find_the_same_of_real_hidden_states(real_evidence: Evidence) -> None:
    for rule, settings, claims in (
        ("bert.hidden_states.wrong_items", MODEL_1, ITEMS),
        ("bert.hidden_states.fine_tuned", ALL_MODELS, MODELS),
    ):
        first, second = (the_one(held(way(rule, real_evidence, settings, claims))) for way in WAYS)
        assert first == second
    assert blocks(matching_layers, real_evidence) == blocks(matching_by_nearest_link, real_evidence)


def test_components_have_no_direction_and_no_unit(real_evidence: Evidence) -> None:
    turn = np.array([[0.6, -0.8], [0.8, 0.6]]) * 7
    turned = with_points(real_evidence, lambda record: record.array("points") @ turn + 2)
    for way in WAYS:
        for rule, settings, claims in (
            ("bert.hidden_states.wrong_items", MODEL_1, ITEMS),
            ("bert.hidden_states.fine_tuned", ALL_MODELS, MODELS),
        ):
            assert held(way(rule, turned, settings, claims)) == held(
                way(rule, real_evidence, settings, claims)
            )
    for way in (matching_layers, matching_by_nearest_link):
        assert blocks(way, turned) == blocks(way, real_evidence)


def test_layers_in_another_order_move_the_match(real_evidence: Evidence) -> None:
    for order in ([9, 10, 11, 0, 1, 2, 3, 4, 5, 6, 7, 8], [6, 7, 8, 3, 4, 5, 0, 1, 2, 9, 10, 11]):
        moved = []
        for record in real_evidence:
            if record.kind == "hidden_states":
                arrays = {"points": record.array("points")[order]}
                roles = record.array("roles")
                arrays["roles"] = roles[order] if roles.ndim == 2 else roles
                moved.append(Record(record.id, arrays, record.values))
        evidence = Evidence({record.id: record for record in moved})
        for way in (matching_layers, matching_by_nearest_link):
            before = the_one(blocks(way, real_evidence))
            now = the_one(blocks(way, evidence))
            assert order[3 * now] == 3 * before


def test_an_answer_that_is_moved_out_or_in_turns_its_item(real_evidence: Evidence) -> None:
    for item in (1, 2, 3):
        for far, right in ((40.0, True), (0.0, False)):

            def moved(record: Record, far: float = far, item: int = item) -> np.ndarray:
                points = record.array("points").astype(np.float64).copy()
                if record.id == f"hidden_states/1/{item}":
                    roles = np.atleast_2d(record.array("roles"))[-1]
                    middle = np.median(points[-1][roles >= 2], axis=0)
                    points[-1][roles == 3] = middle + far
                return points

            for way in WAYS:
                evidence = with_points(real_evidence, moved)
                found = way("bert.hidden_states.wrong_items", evidence, MODEL_1, ITEMS)
                held_sets = [one["items"] for one, v in zip(ITEMS, found.verdicts, strict=True)
                             if v.holds]  # fmt: skip
                assert all((item in items) != right for items in held_sets)
                assert len(held_sets) == 1


def clouds(generator: np.random.Generator, record: Record) -> np.ndarray:
    return generator.normal(size=record.array("points").shape)


def test_noise_in_place_of_plots_is_never_a_sure_answer(real_evidence: Evidence) -> None:
    sure = tuned = 0
    for seed in range(12):
        generator = np.random.default_rng(seed)
        noise = with_points(real_evidence, partial(clouds, generator))
        settings = ModelSettings.model_validate(MODEL_1)
        verdicts = matching_layers(noise, settings, BLOCKS).verdicts
        sure += any(one.holds and one.margin for one in verdicts)
        found = held(decide("bert.hidden_states.fine_tuned", noise, ALL_MODELS, MODELS))
        tuned += the_one(found) != 0
        assert True not in held(decide("bert.hidden_states.wrong_items", noise, MODEL_1, ITEMS))
    assert sure <= 1 and tuned <= 3


def test_no_verdict_hangs_on_a_threshold_by_a_quarter(real_evidence: Evidence) -> None:
    cases: list[tuple[str, dict[str, Any], list[dict[str, Any]]]] = [
        ("filters.activation_depth", {"early": 6, "late": 23, "pictures": PICTURES}, DEPTH),
        (
            "gradients.integrated_gradients.more_steps",
            {"pictures": [7], "steps": 10, "more": [100, 1000]},
            EFFECTS,
        ),
        ("bert.hidden_states.wrong_items", MODEL_1, ITEMS),
        ("bert.hidden_states.fine_tuned", ALL_MODELS, MODELS),
    ]
    for rule, settings, claims in cases:
        with reads() as names:
            usual = held(decide(rule, real_evidence, settings, claims))
        assert names
        for factor in (0.75, 1.25):
            with varied(dict.fromkeys(names, factor)):
                assert held(decide(rule, real_evidence, settings, claims)) == usual


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
    assert first.note is not None and "trials were made on" in first.note[0]
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
