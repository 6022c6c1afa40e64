"""Stability of verdicts: the share of repeats that flip them, by cause.

A question's decision is repeated. A repeat varies one thing, the causes taking turns, and the last
in turn varies them all:

    thresholds   every number the rule chose, times a factor of its own in [0.75, 1.25]
    regions      the edges of the picture's regions, by up to 3 pixels, or what a coarse map's
                 pixels have seen
    seeds        the draws of LIME and SmoothGrad
    samples      how many there are: half, a quarter, twice as many
    resampled    the evidence itself, where it keeps no samples
    together     all of these that apply

Repeat r of a question has a generator of its own, seeded with the question's id and r: the same
inputs give the same shares, and more repeats go on from fewer.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import numpy as np

from solver.decide.decide import UNREADABLE, Decided, answer_where, decided_again, rounded
from solver.decide.perturb_evidence import can_resample, resampled
from solver.decide.perturb_regions import moved_regions, reach_of_edges
from solver.decide.resample_draws import COUNTS, has_samples, resampled_draws, with_other_count
from solver.errors import EvidenceError
from solver.evidence import Evidence, Record
from solver.key import (
    Cause,
    CauseRepeats,
    Flips,
    KeyQuestion,
    OptionVerdict,
    OtherSet,
    Stability,
)
from solver.rules.registry import PlannedQuestion, Verdict
from solver.rules.shapes.search_starts import begun_at
from solver.rules.thresholds import varied

FACTOR = 0.25
"""Thresholds are varied by up to this share either way."""

Records = dict[str, Record]
Holds = tuple[bool | None, ...]


@dataclass(frozen=True)
class Repeat:
    """One repeat: the cause varied, and the options that held (all None: undecided).

    Attributes:
        margins: of each option, negative where it does not hold; None where it has none.
    """

    cause: Cause
    holds: Holds
    margins: tuple[float | None, ...] = ()


def made_repeats(
    question: PlannedQuestion,
    decided: Decided,
    evidence: Evidence,
    numbers: Sequence[int],
    reseeded: Sequence[Evidence] = (),
) -> list[Repeat]:
    """Return the repeats of these numbers (from 0); none of an open question.

    Args:
        question: with its rule and parameters.
        decided: the decision on `evidence`.
        evidence: the records there are; only those the question needs are varied.
        numbers: of the repeats wanted; each gives the same whichever others are made.
        reseeded: evidence in which LIME and SmoothGrad were really run with other seeds; the first
            repeats of the cause `seeds` decide on these.
    """
    if decided.entry.state == "open":
        return []
    work = _Repeats(question, decided, evidence, reseeded)
    return [work.repeat(at) for at in numbers] if work.causes else []


def with_stability(
    question: PlannedQuestion, decided: Decided, evidence: Evidence, done: Sequence[Repeat]
) -> KeyQuestion:
    """Return the question's entry with the outcome of its repeats, in their order."""
    entry = decided.entry
    if entry.state == "open":
        return entry
    by_cause: dict[Cause, list[Repeat]] = {}
    for one in done:
        by_cause.setdefault(one.cause, []).append(one)
    base = tuple(option.holds for option in entry.options)
    threshold_repeats = [one for one in done if one.cause in ("thresholds", "together")]
    options = [
        option.model_copy(update={"flips": _flips(at, option, done, by_cause)})
        for at, option in enumerate(entry.options)
        if done
    ] or entry.options
    stability = Stability(
        repeats=len(done),
        changed=_share(one.holds != base for one in done),
        undecided=_share(None in one.holds for one in done),
        by_cause={
            cause: CauseRepeats(
                repeats=len(some), changed=_share(one.holds != base for one in some)
            )
            for cause, some in by_cause.items()
        },
        sets=_other_sets(question, entry, base, done),
        thresholds=list(decided.thresholds),
        # Each threshold alone is tried only where all together changed something.
        hinges_on=_Repeats(question, decided, evidence, ()).hinges()
        if any(one.holds != base for one in threshold_repeats)
        else [],
        alike=_alike(entry, base, done),
    )
    return entry.model_copy(update={"options": options, "stability": stability})


def _alike(entry: KeyQuestion, base: Holds, done: Sequence[Repeat]) -> list[list[str]]:
    """Pairs of options of one drop-down that flipped, and always together."""
    # Two that never flip agree by chance, so both must have had both verdicts.
    columns = list(zip(base, *(one.holds for one in done if None not in one.holds), strict=True))
    return [
        [entry.options[at].name, entry.options[other].name]
        for at, other in combinations(range(len(columns)), 2)
        if columns[at] == columns[other]
        and len(set(columns[at])) > 1
        and entry.options[at].blank == entry.options[other].blank
    ]


def _share(flags: Iterable[bool]) -> float:
    """The share of true values, to six digits; 0 of none."""
    listed = list(flags)
    return round(sum(listed) / len(listed), 6) if listed else 0.0


def _flips(
    at: int,
    option: OptionVerdict,
    done: Sequence[Repeat],
    by_cause: Mapping[Cause, Sequence[Repeat]],
) -> Flips:
    def flipped(some: Sequence[Repeat]) -> float:
        return _share(one.holds[at] is (option.holds is not True) for one in some)

    shares = {cause: flipped(some) for cause, some in by_cause.items()}
    return Flips(
        share=flipped(done),
        by_cause={c: share for c, share in shares.items() if share},
        spread={
            cause: spread
            for cause, some in by_cause.items()
            if (spread := _spread(at, option, some)) is not None
        },
    )


