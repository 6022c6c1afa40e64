"""Charts: a histogram that loses nobody, outlines and bars of the right length."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.reports.charts import bins_for, histogram, share_bars

TOTALS = st.dictionaries(
    st.decimals(-2, 20, places=2).map(lambda d: d + 0), st.integers(1, 50), max_size=30
)


@given(TOTALS, TOTALS, st.decimals("0.1", 200, places=1))
def test_a_histogram_loses_nobody(
    totals: dict[Decimal, int], other: dict[Decimal, int], possible: Decimal
) -> None:
    source = str(histogram(totals, other, possible, "totals"))
    counts = re.findall(r"n = (\d+)</title>", source)
    assert sum(map(int, counts)) == sum(totals.values())
    bins = bins_for(max([possible, *totals]), min(totals, default=Decimal(0)))
    assert bins.number <= 30
    for total in totals:
        index = bins.of(total)
        assert bins.edge(index) <= total
        assert total < bins.edge(index + 1) or index == bins.number - 1
    assert bins.edge(bins.number) >= max([possible, *totals])
    assert "nan" not in source


def test_the_outline_is_as_high_as_bars_of_the_same_counts() -> None:
    counts = {Decimal(1): 3, Decimal(2): 10, Decimal(4): 6}
    source = str(histogram(dict.fromkeys(counts, 10), counts, Decimal(10), "totals"))
    (path,) = re.findall(r'class="outline" d="([^"]+)"', source)
    tops = {float(y) for y in re.findall(r"V([\d.]+)", path)}
    floor = max(tops)
    (full,) = {float(height) for height in re.findall(r'class="bar".*? height="([\d.]+)"', source)}
    assert sorted(floor - top for top in tops) == pytest.approx(
        [0, 0.3 * full, 0.6 * full, full], abs=0.15
    )


def test_bars_have_the_length_of_their_share() -> None:
    source = str(share_bars(0.5, 1.0, None))
    assert 'class="all" x="0" y="1" width="80"' in source
    assert 'class="upper" x="0" y="7" width="160"' in source
    assert "lower" not in source
