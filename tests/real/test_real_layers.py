"""Rules on depth, steps and SmoothGrad's range, on the real outputs; and thresholds of all rules.

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
from solver.rules.thresholds import reads, varied
from tests.real.bert.test_real_hidden_states import ALL_MODELS, ITEMS, MODEL_1, MODELS
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
    with varied(
        {"filters.noticed": 1.25, "filters.shared": 1.25, "activation_depth_check.mostly": 1.25}
    ):
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


MODELS_1_2 = [one for one in MODELS if 3 not in one["models"]]


def test_no_verdict_hangs_on_a_threshold_by_a_quarter(real_evidence: Evidence) -> None:
    cases: list[tuple[str, dict[str, Any], list[dict[str, Any]]]] = [
        ("filters.activation_depth", {"early": 6, "late": 23, "pictures": PICTURES}, DEPTH),
        (
            "gradients.integrated_gradients.more_steps",
            {"pictures": [7], "steps": 10, "more": [100, 1000]},
            EFFECTS,
        ),
        ("bert.hidden_states.wrong_items", MODEL_1, ITEMS),
        # Without model 3, whose one plot is as chance would have it.
        ("bert.hidden_states.fine_tuned", {**ALL_MODELS, "models": [1, 2]}, MODELS_1_2),
    ]
    for rule, settings, claims in cases:
        with reads() as names:
            usual = held(decide(rule, real_evidence, settings, claims))
        assert names
        for factor in (0.75, 1.25):
            with varied(dict.fromkeys(names, factor)):
                assert held(decide(rule, real_evidence, settings, claims)) == usual
