"""What a question asks for: claims that fail, given numbers, drop-downs of any count."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.banks.bank import MeasuredChoices, load_bank
from solver.decide.asked import nearest
from solver.decide.decide import decide_question, measured_options, verdicts_again
from solver.decide.margins import claims_of
from solver.errors import BankError, EvidenceError
from solver.evidence import Evidence, Record
from solver.rules.registry import PlannedQuestion, Verdict, plan_questions

HEADER = 'title: {en: T, zh-Hant: 題}\nedition: "2022"\n'
START = """topic: demo
title: {en: Demo, zh-Hant: 示範}
questions:
  - id: q01
    points: "0.4"
    stem: {en: "Which?", zh-Hant: "哪一個？"}
"""
TEXT = "text: {en: A, zh-Hant: 甲}"
MODULES = """    kind: several
    rule: filters.layer_type
    with: {index: 6}
    options:
      - {id: a, claim: {module: Conv2d}, %s}
      - {id: b, claim: {module: ReLU}, %s}
      - {id: c, claim: {module: Linear}, %s}
""" % ((TEXT,) * 3)
FALLS = """    kind: pair
    rule: bert.masked_lm
    blanks:
      - id: x
        label: {en: X, zh-Hant: 甲}
        points: "0.2"
        options:
          - {id: a, claim: {predicted: he}, %s}
          - {id: b, claim: {predicted: she}, %s}
      - id: y
        label: {en: Y, zh-Hant: 乙}
        points: "0.2"
        options:
          - {id: a, number: "0.99", claim: {falls: he}, text: {en: ".99", zh-Hant: ".99"}}
          - {id: b, number: "0.01", claim: {falls: he}, text: {en: ".01", zh-Hant: ".01"}}
          - {id: c, number: "0.81", claim: {falls: he}, text: {en: ".81", zh-Hant: ".81"}}
          - {id: d, number: "0.18", claim: {falls: he}, text: {en: ".18", zh-Hant: ".18"}}
