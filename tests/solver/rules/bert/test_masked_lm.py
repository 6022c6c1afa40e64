"""Word distributions whose truth is made."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from solver.errors import EvidenceError
from solver.evidence import Evidence, Record
from solver.rules.bert.masked_lm import WordClaim, WordSettings, word_and_fall

WORDS = ["her", "him", "them", "me", "x"]


def evidence_of(alone: list[float], both: list[float]) -> Evidence:
    records = [
        Record(
            f"masked_words/{place}",
            {"probabilities": np.array(shares), "pieces": np.array(WORDS)},
        )
        for place, shares in enumerate((alone, both))
    ]
    return Evidence({record.id: record for record in records})


shares = st.lists(st.floats(0.01, 1), min_size=5, max_size=5).map(
    lambda some: [one / sum(some) for one in some]
)


@given(alone=shares, both=shares, order=st.permutations(WORDS[:4]))
def test_the_likeliest_word_offered_holds_and_the_fall_is_the_difference(
    alone: list[float], both: list[float], order: list[str]
) -> None:
    claims = [WordClaim(predicted=word) for word in order] + [WordClaim(falls="him")]
    decision = word_and_fall(evidence_of(alone, both), WordSettings(), claims)
    best = max(alone[:4])
    for word, verdict in zip(order, decision.verdicts, strict=False):
        if sorted(alone[:4])[-1] - sorted(alone[:4])[-2] > 1e-6:
            assert verdict.holds == (alone[WORDS.index(word)] == best)
        assert verdict.value == pytest.approx(alone[WORDS.index(word)])
    assert decision.verdicts[-1].value == pytest.approx(alone[1] - both[1])
    least = word_and_fall(evidence_of(alone, both), WordSettings(rank="least"), claims).verdicts
    if sorted(alone[:4])[1] - sorted(alone[:4])[0] > 1e-6:
        held = [word for word, verdict in zip(order, least, strict=False) if verdict.holds]
        assert held == [WORDS[int(np.argmin(alone[:4]))]]


def test_a_word_out_of_the_vocabulary_is_said_so() -> None:
    even = [0.2] * 5
    with pytest.raises(EvidenceError, match="'us' is not in"):
        word_and_fall(evidence_of(even, even), WordSettings(), [WordClaim(predicted="us")])


def test_shares_that_are_no_distribution_are_refused() -> None:
    with pytest.raises(EvidenceError, match="no distribution"):
        word_and_fall(
            evidence_of([0.5] * 5, [0.2] * 5), WordSettings(), [WordClaim(predicted="her")]
        )


@pytest.mark.parametrize("claim", [{}, {"predicted": "her", "falls": "him"}])
def test_a_claim_says_one_thing(claim: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="one of predicted, falls"):
        WordClaim.model_validate(claim)
