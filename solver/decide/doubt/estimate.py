"""Estimate of doubt, of an option and of a question; pages list contested questions by it.

Half a logistic function of the signs (`solver.decide.doubt.signs`), with weights that were fitted
on simulated evidence whose truth is known (`solver.decide.doubt.fitted`,
docs/measured/calibration.md).
Three things were not simulated and come on top: samples that were not taken, of which the
probability is known, saliency maps on which single precision loses a part, and other random draws.
"""

from __future__ import annotations

import math

from solver.decide.doubt.fitted import INTERCEPT, WEIGHTS
from solver.decide.doubt.signs import signs_of
from solver.key import KeyQuestion, OptionVerdict

EVEN = 0.5
"""Most that the signs can say. At its line a verdict is as likely right as wrong; were it likelier
wrong, the other would be the better one. (With .6, .7 or 1 the likelihood is less.)"""

RARE = 0.05
"""Doubt below which contested questions whose cross-check agrees are named in one line below the
others. A choice: it changes the length of the list alone."""

LOST = 0.5
"""Least doubt of an answer that is another on maps that lose no part to single precision: either of
the two may be meant, and nothing that is measured says which."""

ROUNDED = 0.25
"""Least doubt of an answer on a map that depends on one rounding. A convention: half of `LOST`,
since the maps that lose no part give the same answer."""


def _of_option(entry: KeyQuestion, option: OptionVerdict) -> float:
    found = signs_of(entry, option)
    weighed = INTERCEPT + sum(WEIGHTS[name] * value for name, value in found.items())
    doubt = EVEN / (1 + math.exp(-weighed))
    if entry.close is not None:
        # Independent of the rest: the other verdict of all of the course's samples.
        doubt = 1 - (1 - doubt) * (1 - entry.close.chances.get(option.name, 0.0))
    return float(f"{doubt:.3g}")


def with_doubt(entry: KeyQuestion) -> KeyQuestion:
    """Return a question's entry with the doubt of each of its verdicts, and of its answer."""
    options = [
        option
        if option.holds is None
        else option.model_copy(update={"doubt": _of_option(entry, option)})
        for option in entry.options
    ]
    doubt = _of_question(entry) if entry.state == "decided" else None
    return entry.model_copy(update={"options": options, "doubt": doubt})


def doubt_of(entry: KeyQuestion) -> float:
    """Return the estimated chance, 0 to 1, that a question's derived answer is wrong.

    Of a key from before it was estimated it is estimated now, from what the key holds. 0 of an open
    question.
    """
    if entry.state == "open":
        return 0.0
    return _of_question(entry) if entry.doubt is None else entry.doubt


def is_rare(entry: KeyQuestion) -> bool:
    """Return True if one line is enough for a contested question."""
    # An open question has no answer that could be right.
    return entry.state != "open" and doubt_of(entry) < RARE and entry.ways_agree is not False


def _of_question(entry: KeyQuestion) -> float:
    doubts = [_of_option(entry, one) for one in entry.options if one.holds is not None]
    sure = entry.saturation
    if sure is not None:
        doubts.append(LOST if sure.changed else ROUNDED if sure.rounded else 0.0)
    if entry.draws is not None:
        # Real ones: of all draws, the first among them, those on which it is another.
        doubts.append(entry.draws.others / (entry.draws.draws + 1))
    return max(doubts, default=0.0)
