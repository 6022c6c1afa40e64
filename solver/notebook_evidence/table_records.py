"""Records of embeddings from heat maps and printed numbers: tables with layer and character."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from solver.evidence import Record
from solver.notebook_evidence.figures.heat_maps import HeatMap
from solver.notebook_evidence.notebook_file import PrintedNumbers

LEAST_LAYERS = 10
"""A list of so many fractions or more, printed over layers, is a curve."""


def matrix_record(matrix: HeatMap, settings: Mapping[str, Any]) -> Record | None:
    """Return a heat map as a record of one table; None where its layer is not told."""
    layer, character = settings.get("layer"), settings.get("character")
    if matrix.metric is None or not isinstance(layer, int) or character not in (0, 1):
        return None
    about: dict[str, Any] = {"layer": layer, "character": character, "metric": matrix.metric}
    values = matrix.values.copy()
    # Each distance is drawn twice, and each reading is off by up to half a level.
    values = (values + values.T) / 2
    np.fill_diagonal(values, 1.0 if matrix.metric == "cosine" else 0.0)
    if matrix.scale is None:
        about["scale"] = "shares of its range"
    return _with_tables({_name(about): values}, {_name(about): about}, len(values))


def is_curve(printed: PrintedNumbers) -> bool:
    """Say whether printed numbers may be cosines of two sentences, layer by layer."""
    values = np.array(printed.numbers)
    whole = len(values) >= LEAST_LAYERS and printed.method == "embeddings"
    return whole and bool(values.min() >= -1 and values.max() <= 1)


def _name(about: Mapping[str, Any]) -> str:
    return f"{about['metric']}_layer{about['layer']}_character{about['character']}"


def _with_tables(
    arrays: dict[str, Any], tables: dict[str, dict[str, Any]], sentences: int
) -> Record:
    values = {
        "source": "a figure of an executed notebook",
        "lacks": ["the hidden states, other layers"],
        "word": "蘋果",
        "sentences": [str(number) for number in range(1, sentences + 1)],
        "tables": tables,
    }
    return Record("embeddings", arrays, values)


def merged_tables(records: Sequence[Record]) -> Record:
    """Return one record with the tables of all; the first of equal names counts."""
    arrays: dict[str, Any] = {}
    tables: dict[str, Any] = {}
    for record in records:
        for name, about in record.values["tables"].items():
            if name not in arrays:
                arrays[name], tables[name] = record.arrays[name], about
    values = {**records[0].values, "tables": dict(sorted(tables.items()))}
    return Record("embeddings", dict(sorted(arrays.items())), values)
