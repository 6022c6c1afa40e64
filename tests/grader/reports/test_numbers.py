"""Numbers on the pages are rounded as decimals, half up, whatever their binary form."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.items.analysis import analyse_class
from grader.items.estimates import Estimate, rounded
from grader.items.tables import summary_data
from grader.reports.class_report import class_page
from grader.reports.environment import decimals_of, percent, points, signed
from tests.grader.made.made_classes import again, made_class
from tests.grader.made.page_reader import Page


@given(st.decimals(-100, 100, places=4))
def test_points_are_written_exactly(value: Decimal) -> None:
    assert Decimal(points(value).replace("−", "-")) == value
    assert Decimal(signed(value).replace("−", "-")) == value
    assert signed(value).startswith(("+", "−")) or value == 0


def test_no_negative_zero() -> None:
    assert (decimals_of(-0.001), decimals_of(-0.006)) == ("0.00", "−0.01")


def half_up(value: Fraction, places: int) -> Decimal:
    """The rule in whole numbers alone, for values that are not negative."""
    return Decimal(int(value * 10**places + Fraction(1, 2))).scaleb(-places)


@given(st.integers(0, 3000), st.integers(1, 500), st.integers(0, 4))
def test_a_mean_is_rounded_as_its_fraction_is(tenths: int, n: int, places: int) -> None:
    mean = Fraction(tenths, 10 * n)
    assert rounded(float(mean), places) == half_up(mean, places)
    summed = sum([float(mean) / n] * n)  # with the dust of a sum of floats
    assert rounded(summed, places) == half_up(mean, places)


@pytest.mark.parametrize(("value", "shown"), [(0.225, "0.23"), (0.215, "0.22"), (-0.225, "−0.23")])
def test_a_half_goes_up_whether_its_float_lies_above_or_below(value: float, shown: str) -> None:
    assert decimals_of(value) == shown


def test_half_a_percent_goes_up() -> None:
    assert [percent(Estimate(n / 200, 200)) for n in (29, 57, 113)] == ["15%", "29%", "57%"]


def test_means_of_a_class_are_rounded_as_their_fractions_are() -> None:
    """Of 40 students the mean of a question has halves at the third decimal."""
    bank, key, made = made_class(40, 5, questions=10)
    made = replace(again(made, [each.submission for each in made.used]), left_out=made.left_out)
    analysis = analyse_class(made)
    text = Page(class_page(made, bank, key, analysis)).en
    halves = 0
    for item in analysis.questions:
        name = item.question.id
        mean = sum((Fraction(each.points[name] or 0) for each in made.used), Fraction(0)) / 40
        halves += (mean * 2000).denominator == 1 and (mean * 1000).denominator == 2
        row = text.split(f"\n{name}")[1].split("\n\n")[0]
        assert str(half_up(mean, 3)) in row
    assert halves  # else this class tries nothing
    total = sum((Fraction(each.total) for each in made.used), Fraction(0)) / 40
    assert re.search(rf"{half_up(total, 2)}\s*mean", text)
    assert Decimal(str(summary_data(made, analysis)["totals"]["mean"])) == half_up(total, 6)
