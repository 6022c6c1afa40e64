"""Embeddings of one word in many sentences as evidence gives them: states, or tables made of them.

Where the states themselves were not kept, a record may hold measurements of them instead: distances
or cosines of a layer, their range between groups of sentences, a similarity over the layers. Each
table names its layer and character (docs/formats/evidence.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from solver.errors import EvidenceError, MissingEvidence
from solver.evidence import Record
from solver.rules.verdicts import Pair

Floats = npt.NDArray[np.float64]
Metric = Literal["euclidean", "cosine"]
Part = Literal["first", "second", "both"]
METRICS: tuple[Metric, ...] = ("euclidean", "cosine")
PARTS: tuple[Part, ...] = ("first", "second", "both")
METRIC_NAMES: dict[Metric, Pair] = {
    "euclidean": ("the Euclidean distance", "歐氏距離"),
    "cosine": ("the cosine similarity", "餘弦相似度"),
}
PART_NAMES: dict[Part, Pair] = {
    "first": ("the first character", "第一個字"),
    "second": ("the second character", "第二個字"),
    "both": ("the whole word", "整個詞"),
}
_CHARACTERS: tuple[Part, ...] = ("first", "second")


def checked_states(record: Record) -> Floats:
    """Return the states (layers, sentences, characters, width).

    Raises:
        EvidenceError: another shape, or sentences that are not as many as the texts.
    """
    states = record.array("states", 4).astype(np.float64)
    if states.shape[1] != len(record.value("sentences")):
        raise EvidenceError(
            f"record {record.id}: 'states' and sentences differ in number",
            zh=f"紀錄 {record.id}：'states' 與句子的數目不同",
        )
    return states


def vectors_of(states: Floats, part: Part) -> Floats:
    """Return the vectors (layers, sentences, width) of a character, or the mean of the word's."""
    if part == "both":
        mean: Floats = states.mean(2)
        return mean
    # -1: a word of one piece has the same for both.
    return states[:, :, 0 if part == "first" else -1]


def pairwise(vectors: Floats, metric: Metric) -> Floats:
    """Return distance or cosine of every pair of rows (n, width): (n, n)."""
    if metric == "euclidean":
        distances: Floats = np.linalg.norm(vectors[:, None] - vectors[None], axis=-1)
        return distances
    norms = np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
    unit = vectors / norms  # (n, width)
    cosines: Floats = unit @ unit.T
    return cosines


def stretched(matrix: Floats) -> Floats:
    """Return the matrix as imshow colours it: smallest value 0, largest 1."""
    low, high = matrix.min(), matrix.max()
    result: Floats = (matrix - low) / max(high - low, 1e-12)
    return result


def as_cosine(distances: Floats, most: float) -> Floats:
    """Return the cosines, stretched, of vectors of one length with these distances.

    Of ``d**2 = 2 r**2 (1 - cos)`` the length r falls out when colours are stretched from the
    largest distance `most` to 0.
    """
    # Vectors of one length: the square of the distance falls as the cosine rises.
    result: Floats = 1 - (distances / most) ** 2
    return result


@dataclass(frozen=True)
class PredictedPicture:
    """The picture that a candidate predicts, as far as it is known.

    Attributes:
        metric, part: the candidate.
        layer: of the states.
        low, high: (n, n), least and largest value of each cell on the colour map, 0 to 1. Where
            only the range of a group of cells is known they differ, and some cell of the group
            has each end.
        converted: True for cosines that were computed from distances.
    """

    metric: Metric
    part: Part
    layer: int
    low: Floats
    high: Floats
    converted: bool = False

    @property
    def key(self) -> tuple[Metric, Part, int]:
        """The candidate and its layer."""
        return self.metric, self.part, self.layer

    def error(self, picture: Floats) -> float:
        """Return the root mean square error of a picture (n, n) over its cells, 0 to 1.

        A group of cells with a known range counts by the error of the range's ends.
        """
        off = np.zeros(picture.shape)
        exact = self.low == self.high
        off[exact] = (picture - self.low)[exact] ** 2
        ends = np.stack([self.low, self.high], -1)
        for low, high in {(float(a), float(b)) for a, b in ends[~exact]}:
            cells = ~exact & (self.low == low) & (self.high == high)
            inside = picture[cells]
            # Of a range only its ends are known, and which cell has them is not.
            off[cells] = ((inside.min() - low) ** 2 + (inside.max() - high) ** 2) / 2
        return float(np.sqrt(off.mean()))

    def order_kept(self, picture: Floats) -> float:
        """Return the share of pairs of cells in the known order in a picture; ties count half."""
        # A half of the matrix: the other half says the same, and would count each pair twice.
        rows, columns = np.triu_indices(len(picture))
        low, high, shown = self.low[rows, columns], self.high[rows, columns], picture[rows, columns]
        # A pair whose ranges meet says nothing of the order.
        above = low[:, None] > high[None] + 1e-12  # row's cell is above column's for certain
        if not above.any():
            return 0.5
        difference = (shown[:, None] - shown[None])[above]  # (known pairs,)
        return float(((difference > 0) + 0.5 * (difference == 0)).mean())


