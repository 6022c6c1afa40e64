"""Points: exact decimals, the course's rule, and Canvas' partial credit."""

from __future__ import annotations

import doctest
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.csv_files import spreadsheet as csv_text
from grader.scoring import attempts
from grader.scoring import policies as scoring
from grader.scoring.policies import POLICIES, AllOrNothing, CanvasPartial
from grader.submissions import (
    NOT_SHOWN,
    UNANSWERED,
    Chosen,
    ReadRow,
    Refused,
    ScoredQuestion,
    Student,
    Submission,
    Ticked,
    decode_response,
    encode_response,
)
from tests.grader.made.made_classes import grade

SETS = st.frozensets(st.sampled_from("abcde"))
SOME = st.frozensets(st.sampled_from("abcde"), min_size=1)
POINTS = st.sampled_from([Decimal("0.3"), Decimal("0.4"), Decimal("1"), Decimal("0.25")])


def question(right: frozenset[str], points: Decimal = Decimal("0.3"), **more) -> ScoredQuestion:
    return ScoredQuestion("q03", "several", points, (Ticked(right),), tuple("abcde"), **more)


@given(SOME, SETS, POINTS)
def test_all_or_nothing(right, given_, points):
    response = Ticked(given_) if given_ else UNANSWERED
    earned = AllOrNothing().points(question(right, points), response)
    assert earned == (points if given_ == right else 0)


@given(SOME, SETS, POINTS)
def test_partial_credit_as_canvas_computes_it(right, given_, points):
    response = Ticked(given_) if given_ else UNANSWERED
    earned = CanvasPartial().points(question(right, points), response)
    parts = max(len(right & given_) - len(given_ - right), 0)
    assert float(earned) == pytest.approx(float(points) * parts / len(right), rel=1e-15)
    assert earned <= points
    assert AllOrNothing().points(question(right, points), response) <= earned


def test_a_third_is_the_float_that_canvas_writes():
    three = question(frozenset("abc"), Decimal("0.4"))
    assert str(CanvasPartial().points(three, Ticked(frozenset("ab")))) == "0.26666666666666666"


def test_drop_downs_with_points_of_their_own_are_scored_apart():
    right = Chosen(frozenset({("x", "1"), ("y", "2"), ("z", "3")}))
    worth = (("x", Decimal("0.1")), ("y", Decimal("0.3")), ("z", Decimal(0)))
    asked = ScoredQuestion("q23", "pair", Decimal("0.4"), (right,), blank_points=worth)

    def earned(*choices):
        return AllOrNothing().points(asked, Chosen(frozenset(choices)))

    assert earned(("x", "1"), ("y", "2"), ("z", "3")) == Decimal("0.4")
    assert earned(("x", "1"), ("y", "9"), ("z", "3")) == Decimal("0.1")
    assert earned(("x", "9"), ("y", "2"), ("z", "9")) == Decimal("0.3")
    assert earned(("y", "1"), ("x", "2"), ("z", "9")) == 0
    assert AllOrNothing().points(asked, UNANSWERED) == 0
    assert AllOrNothing().points(asked, NOT_SHOWN) is None
    whole = ScoredQuestion("q23", "pair", Decimal("0.4"), (right,))
    part = Chosen(frozenset({("x", "1"), ("y", "2"), ("z", "9")}))
    assert AllOrNothing().points(whole, part) == 0


@pytest.mark.parametrize(
    ("points", "right", "ticked", "earned"),
    [
        ("0.3", "ac", "a", "0.15"),
        ("1", "ac", "ac", "1"),  # and not 1.0, as a float would have it
        ("2", "ac", "a", "1"),
        ("1", "abcd", "a", "0.25"),
        ("2", "abcde", "a", "0.4"),
        ("1.00000000000000000003", "a", "a", "1.00000000000000000003"),
        ("1.00000000000000000002", "ac", "a", "0.50000000000000000001"),
        ("5.0000000000000000000", "abcde", "ab", "2"),
        ("5.00000000000000000005", "abcde", "a", "1.00000000000000000001"),
        ("1", "abc", "a", "0.3333333333333333"),
        ("1", "abc", "abcd", "0.6666666666666666"),
    ],
)
def test_a_share_that_ends_is_exact_to_the_last_digit(points, right, ticked, earned):
    asked = question(frozenset(right), Decimal(points))
    assert str(CanvasPartial().points(asked, Ticked(frozenset(ticked)))) == earned


