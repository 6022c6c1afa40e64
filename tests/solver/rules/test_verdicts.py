"""Verdicts of the usual shapes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.rules.registry import Verdict
from solver.rules.verdicts import PLACEMENTS, TIE, above, amounts, below, strongest

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False)
VALUES = st.lists(NUMBERS, min_size=2, max_size=6)
WHAT = ("share of {0}", "{0}的比例")


def names(count: int) -> list[tuple[str, str]]:
    return [(f"thing {at}", f"物 {at}") for at in range(count)]


def decided(values: list[float]) -> list[Verdict]:
    return strongest(values, names(len(values)), unit="share", what=WHAT)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(values=VALUES)
def test_at_most_one_is_strongest_and_it_is_the_largest(values: list[float]) -> None:
    verdicts = decided(values)
    holding = [at for at, verdict in enumerate(verdicts) if verdict.holds]
    first, second = sorted(values, reverse=True)[:2]
    assert len(holding) == (1 if first - second > TIE else 0)
    if holding:
        assert values[holding[0]] == first
    for value, verdict in zip(values, verdicts, strict=True):
        assert verdict.value == value
        assert verdict.threshold is not None
        assert verdict.margin == abs(value - float(verdict.threshold))


@settings(max_examples=30, deadline=None, derandomize=True)
@given(values=VALUES, seed=st.integers(0, 99))
def test_the_order_of_the_options_does_not_matter(values: list[float], seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(values))
    turned = decided([values[at] for at in order])
    assert [verdict.holds for verdict in turned] == [decided(values)[at].holds for at in order]


def test_equals_hold_nowhere() -> None:
    assert [verdict.holds for verdict in decided([0.5, 0.5, 0.1])] == [False, False, False]
    assert "50%, as much as thing 1 (50%)" in decided([0.5, 0.5, 0.1])[0].sentence[0]


def test_sentences_name_the_thing_its_value_and_its_rival() -> None:
    (first, second) = decided([0.75, 0.25])
    assert first.sentence == (
        "Share of thing 0: 75%, more than thing 1 (25%).",
        "物 0的比例：75%，高於物 1（25%）。",
    )
    assert second.sentence[0] == "Share of thing 1: 25%, less than thing 0 (75%)."


def test_a_clause_of_its_own_says_an_options_value() -> None:
    says = [("green covers {0} of the {food}", "綠色覆蓋食物的 {0}"), ("red {0}", "紅色 {0}")]
    (first, _) = strongest([0.469, 0.07], names(2), unit="share", what=WHAT, says=says)
    assert first.sentence == (
        "Green covers 47% of the {food}; red 7.0%.",
        "綠色覆蓋食物的 47%；紅色 7.0%。",
    )


@pytest.mark.parametrize(
    ("value", "other", "unit", "said"),
    [
        (0.5, 0.1, "share of tokens", ("50%", "10%")),
        (0.46912, 0.46898, "share", ("46.91%", "46.90%")),
        (-0.3, 0.04, "share", ("−30%", "4.0%")),
        (1.42, 0.9, "times the rest", ("1.42 times the rest", "0.9 times")),
        (1 / 217, 0.01, PLACEMENTS, ("1 in 217 random placements", "1 in 100 random placements")),
        (0.73, 0.01, PLACEMENTS, ("73 in 100 random placements", "1 in 100 random placements")),
        (6.9e-14, 2.0, "cosine", ("6.9×10⁻¹⁴", "2")),
        (0.1, 0.1, "share", ("10%", "10%")),
    ],
)
def test_values_are_said_as_people_say_them(
    value: float, other: float, unit: str, said: tuple[str, str]
) -> None:
    own, rival = amounts(value, other, unit)
    assert (own[0], rival[0]) == said


@settings(max_examples=40, deadline=None, derandomize=True)
@given(value=NUMBERS, threshold=NUMBERS)
def test_above_and_below_are_opposites(value: float, threshold: float) -> None:
    texts = {"unit": "u", "what": ("w", "物"), "against": ("a", "界")}
    over = above(value, threshold, inclusive=True, **texts)  # type: ignore[arg-type]
    strict = above(value, threshold, **texts)  # type: ignore[arg-type]
    under = below(value, threshold, **texts)  # type: ignore[arg-type]
    assert over.holds is (value >= threshold)
    assert strict.holds is (value > threshold)
    assert under.holds is (value < threshold)
    assert over.margin == under.margin == abs(value - threshold)
    assert amounts(value, threshold, "u")[0][0] in under.sentence[0]
