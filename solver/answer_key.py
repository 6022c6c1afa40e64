"""From bank and bundle, or from saved evidence, to an answer key.

::

    bank + bundle --plan--> explanations, each once --run--> evidence --rules--> verdicts --> key
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solver.bank import Bank, MeasuredChoices, load_bank
from solver.code_version import VERSION, code_hash
from solver.errors import EvidenceError
from solver.evidence import MANIFEST, Evidence, MissingEvidence, load_evidence, save_evidence
from solver.key import FORMAT, Answer, Key, KeyQuestion, OptionVerdict, Sentence, save_key
from solver.resources import data_folder
from solver.rules.registry import Decision, Figure, PlannedQuestion, Verdict, plan_questions
from solver.whole_files import sha256_of_all, write_whole

if TYPE_CHECKING:
    from solver.bundle import Bundle
    from solver.explain.method import ExplainSettings
    from solver.explain.run import Progress


@dataclass(frozen=True)
class MadeKey:
    """A key with what the page needs besides: the evidence and the figures by question."""

    key: Key
    evidence: Evidence
    figures: dict[str, Sequence[Figure]]


def planned(bank: Bank, only: Sequence[str] = ()) -> list[PlannedQuestion]:
    """Return the questions to decide, all or those in `only`, with their rules.

    Raises:
        BankError: an id that is not in the bank, or a claim its rule does not take.
    """
    questions = plan_questions(bank)
    wanted = {bank.question(name).id for name in only}
    return [one for one in questions if not wanted or one.question.id in wanted]


def needed_records(questions: Sequence[PlannedQuestion]) -> list[str]:
    """Return the ids of every record some question needs, each once, in the order of need."""
    return list(dict.fromkeys(name for question in questions for name in question.needs))


def explain(
    questions: Sequence[PlannedQuestion],
    bundle: Bundle,
    settings: ExplainSettings,
    *,
    folder: Path | None = None,
    known: Evidence | None = None,
    progress: Progress | None = None,
    about: dict[str, Any] | None = None,
) -> tuple[Evidence, dict[str, str]]:
    """Run what the questions need on a bundle; see `solver.explain.run.run_explanations`."""
    from solver.explain.run import run_explanations

    return run_explanations(
        needed_records(questions),
        bundle,
        settings,
        folder=folder,
        known=known,
        progress=progress,
        clock=time.perf_counter,
        about=about,
    )


def settings_for(bank: Bank, **changes: Any) -> ExplainSettings:
    """Return the settings explanations run with under a bank."""
    from solver.explain.method import ExplainSettings

    return replace(ExplainSettings(), lime_start_label=bank.header.lime_start_label, **changes)


def make_key(
    *,
    bundle: Path | None = None,
    bank: Path | None = None,
    evidence: Path | None = None,
    out: Path | None = None,
    only: Sequence[str] = (),
    device: str = "cpu",
    progress: Progress | None = None,
) -> MadeKey:
    """Make a key from a bundle (the demo's, if nothing is given), or from evidence alone.

    With `out` it is written there: ``evidence/``, ``key.html`` and last ``key.yaml``. Records of an
    earlier run, in `evidence` or in ``out/evidence``, that are still good are not made again.
    With `evidence` and no `bundle` no model is loaded and torch is not imported.

    Raises:
        Hw9Error: bank, bundle or evidence cannot be used, or `out` cannot be written.
    """
    questions_bank = load_bank(bank or data_folder("questions"))
    questions = planned(questions_bank, only)
    target = out / "evidence" if out is not None else None
    if evidence is not None and bundle is None:
        found = load_evidence(evidence)
        made = decide(questions_bank, questions, found)
        if target is not None and target.resolve() != evidence.resolve():
            save_evidence(_only_needed(found, questions), target)
    else:
        made = _from_bundle(
            questions_bank, questions, bundle, device, _known(evidence, target), target, progress
        )
    if out is not None:
        from solver.page.key_page import render_key_page

        page = render_key_page(made.key, questions_bank, made.evidence, made.figures)
        write_whole(out / "key.html", page)
        save_key(made.key, out / "key.yaml")
    return made


def _known(evidence: Path | None, target: Path | None) -> Evidence | None:
    """Evidence to begin from: the folder given, else that of an earlier run into the same place."""
    if evidence is not None:
        return load_evidence(evidence)
    if target is not None and (target / MANIFEST).is_file():
        try:
            return load_evidence(target)
        except EvidenceError:
            return None  # a damaged earlier run is simply made again
    return None


def _only_needed(evidence: Evidence, questions: Sequence[PlannedQuestion]) -> Evidence:
    names = [name for name in needed_records(questions) if name in evidence]
    return Evidence({name: evidence.get(*name.split("/")) for name in names}, evidence.bundle)


def _from_bundle(
    bank: Bank,
    questions: Sequence[PlannedQuestion],
    folder: Path | None,
    device: str,
    known: Evidence | None,
    target: Path | None,
    progress: Progress | None,
) -> MadeKey:
    from solver.bundle import load_bundle

    bundle = load_bundle(folder or data_folder("demo"), device)
    if any(name.split("/")[0] in ("picture", "module") for name in needed_records(questions)):
        _ = bundle.network  # a broken checkpoint is said before anything is run
    name = "demo" if folder is None else folder.resolve().name
    evidence, failures = explain(
        questions,
        bundle,
        settings_for(bank),
        folder=target,
        known=known,
        progress=progress,
        about={"name": name, "sha256": sha256_of_all(bundle.files), "files": bundle.files},
    )
    # Names inside the bundle: where the folder lies on this machine is no part of the key.
    prefix = f"{bundle.folder}/"
    reasons = {record: reason.replace(prefix, "") for record, reason in failures.items()}
    return decide(bank, questions, evidence, reasons=reasons)


def decide(
    bank: Bank,
    questions: Sequence[PlannedQuestion],
    evidence: Evidence,
    *,
    reasons: dict[str, str] | None = None,
) -> MadeKey:
    """Decide every question on the evidence there is; what lacks evidence is left open.

    Args:
        bank: the bank the questions are from.
        questions: those to decide.
        evidence: the records there are.
        reasons: by id of a record that could not be made, why.
    """
    entries, figures = [], {}
    for question in questions:
        entry, decision = _decide_one(question, evidence, reasons or {})
        entries.append(entry)
        figures[question.question.id] = decision.figures if decision else ()
    key = Key(
        format=FORMAT,
        title=bank.header.title.en,
        bank={"edition": bank.header.edition, "sha256": bank.sha256, "files": bank.files},
        bundle=_in_order(evidence.bundle),
        code={"version": VERSION, "sha256": code_hash()},
        settings=_settings_used(questions, evidence),
        questions=entries,
    )
    return MadeKey(key, evidence, figures)


_UNREADABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def _finite(decision: Decision) -> bool:
    """Whether every number of the verdicts is one; NaN comes of maps without anything in them."""
    numbers = [v for one in decision.verdicts for v in (one.value, one.threshold, one.margin)]
    return all(math.isfinite(number) for number in numbers if isinstance(number, float))


def _in_order(value: Any) -> Any:
    """The same mapping with its keys in order, whether it was just made or read back."""
    if isinstance(value, dict):
        return {name: _in_order(value[name]) for name in sorted(value)}
    return value


def _decide_one(
    question: PlannedQuestion, evidence: Evidence, reasons: dict[str, str]
) -> tuple[KeyQuestion, Decision | None]:
    missing = evidence.missing(question.needs)
    lacks = _with_reasons(missing, reasons)
    decision = None
    if not lacks:
        try:
            decision = question.rule.decide(evidence, question.settings, question.claims)
        except MissingEvidence as missing:
            lacks = missing.lacks
        except EvidenceError as fault:
            lacks = [str(fault)]
        except _UNREADABLE as fault:  # evidence may be made by hand, and in any shape
            names = ", ".join(question.needs)
            lacks = [f"evidence the rule can read, in {names} ({type(fault).__name__}: {fault})"]
    if decision is not None and not _finite(decision):
        decision, lacks = None, [f"evidence that gives numbers, in {', '.join(question.needs)}"]
    if decision is None:
        return _open(question, lacks), None
    options = _verdicts(question, decision)
    undecided = any(option.holds is None for option in options)
    entry = KeyQuestion(
        **_head(question),
        state="open" if undecided else "decided",
        correct=_empty(question) if undecided else _answer(question, options),
        note=_sentence(decision.note) if decision.note else None,
        options=options,
        evidence=question.needs,
    )
    return entry, decision


def _with_reasons(missing: list[str], reasons: dict[str, str]) -> list[str]:
    """Names of missing records; those with one reason why they are missing share a line."""
    grouped: dict[str, list[str]] = {}
    for name in missing:
        grouped.setdefault(reasons.get(name, ""), []).append(name)
    lines = grouped.pop("", [])
    return [*lines, *(f"{', '.join(names)} ({reason})" for reason, names in grouped.items())]


def _head(question: PlannedQuestion) -> dict[str, Any]:
    asked = question.question
    return {"id": asked.id, "kind": asked.kind, "points": asked.points, "rule": asked.rule}


def _empty(question: PlannedQuestion) -> Answer:
    return {} if question.question.kind == "pair" else []


def _open(question: PlannedQuestion, lacks: list[str]) -> KeyQuestion:
    return KeyQuestion(
        **_head(question),
        state="open",
        correct=_empty(question),
        lacks=lacks,
        evidence=question.needs,
    )


def _verdicts(question: PlannedQuestion, decision: Decision) -> list[OptionVerdict]:
    found = []
    for (blank, option), verdict in zip(question.options, decision.verdicts, strict=True):
        if option is not None:
            text = option.text.en if blank is not None else None
            found.append(_option_verdict(option.id, blank, verdict, text))
        else:
            measured = next(b.measured for b in question.question.blanks if b.id == blank)
            assert measured is not None
            found += _measured_options(blank, measured, verdict)
    return found


def _measured_options(
    blank: str | None, measured: MeasuredChoices, verdict: Verdict
) -> list[OptionVerdict]:
    """The choices of a drop-down made around a measured value, in ascending order."""
    assert isinstance(verdict.value, float)
    unit = Decimal(1).scaleb(-measured.decimals)
    value = Decimal(repr(verdict.value))
    right = value.quantize(unit)
    numbers = sorted({right, *((value * factor).quantize(unit) for factor in measured.factors)})
    return [
        _option_verdict(
            chr(ord("a") + at), blank, replace(verdict, holds=number == right), str(number)
        )
        for at, number in enumerate(numbers)
    ]


def _option_verdict(
    identifier: str, blank: str | None, verdict: Verdict, text: str | None
) -> OptionVerdict:
    return OptionVerdict(
        id=identifier,
        blank=blank,
        holds=verdict.holds,
        value=_rounded(verdict.value),
        unit=verdict.unit,
        against=verdict.against,
        threshold=_rounded(verdict.threshold),
        margin=_rounded(verdict.margin),
        sentence=_sentence(verdict.sentence),
        text=verdict.text or text,
    )


def _rounded(value: Any) -> Any:
    # Six digits are more than any verdict means, and fewer than machines differ in.
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _sentence(pair: tuple[str, str]) -> Sentence:
    return Sentence(en=pair[0], zh_hant=pair[1])


def _answer(question: PlannedQuestion, options: list[OptionVerdict]) -> Answer:
    if question.question.kind == "pair":
        return {str(option.blank): str(option.text) for option in options if option.holds}
    return [option.id for option in options if option.holds]


def _settings_used(questions: Sequence[PlannedQuestion], evidence: Evidence) -> dict[str, Any]:
    """The settings and seeds written in the records the key rests on, by kind of record."""
    used: dict[str, Any] = {}
    for name in needed_records(questions):
        if name in evidence:
            record = evidence.get(*name.split("/"))
            if record.settings:
                used.setdefault(record.kind, record.settings)
    return dict(sorted(used.items()))