""" % ((TEXT,) * 2)


def planned(folder: Path, body: str) -> PlannedQuestion:
    (folder / "bank.yaml").write_text(HEADER, encoding="utf-8")
    (folder / "demo.yaml").write_text(START + body, encoding="utf-8")
    (question,) = plan_questions(load_bank(folder))
    return question


def with_module(name: str) -> Evidence:
    evidence = Evidence()
    evidence.add(Record("module/6", {}, {"class": name}))
    return evidence


def with_words(before: float, after: float) -> Evidence:
    evidence = Evidence()
    for at, p in enumerate((before, after)):
        arrays = {"pieces": np.array(["he", "she"]), "probabilities": np.array([p, 1 - p])}
        evidence.add(Record(f"masked_words/{at}", arrays))
    return evidence


def test_what_fails_is_chosen_where_it_is_asked_for(tmp_path: Path) -> None:
    question = planned(tmp_path, MODULES + "    asks: fails\n")
    entry = decide_question(question, with_module("ReLU")).entry
    assert entry.correct == ["a", "c"]
    plain = decide_question(planned(tmp_path, MODULES), with_module("ReLU")).entry
    assert plain.correct == ["b"]
    assert [one.margin for one in entry.options] == [one.margin for one in plain.options]
    assert entry.options[0].sentence.en.endswith("It does not hold, which is asked for.")
    assert entry.options[1].sentence.en.endswith("It holds, and what does not hold is asked for.")
    assert entry.options[0].sentence.zh_hant.endswith("正是本題所問。")


def test_repeats_and_stakes_ask_the_same(tmp_path: Path) -> None:
    question = planned(tmp_path, MODULES + "    asks: fails\n")
    entry = decide_question(question, with_module("ReLU")).entry
    assert verdicts_again(question, entry, with_module("Conv2d")) == [False, True, True]
    (claims,) = claims_of([question])
    (plain,) = claims_of([planned(tmp_path, MODULES)])
    assert claims.identity != plain.identity
    assert claims.margins(with_module("ReLU")) == [np.inf, -np.inf, np.inf]


def test_the_number_nearest_to_the_measured_value_is_right(tmp_path: Path) -> None:
    question = planned(tmp_path, FALLS)
    entry = decide_question(question, with_words(0.9, 0.2)).entry
    assert entry.correct == {"x": "A", "y": ".81"}
    assert entry.blank_points == {"x": Decimal("0.2"), "y": Decimal("0.2")}
    number = next(one for one in entry.options if one.blank == "y" and one.id == "c")
    assert (number.value, number.threshold) == (0.7, 0.81)
    assert number.margin == pytest.approx((0.99 + 0.81) / 2 - 0.7, abs=1e-6)
    assert number.sentence.en.endswith("Of the numbers given, 0.81 is the nearest to 0.7.")
    assert verdicts_again(question, entry, with_words(0.9, 0.8))[2:] == [False, False, False, True]


def measured(value: Any) -> Verdict:
    return Verdict(True, value, "", "", None, None, ("It is.", "是。"))


@given(
    value=st.floats(-2, 2),
    given_numbers=st.lists(
        st.decimals(-2, 2, places=2, allow_nan=False), min_size=2, max_size=6, unique=True
    ),
)
def test_a_number_holds_as_long_as_the_value_stays_within_its_margin(
    value: float, given_numbers: list[Decimal]
) -> None:
    verdicts = nearest(measured(value), given_numbers)
    distances = [abs(float(number) - value) for number in given_numbers]
    assert sum(bool(one.holds) for one in verdicts) <= 1
    for verdict, distance in zip(verdicts, distances, strict=True):
        assert verdict.margin is not None
        assert verdict.margin >= 0
        if verdict.holds:
            assert distance == min(distances)
        for moved in (value - verdict.margin * 0.99, value + verdict.margin * 0.99):
            again = nearest(measured(moved), given_numbers)
            assert verdict.margin < 1e-6 or again[verdicts.index(verdict)].holds == verdict.holds


def test_a_value_halfway_between_two_numbers_is_nearest_to_neither() -> None:
    verdicts = nearest(measured(0.5), [Decimal("0.25"), Decimal("0.75")])
    assert [(one.holds, one.margin) for one in verdicts] == [(False, 0), (False, 0)]


def test_what_measures_no_number_is_said() -> None:
    with pytest.raises(EvidenceError, match="measures no number"):
        nearest(measured("ReLU"), [Decimal(1)])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            ('points: "0.2"', 'points: "0.3"'),
            "q01: the points of its drop-downs must add up to 0.4",
        ),
        (('        points: "0.2"\n', ""), "must add up"),
        (('number: "0.99"', "number: 0.99"), 'written as text, "0.81"'),
        (('number: "0.99"', 'number: ".99"'), "plain decimal"),
        (('number: "0.99"', 'number: "0.810"'), "two options are the same number"),
        (('number: "0.99", ', ""), "where one option is a number, all are"),
        (('"0.99", claim: {falls: he}', '"0.99", claim: {falls: she}'), "make the same claim"),
    ],
)
def test_numbers_and_points_that_cannot_be_are_named(
    tmp_path: Path, change: tuple[str, str], says: str
) -> None:
    with pytest.raises(BankError, match=says):
        planned(tmp_path, FALLS.replace(*change, 1))


def test_one_drop_down_or_three_are_decided(tmp_path: Path) -> None:
    one = """    kind: pair
    rule: filters.layer_type
    with: {index: 6}
    blanks:
"""
    blank = """      - id: %s
        label: {en: X, zh-Hant: 甲}
        options:
          - {id: a, claim: {module: Conv2d}, text: {en: A, zh-Hant: 甲}}
          - {id: b, claim: {module: ReLU}, text: {en: B, zh-Hant: 乙}}
"""
    for names in (["x"], ["x", "y", "z"]):
        question = planned(tmp_path, one + "".join(blank % name for name in names))
        entry = decide_question(question, with_module("ReLU")).entry
        assert entry.correct == dict.fromkeys(names, "B")


FACTORS = [Decimal(one) for one in ("2", "0.5", "1.5", "0.1")]


def test_choices_around_a_measured_value_ascend_and_the_value_is_among_them() -> None:
    choices = MeasuredChoices(claim={"falls": "he"}, decimals=2, factors=FACTORS)
    found = measured_options("y", choices, replace(measured(0.4349), unit="probability"))
    assert [one.text for one in found] == ["0.04", "0.22", "0.43", "0.65", "0.87"]
    assert [one.id for one in found] == list("abcde")
    assert [one.holds for one in found] == [False, False, True, False, False]
