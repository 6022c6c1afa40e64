"""Sums of points over rows, held against `Decimal` added term by term."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from grader.scoring.policies import ZERO
from grader.submissions import ReadRow, ScoredQuestion, Student, Submission, Ticked
from grader.table.answers import table_of_rows
from grader.table.sums import Points

TEXTS = ("0", "0.0", "0.30", "1E+2", "0.1", "999999.9", "1E-19")
DECIMALS = st.one_of(
    st.decimals(0, 9, places=2), st.decimals(0, 9, places=17), st.sampled_from(TEXTS).map(Decimal)
)
CANVAS = st.one_of(st.none(), DECIMALS, st.decimals(-9, 9, places=16))
A = Ticked(frozenset("a"))


class Given:
    """A policy that gives each option points of its own."""

    name = "all-or-nothing"

    def __init__(self, points: dict[tuple[str, str], Decimal | None]) -> None:
        self._points = points

    def points(self, question: ScoredQuestion, response: Ticked) -> Decimal | None:
        (option,) = response.options
        return self._points[question.id, option]


@given(st.integers(1, 5), st.data())
@settings(deadline=None)
def test_sums_are_those_of_decimals_to_the_last_digit(number: int, data: st.DataObject) -> None:
    ids = [f"q{n}" for n in range(number)]
    own = {
        (name, option): data.draw(st.one_of(st.none(), DECIMALS))
        for name in ids
        for option in "abc"
    }
    questions = [ScoredQuestion(name, "single", Decimal("0.3"), (A,)) for name in ids]
    rows = []
    for line in range(12):
        ticks = {name: Ticked(frozenset(data.draw(st.sampled_from("abc")))) for name in ids}
        canvas = {name: data.draw(CANVAS) for name in ids}
        rows.append(Submission(Student(f"{line}"), 1, None, ticks, canvas, None, "f.csv", line))
    table = table_of_rows(map(ReadRow, rows), ids)
    points = Points(table, questions, Given(own))
    totals = zip(points.earned(table.frame), points.total_places(table.frame), strict=True)
    canvas = points.canvas(table.frame)
    for row, (units, places), given_points in zip(rows, totals, canvas, strict=True):
        terms = [own[name, *each.options] or ZERO for name, each in row.responses.items()]
        assert str(points.scale.decimal(units, places)) == str(sum(terms, ZERO))
        known = list(row.canvas_points.values())
        if None in known:
            assert given_points is None
        else:
            assert points.canvas_scale.decimal(given_points) == sum(known, ZERO)
