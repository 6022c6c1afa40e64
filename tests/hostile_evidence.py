"""Evidence and keys in which every text that nothing binds is a hostile one."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from solver.bundle.tagged_corpus import TAGS
from solver.evidence import Evidence, Record
from solver.key import Key, Override
from tests.fuzz.made_evidence import made_record
from tests.hostile_texts import Texts

KEPT = {"format", "id", "kind", "points", "rule", "state", "blank", "correct", "settings", "code"}
"""What a key's schema, or its question, binds."""


def changed(data: Any, texts: Texts, kept: frozenset[str] = frozenset()) -> Any:
    """Return data of JSON with every text that nothing binds swapped for a hostile one."""
    if isinstance(data, dict):
        return {
            name: value if name in kept else changed(value, texts, kept)
            for name, value in data.items()
        }
    if isinstance(data, list):
        return [changed(each, texts, kept) for each in data]
    return texts(data) if isinstance(data, str) else data


def hostile_evidence(names: list[str], texts: Texts) -> Evidence:
    records = []
    for made in map(made_record, names):
        values = json.loads(json.dumps(made.values))
        if made.kind == "corpus_search":
            values["nearest"] = [[["word", "NOUN"]] * 3 for _ in range(12)]
        values = changed(values, texts, frozenset({"tags", "tag", "changes", "class", "nearest"}))
        for row in values.get("nearest", []):
            row[:] = [[texts(word), tag if tag in TAGS else "NOUN"] for word, tag in row]
        arrays = {
            key: np.array([texts(str(each)) for each in array])
            if array.dtype.kind == "U"
            else array
            for key, array in made.arrays.items()
        }
        records.append(Record(made.id, arrays, values, {"model": texts("")}))
    bundle = {"name": texts(""), "sha256": "0" * 64, "files": {texts(""): texts("")}}
    return Evidence({record.id: record for record in records}, bundle)


def hostile_key(key: Key, texts: Texts, *kept: str) -> Key:
    """The key with hostile texts, half of it contested, some of it set by hand."""
    data = changed(key.model_dump(mode="json", by_alias=True), texts, frozenset(KEPT | {*kept}))
    data["stability"] = {"repeats": 40, "factor": 0.25, "pixels": 3.0, "reseeded": 2}
    for number, question in enumerate(data["questions"]):
        if number % 3 == 0:
            question["override"] = Override(
                correct=question["correct"], why=texts(""), by=texts("")
            )
        if number % 2 == 0:
            question["stability"] = {
                "repeats": 40, "changed": 0.5,
                "by_cause": {"seeds": {"repeats": 9, "changed": 0.4}},
                "sets": [], "thresholds": [texts("")], "hinges_on": [texts("")],
            }  # fmt: skip
            for option in question["options"]:
                said = {"en": texts(""), "zh-Hant": texts("")}
                option["flips"] = {"share": 0.3, "by_cause": {"seeds": 0.3}}
                option["second"] = {
                    "holds": not option["holds"], "value": texts(""), "unit": texts(""),
                    "against": texts(""), "threshold": texts(""), "sentence": said,
                }  # fmt: skip
        else:
            why = {"en": texts(""), "zh-Hant": texts("")}
            question["second_lacks"] = [texts(""), {"records": [texts("")], "why": why}]
    data["bundle"] = {"name": texts(""), "sha256": "0" * 64, "files": {texts(""): texts("")}}
    data["settings"] = {"lime": {texts(""): texts("")}}
    return Key.model_validate(data)
