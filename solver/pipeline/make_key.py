"""Making of an answer key from a bank and a bundle, or from a bank and saved evidence.

::

    bank + bundle --plan--> explanations, each once --run--> evidence --rules--> verdicts --> key
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solver.banks.bank import Bank, load_bank
from solver.code_version import VERSION, code_hash
from solver.decide.decide import Decided, decide_question, quietly
from solver.decide.edition_remarks import with_edition_remarks
from solver.decide.figure_fineness import with_figure_check
from solver.decide.margins import claims_of
from solver.evidence import (
    Evidence,
    earlier_evidence,
    evidence_left_in,
    load_evidence,
    save_evidence,
)
from solver.files.atomic_write import sha256_of_all, write_whole
from solver.files.resources import data_folder, shipped_bank
from solver.key import FORMAT, Key, KeyQuestion, StabilityRun, save_key
from solver.notebook_evidence.collected import regions_file, with_regions
from solver.pipeline.overrides import with_kept_overrides
from solver.pipeline.reseed import load_reseeded, run_reseeded, save_reseeded
from solver.rules.registry import Figure, PlannedQuestion, plan_questions

if TYPE_CHECKING:
    from solver.explain.job import ExplainSettings
    from solver.explain.run.runner import Progress


@dataclass(frozen=True)
class MadeKey:
    """A key with the evidence and, by question, the figures that its page shows."""

    key: Key
    evidence: Evidence
    figures: dict[str, Sequence[Figure]]


@dataclass(frozen=True)
class Repeats:
    """Settings of the repeats: their number (0: none), the other seeds, the progress bar."""

    count: int = 0
    reseed: int = 0
    progress: Progress | None = None


def planned(bank: Bank, only: Sequence[str] = ()) -> list[PlannedQuestion]:
    """Return the questions to decide, all or those in `only`, with their rules.

    Raises:
        BankError: an id that is not in the bank, or a claim its rule does not take.
    """
    questions = plan_questions(bank)
    wanted = {bank.question(name).id for name in only}
    return [one for one in questions if not wanted or one.question.id in wanted]


def needed_records(questions: Sequence[PlannedQuestion]) -> list[str]:
    """Return the ids of every record that a rule or a cross-check needs, each once, in order."""
    every = (
        name for question in questions for name in (*question.needs, *question.cross_check_needs)
    )
    return list(dict.fromkeys(every))


@dataclass(frozen=True)
class Running:
    """Settings of a run of explanations.

    Attributes:
        device: where the networks run, as torch names it.
        exact: True: the course's sample counts on the network as it was trained; else sampling
            stops when the questions' claims are decided.
        processes: number of processes that share the explanations and their samples.
    """

    device: str = "cpu"
    exact: bool = False
    processes: int = 1


def settings_for(bank: Bank, *, exact: bool = False, **changes: Any) -> ExplainSettings:
    """Return the settings of explanations for a bank's edition; `exact` as in `Running`."""
    from solver.explain.job import ExplainSettings, fast_settings

    chosen = ExplainSettings() if exact else fast_settings()
    return replace(chosen, **bank.header.methods.run_settings(), **changes)


