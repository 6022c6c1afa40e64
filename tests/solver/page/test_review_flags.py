"""What needs a look, how close a verdict is, and the bars that show it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.key import Flips, OptionVerdict
from solver.page.review_flags import (
    CLOSE,
    DOUBTFUL,
    STATES,
    closest,
    reasons_to_look,
    relative_margin,
)
from solver.page.verdict_bars import margin_bar
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
    entry = decided("q01", options=[one], doubt=0.0)
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


def drawn(verdict: OptionVerdict) -> tuple[str, float, float]:
    found = re.search(
        r'<rect class="(held|unheld)" x="([\d.]+)%" y="2" width="([\d.]+)%"', margin_bar(verdict)
    )
    assert found
    return found[1], float(found[2]), float(found[3])


@given(st.floats(0.01, 1e6), st.floats(0.01, 1e6), st.sampled_from(["share", "words"]))
def test_a_bar_goes_right_where_it_holds_as_far_as_its_margin(
    value: float, threshold: float, unit: str
) -> None:
    found = verdict("a", holds=value > threshold, value=value, threshold=threshold, unit=unit)
    kind, start, width = drawn(found)
    share = relative_margin(found)
    assert share is not None
    assert width == pytest.approx(max(50 * min(share, 1), 0.6), abs=0.01)
    assert start == pytest.approx(50 if kind == "held" else 50 - width, abs=0.011)
    assert (kind == "held") is (value > threshold)


def test_words_and_open_verdicts_have_no_bar() -> None:
    assert not margin_bar(verdict("c", value="Conv2d", threshold="ReLU", unit=""))
    assert not margin_bar(OptionVerdict(id="a", holds=None, sentence=verdict("a").sentence))


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_numbers_are_short_and_have_no_hyphen(value: float) -> None:
    text = number(value)
    assert 0 < len(text) <= 12 and "-" not in text and "e" not in text


@given(st.floats(0, 1e9))
def test_percents_are_short(share: float) -> None:
    assert len(percent(share)) <= 5 and percent(share).endswith("%")


def test_a_doubtful_answer_that_nothing_contests_is_listed_with_its_chance() -> None:
    entry = decided("q01", doubt=DOUBTFUL)
    assert not entry.contested
    (reason,) = reasons_to_look(entry, None)
    assert (reason.sentence, reason.values) == ("reason_doubt", {"share": ("about 20%", "約 20%")})
    assert reasons_to_look(decided("q01", doubt=DOUBTFUL - 0.01), None) == []
    # Of what is contested the chance stands in the card.
    options = [verdict("a", holds=True).model_copy(update={"flips": Flips(share=0.1)})]
    contested = decided("q01", options=options, doubt=0.4)
    assert contested.contested
    assert "reason_doubt" not in [one.sentence for one in reasons_to_look(contested, None)]
