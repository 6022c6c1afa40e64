"""LIME and SmoothGrad run again with other seeds, beside the evidence a key rests on.

``evidence/reseeded-1``, ``-2``, ... hold the records of each other seed, in the format of evidence;
they are kept like any other record, so that nothing is run twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import count, takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from solver.evidence import (
    MANIFEST,
    Evidence,
    earlier_evidence,
    evidence_left_in,
    load_evidence,
    save_evidence,
)

if TYPE_CHECKING:
    from solver.bundle.bundle import Bundle
    from solver.explain.job import ExplainSettings
    from solver.explain.run.runner import RunOptions

SAMPLING = ("lime", "smoothgrad")
"""Kinds of records that rest on random draws."""

APART = 1000  # SmoothGrad's seeds of two runs: picture k uses the seed + k, and no two may meet


def sampling_records(needed: Iterable[str]) -> list[str]:
    """Return those of the records `needed` that depend on a seed."""
    return [name for name in needed if name.split("/")[0] in SAMPLING]


def reseeded_folder(evidence: Path, at: int) -> Path:
    """Return the folder of the evidence of the `at`-th other seed (from 1)."""
    return evidence / f"reseeded-{at}"


def run_reseeded(
    needed: Iterable[str],
    bundle: Bundle,
    settings: ExplainSettings,
    options: RunOptions,
    times: int,
    *,
    folder: Path | None = None,
    stopped: Sequence[Path] = (),
) -> list[Evidence]:
    """Run the sampling records among `needed` with `times` other seeds; see `run_explanations`.

    `stopped` are folders of evidence of runs that were stopped.
    """
    from solver.explain.run.runner import run_explanations

    wanted = sampling_records(needed)
    found = []
    for at in range(1, times + 1 if wanted else 1):
        place = reseeded_folder(folder, at) if folder is not None else None
        evidence, _ = run_explanations(
            wanted,
            bundle,
            with_other_seeds(settings, at),
            options,
            folder=place,
            known=earlier_evidence(place),
            also=evidence_left_in(reseeded_folder(each, at) for each in stopped),
        )
        found.append(evidence)
    return found


def with_other_seeds(settings: ExplainSettings, at: int) -> ExplainSettings:
    """Return the settings of the `at`-th other seed (from 1)."""
    return replace(
        settings,
        # LIME has one seed for all pictures: the next number is another run.
        lime_seed=settings.lime_seed + at,
        smoothgrad_seed=settings.smoothgrad_seed + APART * at,
    )


def load_reseeded(evidence: Path) -> list[Evidence]:
    """Return the evidence of other seeds that lies in a folder of evidence.

    Raises:
        EvidenceError: one of them cannot be read.
    """
    folders = (reseeded_folder(evidence, at) for at in count(1))
    # In order, up to the first gap: the repeats are numbered by the seeds they come from.
    there = takewhile(lambda folder: (folder / MANIFEST).is_file(), folders)
    return [load_evidence(folder) for folder in there]


def save_reseeded(reseeded: Iterable[Evidence], needed: Iterable[str], folder: Path) -> None:
    """Write the evidence of other seeds, as far as it is needed, into a folder of evidence."""
    wanted = sampling_records(needed)
    for at, one in enumerate(reseeded, start=1):
        save_evidence(Evidence(one.among(wanted), one.bundle), reseeded_folder(folder, at))
