"""Severity of a contested question, 0 to 1; pages list questions by it."""

from __future__ import annotations

from solver.key import KeyQuestion

RARE = 0.05
"""Severity below which questions whose cross-check agrees are named in one line below the others: a
change in fewer than one in twenty repeats. A choice: it changes the length of the list alone."""

DISAGREE = 0.5
"""Severity where rule and cross-check find different answers."""

UNSETTLED = 0.25
"""Severity where one of the two finds that no option holds: it does not speak for another."""


def severity_of(entry: KeyQuestion) -> float:
    """Return the severity of a question, 0 to 1: the share of repeats, or of random draws, that
    give another answer, or the probability that samples not taken give an option another verdict.

    At least `DISAGREE` where rule and cross-check find different answers, or a figure drawn again
    or a map that loses nothing gives another; `UNSETTLED` where one of the two finds none, an
    option holds without a margin, or a map depends on one rounding.
    """
    changed = entry.stability.changed if entry.stability else 0.0
    if entry.figure is not None and entry.figure.changed_by:
        changed = max(changed, DISAGREE)
    if entry.saturation is not None:
        sure = entry.saturation
        changed = max(changed, DISAGREE if sure.changed else UNSETTLED if sure.rounded else 0.0)
    if entry.draws is not None:
        changed = max(changed, entry.draws.others / (entry.draws.draws + 1))
    if entry.close is not None:
        changed = max(changed, *entry.close.chances.values())
    if entry.ways_agree is not False:
        held_by_nothing = any(option.no_margin for option in entry.options)
        return max(changed, UNSETTLED) if held_by_nothing else changed
    return max(changed, DISAGREE if entry.correct and entry.second_correct else UNSETTLED)
