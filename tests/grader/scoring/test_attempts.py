"""Which attempt counts: no row lost, none made, none guessed."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.scoring.attempts import MAY_BE_HIGHER, UNREAD_CELL, Candidate, choose, mean

RULES = ("highest", "latest", "first", "average")
ROWS = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(1, 4)),
        st.sampled_from(["", "2026-04-09T03:00", "2026-04-09T04:00", "2026-04-09T05:00"]),
        st.sampled_from(["0", "0.3", "0.7", "1"]),
        st.sampled_from(["0", "0", "0.3"]),
        st.sampled_from("xyz"),
    ),
    min_size=1,
    max_size=6,
)


def candidates(rows) -> list[Candidate]:
    # The same answers (digest) always have the same total.
    made = []
    for seq, (attempt, submitted, total, more, digest) in enumerate(rows):
        worth = Decimal(total) + {"x": 0, "y": 2, "z": 4}[digest]
        made.append(
            Candidate(
                seq, attempt, submitted, worth, worth + Decimal(more), f"{digest}{total}{more}"
            )
        )
    return made


@given(ROWS, st.sampled_from(RULES))
def test_every_row_is_in_exactly_one_list(rows, rule):
    choice = choose(candidates(rows), rule)
    everywhere = choice.counted + choice.superseded + choice.rejected
    assert sorted(everywhere) == list(range(len(rows)))
    assert bool(choice.rejected) <= bool(choice.reason)
    if rule != "average":
        assert len(choice.counted) <= 1


@given(ROWS, st.sampled_from(RULES), st.randoms())
def test_the_order_of_reading_changes_no_grade(rows, rule, rng):
    one = candidates(rows)
    two = list(one)
    rng.shuffle(two)
    two = [
        Candidate(seq, c.attempt, c.submitted, c.total, c.at_most, c.digest)
        for seq, c in enumerate(two)
    ]
    first, second = choose(one, rule), choose(two, rule)
    assert [one[seq].digest for seq in first.counted] == [two[seq].digest for seq in second.counted]
    assert first.doubt == second.doubt
    assert len(first.rejected) == len(second.rejected)


def row(
    seq: int, attempt: int | None, total: str, *, time: str = "", most: str = "", digest: str = ""
):
    at_most = Decimal(most or total)
    return Candidate(seq, attempt, time, Decimal(total), at_most, digest or f"d{seq}")


def test_the_four_rules():
    rows = [row(0, 2, "0.9"), row(1, 1, "0.3"), row(2, 3, "0.6")]
    assert choose(rows, "highest").counted == [0]
    assert choose(rows, "latest").counted == [2]
    assert choose(rows, "first").counted == [1]
    assert choose(rows, "average").counted == [1, 0, 2]


def test_of_equals_the_latest_counts():
    rows = [row(0, 2, "0.9"), row(1, 3, "0.9"), row(2, 1, "0.9")]
    assert choose(rows, "highest").counted == [1]


def test_a_refused_cell_elsewhere_can_leave_the_highest_open():
    sure = [row(0, 1, "0.9"), row(1, 2, "0.6", most="0.9")]
    open_ = [row(0, 1, "0.9"), row(1, 2, "0.6", most="1")]
    assert choose(sure, "highest").doubt == ""
    assert choose(open_, "highest").doubt == MAY_BE_HIGHER
    assert choose(open_, "first").doubt == ""
    assert choose(open_, "latest").doubt == UNREAD_CELL


def test_one_other_attempt_that_may_be_higher_is_enough():
    rows = [row(0, 1, "0.9"), row(1, 2, "0.6", most="1"), row(2, 3, "0.6")]
    assert choose(rows, "highest").doubt == MAY_BE_HIGHER


def test_of_equals_one_with_a_number_counts_before_one_without():
    early, late = "2026-04-09T03:00", "2026-04-10T03:00"
    rows = [row(0, None, "0.9", time=late), row(1, 0, "0.9", time=early)]
    assert choose(rows, "highest").counted == choose(rows[::-1], "highest").counted == [1]


def test_without_numbers_the_times_decide_and_without_times_nothing():
    early, late = "2026-04-09T03:00", "2026-04-10T03:00"
    rows = [row(0, None, "0.9", time=late), row(1, None, "0.3", time=early)]
    assert choose(rows, "first").counted == [1]
    blind = [row(0, None, "0.9"), row(1, None, "0.3")]
    assert choose(blind, "highest").counted == [0]
    assert choose(blind, "latest").rejected == [0, 1]
    one_blind = [row(0, None, "0.9"), row(1, None, "0.3", time=late)]
    assert choose(one_blind, "latest").rejected == choose(one_blind, "first").rejected == [0, 1]


def test_the_same_attempt_in_two_exports_counts_once():
    rows = [row(0, 1, "0.9", digest="s"), row(1, 1, "0.9", digest="s")]
    assert choose(rows, "average").counted == [1]
    assert choose(rows, "average").superseded == [0]
    unnumbered = row(2, None, "0.9", time="t", digest="s")
    numbered = row(3, 2, "0.9", time="t", digest="s")
    assert choose([unnumbered, numbered], "average").counted == [3]


def test_one_attempt_with_two_different_answers_is_refused():
    rows = [row(0, 1, "0.9"), row(1, 1, "0.3")]
    choice = choose(rows, "highest")
    assert choice.rejected == [0, 1] and not choice.counted
    with_another = choose([*rows, row(2, 2, "0.1")], "highest")
    assert with_another.counted == [2] and with_another.doubt


@pytest.mark.parametrize(
    ("values", "expected"),
    [("1 0 0", "0.3333"), ("1 1 0", "0.6667"), ("10 10", "10"), ("0.3 0.4", "0.35"), ("0 0", "0")],
)
def test_averages(values, expected):
    points = [Decimal(value) for value in values.split()]
    assert str(mean(sum(points), len(points))) == expected
