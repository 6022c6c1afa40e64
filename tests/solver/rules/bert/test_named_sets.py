"""A claim that names a set is right when it is the very set, and is told in words.

Blanks between Chinese and digits come later, where all sentences do (`solver.text.cjk_spacing`).
"""

from __future__ import annotations

import pytest

from solver.errors import EvidenceError
from solver.rules.bert.named_sets import ITEMS, MODELS, Outcome, set_verdict, values_listed


def outcome(unknown: set[int] | None = None) -> Outcome:
    return Outcome({1, 3}, unknown or set(), {1: 0.5, 2: 0.25, 3: 2.0}, MODELS)


def test_the_very_set_holds_and_is_named() -> None:
    told = values_listed({3: "b", 1: ("a", "甲")}, MODELS)
    assert told == ("model 1: a, model 3: b", "模型 1為甲、模型 3為b")
    right = set_verdict({1, 3}, outcome(), told)
    assert (right.holds, right.margin) == (True, 0.25)
    assert right.sentence[0].endswith("; so models 1, 3.")
    assert right.sentence[1].endswith("；故為模型 1、3。")
    wrong = set_verdict({2}, outcome(), told)
    assert (wrong.holds, wrong.margin, wrong.value, wrong.threshold) == (False, 2.0, "1, 3", "2")


def test_what_could_not_be_told_is_named() -> None:
    open_ = set_verdict({1, 3}, outcome({2}), ("found", "結果"))
    assert open_.holds is None
    assert open_.sentence == ("Found; model 2 cannot be told.", "結果；模型 2無法判定。")


def test_none_is_a_set_too() -> None:
    none = Outcome(set(), set(), {1: 0.5}, ITEMS)
    assert set_verdict({1}, none, ("found", "結果")).sentence == (
        "Found; so none.",
        "結果；故為無。",
    )


def test_what_was_not_measured_is_refused() -> None:
    with pytest.raises(EvidenceError, match="was not measured"):
        set_verdict({4}, outcome(), ("found", "結果"))
