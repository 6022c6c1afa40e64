"""Review flags: questions to check before the key is used (open, overridden, contested, close)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from solver.banks.bank import Question
from solver.decide.doubt.estimate import doubt_of
from solver.key import KeyQuestion, OptionVerdict, SecondVerdict, lacks_named
from solver.text.numbers import percent, roughly

CLOSE = 0.10
"""Margins below this share of the threshold are called close. A choice: it changes the order of the
list, never an answer."""

DOUBTFUL = 0.2
"""Doubt from which a question that is not contested is listed, too: one such answer in five."""

# In the order of urgency, by which the list is sorted.
OPEN, OVERRIDDEN, COUNT, UNDECIDED, CONTESTED, SMALL = range(6)
STATES = ("open", "overridden", "count", "undecided", "contested", "close")


@dataclass(frozen=True)
class Reason:
    """One review flag: its urgency, and the page's sentence with its values."""

    rank: int
    sentence: str
    values: dict[str, object] = field(default_factory=dict)


def relative_margin(verdict: OptionVerdict | SecondVerdict) -> float | None:
    """Return a verdict's margin as a share of its threshold.

    Held against 0, of the value itself; None where there is no margin or no number to hold it
    against.
    """
    if verdict.margin is None or not isinstance(verdict.threshold, int | float):
        return None
    scale = abs(float(verdict.threshold))
    if scale == 0 and isinstance(verdict.value, int | float):
        # A threshold of 0 has no size of its own: the value's stands in.
        scale = abs(float(verdict.value))
    # Value and threshold are both 0: no share of anything.
    if scale == 0:
        return 0.0 if verdict.margin == 0 else None
    return verdict.margin / scale


def closest(entry: KeyQuestion) -> tuple[float, OptionVerdict] | None:
    """Return the smallest relative margin of a question, with its verdict."""
    margins = [(relative_margin(verdict), verdict) for verdict in entry.options]
    known = [(margin, verdict) for margin, verdict in margins if margin is not None]
    # By the share alone: two verdicts cannot be compared where their margins are equal.
    return min(known, key=lambda pair: pair[0]) if known else None


def is_close(entry: KeyQuestion) -> bool:
    """Return True if a decided question's smallest margin is under `CLOSE`."""
    found = closest(entry)
    return entry.state == "decided" and found is not None and found[0] < CLOSE


def reasons_to_look(entry: KeyQuestion, asked: Question | None) -> list[Reason]:
    """Return a question's review flags, the most urgent first."""
    found = []
    if entry.state == "open":
        found += [_open(entry), *_undecided(entry.options)]
    if entry.override:
        found.append(Reason(OVERRIDDEN, "reason_overridden", {"why": entry.override.why}))
    if entry.state == "decided":
        found += [*_miscounted(entry, asked), *_undecided(entry.options)]
    return [*found, *_contested(entry), *_doubtful(entry), *_close(entry)]


def _contested(entry: KeyQuestion) -> list[Reason]:
    reasons = []
    if entry.stability is not None and entry.stability.changed > 0:
        share = percent(entry.stability.changed)
        values: dict[str, object] = {"share": share, "n": entry.stability.repeats}
        reasons.append(Reason(CONTESTED, "reason_changed", values))
    if entry.figure is not None and entry.figure.changed_by:
        told: dict[str, object] = {
            "pixels": entry.figure.pixels,
            "n": len(entry.figure.changed_by),
            "of": entry.figure.ways,
        }
        reasons.append(Reason(CONTESTED, "reason_figure", told))
    sure = entry.saturation
    if sure is not None and sure.changed:
        reasons.append(Reason(CONTESTED, "reason_lost"))
    elif sure is not None and sure.rounded:
        named = ", ".join(map(str, sure.rounded))
        reasons.append(Reason(CONTESTED, "reason_rounded", {"pictures": named}))
    if entry.draws is not None and entry.draws.sets:
        counts: dict[str, object] = {"n": entry.draws.others, "of": entry.draws.draws}
        reasons.append(Reason(CONTESTED, "reason_draws", counts))
    if entry.close is not None and entry.close.contested:
        chance = percent(max(entry.close.chances.values()))
        reasons.append(Reason(CONTESTED, "reason_close_claims", {"chance": chance}))
    differing = [option.name for option in entry.options if option.ways_differ]
    if differing:
        reasons.append(Reason(CONTESTED, "reason_ways", {"options": ", ".join(differing)}))
    weightless = [option.name for option in entry.options if option.no_margin]
    if weightless:
        reasons.append(Reason(CONTESTED, "reason_no_margin", {"options": ", ".join(weightless)}))
    return reasons


def _open(entry: KeyQuestion) -> Reason:
    if not entry.lacks:
        return Reason(OPEN, "reason_open_plain")
    return Reason(OPEN, "reason_open", {"lacks": lacks_named(entry.lacks)})


def _miscounted(entry: KeyQuestion, asked: Question | None) -> list[Reason]:
    """One option must hold of a single question and of a drop-down, `choose` of several."""
    if entry.kind == "several":
        wanted = asked.choose if asked else None
        held = sum(verdict.holds is True for verdict in entry.options)
        if held == wanted or (wanted is None and held > 0):
            return []
        return [Reason(COUNT, "reason_count", {"found": held, "asked": wanted or "≥ 1"})]
    reasons = []
    for blank in dict.fromkeys(verdict.blank for verdict in entry.options):
        held = sum(v.holds is True for v in entry.options if v.blank == blank)
        if held != 1:
            values: dict[str, object] = {"found": held, "asked": 1}
            if blank:
                reasons.append(Reason(COUNT, "reason_count_blank", {**values, "blank": blank}))
            else:
                reasons.append(Reason(COUNT, "reason_count", values))
    return reasons


def _undecided(verdicts: Iterable[OptionVerdict]) -> list[Reason]:
    names = [verdict.name for verdict in verdicts if verdict.holds is None]
    return [Reason(UNDECIDED, "reason_undecided", {"options": ", ".join(names)})] if names else []


def _doubtful(entry: KeyQuestion) -> list[Reason]:
    doubt = doubt_of(entry)  # contested questions have theirs told above
    if entry.contested or doubt < DOUBTFUL:
        return []
    return [Reason(SMALL, "reason_doubt", {"share": roughly(doubt)})]


def _close(entry: KeyQuestion) -> list[Reason]:
    found = closest(entry)
    if found is None or not is_close(entry):
        return []
    margin, verdict = found
    return [Reason(SMALL, "reason_close", {"option": verdict.name, "share": percent(margin)})]