def test_of_several_accepted_answers_the_one_that_pays_most_counts():
    accepted = (Ticked(frozenset("ab")), Ticked(frozenset("c")), Ticked(frozenset("de")))
    asked = ScoredQuestion("q03", "several", Decimal("0.3"), accepted, tuple("abcde"))
    for ticked, earned in (("a", "0.15"), ("c", "0.3"), ("de", "0.3"), ("ac", "0")):
        assert CanvasPartial().points(asked, Ticked(frozenset(ticked))) == Decimal(earned)
    assert CanvasPartial().points(asked, UNANSWERED) == 0
    assert CanvasPartial().points(ScoredQuestion("q", "single", Decimal(1), ()), UNANSWERED) == 0


def test_drop_downs_left_empty_earn_nothing():
    accepted = (Chosen(frozenset({("x", "a"), ("y", "b")})),)
    asked = ScoredQuestion("q27", "pair", Decimal("0.3"), accepted)
    assert CanvasPartial().points(asked, UNANSWERED) == 0
    assert CanvasPartial().points(asked, Chosen(frozenset({("y", "b")}))) == Decimal("0.15")


def test_each_drop_down_has_its_share():
    pair = ScoredQuestion(
        "q22", "pair", Decimal("0.4"), (Chosen(frozenset({("x", "a"), ("y", "b")})),)
    )
    half = Chosen(frozenset({("x", "a"), ("y", "c")}))
    assert CanvasPartial().points(pair, half) == Decimal("0.2")
    assert AllOrNothing().points(pair, half) == 0
    assert AllOrNothing().points(pair, pair.accepted[0]) == Decimal("0.4")


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES.keys())
def test_what_was_not_shown_or_not_read_has_no_points(policy):
    plain, void = question(frozenset("a")), question(frozenset("a"), void=True)
    refused = Refused("?", "fits none")
    assert policy.points(plain, NOT_SHOWN) is None
    assert policy.points(void, NOT_SHOWN) is None
    assert policy.points(plain, refused) is None
    assert policy.points(void, refused) == plain.points
    assert policy.points(void, UNANSWERED) == plain.points
    assert policy.points(plain, UNANSWERED) == 0


def test_thirty_questions_make_ten_points_exactly():
    questions = tuple(
        ScoredQuestion(
            f"q{n:02d}", "single", Decimal("0.3" if n <= 20 else "0.4"), (Ticked(frozenset("a")),)
        )
        for n in range(1, 31)
    )
    right = Ticked(frozenset("a"))
    ticks = dict.fromkeys((each.id for each in questions), right)
    made = Submission(Student("1"), 1, None, ticks, {}, None, "f.csv", 2)
    (graded,) = grade([ReadRow(made)], questions).used
    assert str(graded.total) == "10.0" and sum(0.3 for _ in range(20)) != 6.0


@given(
    st.one_of(
        SOME.map(Ticked),
        st.just(UNANSWERED),
        st.just(NOT_SHOWN),
        st.builds(Refused, st.text(), st.text()),
        st.frozensets(st.tuples(st.sampled_from("xy"), st.text()), min_size=1, max_size=2)
        .filter(lambda choices: len({blank for blank, _ in choices}) == len(choices))
        .map(Chosen),
    )
)
def test_a_response_survives_its_short_text(response):
    assert decode_response(encode_response(response)) == response


@pytest.mark.parametrize("module", [scoring, attempts, csv_text], ids=lambda m: m.__name__)
def test_examples_in_the_docs(module):
    result = doctest.testmod(module)
    assert result.attempted and not result.failed
