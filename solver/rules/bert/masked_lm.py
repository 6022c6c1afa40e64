"""Rule on the word predicted at a hidden place, and its fall when another word is hidden too.

The probabilities are drawn by the kind of figure ``bert_words`` (`solver.page.figures.bert`).

>>> pieces = np.array(["her", "his"])
>>> one = Record("masked_words/0", {"pieces": pieces, "probabilities": np.array([0.8, 0.2])})
>>> two = Record("masked_words/1", {"pieces": pieces, "probabilities": np.array([0.5, 0.5])})
>>> claims = [WordClaim(predicted="her"), WordClaim(predicted="his"), WordClaim(falls="her")]
>>> found = word_and_fall(Evidence({one.id: one, two.id: two}), WordSettings(), claims)
>>> [verdict.holds for verdict in found.verdicts], round(found.verdicts[2].value, 2)
([True, False, True], 0.3)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import Field, model_validator

from solver.errors import EvidenceError
from solver.evidence import Evidence, Record
from solver.rules.parameters import Rank
from solver.rules.registry import Decision, Figure, Parameters, Verdict, rule
from solver.rules.verdicts import strongest


class WordSettings(Parameters):
    """Which word offered holds; sentence and words come from the bundle."""

    rank: Rank = "most"


class WordClaim(Parameters):
    """Either: this word is predicted. Or: this word's probability falls (by the measured value)."""

    predicted: str | None = Field(
        default=None,
        description="the likeliest word of those offered (or, by `rank`, the least likely)",
    )
    falls: str | None = Field(
        default=None,
        description="the word whose probability falls; how far is measured, so that its options "
        "are numbers (`number`, or a drop-down's `measured`)",
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> WordClaim:
        if (self.predicted is None) == (self.falls is None):
            raise ValueError("a claim has one of predicted, falls")
        return self


def probability_of(record: Record, word: str) -> float:
    """Return the probability of a word.

    Raises:
        EvidenceError: the word is no piece of the vocabulary, or there is no distribution.
    """
    pieces = record.array("pieces", 1)
    probabilities = record.array("probabilities", 1)
    # To a thousandth: tables copied from a page are rounded.
    if len(pieces) != len(probabilities) or not np.isclose(probabilities.sum(), 1, atol=1e-3):
        raise EvidenceError(
            f"record {record.id}: 'probabilities' is no distribution over 'pieces'",
            zh=f"紀錄 {record.id}：'probabilities' 不是 'pieces' 上的機率分布",
        )
    # Whole pieces: a word that the tokenizer cuts has no probability of its own.
    places = np.flatnonzero(pieces == word)
    if not len(places):
        raise EvidenceError(
            f"record {record.id}: {word!r} is not in the model's vocabulary",
            zh=f"紀錄 {record.id}：模型的詞彙表中沒有 {word!r}",
        )
    return float(probabilities[places[0]])


@rule(
    "bert.masked_lm",
    settings=WordSettings,
    claim=WordClaim,
    needs=lambda settings: ["masked_words/0", "masked_words/1"],
)
def word_and_fall(
    evidence: Evidence, settings: WordSettings, claims: Sequence[WordClaim]
) -> Decision:
    """Probability of each word offered where the word is hidden, the largest holds (or, by `rank`,
    the smallest); and the fall of a word's probability when the second word is hidden as well."""
    alone, both = evidence.get("masked_words", 0), evidence.get("masked_words", 1)
    words = [claim.predicted for claim in claims if claim.predicted is not None]
    ranked = iter(
        strongest(
            [probability_of(alone, word) for word in words],
            [(f'"{word}"', f"「{word}」") for word in words],
            unit="probability",
            what=("probability of {0}", "{0}的機率"),
            rank=settings.rank,
        )
        if words
        else []
    )
    verdicts = []
    for claim in claims:
        verdicts.append(next(ranked) if claim.falls is None else _fall(alone, both, claim.falls))
    figure = Figure(
        "bert_words",
        {"records": [alone.id, both.id]},
        ("The likeliest words, one word hidden and both", "遮住一個詞與兩個詞時最可能的詞"),
    )
    return Decision(verdicts, [figure])


def _fall(alone: Record, both: Record, word: str) -> Verdict:
    before, after = probability_of(alone, word), probability_of(both, word)
    return Verdict(
        holds=True,
        value=before - after,
        unit="probability",
        against="",
        threshold=None,
        margin=None,
        sentence=(
            f'P("{word}") is {before:.3f} and, with the second word hidden too, {after:.3f}: '
            f"it falls by {before - after:.3f}.",
            f"「{word}」的機率為 {before:.3f}；第二個詞也遮住後為 {after:.3f}，"
            f"下降 {before - after:.3f}。",
        ),
    )
