"""How SmoothGrad works and what its normalization does, with other procedures put in its place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from solver.bundle.bundle import Bundle
from solver.errors import EvidenceError, MissingEvidence
from solver.evidence import Evidence, Record
from solver.explain.cnn import smoothgrad as source
from solver.explain.job import Job, picture_tensor
from solver.rules.gradients.saliency import PicturesSettings
from solver.rules.gradients.smoothgrad import UnnormalizedClaim
from solver.rules.registry import all_rules
from tests.solver.rules.made_maps import decide, decide_again, evidence_of, held, smooth_noise

CLAIMS = [
    {"fed": fed, "watched": watched}
    for fed in ("noisy_copies", "several_pictures")
    for watched in ("output", "saliency_map")
]


def procedure(evidence: Evidence, picture: int = 4) -> list[bool | None]:
    return held(decide("gradients.smoothgrad.procedure", evidence, {"picture": picture}, CLAIMS))


def expected(fed: str, watched: str) -> list[bool]:
    return [claim == {"fed": fed, "watched": watched} for claim in CLAIMS]


def put_in_its_place(fed: str, watched: str) -> Any:
    """A procedure in SmoothGrad's place, that feeds and averages something else."""

    def run(bundle: Bundle, place: int, **_: Any) -> torch.Tensor:
        generator = torch.Generator().manual_seed(1)
        if fed == "noisy_copies":
            own = picture_tensor(bundle, place)
            inputs = [own + 0.2 * torch.randn(own.shape, generator=generator) for _ in range(4)]
        else:
            inputs = [picture_tensor(bundle, other) for other in (0, 2, 6, 9)]
        label = torch.tensor([bundle.picture(place).label])
        found = []
        for one in inputs:
            pixels = one.clone().requires_grad_()
            logits = bundle.network(pixels)
            functional.cross_entropy(logits, label).backward()
            assert pixels.grad is not None
            found.append(pixels.grad[0].abs() if watched == "saliency_map" else logits[0].detach())
        return torch.stack(found).mean(0)

    return run


@pytest.mark.parametrize("claim", CLAIMS)
def test_the_answer_follows_what_is_run(
    demo: Bundle, monkeypatch: pytest.MonkeyPatch, claim: dict[str, str]
) -> None:
    monkeypatch.setattr(source, "mean_absolute_gradient", put_in_its_place(**claim))
    record = source.smoothgrad_trace(Job("smoothgrad_trace/4", demo))
    assert procedure(evidence_of(record)) == expected(**claim)


def test_smoothgrad_itself_is_decided_one_way(demo: Bundle) -> None:
    record = source.smoothgrad_trace(Job("smoothgrad_trace/4", demo))
    assert procedure(evidence_of(record)).count(True) == 1


def trace(
    likeness: np.ndarray, std: np.ndarray, maps: float | None, output: float | None
) -> Record:
    values = {"maps_gap": maps, "output_gap": output, "result_shape": [1], "output_shape": [1]}
    return Record("smoothgrad_trace/4", {"likeness": likeness, "noise_std": std}, values)


def test_the_same_picture_again_and_again_is_neither() -> None:
    likeness = np.tile(np.eye(10)[4], (6, 1))
    record = trace(likeness, np.zeros(6), 0.0, None)
    assert procedure(evidence_of(record)) == [False] * 4


@settings(max_examples=30, deadline=None, derandomize=True)
@given(own=st.integers(0, 9), gap=st.floats(0, 2))
def test_the_share_of_copies_and_the_gap_both_count(own: int, gap: float) -> None:
    nearest = [4] * own + [5] * (9 - own)
    record = trace(np.eye(10)[nearest], np.full(9, 0.3), gap, None)
    near = max(0.0, 1 - gap)
    assert procedure(evidence_of(record)) == [
        False,
        own / 9 * near > 0.5,
        False,
        (9 - own) / 9 * near > 0.5,
    ]


def test_a_trace_without_its_gaps_is_not_decided() -> None:
    record = Record("smoothgrad_trace/4", trace(np.eye(10), np.ones(10), 0, 0).arrays)
    with pytest.raises(EvidenceError, match="lacks the value 'maps_gap'"):
        procedure(evidence_of(record))


EFFECTS = [{"effect": e} for e in ("same", "outline_clearer", "elsewhere", "nothing", "swap")]


def unnormalized(low: float, high: float, count: int = 3, way: str = "first") -> list[bool | None]:
    maps = [np.stack([smooth_noise(at)] * 3, -1) for at in range(count)]
    records = [
        Record(f"smoothgrad/{at}", {"map": one}, {"raw_min": low, "raw_max": high})
        for at, one in enumerate(maps)
    ]
    pictures = {"pictures": list(range(count))}
    deciding = decide if way == "first" else decide_again
    return held(
        deciding("gradients.smoothgrad.unnormalized", evidence_of(*records), pictures, EFFECTS)
    )


@pytest.mark.parametrize(
    ("low", "high", "effect"),
    [
        (0.0, 1e-6, "nothing"),
        (0.0, 1e-30, "nothing"),
        (0.0, 0.09, "nothing"),
        (0.0, 1.0, "same"),
        (1.0, 0.0, "swap"),
        (-0.5, 1.5, "outline_clearer"),
        (-1000.0, 10.0, "elsewhere"),
    ],
)
def test_what_a_viewer_would_show_decides(low: float, high: float, effect: str) -> None:
    found = unnormalized(low, high)
    assert found == [claim["effect"] == effect for claim in EFFECTS]


@settings(max_examples=20, deadline=None, derandomize=True)
@given(power=st.floats(-30, -1.1))
def test_however_weak_the_gradients_it_is_the_same_darkness(power: float) -> None:
    assert unnormalized(0.0, 10.0**power, 1) == [False, False, False, True, False]


@pytest.mark.parametrize("kept", [{}, {"raw_min": 0.0}, {"raw_max": None, "raw_min": 0.0}])
def test_without_the_range_only_what_follows_from_the_order_is_told(kept: dict[str, Any]) -> None:
    record = Record("smoothgrad/0", {"map": np.ones((8, 8, 3))}, kept)
    decision = decide(
        "gradients.smoothgrad.unnormalized", evidence_of(record), {"pictures": [0]}, EFFECTS
    )
    told = dict(zip((one["effect"] for one in EFFECTS), held(decision), strict=True))
    assert told == {
        "same": None,
        "outline_clearer": None,
        "elsewhere": False,
        "nothing": None,
        "swap": False,
    }
    assert decision.note is not None and "was not kept" in decision.note[0]


def test_a_range_that_is_no_number_is_no_range_of_the_second_way() -> None:
    second = all_rules()["gradients.smoothgrad.unnormalized"].cross_check
    assert second is not None
    record = Record("smoothgrad/0", {"map": np.ones((8, 8, 3))}, {"raw_min": 0.0})
    with pytest.raises(MissingEvidence, match="the value 'raw_max'"):
        second.decide(
            evidence_of(record),
            PicturesSettings(pictures=[0]),
            [UnnormalizedClaim(effect="same")],
        )


SECOND_CASES = [
    (0.0, 1e-6, "nothing"),
    (0.0, 0.02, "nothing"),
    (0.0, 1.0, "same"),
    (1.0, 0.0, "swap"),
    (-0.5, 1.5, "outline_clearer"),
]


@pytest.mark.parametrize(("low", "high", "effect"), SECOND_CASES)
def test_the_second_way_finds_the_same_by_structure(low: float, high: float, effect: str) -> None:
    assert unnormalized(low, high, way="second") == [one["effect"] == effect for one in EFFECTS]
