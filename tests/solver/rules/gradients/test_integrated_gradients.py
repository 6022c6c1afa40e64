"""What the path's samples are, and what more steps do, with other samples and maps put in."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from solver.bundle.bundle import Bundle
from solver.errors import MissingEvidence
from solver.evidence import Record
from solver.explain.cnn import integrated_gradients as source
from solver.explain.job import Job
from solver.rules.gradients.integrated_gradients import StepsSettings
from tests.solver.rules.made_maps import decide, decide_again, evidence_of, held, smooth_noise

SEEDS = st.integers(0, 10**6)
KINDS = ("random", "between", "baseline", "shifted")
CLAIMS = [{"samples": kind} for kind in KINDS]
SIDE = 32


def samples_are(samples: np.ndarray, picture: np.ndarray, baseline: np.ndarray) -> list[str]:
    arrays = {"samples": samples, "picture": picture, "baseline": baseline}
    evidence = evidence_of(Record("integrated_path/7", arrays))
    found = held(decide("gradients.integrated_gradients.path", evidence, {"picture": 7}, CLAIMS))
    return [kind for kind, holds in zip(KINDS, found, strict=True) if holds]


def picture_of(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random((SIDE, SIDE, 3))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(seed=SEEDS, steps=st.integers(3, 12), ground=st.sampled_from([0.0, 0.5, 1.0]))
def test_each_kind_of_samples_is_called_by_its_name(seed: int, steps: int, ground: float) -> None:
    picture, baseline = picture_of(seed), np.full((SIDE, SIDE, 3), ground)
    along = np.arange(steps) / steps
    line = np.stack([baseline + a * (picture - baseline) for a in along])
    assert samples_are(line, picture, baseline) == ["between"]
    assert samples_are(line.astype(np.float32), picture, baseline) == ["between"]
    assert samples_are(line[::-1], picture, baseline) == []  # not successive
    generator = np.random.default_rng(seed + 1)
    noise = generator.random((steps, SIDE, SIDE, 3))
    assert samples_are(noise, picture, baseline) == ["random"]
    assert samples_are(np.stack([baseline] * steps), picture, baseline) == ["baseline"]
    shifts = generator.integers(1, SIDE, (steps, 2))
    moved = np.stack([np.roll(picture, shift, (0, 1)) for shift in shifts])
    assert samples_are(moved, picture, baseline) == ["shifted"]
    assert samples_are(np.stack([picture] * steps), picture, baseline) == []
    assert samples_are(line + 0.2 * noise, picture, baseline) == ["random"]


def test_a_path_that_is_left_halfway_is_no_path() -> None:
    picture, baseline = picture_of(0), np.zeros((SIDE, SIDE, 3))
    line = np.stack([picture * a for a in np.arange(10) / 10])
    noise = np.random.default_rng(3).random(line.shape)
    few, many = line.copy(), line.copy()
    few[:3], many[:6] = noise[:3], noise[:6]
    assert samples_are(few, picture, baseline) == ["between"]
    assert samples_are(many, picture, baseline) == ["random"]


Feed = Callable[[torch.Tensor, int], torch.Tensor]
FEEDS: dict[str, Feed] = {
    "between": lambda picture, step: picture * step / 10,
    "shifted": lambda picture, step: torch.roll(picture, 3 * step + 5, 3),
    "random": lambda picture, step: torch.rand(
        picture.shape, generator=torch.Generator().manual_seed(step)
    ),
    "baseline": lambda picture, step: torch.zeros_like(picture),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_answer_follows_what_is_fed(
    demo: Bundle, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    def other_path(job: Job, place: int, steps: int) -> torch.Tensor:
        with torch.no_grad():
            for step in range(steps):
                job.bundle.network(FEEDS[kind](job.picture_tensor(place), step))
        return torch.zeros(3, 128, 128)

    monkeypatch.setattr(source, "mean_path_gradient", other_path)
    arrays = source.integrated_path(Job("integrated_path/7", demo)).arrays
    assert samples_are(arrays["samples"], arrays["picture"], arrays["baseline"]) == [kind]


EFFECTS = ("same", "swap", "nothing", "random")


Way = Literal["first", "second"]
WAYS = {"first": decide, "second": decide_again}


def more_steps(base: list[np.ndarray], *others: list[np.ndarray], way: Way = "first") -> list[str]:
    numbers = [10, *(10 ** (at + 2) for at in range(len(others)))]
    records = [
        Record(f"integrated_gradients/{place}/{steps}", {"map": values})
        for steps, maps in zip(numbers, (base, *others), strict=True)
        for place, values in enumerate(maps)
    ]
    parameters = {"pictures": list(range(len(base))), "steps": 10, "more": numbers[1:]}
    claims = [{"effect": effect} for effect in EFFECTS]
    found = held(
        WAYS[way](
            "gradients.integrated_gradients.more_steps", evidence_of(*records), parameters, claims
        )
    )
    return [effect for effect, holds in zip(EFFECTS, found, strict=True) if holds]


def colours(seed: int) -> np.ndarray:
    return np.stack([smooth_noise(seed * 3 + at, 1.0) for at in range(3)], -1)


@pytest.mark.parametrize("way", ["first", "second"])
@settings(max_examples=5, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**5))
def test_the_effect_follows_the_maps(way: Way, seed: int) -> None:
    base = [colours(seed), colours(seed + 1), colours(seed + 2)]
    slightly = [one + 0.02 * colours(seed + 9) for one in base]
    inverted = [1 - one for one in base]
    others = [colours(seed + 20 + at) for at in range(3)]
    generator = np.random.default_rng(seed)
    shuffled = [generator.permutation(one.ravel()).reshape(one.shape) for one in base]
    flat = [np.full_like(one, 0.5) for one in base]
    faint = [0.5 + 0.02 * (one - one.mean()) for one in base]
    turned = [np.rot90(one) for one in base]
    steps = partial(more_steps, way=way)
    assert steps(base, base) == ["same"]
    assert steps(turned, turned) == ["same"]
    assert steps(base, [0.3 + 0.5 * one for one in base]) == ["same"]  # normalized otherwise
    assert steps(base, slightly, base) == ["same"]
    assert steps(base, inverted) == ["swap"]
    assert steps(base, shuffled) == ["random"]
    assert steps(base, others) == ["random"]
    assert steps(base, turned) == ["random"]
    assert steps(base, flat) == ["nothing"]
    assert steps(base, faint) == ["nothing"]
    assert steps(base, [np.full_like(one, 0.3) for one in base]) == ["nothing"]
    # The least agreement over the numbers of steps counts, and the median over the pictures.
    assert steps(base, base, shuffled) == ["random"]
    assert steps(base, [*base[:2], shuffled[2]]) == ["same"]


def test_too_few_steps_or_none_to_compare_are_refused() -> None:
    for wrong in ({"more": []}, {"more": [1]}, {"steps": 1, "more": [10]}, {"pictures": []}):
        with pytest.raises(ValidationError):
            StepsSettings.model_validate({"pictures": [7], "more": [100]} | wrong)


def test_a_missing_number_of_steps_is_named() -> None:
    record = Record("integrated_gradients/7/10", {"map": colours(0)})
    parameters = {"pictures": [7], "more": [100]}
    with pytest.raises(MissingEvidence, match="integrated_gradients/7/100"):
        decide(
            "gradients.integrated_gradients.more_steps",
            evidence_of(record),
            parameters,
            [{"effect": "same"}],
        )


def test_numbers_of_steps_that_are_missing_are_left_out_and_named() -> None:
    records = [Record(f"integrated_gradients/7/{n}", {"map": colours(0)}) for n in (10, 100, 300)]
    asked = {"pictures": [7], "more": [100, 300, 1000, 3000]}
    for way, note in zip(
        (decide, decide_again),
        (
            (
                "Maps of 1000, 3000 steps are not there; decided on 100, 300.",
                "沒有 1000, 3000 步的圖；依 100、300 步的圖判定。",
            ),
            None,
        ),
        strict=True,
    ):
        found = way(
            "gradients.integrated_gradients.more_steps",
            evidence_of(*records),
            asked,
            [{"effect": "same"}],
        )
        assert held(found) == [True] and found.note == note
    with pytest.raises(MissingEvidence, match="integrated_gradients/7/10"):
        decide(
            "gradients.integrated_gradients.more_steps",
            evidence_of(*records[1:]),
            asked,
            [{"effect": "same"}],
        )
