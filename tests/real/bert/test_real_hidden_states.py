"""Rules on hidden states, on the real outputs changed in known ways; no answer is expected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from solver.evidence import Evidence, Record
from solver.rules.bert.hidden_states import LayersClaim, RankedModelSettings, matching_layers
from solver.rules.bert.hidden_states_check import matching_by_nearest_link
from tests.solver.rules.made_maps import decide, decide_again, held

WAYS = [decide, decide_again]
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
    settings = RankedModelSettings.model_validate(MODEL_1)
    return [one.holds for one in way(evidence, settings, BLOCKS).verdicts]


def test_both_ways_find_the_same_of_real_hidden_states(real_evidence: Evidence) -> None:
    rule = "bert.hidden_states.wrong_items"
    first, second = (the_one(held(way(rule, real_evidence, MODEL_1, ITEMS))) for way in WAYS)
    assert first == second
    # Of model 3 there is one plot, whose outermost token lies about where chance may put it.
    rule, some = "bert.hidden_states.fine_tuned", {**ALL_MODELS, "models": [1, 2]}
    sets = [claim for claim in MODELS if 3 not in claim["models"]]
    for way in WAYS:
        assert sets[the_one(held(way(rule, real_evidence, some, sets)))] == {"models": [1]}
    with_3 = decide(rule, real_evidence, ALL_MODELS, MODELS).verdicts
    assert min(one.margin or 0 for one in with_3 if one.margin is not None) < 0.25
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
        settings = RankedModelSettings.model_validate(MODEL_1)
        verdicts = matching_layers(noise, settings, BLOCKS).verdicts
        sure += any(one.holds and one.margin for one in verdicts)
        found = held(decide("bert.hidden_states.fine_tuned", noise, ALL_MODELS, MODELS))
        tuned += the_one(found) != 0
        assert True not in held(decide("bert.hidden_states.wrong_items", noise, MODEL_1, ITEMS))
    assert sure <= 1 and tuned <= 3
