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
from solver.decide.decide import Reason, quietly
from solver.decide.doubt.estimate import with_doubt
from solver.decide.early_stop import with_close_claims
from solver.decide.edition_remarks import with_edition_remarks
from solver.decide.figure_fineness import with_figure_check
from solver.decide.margins import claims_of
from solver.decide.saturation import with_saturation_check
from solver.decide.stability_basis import dropped_repeats
from solver.evidence import (
    Evidence,
    earlier_evidence,
    evidence_left_in,
    load_evidence,
    save_evidence,
)
from solver.explain.run.demo_procedures import recorded_procedures
from solver.files.atomic_write import sha256_of_all, write_whole
from solver.files.resources import data_folder, shipped_bank
from solver.key import FORMAT, Key, save_key
from solver.notebook_evidence.collected import regions_file, with_regions
from solver.pipeline.deal import Dealing
from solver.pipeline.kept_figures import save_figures
from solver.pipeline.other_draws import with_other_draws
from solver.pipeline.overrides import key_there, with_kept_overrides
from solver.pipeline.repeats import Repeats, about_repeats, first_decisions, with_repeats
from solver.pipeline.reseed import (
    load_reseeded,
    run_reseeded,
    sampling_records,
    save_reseeded,
)
from solver.rules.registry import Figure, PlannedQuestion, plan_questions
from solver.rules.shapes.search_starts import begun_at

if TYPE_CHECKING:
    from solver.bundle.bundle import Bundle
    from solver.explain.job import ExplainSettings
    from solver.explain.sampling.claims import Claims
    from solver.pipeline.repeats import RunProgress


