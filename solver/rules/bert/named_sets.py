"""Verdicts on claims that name a set of numbered things: "models 1 and 3, and no other"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from solver.errors import EvidenceError
from solver.rules.registry import Verdict
from solver.rules.verdicts import Pair


@dataclass(frozen=True)
class Things:
    """Names of numbered things: one and several in English, any number in Chinese."""

    one: str
    several: str
    chinese: str

    def named(self, numbers: set[int]) -> Pair:
        """Return some of them by name.

        >>> ITEMS.named({3, 1}), MODELS.named({2})
        (('items 1, 3', '第 1、3 題'), ('model 2', '模型 2'))
        """
        if not numbers:
            return "none", "無"
        listed_zh = "、".join(str(one) for one in sorted(numbers))
        name = self.one if len(numbers) == 1 else self.several
        return f"{name} {listed(numbers)}", self.chinese.format(listed_zh)


ITEMS = Things("item", "items", "第 {} 題")
MODELS = Things("model", "models", "模型 {}")


def values_listed(values: Mapping[int, str | Pair], things: Things) -> Pair:
    """Return the values of all things in one text: "model 1: 0.5, model 2: 0.1"."""
    english, chinese = [], []
    for number, said in sorted(values.items()):
        name, own = things.named({number}), said if isinstance(said, tuple) else (said, said)
        english.append(f"{name[0]}: {own[0]}")
        chinese.append(f"{name[1]}為{own[1]}")
    return ", ".join(english), "、".join(chinese)


@dataclass(frozen=True)
class Outcome:
    """The outcome for a set of things.

    Attributes:
        true: the numbers of those for which it holds.
        unknown: those for which it is undecided.
        margins: of each that was measured, its distance to the other verdict.
        things: their names.
    """

    true: set[int]
    unknown: set[int]
    margins: dict[int, float]
    things: Things


def set_verdict(claimed: set[int], outcome: Outcome, told: Pair) -> Verdict:
    """Return the verdict on a claim that names a set: it holds if the set is exactly right.

    A set that is wrong on a decided element is refuted; else undecided elements leave it open.

    Raises:
        EvidenceError: the set names an element that was not measured.
    """
    outside = claimed - set(outcome.margins) - outcome.unknown
    if outside:
        raise EvidenceError(
            f"the options name {sorted(outside)}, which was not measured",
            zh=f"選項提到未量測的 {sorted(outside)}",
        )
    margins = {one: far for one, far in outcome.margins.items() if one not in outcome.unknown}
    # One known element on the wrong side refutes a set, whatever the unknown ones are.
    wrong = (claimed ^ outcome.true) - outcome.unknown
    english, chinese = f"{told[0][:1].upper()}{told[0][1:]}", told[1]
    found, unit = listed(outcome.true), outcome.things.several
    if not wrong and outcome.unknown:
        open_ = outcome.things.named(outcome.unknown)
        sentence = (f"{english}; {open_[0]} cannot be told.", f"{chinese}；{open_[1]}無法判定。")
        return Verdict(None, found, unit, "the very set", listed(claimed), None, sentence)
    # The verdict turns when the weakest element changes sides, or all it is wrong about do.
    margin = max(margins[one] for one in wrong) if wrong else min(margins.values())
    named = outcome.things.named(outcome.true)
    sentence = (f"{english}; so {named[0]}.", f"{chinese}；故為{named[1]}。")
    return Verdict(not wrong, found, unit, "the very set", listed(claimed), margin, sentence)


def listed(numbers: set[int]) -> str:
    """Return numbers in order, or a dash for none."""
    return ", ".join(str(one) for one in sorted(numbers)) or "-"
