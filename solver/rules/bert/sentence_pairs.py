"""Causes that move a word's similarity at layer 0, by pairs of unchanged sentences.

Two sentences that have the word at one place differ in all the rest; if its embedding is the same
in both, none of that rest matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from solver.errors import EvidenceError, MissingEvidence
from solver.evidence import Record
from solver.rules.bert.embedding_tables import (
    Floats,
    checked_states,
    pairwise,
    spread_ranges,
    tables_of,
)
from solver.rules.registry import Decision, Verdict
from solver.rules.thresholds import threshold
from solver.rules.verdicts import Pair, below, undecided

Mask = npt.NDArray[np.bool_]
Cause = Literal["meaning", "length", "position", "frequency"]
CAUSES: dict[Cause, Pair] = {
    "meaning": ("its meaning", "意思"),
    "length": ("the sentence's length", "句子長度"),
    "position": ("its position", "位置"),
    "frequency": ("how often it occurs", "出現次數"),
}
STILL = threshold(
    "sentence_pairs.still",
    1e-3,
    "of the largest distance there is: float32 sums in another order move a vector by 1e-6 of its "
    "length, another place in the sentence by as much as any",
    lowest=1e-6,
)


LEAST_MOVED = 0.01
"""Of a vector's length: a largest distance of less is taken for as much, so that rounding, 1e-6,
is not held against rounding."""


@dataclass(frozen=True)
class Sentences:
    """Facts on a word in some sentences at layer 0.

    Attributes:
        low, high: (n, n), least and largest distance, over the largest of all; equal where exact.
        facts: for each cause (n,), numbers that differ where the cause does.
        character: the word's character, from 0, whose distances these are.
    """

    low: Floats
    high: Floats
    facts: dict[Cause, npt.NDArray[np.int64]]
    character: int

    def differ(self, cause: Cause) -> Mask:
        """The pairs (n, n) that differ in a cause."""
        values = self.facts[cause]
        mask: Mask = values[:, None] != values[None]
        return mask


def sentences_of(record: Record, character: int) -> Sentences:
    """Return the facts of layer 0 in a record `embeddings`.

    Raises:
        MissingEvidence: neither states nor distances of layer 0 are there.
    """
    known = _facts(record, character)
    if "states" in record.arrays:
        states = checked_states(record)
        if character >= states.shape[2]:
            raise EvidenceError(
                f"the word has {states.shape[2]} characters", zh=f"該詞只有 {states.shape[2]} 個字"
            )
        vectors = states[0, :, character]
        distances = pairwise(vectors, "euclidean")
        # Where nothing moves the word, the largest distance is itself rounding.
        length = float(np.linalg.norm(vectors, axis=-1).max())
        most = max(float(distances.max()), LEAST_MOVED * length, 1e-12)
        return Sentences(distances / most, distances / most, known, character)
    about = tables_of(record).get("layer0_distance_ranges")
    if about is None or int(about.get("layer", -1)) != 0:
        raise MissingEvidence(
            [record.id], ("states, or distances at layer 0", "隱藏狀態，或第 0 層的距離")
        )
    low, high = spread_ranges(record, "layer0_distance_ranges", about)
    most = max(float(high.max()), 1e-12)
    return Sentences(low / most, high / most, known, int(about["character"]))


def _facts(record: Record, character: int) -> dict[Cause, npt.NDArray[np.int64]]:
    """Facts on the sentences by cause; unknown ones are left out."""
    count = len(record.value("sentences"))
    word, texts = str(record.values.get("word", "")), [str(s) for s in record.value("sentences")]
    facts: dict[Cause, npt.NDArray[np.int64]] = {}
    # As the lists are ordered: one sense in the first half, the other in the second.
    senses = record.values.get("senses") or [int(at >= count // 2) for at in range(count)]
    facts["meaning"] = np.array([int(sense) for sense in senses])
    for cause, name in (("position", "places"), ("length", "lengths")):
        if name in record.arrays:
            facts[cause] = record.array(name, 1).astype(np.int64)  # type: ignore[index]
    if all(word and word in text for text in texts) and character < len(word):
        facts["frequency"] = np.array([text.count(word[character]) for text in texts])
    if any(len(values) != count for values in facts.values()):
        raise EvidenceError(
            f"record {record.id}: places, lengths or senses differ in number",
            zh=f"紀錄 {record.id}：位置、長度或詞義的數目不同",
        )
    return facts


def compared_pairs(record: Record, character: int, causes: Sequence[Cause]) -> Decision:
    """Return the verdicts on causes by pairs of the sentences of a record `embeddings`."""
    sentences = sentences_of(record, character)
    verdicts = [_verdict(sentences, cause) for cause in causes]
    note = None
    if sentences.character != character:
        note = (
            "What was kept of layer 0 is of the word's other character, in the same sentences.",
            "第 0 層所保留的是同一詞的另一個字，句子相同。",
        )
    return Decision(verdicts, (), note)


def _verdict(sentences: Sentences, cause: Cause) -> Verdict:
    name, still = CAUSES[cause], STILL.now()
    if cause not in sentences.facts or "position" not in sentences.facts:
        return _open(name, ("it is not known of the sentences", "句子的資訊不足"))
    pairs = sentences.differ(cause)
    if cause != "position":
        # At one place alone: the position itself moves a state at layer 0.
        pairs &= ~sentences.differ("position")
    if not pairs.any():
        return _open(name, ("no two sentences differ in it with the word at one place",
                            "沒有兩個句子在字的位置相同時有此差異"))  # fmt: skip
    count = int(np.triu(pairs).sum())  # each pair once
    # Of ranges only the ends are known: the largest that a pair may, and must, have moved.
    moved_most, moved_least = float(sentences.high[pairs].max()), float(sentences.low[pairs].max())
    if moved_least <= still < moved_most:
        return _open(name, ("the distance is not known nearly enough", "距離不夠精確"))
    if moved_least > still and not _is_sole_cause(sentences, cause, pairs, still):
        return _open(name, ("what moved it may be something else", "也可能由其他因素造成"))
    at_one_place = ("", "") if cause == "position" else (" at one place", "位置相同、")
    return below(
        moved_most,
        still,
        unit="of the largest distance",
        what=(
            f"most that {count} pairs of sentences{at_one_place[0]} differ which differ in "
            f"{name[0]}",
            f"{at_one_place[1]}{name[1]}不同的 {count} 對句子之間的最大距離",
        ),
        against=("rounding", "捨入誤差"),
    )


def _is_sole_cause(sentences: Sentences, cause: Cause, pairs: Mask, still: float) -> bool:
    """True if no other cause can have moved the pairs."""
    others = [one for one in sentences.facts if one != cause]
    alone = pairs & ~np.any([sentences.differ(one) for one in others], axis=0)
    if bool((sentences.low[alone] > still).any()):
        return True
    # The position is the cause, too, if nothing moves a word that stays at its place.
    at_one_place = ~sentences.differ("position") & ~np.eye(len(pairs), dtype=bool)
    rest = sentences.high[at_one_place]
    return cause == "position" and len(rest) > 0 and float(rest.max()) <= still


def _open(name: Pair, why: Pair) -> Verdict:
    return undecided(
        (
            f"Of {name[0]} it cannot be told: {why[0]}.",
            f"無法判定是否與{name[1]}有關：{why[1]}。",
        )
    )
