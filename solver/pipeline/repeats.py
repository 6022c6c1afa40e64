"""The repeats of a key's decisions: measured, or kept from the key that was there before."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from solver.decide.decide import Decided
from solver.decide.perturb_regions import PIXELS
from solver.decide.stability import FACTOR, measured_stability
from solver.decide.stability_basis import BasisHashes, questions_by_id, with_kept_repeats
from solver.evidence import Evidence
from solver.key import Key, KeyQuestion, StabilityRun
from solver.rules.registry import PlannedQuestion

if TYPE_CHECKING:
    from solver.explain.run.workers import Progress

    class RunProgress(Progress, Protocol):
        """A progress bar over a whole run, which has several stages."""

        def coming(
            self, needs: Mapping[str, Sequence[str]], stages: Sequence[Sequence[tuple[str, int]]]
        ) -> None:
            """Called first, with each question's records, and the jobs of the later stages."""


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


def with_repeats(
    questions: Sequence[PlannedQuestion],
    decided: Sequence[Decided],
    evidence: Evidence,
    repeats: Repeats,
    reseeded: Sequence[Evidence],
) -> list[KeyQuestion]:
    """Return each question's entry with its repeats.

    Those that were measured before and still hold are kept; where repeats are asked for, the others
    are measured now and reported to the progress bar.
    """
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
    for at in waiting:
        name, began = f"repeats/{entries[at].id}", time.perf_counter()
        if progress is not None:
            progress.begin(name)
        entry = measured_stability(
            questions[at], decided[at], evidence, repeats=repeats.count, reseeded=reseeded
        )
        if entry.stability is not None:
            stability = entry.stability.model_copy(update={"basis": bases[at]})
            entry = entry.model_copy(update={"stability": stability})
        entries[at] = entry
        if progress is not None:
            progress.finish(name, time.perf_counter() - began)
    return entries


def about_repeats(repeats: Repeats, reseeded: Sequence[Evidence]) -> StabilityRun | None:
    """Return the settings of the repeats as a key holds them; None where none are asked for."""
    if not repeats.count:
        return None
    return StabilityRun(repeats=repeats.count, factor=FACTOR, pixels=PIXELS, reseeded=len(reseeded))
