"""The key's page made anew from a key and saved evidence, after an answer was set by hand."""

from __future__ import annotations

from pathlib import Path

from solver.banks.bank import Bank
from solver.decide.decide import decide_question, quietly
from solver.evidence import load_evidence
from solver.key import Key
from solver.pipeline.make_key import planned


def page_again(key: Key, bank: Bank, evidence: Path) -> str:
    """Return ``key.html`` for a key as it is now; the key itself is not decided again.

    Only the figures come of deciding: which of them a rule asks for is in no file.

    Args:
        key: with what was set by hand.
        bank: the one it was made from.
        evidence: the folder of evidence it was made from.

    Raises:
        EvidenceError: there is no such folder, or it cannot be read.
        BankError: the bank does not have a question of the key.
    """
    from solver.page.key_page import render_key_page

    found = load_evidence(evidence)
    questions = planned(bank, [entry.id for entry in key.questions])
    decided = [decide_question(question, found) for question in questions]
    figures = {one.entry.id: one.decision.figures if one.decision else () for one in decided}
    with quietly():
        return render_key_page(key, bank, found, figures)
