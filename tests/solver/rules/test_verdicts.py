"""Verdicts of the usual shapes."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.rules.registry import Verdict
from solver.rules.verdicts import TIE, above, below, shown, strongest

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
    assert "=" in decided([0.5, 0.5, 0.1])[0].sentence[0]


def test_sentences_name_the_thing_its_value_and_its_rival() -> None:
    (first, second) = decided([0.75, 0.25])
    assert first.sentence == (
        "Share of thing 0: 0.75 > 0.25 (thing 1).",
        "物 0的比例：0.75 > 0.25（物 1）。",
    )
    assert second.sentence[0] == "Share of thing 1: 0.25 < 0.75 (thing 0)."


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
    assert shown(value) in under.sentence[0]
