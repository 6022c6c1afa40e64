"""Signs of doubt: what was varied and measured of an option's verdict, as numbers to weigh."""

from __future__ import annotations

import math

from solver.decide.doubt.fitted import TYPICAL, TYPICAL_SHARE
from solver.key import KeyQuestion, OptionVerdict

MOST = 3.0
"""Logarithm of a ratio, either way, beyond which it counts for no more: a factor of twenty."""

Signs = dict[str, float]


def signs_of(entry: KeyQuestion, option: OptionVerdict) -> Signs:
    """Return the signs of doubt of one verdict; 0 where a thing was not measured.

    - ``run``: 1 where repeats were run.
    - ``flips``: log odds of a flip in a repeat, from how many flipped (Jeffreys' prior: half a
      flip more, and half a repeat without one).
    - ``ratio``: logarithm of the margin over how far repeats moved it.
    - ``size``: logarithm of the margin over that of a typical wrong verdict of the same rule (of a
      rule that was not simulated: of all rules, as a share of what was compared); and once more, as
      ``run_size``, where repeats were run.
    - ``agrees``, ``differs``: 1 where the cross-check gives the same verdict, or the other.
    - ``drawn``: share of the ways to draw its figures again that turn the verdict.
    - ``holds``: 1 where the option holds.

    >>> from solver.key import Sentence
    >>> said = Sentence.model_validate({"en": "said", "zh-Hant": "說"})
    >>> one = OptionVerdict(id="a", holds=True, value=0.8, threshold=0.4, margin=0.4, sentence=said)
    >>> entry = KeyQuestion(id="q1", kind="single", points="1", correct=["a"], options=[one])
    >>> [name for name, value in signs_of(entry, one).items() if value]
    ['size', 'holds']
    """
    run = float(_repeats(entry) > 0)
    size = _size(entry.rule, option)
    second = option.second.holds if option.second is not None else None
    figure = entry.figure
    return {
        "run": run,
        "flips": _flips(entry, option),
        "ratio": _ratio(option.margin, _spread(entry, option)) if run else 0.0,
        "size": size,
        "run_size": run * size,
        "agrees": float(second is not None and second == option.holds),
        "differs": float(option.ways_differ),
        "drawn": figure.turned.get(option.name, 0) / figure.ways if figure else 0.0,
        "holds": float(option.holds is True),
    }


def _repeats(entry: KeyQuestion) -> int:
    return entry.stability.repeats if entry.stability is not None else 0


def _flips(entry: KeyQuestion, option: OptionVerdict) -> float:
    """The log odds of a flip; 0 without repeats."""
    count, stability = _repeats(entry), entry.stability
    if stability is None or not count:
        return 0.0
    # A key put together by hand may hold how often the answer changed, and not which options did.
    share = option.flips.share if option.flips is not None else stability.changed
    flipped = min(count * (share + stability.undecided / 2), count)
    return math.log((flipped + 0.5) / (count - flipped + 0.5))


def _spread(entry: KeyQuestion, option: OptionVerdict) -> float | None:
    """How far repeats moved the margin (root mean square over all); None where it is not known."""
    if option.flips is None or entry.stability is None:
        return None
    causes = entry.stability.by_cause
    known = {cause: one for cause, one in option.flips.spread.items() if cause in causes}
    count = sum(causes[cause].repeats for cause in known)
    if not count:
        return None
    return math.sqrt(sum(one**2 * causes[cause].repeats for cause, one in known.items()) / count)


def _ratio(margin: float | None, of: float | None) -> float:
    """The logarithm of a margin over something, within `MOST`; 0 where either is not known."""
    if margin is None or of is None:
        return 0.0
    if margin <= 0 or of <= 0:
        return -MOST if margin <= 0 else MOST
    return min(max(math.log(margin / of), -MOST), MOST)


def _size(rule: str, option: OptionVerdict) -> float:
    if option.margin is None:
        return MOST  # a claim on a name, not on a number: no noise moves it
    if rule in TYPICAL:
        return _ratio(option.margin, TYPICAL[rule])
    # Of a rule without simulations: as a share of what was compared.
    numbers = [one for one in (option.value, option.threshold) if isinstance(one, float)]
    scale = sum(map(abs, numbers))
    return _ratio(option.margin, TYPICAL_SHARE * scale) if scale > 0 else 0.0
