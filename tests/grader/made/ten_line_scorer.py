"""The course's rule in ten lines, from what was truly ticked: the measure of the grader."""

from __future__ import annotations

from fractions import Fraction


def totals(quiz, rows, attempts):
    """Return student -> total; `rows` are those whose every cell was read.

    A question that was not shown (ticks None) earns nothing, a void one its points; an average is
    the mean of the attempts' totals.
    """
    of_row = {(r.student, r.attempt): sum(Fraction(q.points) for q in quiz
              if r.ticks[q.id] is not None and (q.void or r.ticks[q.id] == q.right))
              for r in rows}  # fmt: skip
    result = {}
    for student in {row.student for row in rows}:
        mine = [of_row[key] for key in sorted(of_row) if key[0] == student]
        result[student] = {"highest": max(mine), "first": mine[0], "latest": mine[-1],
                           "average": Fraction(sum(mine), len(mine))}[attempts]  # fmt: skip
    return result
