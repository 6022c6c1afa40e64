"""Evidence from notebooks: reading, pooling, and the questions that it can carry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from solver.banks.bank import Bank
from solver.decide.decide import decide_question
from solver.evidence import Evidence, Record
from solver.key import lack_in_english
from solver.notebook_evidence.figures.known_pictures import handed_out, known_pictures
from solver.notebook_evidence.findings import Finding, ReadingSettings
from solver.notebook_evidence.notebook_file import ExecutedNotebook, read_executed_notebook
from solver.notebook_evidence.notebook_reading import read_figures
from solver.notebook_evidence.pooling import Pooled, pooled
from solver.notebook_evidence.record_kinds import PROCEDURE_KINDS, never_shown
from solver.rules.registry import PlannedQuestion, plan_questions
from solver.text.plural import shortened


@dataclass(frozen=True)
class QuestionState:
    """Whether evidence carries a question.

    Attributes:
        state: "figures" (decided on the notebooks' figures), "procedures" (on recorded runs of a
            method), "open", or "never" (no notebook can carry it).
        why: the lack, for the last two.
        answer: by the rule alone, of a question that is decided.
    """

    id: str
    state: str
    why: str = ""
    answer: str = ""


@dataclass(frozen=True)
class NotebookEvidence:
    """The outcome of reading notebooks."""

    notebooks: list[ExecutedNotebook]
    findings: list[Finding]
    pooled: Pooled
    evidence: Evidence
    draws: list[Evidence]
    questions: list[QuestionState]


def evidence_from(
    paths: Sequence[Path],
    bank: Bank,
    regions: Path,
    *,
    besides: Iterable[Record] = (),
    told: Callable[[str], None] = lambda text: None,
    decided: bool = True,
) -> NotebookEvidence:
    """Read notebooks and return their evidence.

    Args:
        paths: the notebook files.
        bank: its edition, its LIME settings and its questions.
        regions: the bank's file of regions.
        besides: records on procedures, and others that are not from figures.
        told: is called with each notebook's number before it is read.
        decided: also decide every question on it, to tell which it carries; a caller that decides
            anyway leaves it out.

    Raises:
        EvidenceError: a file is no notebook.
    """
    lime = bank.header.methods.lime
    settings = ReadingSettings(
        bank.header.edition, regions, known_pictures(regions), lime, handed_out()
    )
    notebooks, findings = [], []
    for number, path in enumerate(paths, start=1):
        told(f"reading notebook {number} of {len(paths)}")
        notebook = read_executed_notebook(path)
        notebooks.append(notebook)
        findings += read_figures(notebook, number, settings)
    together = pooled(findings, lime.superpixels.scikit_image)
    records = dict(together.records)
    for record in besides:
        # A notebook's own figure counts before what was run here.
        records.setdefault(record.id, record)
    # Hashes alone: a file's name may be a person's.
    about = {"name": "executed notebooks", "notebooks": [one.sha256 for one in notebooks]}
    evidence = Evidence(records, about)
    draws = [Evidence(one, about) for one in together.draws]
    planned = plan_questions(bank) if decided else []
    questions = [question_state(one, evidence) for one in planned]
    for question, state in zip(planned, questions, strict=True):
        together.differences += turned_by_draws(question, state, evidence, draws)
    return NotebookEvidence(notebooks, findings, together, evidence, draws, questions)


def question_state(question: PlannedQuestion, evidence: Evidence) -> QuestionState:
    """Return whether a question can be decided on evidence, by deciding it."""
    asked = question.question.id
    kinds = {name.split("/")[0] for name in question.needs}
    never = never_shown(question.needs)
    if never:
        return QuestionState(asked, "never", f"no notebook shows {', '.join(never)}")
    lacking = evidence.missing(question.needs)
    if lacking and not question.rule.partial:
        return QuestionState(asked, "open", f"lacks {shortened(lacking)}")
    # Whether it can be decided, the rule alone says; its cross-check may cost as much again.
    alone = replace(question, rule=replace(question.rule, cross_check=None))
    entry = decide_question(alone, evidence).entry
    if entry.state == "open":
        lacks = shortened([lack_in_english(one) for one in entry.lacks])
        left = [one.name for one in entry.options if one.holds is not False]
        told = f"lacks {lacks or 'what decides it'}"
        if 0 < len(left) < len(entry.options):
            told += f"; left: {' '.join(left)}"
        return QuestionState(asked, "open", told)
    made = kinds & set(PROCEDURE_KINDS)
    parts = entry.correct
    said = [f"{blank}={one}" for blank, one in parts.items()] if isinstance(parts, dict) else parts
    answer = " ".join(said) or "none"
    return QuestionState(asked, "procedures" if made else "figures", answer=answer)


def turned_by_draws(
    question: PlannedQuestion, state: QuestionState, evidence: Evidence, draws: Sequence[Evidence]
) -> list[str]:
    """Return a sentence on the draws of other notebooks that give a question another answer, if
    there are such draws.

    Args:
        question: the question.
        state: of it on the evidence.
        evidence: with the first draw of each record.
        draws: further ones.
    """
    other: dict[str, list[int]] = {}
    for draw in draws if state.state == "figures" else ():
        drawn = draw.among(question.needs)
        if not drawn:
            continue
        records = {record.id: record for record in evidence} | drawn
        answer = question_state(question, Evidence(records, evidence.bundle)).answer
        if answer and answer != state.answer:
            shown = {n for one in drawn.values() for n in one.values["shown_by_notebooks"]}
            other.setdefault(answer, []).extend(sorted(shown))
    told = [
        f"{answer} by the draw of notebook {', '.join(map(str, numbers))}"
        for answer, numbers in other.items()
    ]
    if not told:
        return []
    return [f"the answer to {state.id} is another by another draw of SmoothGrad: {state.answer} by "
            f"the first, {', '.join(told)}"]  # fmt: skip


def as_json(read: NotebookEvidence) -> dict[str, Any]:
    """Return the outcome for programs."""
    return {
        "notebooks": [
            {"number": number, "sha256": one.sha256, "figures": len(one.figures),
             "remarks": one.remarks}
            for number, one in enumerate(read.notebooks, start=1)
        ],
        "figures": [
            {"notebook": one.notebook, "where": one.where, "what": one.what, "sure": one.sure,
             "records": [record.id for record in one.records], "remarks": one.remarks,
             "handed_out": one.handed_out}
            for one in read.findings
        ],
        "differences": read.pooled.differences,
        "questions": {one.id: {"state": one.state, "why": one.why} for one in read.questions},
    }  # fmt: skip


def lines(read: NotebookEvidence) -> list[str]:
    """Return the outcome as lines for a person: one a figure, then differences and questions."""
    found = []
    for number, notebook in enumerate(read.notebooks, start=1):
        own = [one for one in read.findings if one.notebook == number]
        found.append(f"Notebook {number}: {len(notebook.figures)} figures")
        found += [f"  {remark[0].upper()}{remark[1:]}." for remark in notebook.remarks]
        found += [_line(one) for one in own]
        # Printed numbers have no bytes to compare.
        if own and all(one.handed_out for one in own if one.figures):
            found.append("  All are the handed-out outputs: the course's own run, not a student's.")
    found += [f"Differs: {one}." for one in read.pooled.differences]
    return [*found, *_question_lines(read)]


def not_read(read: NotebookEvidence) -> list[str]:
    """Return what a person must know who sees the questions alone: a line for each remark on a
    notebook, and for each figure of which nothing was read."""
    found = []
    for number, notebook in enumerate(read.notebooks, start=1):
        found += [f"notebook {number}: {remark}" for remark in notebook.remarks]
        own = [one for one in read.findings if one.notebook == number and not one.records]
        found += [f"notebook {number},{_line(one)[1:]}" for one in own]
    return found


def _line(one: Finding) -> str:
    told = one.what or "a figure"
    state = "read" if one.records else "not read"
    if not one.records and one.what:
        state = "read, nothing carried"
    parts = [f"  {one.where}: {told}: {state}"]
    if one.handed_out:
        parts.append("to the byte the one that the course handed out")
    if one.sure:
        parts.append(one.sure)
    return "; ".join([*parts, *one.remarks])


def _question_lines(read: NotebookEvidence) -> list[str]:
    def named(state: str) -> str:
        return " ".join(one.id for one in read.questions if one.state == state) or "none"

    found = [
        f"Decided on the figures: {named('figures')}",
        f"Decided on recorded procedures: {named('procedures')}",
        f"Which no notebook can carry: {named('never')}",
    ]
    lacking = [one for one in read.questions if one.state == "open"]
    found += [f"Open: {one.id} {one.why}" for one in lacking]
    return found