@dataclass(frozen=True)
class MadeKey:
    """A key with the evidence and, by question, the figures that its page shows.

    Attributes:
        dropped: ids of questions whose repeats, measured before, hold no more.
    """

    key: Key
    evidence: Evidence
    figures: dict[str, Sequence[Figure]]
    dropped: tuple[str, ...] = ()


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
    progress: RunProgress | None = None,
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
    of evidence alone, saved runs with other seeds are used. Repeats of the key that lies in `out`
    are kept for each question whose evidence, rule and thresholds are the same (and, with
    `stability`, if they were made with the same settings).

    Raises:
        Hw9Error: bank, bundle or evidence cannot be used, or `out` cannot be written.
    """
    # torch is imported below `_from_bundle` alone: deciding on evidence takes a second without it.
    questions_bank = load_bank(bank or shipped_bank())
    questions = planned(questions_bank, only)
    target = out / "evidence" if out is not None else None
    before = key_there(out / "key.yaml") if out else None
    repeats = Repeats(stability, reseed, progress, before)
    if evidence is not None and bundle is None:
        made = _from_evidence(questions_bank, questions, evidence, target, repeats, processes)
    else:
        made = _from_bundle(
            questions_bank,
            questions,
            bundle,
            Running(device, exact, processes),
            load_evidence(evidence) if evidence is not None else earlier_evidence(target),
            target,
            repeats,
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
    save_figures(key, figures, out / "evidence")
    write_whole(out / "key.html", page)
    # Last: a key that is there has its page and its evidence.
    save_key(key, out / "key.yaml")
    return key


def _from_evidence(
    bank: Bank,
    questions: Sequence[PlannedQuestion],
    folder: Path,
    target: Path | None,
    repeats: Repeats,
    processes: int,
) -> MadeKey:
    found = load_evidence(folder)
    if found.bundle.get("collected") is True:
        found = with_regions(found, regions_file(bank))
        for record in recorded_procedures(needed_records(questions)):
            if record.id not in found:
                found.add(record)
    reseeded = load_reseeded(folder)
    made = decide(bank, questions, found, repeats=repeats, reseeded=reseeded, processes=processes)
    # Evidence given from inside the key's own folder is there already.
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
    from solver.explain.run.runner import RunOptions, SilentProgress, run_explanations

    bundle = load_bundle(folder or data_folder("demo"), running.device)
    needed = needed_records(questions)
    name = "demo" if folder is None else folder.resolve().name
    about = {"name": name, "sha256": sha256_of_all(bundle.files), "files": bundle.files}
    settings = settings_for(bank, exact=running.exact)
    all_claims = claims_of(questions)
    _announce(questions, bundle, settings, repeats, all_claims)
    options = RunOptions(
        progress=repeats.progress or SilentProgress(),
        clock=time.perf_counter,
        about=about,
        all_claims=all_claims,
        processes=running.processes,
        network_first=any(name.split("/")[0] in ("picture", "module") for name in needed),
    )
    left = evidence_left_in(stopped)
    evidence, failures = run_explanations(
        needed, bundle, settings, options, folder=target, known=known, also=left
    )
    times = repeats.reseed if repeats.count else 0
    # Claims of the other seeds rest on the first run's records of all other kinds.
    options = replace(options, beside=evidence)
    reseeded = run_reseeded(
        needed, bundle, settings, options, times, folder=target, stopped=stopped
    )
    # Names inside the bundle: where the folder lies on this machine is no part of the key.
    prefix = f"{bundle.folder}/"
    reasons = {
        record: (english.replace(prefix, ""), chinese.replace(prefix, ""))
        for record, (english, chinese) in failures.items()
    }
    return decide(
        bank,
        questions,
        evidence,
        reasons=reasons,
        repeats=repeats,
        reseeded=reseeded,
        processes=running.processes,
    )


def _announce(
    questions: Sequence[PlannedQuestion],
    bundle: Bundle,
    settings: ExplainSettings,
    repeats: Repeats,
    all_claims: Sequence[Claims],
) -> None:
    """Tell the progress bar the whole run before its first stage, so that it knows the end."""
    if repeats.progress is None:
        return
    from solver.explain.job import Job
    from solver.explain.run.runner import probable_passes
    from solver.explain.run.scheduler import probable_tests

    needs = {one.question.id: [*one.needs, *one.cross_check_needs] for one in questions}
    again = [Job(name, bundle, settings) for name in sampling_records(needed_records(questions))]
    jobs = [(job.id, probable_passes(job)) for job in again]
    jobs += probable_tests(again, all_claims)
    stages = [jobs] * (repeats.reseed if repeats.count and jobs else 0)
    if repeats.count:
        stages = [*stages, [(f"repeats/{name}", repeats.count) for name in needs]]
    repeats.progress.coming(needs, stages)


def decide(
    bank: Bank,
    questions: Sequence[PlannedQuestion],
    evidence: Evidence,
    *,
    reasons: dict[str, Reason] | None = None,
    repeats: Repeats | None = None,
    reseeded: Sequence[Evidence] = (),
    processes: int = 1,
) -> MadeKey:
    """Decide every question on the evidence there is; leave open those that lack some.

    Args:
        bank: the bank the questions are from.
        questions: those to decide.
        evidence: the records there are.
        reasons: by id of a record that could not be made, why.
        repeats: how often to decide again with free choices varied; None or 0 times: not.
        reseeded: evidence of LIME and SmoothGrad under other seeds. Each question is decided on
            them too, and the repeats use the first of them.
        processes: among which repeats are dealt; the results are the same.
    """
    repeats = repeats or Repeats()
    with Dealing(processes if repeats.count else 1) as dealing:
        decided = first_decisions(questions, evidence, reasons or {}, dealing)
        for at, (question, found) in enumerate(zip(questions, decided, strict=True)):
            # After all first decisions: each check decides the question again, on other evidence.
            # Searches begin where the decision's ended: on a map drawn again a drawing lies there.
            with begun_at(found.places):
                entry = with_figure_check(question, found.entry, evidence)
                entry = with_saturation_check(question, entry, evidence)
                entry = with_other_draws(question, entry, evidence, reseeded)
            checked = replace(found, entry=with_close_claims(question, entry, evidence))
            decided[at] = with_edition_remarks(checked, evidence, bank.header.methods)
        again = reseeded[: repeats.reseed]
        entries = with_repeats(questions, decided, evidence, repeats, again, dealing)
    entries = [with_doubt(entry) for entry in entries]
    measured = any(entry.stability for entry in entries)
    kept = repeats.before.stability if repeats.before else None
    run = about_repeats(repeats, again) or kept
    figures = {one.entry.id: one.decision.figures if one.decision else () for one in decided}
    key = Key(
        format=FORMAT,
        title=bank.header.title.en,
        bank={"edition": bank.header.edition, "sha256": bank.sha256, "files": bank.files},
        bundle=_in_order(evidence.bundle),
        code={"version": VERSION, "sha256": code_hash()},
        settings=_settings_used(questions, evidence),
        stability=run if measured or repeats.count else None,
        questions=entries,
    )
    return MadeKey(key, evidence, figures, dropped_repeats(repeats.before, entries))


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
            # The first of a kind: all records of a run have the same settings.
            used.setdefault(record.kind, record.settings)
    return dict(sorted(used.items()))
