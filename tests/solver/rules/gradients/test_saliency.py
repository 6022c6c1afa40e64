"""What saliency is and what its normalization does, with the truth turned over."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from solver.bundle.bundle import Bundle
from solver.errors import MissingEvidence
from solver.evidence import Evidence, Record
from solver.explain.cnn import saliency as source
from solver.explain.job import Job
from tests.solver.rules.made_maps import decide, evidence_of, held, smooth_noise
from tests.solver.sure_network import with_logits_times

CANDIDATES = [
    {"numerator": top, "denominator": below}
    for top, below in (
        ("loss", "parameters"),
        ("loss", "input"),
        ("parameters", "loss"),
        ("input", "loss"),
        ("input", "label"),
    )
]
ALL_MOVES = {f"{c['numerator']} with {c['denominator']}": True for c in CANDIDATES}
LOSS_MOVES = {name: name.startswith("loss") for name in ALL_MOVES}


def measured(method: np.ndarray, differences: np.ndarray, **values: Any) -> Evidence:
    known = {"parameters": 122_055, "map_size": 16_384, "moves": LOSS_MOVES} | values
    arrays = {"method": method, "differences": differences}
    return evidence_of(Record("saliency_derivative", arrays, known))


def derivative(evidence: Evidence) -> list[bool | None]:
    return held(decide("gradients.saliency.derivative", evidence, {}, CANDIDATES))


@settings(max_examples=30, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6), noise=st.floats(0, 0.02), scale=st.floats(1e-12, 1e3))
def test_only_what_moves_and_agrees_is_the_derivative(
    seed: int, noise: float, scale: float
) -> None:
    generator = np.random.default_rng(seed)
    differences = generator.uniform(0.5, 1.5, 12)
    method = differences * (1 + noise * generator.normal(size=12))
    right = [False, True, False, False, False]
    assert derivative(measured(method * scale, differences * scale)) == right
    # The same values in another order are some other quantity's.
    assert derivative(measured(method[::-1], np.sort(method)))[1] is (
        bool(np.corrcoef(method[::-1], np.sort(method))[0, 1] >= 0.9)
    )
    assert derivative(measured(-method, differences)) == [False] * 5


def test_what_would_move_could_be_the_derivative() -> None:
    values = np.linspace(1, 2, 12)
    for candidate in CANDIDATES[2:]:
        name = f"{candidate['numerator']} with {candidate['denominator']}"
        moves = {other: other == name for other in ALL_MOVES}
        found = derivative(measured(values, values, moves=moves))
        assert found == [other == candidate for other in CANDIDATES]
    assert derivative(measured(values, values, map_size=122_055))[0] is True
    assert derivative(measured(values, values, moves={})) == [False] * 5


def test_a_method_that_returns_the_picture_is_no_derivative(
    demo: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = evidence_of(source.saliency_derivative(Job("saliency_derivative", demo)))
    assert derivative(right) == [False, True, False, False, False]

    def noise(bundle: Bundle, place: int, network: nn.Module | None = None) -> torch.Tensor:
        return torch.from_numpy(np.random.default_rng(place).random((3, 128, 128)) + 1)

    monkeypatch.setattr(source, "absolute_gradient", noise)
    wrong = evidence_of(source.saliency_derivative(Job("saliency_derivative", demo)))
    assert derivative(wrong) == [False] * 5


@pytest.mark.parametrize("factor", [1, 4, 16, 64])
def test_a_sure_network_has_the_same_derivative_or_leaves_it_open(
    demo: Bundle, factor: float
) -> None:
    sure = with_logits_times(demo, factor)
    found = source.saliency_derivative(Job("saliency_derivative", sure))
    if found.value("one_minus_p") < 1e-13:  # factors 16 and 64
        with pytest.raises(MissingEvidence, match="of whose label the network is less sure"):
            derivative(evidence_of(found))
    else:
        assert derivative(evidence_of(found)) == [False, True, False, False, False]
        assert np.allclose(found.array("method"), found.array("differences"), rtol=1e-4)
    assert (found.value("one_minus_p") < 1e-13) == (factor > 4)


@pytest.mark.parametrize("name", ["parameters", "map_size"])
def test_a_missing_count_leaves_it_open(name: str) -> None:
    values = np.linspace(1, 2, 12)
    for wrong in (None, "many", True):
        with pytest.raises(MissingEvidence, match=f"the value '{name}'"):
            derivative(measured(values, values, **{name: wrong}))


def test_too_few_or_equal_gradients_leave_it_open() -> None:
    for method in (np.ones(12), np.linspace(1, 2, 2)):
        with pytest.raises(MissingEvidence, match="three or more differing gradients"):
            derivative(measured(method, np.linspace(1, 2, len(method))))


EFFECTS = [{"effect": e} for e in ("none", "lowers_scale", "raises_scale", "spreads", "marks")]


def normalization(
    ranges: list[tuple[float, float]], maps: list[np.ndarray] | None = None
) -> list[bool | None]:
    maps = maps or [smooth_noise(at) ** 2 for at in range(len(ranges))]
    records = [
        Record(f"saliency/{at}", {"map": shown}, {"raw_min": low, "raw_max": high})
        for at, (shown, (low, high)) in enumerate(zip(maps, ranges, strict=True))
    ]
    pictures = {"pictures": list(range(len(ranges)))}
    return held(
        decide("gradients.saliency.normalization", evidence_of(*records), pictures, EFFECTS)
    )


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    powers=st.lists(st.floats(-13, 3), min_size=2, max_size=10).filter(
        lambda found: max(found) - min(found) > 0.5
    ),
    scale=st.floats(-10, 10),
)
def test_different_scales_are_lowered_whatever_their_common_one(
    powers: list[float], scale: float
) -> None:
    expected = [False, True, False, False, False]
    assert normalization([(0, 10.0**power) for power in powers]) == expected
    assert normalization([(0, 10.0 ** (power + scale)) for power in powers]) == expected


@settings(max_examples=25, deadline=None, derandomize=True)
@given(power=st.floats(-13, 3), count=st.integers(1, 10))
def test_where_all_gradients_have_one_scale_it_makes_no_difference(
    power: float, count: int
) -> None:
    assert normalization([(0, 10.0**power)] * count) == [True, False, False, False, False]


def test_a_normalization_that_raised_the_scales_would_be_said_so() -> None:
    weak = smooth_noise(1) * 0.01  # shown dim, though its raw gradients are as large
    assert normalization([(0, 1), (0, 100)], [smooth_noise(0), weak])[1:3] == [False, True]


def test_a_normalization_that_spread_would_be_said_so() -> None:
    maps = [0.5 + smooth_noise(at) ** 8 / 2 for at in range(3)]
    maps = [np.where(one == one.max(), 1, one) for one in maps]
    found = normalization([(-1, 1)] * 3, maps)  # raw values reach down to 0, shown ones to .5
    assert found[3] is True
    assert normalization([(0, 1)] * 3, [one * 2 - 1 for one in maps])[3] is False


def test_a_missing_range_or_an_empty_map_leaves_it_open() -> None:
    empty = Record("saliency/0", {"map": np.zeros((8, 8))}, {"raw_min": 0, "raw_max": 0})
    bare = Record("saliency/0", {"map": np.ones((8, 8))}, {"raw_min": 0})
    for record, says in ((empty, "not zero everywhere"), (bare, "the value 'raw_max'")):
        with pytest.raises(MissingEvidence, match=says):
            decide(
                "gradients.saliency.normalization", evidence_of(record), {"pictures": [0]}, EFFECTS
            )


def test_the_ratio_and_the_needed_likeness_are_said() -> None:
    """The method returns five times the differences, but for one place: a correlation of .9."""
    differences = np.arange(1.0, 13)
    evidence = measured(differences * 5, differences)
    verdict = decide("gradients.saliency.derivative", evidence, {}, CANDIDATES).verdicts[1]
    assert (verdict.value, verdict.threshold) == (pytest.approx(1), 0.9)
    assert "(ratio of the values 5)" in verdict.sentence[0] and "數值的比 5" in verdict.sentence[1]
    turn = np.random.default_rng(3).normal(size=12)
    for share, holds in ((0.89, False), (0.91, True)):
        method = with_correlation(differences, turn, share)
        assert derivative(measured(method, differences))[1] is holds


def with_correlation(first: np.ndarray, second: np.ndarray, r: float) -> np.ndarray:
    """What is of the second is turned until it has this correlation with the first."""
    one, other = (values - values.mean() for values in (first, second))
    other = other - one * (one @ other) / (one @ one)
    mixed: np.ndarray = r * one / np.linalg.norm(one)
    return mixed + np.sqrt(1 - r * r) * other / np.linalg.norm(other) + 3


def test_each_effect_of_the_normalization_has_the_value_of_its_own_definition() -> None:
    """Two maps of four places, whose largest raw values are 1 and .01."""
    maps = [np.array([[0.0, 1.0], [0.5, 0.5]]), np.array([[0.0, 1.0], [1.0, 1.0]])]
    records = [
        Record(f"saliency/{at}", {"map": one}, {"raw_min": 0.0, "raw_max": high})
        for at, (one, high) in enumerate(zip(maps, (1.0, 0.01), strict=True))
    ]
    found = decide(
        "gradients.saliency.normalization", evidence_of(*records), {"pictures": [0, 1]}, EFFECTS
    )
    assert [one.value for one in found.verdicts] == pytest.approx([0.99, 2, -2, 0, 0], abs=1e-12)
    assert "(2 before, 0 after)" in found.verdicts[1].sentence[0]
    rows = found.figures[0].parameters["rows"]
    assert [row[1:] for row in rows] == [["1", "1"], ["0.01", "1"]]
