"""A key's page made again from the key and saved evidence, after an answer was set by hand."""

from __future__ import annotations

from pathlib import Path

from solver.banks.bank import Bank
from solver.decide.decide import quietly
from solver.evidence import load_evidence
from solver.key import Key
from solver.pipeline.kept_figures import figures_of, kept_figures
from solver.pipeline.make_key import planned


def page_again(key: Key, bank: Bank, evidence: Path) -> str:
    """Return ``key.html`` for a key as it is now; the key itself is not decided again.

    Args:
        key: with its decisions by people.
        bank: the one it was made from.
        evidence: the folder of evidence it was made from.

    Raises:
        EvidenceError: there is no such folder, or it cannot be read.
        BankError: the bank does not have a question of the key.
    """
    from solver.page.key_page import render_key_page

    found = load_evidence(evidence)
    questions = planned(bank, [entry.id for entry in key.questions])
    kept = kept_figures(key, evidence)
    figures = {
        name: kept[name] if name in kept else figures_of(question, found)
        for question in questions
        for name in [question.question.id]
    }
    with quietly():
        return render_key_page(key, bank, found, figures)