def make_key(
    *,
    bundle: Path | None = None,
    bank: Path | None = None,
    evidence: Path | None = None,
    out: Path | None = None,
    only: Sequence[str] = (),
    device: str = "cpu",
    exact: bool = False,
    processes: int = 1,
    progress: Progress | None = None,
    stability: int = 0,
    reseed: int = 2,
    stopped: Sequence[Path] = (),
) -> MadeKey:
    """Make a key from a bundle (the demo's, if nothing is given), or from evidence alone.

    With `out` it is written there: ``evidence/``, ``key.html`` and last ``key.yaml``. Valid records
    of an earlier run, in `evidence`, in ``out/evidence`` or in the folders of evidence `stopped`,
    are not made again, and a TA's overrides in the key there are kept. Nothing else may write there
    meanwhile, and a kill may leave a part (`solver.pipeline.key_folder` sees to both). With
    `evidence` and no `bundle` no model is loaded and torch is not imported. For `device`, `exact`
    and `processes` see `Running`.

    With `stability` each decision is repeated so often with its free choices varied
    (`solver.decide.stability`); LIME and SmoothGrad are run with `reseed` other seeds for it, or,
    of evidence alone, saved runs with other seeds are used.

    Raises:
        Hw9Error: bank, bundle or evidence cannot be used, or `out` cannot be written.
    """
    # torch is imported below `_from_bundle` alone: deciding on evidence takes a second without it.
    questions_bank = load_bank(bank or shipped_bank())
    questions = planned(questions_bank, only)
    target = out / "evidence" if out is not None else None
    if evidence is not None and bundle is None:
        made = _from_evidence(
            questions_bank, questions, evidence, target, Repeats(stability, reseed, progress)
        )
    else:
        made = _from_bundle(
            questions_bank,
            questions,
            bundle,
            Running(device, exact, processes),
            load_evidence(evidence) if evidence is not None else earlier_evidence(target),
            target,
            Repeats(stability, reseed, progress),
            stopped,
        )
    if out is None:
        return made
    # Last, when the evidence is there: a key without its evidence could not be looked into.
    key = write_key_and_page(made.key, questions_bank, made.evidence, made.figures, out)
    return replace(made, key=key)


def write_key_and_page(
    key: Key,
    bank: Bank,
    evidence: Evidence,
    figures: Mapping[str, Sequence[Figure]],
    out: Path,
) -> Key:
    """Write a key and its page into `out`; return the key as written, overrides included.

    Raises:
        KeyFileError: an override or void in the key there would be lost.
        OutputError: they cannot be written.
    """
    from solver.page.key_page import render_key_page

    key, _ = with_kept_overrides(key, out / "key.yaml")
    with quietly():
        page = render_key_page(key, bank, evidence, figures)
    write_whole(out / "key.html", page)
    save_key(key, out / "key.yaml")
    return key


def _from_evidence(
    bank: Bank,
    questions: Sequence[PlannedQuestion],
    folder: Path,
    target: Path | None,
    repeats: Repeats,
) -> MadeKey:
    found = load_evidence(folder)
    if found.bundle.get("collected") is True:
        found = with_regions(found, regions_file(bank))
    reseeded = load_reseeded(folder, repeats.reseed) if repeats.count else []
    made = decide(bank, questions, found, repeats=repeats, reseeded=reseeded)
    if target is not None and target.resolve() != folder.resolve():
        needed = needed_records(questions)
        save_evidence(Evidence(found.among(needed), found.bundle), target)
        save_reseeded(reseeded, needed, target)
    return made


def _from_bundle(
    bank: Bank,
    questions: Sequence[PlannedQuestion],
    folder: Path | None,
    running: Running,
    known: Evidence | None,
    target: Path | None,
    repeats: Repeats,
    stopped: Sequence[Path],
) -> MadeKey:
    from solver.bundle.bundle import load_bundle
    from solver.explain.run.runner import run_explanations

    bundle = load_bundle(folder or data_folder("demo"), running.device)
    needed, all_claims = needed_records(questions), claims_of(questions)
    if any(name.split("/")[0] in ("picture", "module") for name in needed):
        _ = bundle.network  # a broken checkpoint is refused before anything is run
    name = "demo" if folder is None else folder.resolve().name
    about = {"name": name, "sha256": sha256_of_all(bundle.files), "files": bundle.files}
    settings = settings_for(bank, exact=running.exact)
    evidence, failures = run_explanations(
        needed,
        bundle,
        settings,
        folder=target,
        known=known,
        also=evidence_left_in(stopped),
        progress=repeats.progress,
        clock=time.perf_counter,
        about=about,
        all_claims=all_claims,
        processes=running.processes,
    )
    reseeded = run_reseeded(
        needed,
        bundle,
        settings,
        repeats.reseed if repeats.count else 0,
        folder=target,
        stopped=stopped,
        progress=repeats.progress,
        about=about,
        all_claims=all_claims,
        beside=evidence,
        processes=running.processes,
    )
    # Names inside the bundle: where the folder lies on this machine is no part of the key.
    prefix = f"{bundle.folder}/"
    reasons = {record: reason.replace(prefix, "") for record, reason in failures.items()}
    return decide(bank, questions, evidence, reasons=reasons, repeats=repeats, reseeded=reseeded)