def predicted_pictures(
    record: Record, layers: Sequence[int] | None = None
) -> list[PredictedPicture]:
    """Return the predicted picture of every metric, part and layer in a record.

    Args:
        record: `embeddings`.
        layers: those wanted; None for all there are.

    Raises:
        EvidenceError: a layer that is not there, or tables of another form.
        MissingEvidence: neither states nor tables are there.
    """
    found = _of_states(record, layers) if "states" in record.arrays else _of_tables(record)
    if layers is not None:
        found = [one for one in found if one.layer in layers]
    if not found:
        raise MissingEvidence(
            [record.id],
            ("states, or tables of distances or cosines", "隱藏狀態，或距離、餘弦的表格"),
        )
    return found


def _of_states(record: Record, layers: Sequence[int] | None) -> list[PredictedPicture]:
    states = checked_states(record)
    wanted = range(len(states)) if layers is None else layers
    for layer in wanted:
        if not 0 <= layer < len(states):
            raise EvidenceError(
                f"there is no layer {layer}: the evidence has {len(states)}",
                zh=f"沒有第 {layer} 層：證據只有 {len(states)} 層",
            )
    found = []
    for part in PARTS:
        vectors = vectors_of(states, part)  # (layers, n, width)
        for metric in METRICS:
            for layer in wanted:
                matrix = stretched(pairwise(vectors[layer], metric))
                found.append(PredictedPicture(metric, part, layer, matrix, matrix))
    return found


def _of_tables(record: Record) -> list[PredictedPicture]:
    found = []
    tables = tables_of(record)
    for name, about in tables.items():
        metric = about.get("metric", "euclidean" if name == "distance_ranges" else name)
        if metric not in METRICS or "layer" not in about or name == "layer0_distance_ranges":
            continue
        part, layer = _part_and_layer(record, about)
        if metric == "cosine":
            shown = stretched(square(record, name))
            found.append(PredictedPicture("cosine", part, layer, shown, shown))
            continue
        if name == "distance_ranges":
            low, high = spread_ranges(record, name, tables[name])
        else:
            low = high = square(record, name)
        most = max(float(high.max()), 1e-12)
        found.append(PredictedPicture("euclidean", part, layer, low / most, high / most))
        # The farther, the less alike: the ends change places.
        alike = (as_cosine(high, most), as_cosine(low, most))
        found.append(PredictedPicture("cosine", part, layer, *alike, converted=True))
    # A table that was measured counts before one worked out of the other metric.
    measured = {one.key for one in found if not one.converted}
    return [one for one in found if not (one.converted and one.key in measured)]


def _part_and_layer(record: Record, about: Mapping[str, Any]) -> tuple[Part, int]:
    character, layer = about.get("character"), about.get("layer")
    if character not in (0, 1):
        raise EvidenceError(
            f"record {record.id}: a table is of character 0 or 1, not {character}",
            zh=f"紀錄 {record.id}：表格屬於第 0 或第 1 個字，而非 {character}",
        )
    # JSON's true is an int to isinstance.
    if isinstance(layer, bool) or not isinstance(layer, int) or layer < 0:
        raise EvidenceError(
            f"record {record.id}: a table says its layer, from 0, not {layer!r}",
            zh=f"紀錄 {record.id}：表格應寫明層數（從 0 起），而非 {layer!r}",
        )
    return _CHARACTERS[int(character)], layer


def tables_of(record: Record) -> dict[str, dict[str, Any]]:
    """Return a record's descriptions of its tables, by the name of the array."""
    told = record.values.get("tables") or {}
    if not isinstance(told, Mapping) or not all(isinstance(one, Mapping) for one in told.values()):
        raise EvidenceError(
            f"record {record.id}: 'tables' must say of each array what it is of",
            zh=f"紀錄 {record.id}：'tables' 應說明每個陣列的內容",
        )
    return {str(name): dict(told[name]) for name in sorted(told) if name in record.arrays}


def square(record: Record, name: str) -> Floats:
    """Return a table (n, n) of all pairs of sentences.

    Raises:
        EvidenceError: another shape.
    """
    count = len(record.value("sentences"))
    matrix = record.array(name, 2).astype(np.float64)
    if matrix.shape != (count, count):
        raise EvidenceError(
            f"record {record.id}: {name!r} is not square in {count} sentences",
            zh=f"紀錄 {record.id}：{name!r} 不是 {count} 句的方陣",
        )
    return matrix


def spread_ranges(record: Record, name: str, about: Mapping[str, Any]) -> tuple[Floats, Floats]:
    """Return least and largest distance (n, n) of each pair, from ranges between groups (G, G, 2).

    A sentence lies at 0 from itself.

    Raises:
        EvidenceError: groups that do not hold every sentence once, or another shape.
    """
    count = len(record.value("sentences"))
    groups = [[int(one) for one in group] for group in about.get("groups", [])]
    ranges = record.array(name, 3).astype(np.float64)
    fits = ranges.shape == (len(groups), len(groups), 2)
    if not fits or sorted(chain.from_iterable(groups)) != list(range(count)):
        raise EvidenceError(
            f"record {record.id}: {name!r} does not fit its groups of sentences",
            zh=f"紀錄 {record.id}：{name!r} 與其句子分組不符",
        )
    which = np.empty(count, int)
    for number, group in enumerate(groups):
        which[group] = number
    spread = ranges[which[:, None], which[None]]  # (n, n, 2)
    # A sentence has no distance to itself, whatever the range of its group.
    spread[np.arange(count), np.arange(count)] = 0.0
    return spread[..., 0], spread[..., 1]
