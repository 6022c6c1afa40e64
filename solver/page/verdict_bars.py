"""Bars of verdicts: the same bar for every unit, as it shows how clear a verdict is.

A bar begins in the middle. It goes to the right where the option holds and to the left where it
does not; its length is the margin, as a share of the value the option was held against. Half the
width is 100 % or more. The band in the middle is a margin that is called close.
"""

from __future__ import annotations

from markupsafe import Markup

from solver.key import OptionVerdict
from solver.page.review_flags import CLOSE, relative_margin

_HALF = 50.0
_LEAST = 0.6
"""Percent of the width that even a margin of nothing takes, so that it is seen."""


def margin_bar(verdict: OptionVerdict) -> Markup:
    """Return the bar of a verdict; nothing where it is undecided or no number was measured."""
    share = relative_margin(verdict)
    if share is None or verdict.holds is None:
        return Markup()
    # A margin as large as the threshold fills its side: beyond that a verdict is no clearer.
    length = max(_HALF * min(share, 1.0), _LEAST)
    start = _HALF if verdict.holds else _HALF - length
    return Markup(
        '<svg class="bar" width="100%" height="12" aria-hidden="true">'
        '<rect class="ground" width="100%" height="12"/>'
        '<rect class="close" x="{}%" width="{}%" height="12"/>'
        '<rect class="{}" x="{}%" y="2" width="{}%" height="8"/>'
        '<line class="middle" x1="50%" x2="50%" y1="0" y2="12"/></svg>'
    ).format(
        _at(_HALF * (1 - CLOSE)),
        _at(2 * _HALF * CLOSE),
        "held" if verdict.holds else "unheld",
        _at(start),
        _at(length),
    )


def _at(percent: float) -> str:
    return f"{percent:.2f}".rstrip("0").rstrip(".") or "0"
