"""What needs a look, how close a verdict is, and the bars that show it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.key import OptionVerdict
from solver.page.review_flags import CLOSE, STATES, closest, reasons_to_look, relative_margin
from solver.page.verdict_bars import bars_of
from solver.text.numbers import number, percent
from tests.solver.page.made_keys import decided, left_open, overridden, verdict


def states(entry: object, asked: object = None) -> list[str]:
    return [STATES[reason.rank] for reason in reasons_to_look(entry, asked)]  # type: ignore[arg-type]


def test_a_clear_decision_needs_no_look() -> None:
    assert states(decided("q01")) == []


def test_what_is_open_overridden_or_undecided_needs_one() -> None:
    assert states(left_open("q01", "lime/1")) == ["open"]
    assert states(overridden("q01")) == ["overridden"]
    options = [verdict("a", holds=True), verdict("b", holds=None)]
    assert states(decided("q01", options=options)) == ["undecided"]


@pytest.mark.parametrize("held", [0, 1, 2, 3])
def test_a_single_question_has_one_option_that_holds(held: int) -> None:
    options = [verdict(name, holds=at < held) for at, name in enumerate("abc")]
    assert states(decided("q01", options=options)) == ([] if held == 1 else ["count"])


def test_of_several_as_many_hold_as_were_asked_for(tmp_path: object) -> None:
    from pathlib import Path

    from tests.solver.page.made_keys import bank_question, made_bank

    assert isinstance(tmp_path, Path)
    asked = made_bank(tmp_path, [bank_question("q01", "several", choose=2)]).question("q01")
    for held in range(4):
        options = [verdict(name, holds=at < held) for at, name in enumerate("abc")]
        entry = decided("q01", "several", options=options)
        assert states(entry, asked) == ([] if held == 2 else ["count"])
        assert states(entry) == ([] if held else ["count"])  # no number asked for: at least one


def test_each_drop_down_has_one_choice() -> None:
    def pair(*held: bool) -> list[str]:
        names = [("word", "a"), ("word", "b"), ("fall", "a"), ("fall", "b")]
        options = [
            verdict(name, blank=blank, holds=holds)
            for (blank, name), holds in zip(names, held, strict=True)
        ]
        return states(decided("q01", "pair", correct={}, options=options))

    assert pair(True, False, False, True) == []
    assert pair(True, True, False, True) == ["count"]
    assert pair(False, False, False, False) == ["count", "count"]


@given(st.floats(0.01, 100), st.floats(0.001, 1))
def test_a_close_call_is_one_whose_margin_is_small_beside_its_threshold(
    threshold: float, share: float
) -> None:
    one = verdict("a", holds=True, value=threshold * (1 + share), threshold=threshold)
    assert relative_margin(one) == pytest.approx(share)
    entry = decided("q01", options=[one])
    if abs(share - CLOSE) > 1e-9:
        assert states(entry) == (["close"] if share < CLOSE else [])


def test_the_closest_option_counts_and_text_has_no_margin() -> None:
    far, near = verdict("a", value=0.1), verdict("b", value=0.7)
    found = closest(decided("q01", options=[far, near]))
    assert found is not None and found[1].id == "b" and found[0] == pytest.approx(0.125)
    named = verdict("a", value="Conv2d", threshold="ReLU")
    assert relative_margin(named) is None and closest(decided("q01", options=[named])) is None


def test_against_nothing_the_value_itself_is_the_scale() -> None:
    assert relative_margin(verdict("a", value=0.3, threshold=0.0)) == 1
    assert relative_margin(verdict("a", value=0.0, threshold=0.0)) == 0


def rects(html: str) -> tuple[float, float]:
    found = re.search(r'<rect class="(?:un)?held" x="([\d.]+)%" y="2" width="([\d.]+)%"', html)
    assert found
    return float(found[1]), float(found[2])


@given(st.lists(st.floats(-50, 50).map(lambda v: round(v, 3)), min_size=2, max_size=6))
def test_bars_are_as_long_as_their_values(values: list[float]) -> None:
    verdicts = [verdict("a", value=value, threshold=values[0]) for value in values]
    bars = bars_of(verdicts)
    if not any(values):
        assert not any(bars)
        return
    span = max(0.0, *values) - min(0.0, *values)
    for bar, value in zip(bars, values, strict=True):
        start, width = rects(bar)
        assert 0 <= start <= 100.01 and start + width <= 100.02
        assert width == pytest.approx(100 * abs(value) / (1.04 * span), abs=0.02)


def test_a_bar_carries_the_mark_of_what_it_was_held_against() -> None:
    (first, second) = bars_of([verdict("a", value=1.0, threshold=0.5), verdict("b", value=0.5)])
    assert 'class="mark" x1="48.08%"' in first
    assert rects(first)[1] == pytest.approx(2 * rects(second)[1], abs=0.02)


def test_units_do_not_share_a_scale_and_words_have_no_bar() -> None:
    small = verdict("a", value=0.5, threshold=0.1, unit="share")
    large = verdict("b", value=5e6, threshold=1e6, unit="words")
    named = verdict("c", value="Conv2d", threshold="ReLU", unit="")
    bars = bars_of([small, large, named])
    assert rects(bars[0])[1] == rects(bars[1])[1] and not bars[2]


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_numbers_are_short_and_have_no_hyphen(value: float) -> None:
    text = number(value)
    assert 0 < len(text) <= 12 and "-" not in text and "e" not in text


@given(st.floats(0, 1e9))
def test_percents_are_short(share: float) -> None:
    assert len(percent(share)) <= 5 and percent(share).endswith("%")


def test_every_verdict_can_be_marked(tmp_path: object) -> None:
    assert bars_of([OptionVerdict(id="a", holds=None, sentence=verdict("a").sentence)]) == [""]
