"""Claims of a bank's questions, and their margins on any evidence; used to stop sampling early.

A mean over samples stops once every claim that depends on it is decided
(`solver.explain.sampling.sequential_test`). Nothing here needs torch.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from functools import partial
from typing import Any

from solver.code_version import rules_hash
from solver.decide.asked import decide_as_asked
from solver.decide.decide import UNREADABLE, quietly
from solver.errors import EvidenceError
from solver.evidence import Evidence
from solver.explain.sampling.claims import Claims
from solver.rules.registry import PlannedQuestion


def claims_of(questions: Sequence[PlannedQuestion]) -> list[Claims]:
    """Return the claims of each question."""
    return [
        Claims(identity_of(one), tuple(one.needs), len(one.claims), partial(_margins, one))
        for one in questions
    ]


def identity_of(question: PlannedQuestion) -> str:
    """Return a hash of a question's claims and of everything that decides them."""
    # A changed rule, setting or claim makes other claims: they must be decided anew.
    parts: list[Any] = [question.rule.name, question.settings.model_dump(mode="json")]
    parts += [claim.model_dump(mode="json") for claim in question.claims]
    parts += [question.question.asks, [str(number) for number in question.numbers]]
    text = json.dumps([rules_hash(), *parts], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _margins(question: PlannedQuestion, evidence: Evidence) -> list[float] | None:
    try:
        with quietly():
            decision = decide_as_asked(question, question.rule.decide, evidence)
    except (EvidenceError, *UNREADABLE):
        return None  # the question stays open, however many samples are taken
    margins = []
    for verdict in decision.verdicts:
        # A claim on a name, not on a number, has no margin: no sample moves it.
        size = math.inf if verdict.margin is None else verdict.margin
        margins.append(math.nan if verdict.holds is None else size if verdict.holds else -size)
    return margins
