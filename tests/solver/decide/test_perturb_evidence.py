"""Evidence resampled: what changes, what must not, and what is left alone."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from solver.decide.perturb_evidence import NOT_DRAWN, can_resample, resampled
from solver.evidence import Record
from solver.explain.bert.projection import COURSE_SEED, principal_points
from tests.solver.rules.made_maps import smooth_noise


def again(*records: Record, seed: int = 0) -> dict[str, Record]:
    return resampled({record.id: record for record in records}, np.random.default_rng(seed))


def test_a_map_keeps_its_range_and_what_is_bright_where_but_for_a_block() -> None:
    values = np.zeros((128, 128))
    values[40:60, 70:90] = np.random.default_rng(0).random((20, 20))
    for seed in range(10):
        found = again(Record("saliency/2", {"map": values}), seed=seed)["saliency/2"].array("map")
        assert not np.array_equal(found, values)
        assert set(np.unique(found)) <= set(np.unique(values))
        near = ndimage.binary_dilation(values > 0, np.ones((3, 3)), iterations=4)
        assert not found[~near].any()
        assert found.sum() == pytest.approx(values.sum(), rel=0.35)


def test_maps_of_one_picture_are_resampled_alike_and_of_two_apart() -> None:
    values = np.random.default_rng(0).random((128, 128))
    colours = np.repeat(values[..., None], 3, axis=2)
    maps = [
        Record("saliency/2", {"map": values}),
        Record("smoothgrad/2", {"map": colours}),
        Record("integrated_gradients/2/10", {"map": colours}),
        Record("saliency/3", {"map": values}),
    ]
    found = again(*maps)
    one = found["saliency/2"].array("map")
    # SmoothGrad is another draw too, of the same places.
    smooth = found["smoothgrad/2"].array("map")[..., 1]
    assert np.corrcoef(one.ravel(), smooth.ravel())[0, 1] > 0.97
    alone = again(maps[1])["smoothgrad/2"].array("map")[..., 1]
    assert np.corrcoef(values.ravel(), alone.ravel())[0, 1] > 0.97
    assert np.corrcoef(values.ravel(), smooth.ravel())[0, 1] < 0.9
    assert np.array_equal(one, found["integrated_gradients/2/10"].array("map")[..., 0])
    assert not np.array_equal(one, found["saliency/3"].array("map"))


@pytest.mark.parametrize("shape", [(71, 71), (70, 70, 3), (32, 32), (9, 9)])
def test_a_map_of_any_size_takes_its_readable_places_along(shape: tuple[int, ...]) -> None:
    random = np.random.default_rng(0)
    values = random.random(shape)
    valid = np.ones(shape[:2], bool)
    valid[:3, :5] = False
    values[~valid] = -1
    found = again(Record("activation/6/1", {"map": values, "valid": valid}))["activation/6/1"]
    assert found.array("map").shape == shape
    readable = found.array("valid")
    assert (found.array("map")[~readable] == -1).all() and found.array("map")[readable].min() >= 0


def test_of_an_overlay_two_segments_are_forgotten_though_all_are_one_patch() -> None:
    segments = np.arange(70)[:, None].repeat(70, 1) // 10  # seven bands
    signs = np.where(segments < 6, 1, 0).astype(np.int8)
    for seed in range(10):
        record = Record("lime/1", {"signs": signs, "segments": segments})
        found = again(record, seed=seed)["lime/1"].array("signs")
        left = [int(one) for one in np.unique(segments[found != 0])]
        assert len(left) == 4 and np.array_equal(found != 0, np.isin(segments, left))
    alone = Record("lime/1", {"signs": np.where(segments < 1, 1, 0), "segments": segments})
    assert np.array_equal(again(alone)["lime/1"].array("signs"), alone.array("signs"))


def test_an_overlay_without_its_segments_is_left_alone() -> None:
    record = Record("lime/1", {"signs": np.ones((70, 70), np.int8)})
    assert not can_resample({"lime/1": record}) and again(record) == {"lime/1": record}


def test_where_weights_are_known_the_next_segments_step_in() -> None:
    segments = np.arange(64 * 64).reshape(64, 64) // 205
    weights = np.linspace(1, 0.2, segments.max() + 1) * (-1) ** np.arange(segments.max() + 1)
    record = Record("lime/1", {"segments": segments, "weights": weights, "signs": segments * 0})
    found = again(record)["lime/1"]
    drawn = {int(label) for label in np.unique(segments[found.array("signs") != 0])}
    assert len(drawn) == 11 and len(drawn & set(range(11))) == 9 and drawn <= set(range(13))


def test_a_tenth_of_the_tokens_is_forgotten_and_of_each_role_one_is_left() -> None:
    roles = np.array([NOT_DRAWN, *[1] * 40, NOT_DRAWN, *[2] * 50, 3, NOT_DRAWN])
    points = np.random.default_rng(0).normal(size=(12, len(roles), 2))
    record = Record("hidden_states/1/2", {"points": points, "roles": roles})
    gone = []
    for seed in range(30):
        found = again(record, seed=seed)["hidden_states/1/2"]
        assert np.array_equal(found.array("points"), points)
        changed = found.array("roles")
        assert ((changed == roles) | (changed == NOT_DRAWN)).all() and (changed == 3).sum() == 1
        gone.append((changed != roles).sum() / 90)
    assert 0.05 < np.mean(gone) < 0.15
    by_layer = Record("hidden_states/1/2", {"points": points, "roles": np.tile(roles, (12, 1))})
    of_layers = again(by_layer)["hidden_states/1/2"].array("roles")
    assert of_layers.shape == (12, len(roles)) and (of_layers == 3).any(1).all()
    assert len({row.tobytes() for row in of_layers}) > 6


def plots(width: int) -> Record:
    """Hidden states of two layers of 60 tokens, whose second component hardly leads."""
    states = np.random.default_rng(1).normal(size=(3, 60, width)).astype(np.float32)
    states[:, :, 0] *= 9
    points = np.stack([principal_points(layer, COURSE_SEED) for layer in states[1:]])
    roles = np.ones(60, np.int8)
    return Record("hidden_states/1/2", {"states": states, "points": points, "roles": roles})


def test_wide_states_are_projected_by_other_solvers_and_narrow_ones_have_one() -> None:
    wide = plots(768)
    found = [again(wide, seed=seed)["hidden_states/1/2"].array("points") for seed in range(12)]
    exact = np.stack([principal_points(layer, None) for layer in wide.array("states")[1:]])
    as_exact = sum(np.array_equal(one, exact) for one in found)
    assert 2 <= as_exact <= 10
    # The first component stands out and is everybody's; the second is one solver's draw.
    spread = np.ptp(exact, axis=1).max(0)
    off = [np.abs(np.abs(one) - np.abs(exact)).max((0, 1)) / spread for one in found]
    assert max(first for first, _ in off) < 0.01 and max(second for _, second in off) > 0.05
    narrow = plots(72)
    for seed in range(6):
        points = again(narrow, seed=seed)["hidden_states/1/2"].array("points")
        assert np.allclose(points, narrow.array("points"))


def test_words_of_a_layer_stay_as_many() -> None:
    counts = np.array([[50, 0, 0], [20, 20, 10], [0, 0, 0]])
    found = again(Record("corpus_search", {"counts": counts}))["corpus_search"].array("counts")
    assert found.sum(1).tolist() == [50, 50, 0] and found[0].tolist() == [50, 0, 0]


def test_sentences_are_drawn_alike_for_states_and_picture_and_only_beside_it() -> None:
    states = np.random.default_rng(0).normal(size=(13, 10, 2, 8))
    close = states[3, :, 0] @ states[3, :, 0].T
    embeddings = Record("embeddings", {"states": states}, {"sentences": list("abcdefghij")})
    found = again(embeddings, Record("similarity_picture", {"values": close}))
    chosen = found["embeddings"].array("states")
    again_close = chosen[3, :, 0] @ chosen[3, :, 0].T
    assert np.allclose(found["similarity_picture"].array("values"), again_close)
    assert len(found["embeddings"].value("sentences")) == 10
    assert not can_resample({"embeddings": embeddings})


def test_what_cannot_be_resampled_is_left_alone() -> None:
    kept = Record(
        "smoothgrad/1", {"map": np.zeros((8, 8, 3)), "group_means": np.zeros((2, 8, 8, 3))}
    )
    # Both have their samples, which tell more than their maps.
    arrays = {"segments": np.zeros((8, 8), int), "signs": np.ones((8, 8), np.int8)}
    drawn = Record("lime/2", {**arrays, "draws": np.ones((4, 1)), "answers": np.ones(4)})
    others = [kept, drawn, Record("module/6", values={"class": "Conv2d"}), Record("lime/1")]
    assert not can_resample({record.id: record for record in others})
    assert again(*others) == {record.id: record for record in others}
    assert can_resample({"saliency/1": Record("saliency/1", {"map": smooth_noise(0)})})


def test_of_two_tokens_of_a_role_one_is_forgotten_as_often_as_any_other() -> None:
    """One of them with a chance of 2 * .1 * .9, or one is left of both, which are gone in .01."""
    roles = np.array([1, 1, *[2] * 9])
    record = Record("hidden_states/1/2", {"points": np.zeros((1, 11, 2)), "roles": roles})
    left = [
        int((again(record, seed=seed)["hidden_states/1/2"].array("roles") == 1).sum())
        for seed in range(600)
    ]
    assert set(left) == {1, 2}
    assert left.count(1) / 600 == pytest.approx(0.19, abs=0.04)
