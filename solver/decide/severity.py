"""How contested a question is, 0 to 1: the order in which pages list what to look at."""

from __future__ import annotations

from solver.key import KeyQuestion

RARE = 0.05
"""Questions that change in fewer than one in twenty repeats, and whose two ways agree, are named in
one line below the others. A choice: it changes how long the list is, never what is contested."""

DISAGREE = 0.5
"""How contested a question is, of 1, where one of two ways finds another answer."""

UNSETTLED = 0.25
"""The same where one of the two finds that no option holds: it does not speak for another."""


def severity_of(entry: KeyQuestion) -> float:
    """Return how contested a question is, 0 to 1: the share of repeats that give another set, and
    at least a half where the two ways find two answers or a figure drawn again gives another, a
    quarter where one of them finds none or what holds has no margin."""
    changed = entry.stability.changed if entry.stability else 0.0
    if entry.figure is not None and entry.figure.changed_by:
        changed = max(changed, DISAGREE)
    if entry.ways_agree is not False:
        held_by_nothing = any(option.no_margin for option in entry.options)
        return max(changed, UNSETTLED) if held_by_nothing else changed
    return max(changed, DISAGREE if entry.correct and entry.second_correct else UNSETTLED)
