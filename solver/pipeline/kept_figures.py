"""The figures of a key's questions, kept beside its evidence.

Which figures a question has comes out of deciding it, which takes seconds where a rule searches. So
they are kept as the key is made, and its page is made again without deciding anything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from solver.decide.decide import decide_question, quietly
from solver.errors import EvidenceError
from solver.evidence import Evidence
from solver.files.atomic_write import write_whole
from solver.files.json_source import read_json
from solver.key import Key
from solver.rules.registry import Figure, PlannedQuestion

FORMAT = "hw9-figures/1"
FILE = "figures.json"


def save_figures(key: Key, figures: Mapping[str, Sequence[Figure]], folder: Path) -> None:
    """Write the figures of a key's questions into its folder of evidence.

    Raises:
        OutputError: they cannot be written.
    """
    questions = {
        name: [[one.kind, dict(one.parameters), list(one.caption)] for one in some]
        for name, some in sorted(figures.items())
    }
    document = {"format": FORMAT, "of": _made_of(key), "questions": questions}
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    write_whole(folder / FILE, text + "\n")


def kept_figures(key: Key, folder: Path) -> dict[str, list[Figure]]:
    """Return the figures that are kept of a key's questions; none of a key made otherwise."""
    try:
        document = read_json(folder / FILE, EvidenceError)
        if document["format"] != FORMAT or document["of"] != _made_of(key):
            return {}
        return {
            str(name): [_figure(*one) for one in some]
            for name, some in document["questions"].items()
        }
    except (EvidenceError, LookupError, TypeError, ValueError, AttributeError):
        return {}  # they are found again by deciding


def _figure(kind: str, parameters: Mapping[str, Any], caption: Sequence[str]) -> Figure:
    english, chinese = map(str, caption)
    return Figure(str(kind), dict(parameters), (english, chinese))


def _made_of(key: Key) -> dict[str, Any]:
    # All that the rules saw: a decision of a person changes no figure.
    return {"bank": key.bank.get("sha256"), "bundle": key.bundle, "code": key.code.get("sha256"),
            "evidence": {one.id: one.evidence for one in key.questions}}  # fmt: skip


def figures_of(question: PlannedQuestion, evidence: Evidence) -> Sequence[Figure]:
    """Return a question's figures by deciding it."""
    with quietly():
        made = decide_question(question, evidence)
    return made.decision.figures if made.decision else ()
