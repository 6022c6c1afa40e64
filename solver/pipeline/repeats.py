"""The repeats of a key's decisions: measured, or kept from the key that was there before."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from solver.decide.decide import Decided, Reason, decide_question
from solver.decide.perturb_regions import PIXELS
from solver.decide.stability import FACTOR, Repeat, made_repeats, with_stability
from solver.decide.stability_basis import BasisHashes, questions_by_id, with_kept_repeats
from solver.evidence import Evidence
from solver.key import Key, KeyQuestion, StabilityRun
from solver.pipeline.deal import Dealing
from solver.rules.registry import PlannedQuestion

if TYPE_CHECKING:
    from solver.explain.run.workers import Progress

    class RunProgress(Progress, Protocol):
        """A progress bar over a whole run, which has several stages."""

        def coming(
            self, needs: Mapping[str, Sequence[str]], stages: Sequence[Sequence[tuple[str, int]]]
        ) -> None:
            """Called first, with each question's records, and the jobs of the later stages."""


Value = TypeVar("Value")


@dataclass(frozen=True)
class Repeats:
    """Settings of the repeats.

    Attributes:
        count: how often each decision is repeated; 0: only earlier repeats are kept.
        reseed: how many other seeds.
        progress: the progress bar.
        before: the key that lies where the new one goes, with the repeats measured for it.
    """

    count: int = 0
    reseed: int = 0
    progress: RunProgress | None = None
    before: Key | None = None


def first_decisions(
    questions: Sequence[PlannedQuestion],
    evidence: Evidence,
    reasons: dict[str, Reason],
    dealing: Dealing,
) -> list[Decided]:
    """Return the decision of each question."""
    calls = []
    for one in questions:
        own = evidence
        # Its own records alone: all of the evidence would be pickled with every call.
        if dealing.others:
            own = Evidence(evidence.among([*one.needs, *one.cross_check_needs]), evidence.bundle)
        calls.append(partial(decide_question, one, own, reasons))
    return [found for _, found in sorted(dealing.results(calls), key=lambda one: one[0])]


def with_repeats(
    questions: Sequence[PlannedQuestion],
    decided: Sequence[Decided],
    evidence: Evidence,
    repeats: Repeats,
    reseeded: Sequence[Evidence],
    dealing: Dealing | None = None,
) -> list[KeyQuestion]:
    """Return each question's entry with its repeats.

    Those that were measured before and still hold are kept; where repeats are asked for, the others
    are measured now, dealt among processes, and reported to the progress bar.
    """
    dealing = dealing or Dealing()
    about = about_repeats(repeats, reseeded)
    before = repeats.before
    if before is not None and (before.stability is None or about not in (None, before.stability)):
        before = None  # repeats of other settings cannot stand beside those of this run
    if before is None and not repeats.count:
        return [one.entry for one in decided]
    hashes, known = BasisHashes(evidence), questions_by_id(before)
    bases = [hashes.of(*pair) for pair in zip(questions, decided, strict=True)]
    entries = [
        with_kept_repeats(one.entry, known.get(one.entry.id), basis)
        for one, basis in zip(decided, bases, strict=True)
    ]
    if not repeats.count:
        return entries
    waiting = [at for at, entry in enumerate(entries) if entry.stability is None]
    progress = repeats.progress
    if progress is not None:
        progress.start([(f"repeats/{entries[at].id}", repeats.count) for at in waiting])
    for at, entry in _measured(questions, decided, evidence, repeats, reseeded, waiting, dealing):
        if entry.stability is not None:
            stability = entry.stability.model_copy(update={"basis": bases[at]})
            entry = entry.model_copy(update={"stability": stability})
        entries[at] = entry
    return entries


PIECE = 10
"""Repeats of a question that a process makes at once."""

HEAVY = 32 * 2**20
"""Bytes of records: those of a question with more are not sent to another process many times."""


def _measured(
    questions: Sequence[PlannedQuestion],
    decided: Sequence[Decided],
    evidence: Evidence,
    repeats: Repeats,
    reseeded: Sequence[Evidence],
    waiting: Sequence[int],
    dealing: Dealing,
) -> Iterator[tuple[int, KeyQuestion]]:
    """Each of these questions, and its entry with its repeats, dealt among processes."""
    pieces: list[tuple[int, Sequence[int]]] = []
    parts: dict[int, tuple[PlannedQuestion, Decided, Evidence]] = {}
    for at in waiting:
        own = Evidence(evidence.among(questions[at].needs))
        size = sum(array.nbytes for record in own for array in record.arrays.values())
        step = repeats.count if size > HEAVY or not dealing.others else PIECE
        # Without its figures, which repeats do not read.
        parts[at] = (questions[at], replace(decided[at], decision=None), own)
        pieces += [
            (at, range(first, min(first + step, repeats.count)))
            for first in range(0, repeats.count, step)
        ]
    others = {
        at: [Evidence(other.among(part[0].needs)) for other in reseeded]
        for at, part in parts.items()
    }
    if dealing.others:  # searches first, so that no process is left with them at the end
        pieces.sort(key=lambda piece: -len(parts[piece[0]][1].places))
    calls = [
        partial(_timed, made_repeats, *parts[at], numbers, others[at]) for at, numbers in pieces
    ]
    done: dict[int, dict[int, list[Repeat]]] = {at: {} for at in waiting}
    left = Counter(at for at, _ in pieces)
    seconds = dict.fromkeys(waiting, 0.0)
    progress = repeats.progress
    for place, (some, took) in dealing.results(calls):
        at, numbers = pieces[place]
        done[at][numbers[0]] = some
        seconds[at] += took
        left[at] -= 1
        if progress is not None and not left[at]:
            progress.begin(f"repeats/{decided[at].entry.id}")
            progress.finish(f"repeats/{decided[at].entry.id}", seconds[at])
    last = []
    for at in waiting:
        # In the order of their numbers, whichever process ended first.
        ordered = [one for _, some in sorted(done[at].items()) for one in some]
        last.append(partial(with_stability, *parts[at], ordered))
    for place, entry in dealing.results(last):
        yield waiting[place], entry


def _timed(call: Callable[..., Value], *arguments: Any) -> tuple[Value, float]:
    began = time.perf_counter()
    return call(*arguments), time.perf_counter() - began


def about_repeats(repeats: Repeats, reseeded: Sequence[Evidence]) -> StabilityRun | None:
    """Return the settings of the repeats as a key holds them; None where none are asked for."""
    if not repeats.count:
        return None
    return StabilityRun(repeats=repeats.count, factor=FACTOR, pixels=PIXELS, reseeded=len(reseeded))