def _spread(at: int, option: OptionVerdict, done: Sequence[Repeat]) -> float | None:
    """How far an option's margin moves over the repeats: root of the mean square, to six digits."""
    if option.margin is None:
        return None
    own = option.margin if option.holds else -option.margin
    found = [one.margins[at] for one in done if one.margins]
    moves = [margin - own for margin in found if margin is not None]
    # From the decision's own margin, not from their mean: a bias of the repeats counts.
    return float(f"{math.hypot(*moves) / math.sqrt(len(moves)):.6g}") if moves else None


def _other_sets(
    question: PlannedQuestion, entry: KeyQuestion, base: Holds, done: Sequence[Repeat]
) -> list[OtherSet]:
    """The other answers found, the commonest first; equally common ones in the order found."""
    found = Counter(one.holds for one in done if one.holds != base and None not in one.holds)
    return [
        OtherSet(
            correct=answer_where(question, entry.options, holds),
            share=round(count / len(done), 6),
        )
        for holds, count in found.most_common()
    ]


class _Repeats:
    """The repeats of one question."""

    def __init__(
        self,
        question: PlannedQuestion,
        decided: Decided,
        evidence: Evidence,
        reseeded: Sequence[Evidence],
    ) -> None:
        self.question, self.decided = question, decided
        self.records = evidence.among(question.needs)
        others = [other.among(self.records) for other in reseeded]
        self.reseeded = [records for records in others if records]
        self.causes = self._causes()

    def _causes(self) -> list[Cause]:
        sampled = any(has_samples(record) for record in self.records.values())
        applies: dict[Cause, bool] = {
            "thresholds": bool(self.decided.thresholds),
            "regions": any(record.kind == "regions" for record in self.records.values()),
            "seeds": sampled or bool(self.reseeded),
            "samples": sampled,
            "resampled": can_resample(self.records),
        }
        causes = [cause for cause, applied in applies.items() if applied]
        return [*causes, "together"] if len(causes) > 1 else causes

    def repeat(self, at: int) -> Repeat:
        """Return the `at`-th repeat of the decision (from 0)."""
        # In turn, so that any number of repeats shares itself out among the causes.
        cause = self.causes[at % len(self.causes)]
        turn = at // len(self.causes)
        # Seeded by the question and the repeat: a bank with other questions repeats these alike.
        generator = np.random.default_rng([zlib.crc32(self.decided.entry.id.encode()), at])
        varying = self.causes[:-1] if cause == "together" else [cause]
        try:
            records = self._varied(varying, turn, generator)
        except (EvidenceError, *UNREADABLE):
            # Evidence made by hand, of which a resample cannot be made.
            return self._made(cause, None)
        factors: dict[str, float] = {}
        if "thresholds" in varying:
            names = self.decided.thresholds
            drawn = generator.uniform(1 - FACTOR, 1 + FACTOR, len(names))
            factors = dict(zip(names, drawn.tolist(), strict=True))
        return self._made(cause, self._decide(records, factors))

    def _made(self, cause: Cause, verdicts: Sequence[Verdict] | None) -> Repeat:
        if verdicts is None:
            return Repeat(cause, (None,) * len(self.decided.entry.options))
        # Rounded as the entry's are, so that what does not move has not moved.
        margins = [None if one.margin is None else rounded(one.margin) for one in verdicts]
        margins = [
            -margin if margin is not None and not one.holds else margin
            for margin, one in zip(margins, verdicts, strict=True)
        ]
        return Repeat(cause, tuple(one.holds for one in verdicts), tuple(margins))

    def _decide(self, records: Records, factors: Mapping[str, float]) -> list[Verdict] | None:
        with varied(factors) if factors else nullcontext(), begun_at(self.decided.places):
            return decided_again(self.question, self.decided.entry, Evidence(records))

    def _varied(
        self, varying: Sequence[Cause], turn: int, generator: np.random.Generator
    ) -> Records:
        records = self.records
        if "seeds" in varying or "samples" in varying:
            records = self._other_draws(records, varying, turn, generator)
        if "resampled" in varying:
            records = resampled(records, generator)
        if "regions" in varying:
            moved = partial(moved_regions, reach=reach_of_edges(self.records.values()))
            records = _each(records, lambda one: one.kind == "regions", generator, moved)
        return records

    def _other_draws(
        self, records: Records, varying: Sequence[Cause], turn: int, generator: np.random.Generator
    ) -> Records:
        """Records of real other seeds as far as there are any, then bootstraps of kept samples."""
        real = "seeds" in varying and bool(self.reseeded)
        sampled = any(has_samples(record) for record in records.values())
        if real and (turn < len(self.reseeded) or not sampled):
            records = {**records, **self.reseeded[turn % len(self.reseeded)]}
            if "samples" not in varying:
                return records
        if "samples" not in varying:
            return _each(records, has_samples, generator, resampled_draws)

        def counted(record: Record, generator: np.random.Generator) -> Record:
            return with_other_count(record, generator, COUNTS[turn % len(COUNTS)])

        return _each(records, has_samples, generator, counted)

    def hinges(self) -> list[str]:
        """The thresholds that change an option when each alone is a quarter lower or higher."""
        base = tuple(option.holds for option in self.decided.entry.options)
        return [
            name
            for name in self.decided.thresholds
            if any(
                self._made("thresholds", self._decide(self.records, {name: factor})).holds != base
                for factor in (1 - FACTOR, 1 + FACTOR)
            )
        ]


def _each(
    records: Records,
    which: Callable[[Record], bool],
    generator: np.random.Generator,
    change: Callable[[Record, np.random.Generator], Record],
) -> Records:
    """The records, those that `which` selects changed, in the order of their names."""
    # The order matters: each change draws from the generator.
    return {
        name: change(record, generator) if which(record) else record
        for name, record in sorted(records.items())
    }