def decide(
    bank: Bank,
    questions: Sequence[PlannedQuestion],
    evidence: Evidence,
    *,
    reasons: dict[str, str] | None = None,
    repeats: Repeats | None = None,
    reseeded: Sequence[Evidence] = (),
) -> MadeKey:
    """Decide every question on the evidence there is; leave open those that lack some.

    Args:
        bank: the bank the questions are from.
        questions: those to decide.
        evidence: the records there are.
        reasons: by id of a record that could not be made, why.
        repeats: how often to decide again with free choices varied; None or 0 times: not.
        reseeded: evidence of LIME and SmoothGrad under other seeds, for these repeats.
    """
    decided = []
    for question in questions:
        found = decide_question(question, evidence, reasons)
        found = replace(found, entry=with_figure_check(question, found.entry, evidence))
        decided.append(with_edition_remarks(found, evidence, bank.header.methods))
    entries = [one.entry for one in decided]
    repeats = repeats or Repeats()
    if repeats.count:
        entries = _repeated(questions, decided, evidence, repeats, reseeded)
    figures = {one.entry.id: one.decision.figures if one.decision else () for one in decided}
    key = Key(
        format=FORMAT,
        title=bank.header.title.en,
        bank={"edition": bank.header.edition, "sha256": bank.sha256, "files": bank.files},
        bundle=_in_order(evidence.bundle),
        code={"version": VERSION, "sha256": code_hash()},
        settings=_settings_used(questions, evidence),
        stability=_about_repeats(repeats, reseeded),
        questions=entries,
    )
    return MadeKey(key, evidence, figures)


def _repeated(
    questions: Sequence[PlannedQuestion],
    decided: Sequence[Decided],
    evidence: Evidence,
    repeats: Repeats,
    reseeded: Sequence[Evidence],
) -> list[KeyQuestion]:
    """Each question's entry with its repeats' results, reported to the progress bar."""
    # Imported here: a key without repeats does without it.
    from solver.decide.stability import measured_stability

    progress = repeats.progress
    if progress is not None:
        progress.start([(f"repeats/{one.entry.id}", 1) for one in decided])
    entries = []
    for question, one in zip(questions, decided, strict=True):
        name, began = f"repeats/{one.entry.id}", time.perf_counter()
        if progress is not None:
            progress.begin(name)
        entries.append(
            measured_stability(question, one, evidence, repeats=repeats.count, reseeded=reseeded)
        )
        if progress is not None:
            progress.finish(name, time.perf_counter() - began)
    return entries


def _about_repeats(repeats: Repeats, reseeded: Sequence[Evidence]) -> StabilityRun | None:
    if not repeats.count:
        return None
    from solver.decide.perturb_regions import PIXELS
    from solver.decide.stability import FACTOR

    return StabilityRun(repeats=repeats.count, factor=FACTOR, pixels=PIXELS, reseeded=len(reseeded))


def _in_order(value: Any) -> Any:
    """A mapping with its keys sorted, so that it is the same just made or read back."""
    if isinstance(value, dict):
        return {name: _in_order(value[name]) for name in sorted(value)}
    return value


def _settings_used(questions: Sequence[PlannedQuestion], evidence: Evidence) -> dict[str, Any]:
    """The settings and seeds written in the records the key rests on, by kind of record."""
    used: dict[str, Any] = {}
    for record in evidence.among(needed_records(questions)).values():
        if record.settings:
            used.setdefault(record.kind, record.settings)
    return dict(sorted(used.items()))
