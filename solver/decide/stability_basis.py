"""The basis of a question's repeats: a hash of all that they depend on.

Repeats are kept from one run to the next where it is the same, so that a measured stability is not
lost when a key is made again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from pydantic import BaseModel

from solver.code_version import repeats_code_hash
from solver.decide.decide import Decided
from solver.evidence import Evidence, Record
from solver.key import Key, KeyQuestion
from solver.rules.registry import PlannedQuestion
from solver.rules.thresholds import all_thresholds


@dataclass
class BasisHashes:
    """Hashes of questions' bases; each record is hashed once, however many questions need it."""

    evidence: Evidence
    _records: dict[str, str] = field(default_factory=dict)

    def of(self, question: PlannedQuestion, decided: Decided) -> str:
        """Return the basis of one question: its rule, claims, thresholds and evidence."""
        declared = all_thresholds()
        asked = question.question
        parts: dict[str, Any] = {
            # Its rule's own code alone: a change of another rule keeps this question's repeats.
            "code": repeats_code_hash(question.rule.decide.__module__),
            "question": [asked.id, asked.kind, asked.asks, asked.choose],
            "settings": _plain(question.settings),
            "claims": [_plain(claim) for claim in question.claims],
            "numbers": [str(number) for number in question.numbers],
            "thresholds": [
                [one.name, one.value, one.lowest, one.highest]
                for one in (declared[name] for name in decided.thresholds)
            ],
            "evidence": {
                name: self._record(name) for name in question.needs if name in self.evidence
            },
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def _record(self, name: str) -> str:
        if name not in self._records:
            self._records[name] = record_hash(self.evidence[name])
        return self._records[name]


def _plain(parameters: Any) -> Any:
    return parameters.model_dump(mode="json") if isinstance(parameters, BaseModel) else None


def record_hash(record: Record) -> str:
    """Return the SHA-256 of a record's arrays and values, not of the code that made them."""
    digest = hashlib.sha256(json.dumps(record.values, sort_keys=True, default=str).encode())
    for name, array in sorted(record.arrays.items()):
        # Type and shape too: the same bytes may be another array.
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def with_kept_repeats(entry: KeyQuestion, before: KeyQuestion | None, basis: str) -> KeyQuestion:
    """Return a question's entry with the repeats measured before, where their basis is the same."""
    if before is None or before.stability is None or before.stability.basis != basis:
        return entry
    flips = {option.name: option.flips for option in before.options}
    options = [
        option.model_copy(update={"flips": flips.get(option.name)}) for option in entry.options
    ]
    return entry.model_copy(update={"options": options, "stability": before.stability})


def questions_by_id(key: Key | None) -> Mapping[str, KeyQuestion]:
    """Return a key's questions by id; none of no key."""
    return {entry.id: entry for entry in key.questions} if key else {}


def dropped_repeats(before: Key | None, entries: Iterable[KeyQuestion]) -> tuple[str, ...]:
    """Return the ids of questions whose repeats were measured before and are not in `entries`."""
    now = {entry.id for entry in entries if entry.stability is not None}
    measured = [one.id for one in before.questions if one.stability] if before else []
    return tuple(name for name in measured if name not in now)
