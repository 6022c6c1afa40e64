"""Thresholds by name: read, varied, and told which were read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.rules.thresholds import Threshold, all_thresholds, reads, threshold, varied

SHARE = threshold("test.share", 0.4, "made for this test", lowest=0.0, highest=0.45)
TIMES = threshold("test.times", 2.0, "made for this test")


def test_the_chosen_value_is_used_where_nothing_is_varied() -> None:
    assert (SHARE.now(), TIMES.now(), TIMES.now(3.0)) == (0.4, 2.0, 3.0)


@given(st.floats(0.75, 1.25))
def test_a_factor_scales_within_the_limits_and_is_gone_afterwards(factor: float) -> None:
    with varied({"test.share": factor, "test.times": factor}):
        assert SHARE.now() == (0.4 if factor == 1 else min(max(0.4 * factor, 0.0), 0.45))
        assert TIMES.now(3.0) == pytest.approx(3.0 * factor)
    assert (SHARE.now(), TIMES.now()) == (0.4, 2.0)


def test_it_is_told_which_were_read() -> None:
    with reads() as outer:
        SHARE.now()
        with reads() as inner:
            TIMES.now()
    assert (outer, inner) == ({"test.share"}, {"test.times"})


def test_an_unknown_name_and_a_name_taken_are_refused() -> None:
    with pytest.raises(ValueError, match=r"no threshold test\.none"), varied({"test.none": 1.1}):
        pass
    with pytest.raises(ValueError, match="declared twice"):
        threshold("test.share", 1.0, "again")
    assert isinstance(all_thresholds()["test.share"], Threshold)


def test_they_are_listed_by_name_in_whatever_order_modules_were_imported() -> None:
    threshold("test.before", 1.0, "declared last")
    assert list(all_thresholds()) == sorted(all_thresholds())
