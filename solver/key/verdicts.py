"""Verdicts on a question's options: values, margins, and their stability."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from solver.banks.bank import Identifier, Kind, Strict

Answer = list[str] | dict[str, str]
"""Ids of the options that hold; of a *pair*, the chosen value (text) for each drop-down."""


def no_answer(kind: Kind) -> Answer:
    """Return the empty answer of a kind of question.

    >>> no_answer("pair"), no_answer("several")
    ({}, [])
    """
    return {} if kind == "pair" else []


class Sentence(Strict):
    """One sentence in both languages."""

    en: str
    zh_hant: str = Field(alias="zh-Hant")

    def in_language(self, language: str) -> str:
        """Return the sentence in `language` ("en" or "zh-Hant")."""
        return self.zh_hant if language == "zh-Hant" else self.en


DOUBTED = 0.01
"""Probability of another verdict from which a claim that was left near its line is contested."""

Cause = Literal["thresholds", "regions", "seeds", "samples", "resampled", "together"]
"""Things that are varied in a repeat of a decision (`solver.decide.stability`): the numbers a rule
chose, region edges, the draws of LIME and SmoothGrad, how many there are, the evidence itself; or
all of them."""

Share = Annotated[float, Field(ge=0, le=1)]


class Flips(Strict):
    """The share of repeats that flip an option's verdict."""

    share: Share = Field(description="share of all repeats in which the verdict is another")
    by_cause: dict[Cause, Share] = Field(
        default_factory=dict, description="of each cause's own repeats, the share that flip it"
    )
    spread: dict[Cause, float] = Field(
        default_factory=dict,
        description="of each cause's own repeats, how far the margin moved (root mean square); "
        "empty where it has none, and in keys from before it was kept",
    )


class SecondVerdict(Strict):
    """The verdict of the rule's cross-check on the same claim."""

    holds: bool | None
    value: float | str | None = None
    unit: str = ""
    against: str = ""
    threshold: float | str | None = None
    margin: float | None = None
    sentence: Sentence


class OptionVerdict(Strict):
    """The verdict on one option's claim."""

    id: Identifier
    blank: str | None = Field(default=None, description="the drop-down it belongs to, of a pair")
    holds: bool | None = Field(description="true, false, or null where it could not be decided")
    value: float | str | None = Field(default=None, description="the measured value")
    unit: str = Field(default="", description="unit of value, threshold and margin")
    against: str = Field(default="", description="what it was held against: a threshold, a rival")
    threshold: float | str | None = Field(default=None, description="the value it was held against")
    margin: float | None = Field(default=None, description="how far from the other verdict, >= 0")
    sentence: Sentence
    text: str | None = Field(default=None, description="of a pair: the text of the choice")
    flips: Flips | None = Field(default=None, description="None where it was not measured")
    doubt: Share | None = Field(
        default=None,
        description="estimated chance that the verdict is wrong, or would be judged otherwise; "
        "None where there is none, and in keys from before it was estimated",
    )
    second: SecondVerdict | None = Field(default=None, description="by the rule's cross-check")

    @property
    def name(self) -> str:
        """Its name in a sentence: its id, with its drop-down."""
        return f"{self.blank}: {self.id}" if self.blank else self.id

    @property
    def ways_differ(self) -> bool:
        """True if rule and cross-check both decided, and not alike."""
        # A cross-check that could not decide contradicts nothing.
        decided = self.second is not None and None not in (self.holds, self.second.holds)
        return decided and self.second is not None and self.second.holds != self.holds

    @property
    def no_margin(self) -> bool:
        """True if it holds by a margin of 0: chance would do as well."""
        return self.holds is True and self.margin == 0

    @property
    def contested(self) -> bool:
        """True if it flips in any repeat, the cross-check disagrees, or it has no margin."""
        flips = self.flips is not None and self.flips.share > 0
        return flips or self.ways_differ or self.no_margin


class OtherSet(Strict):
    """Another set of correct options that came out of some repeats."""

    correct: Answer
    share: Share


class CauseRepeats(Strict):
    """The repeats in which one thing was varied."""

    repeats: int = Field(ge=1)
    changed: Share = Field(description="share of them that gave another set of correct options")


class Stability(Strict):
    """The stability of a question's answer over repeats with varied choices."""

    repeats: int = Field(
        ge=0, description="0 where the question rests on no choice that could vary"
    )
    changed: Share = Field(default=0.0, description="share that gave another set, or none")
    undecided: Share = Field(default=0.0, description="share in which it could not be decided")
    by_cause: dict[Cause, CauseRepeats] = Field(default_factory=dict)
    sets: list[OtherSet] = Field(default_factory=list, description="the commonest first")
    thresholds: list[str] = Field(
        default_factory=list, description="those the decision reads, by name"
    )
    hinges_on: list[str] = Field(
        default_factory=list, description="thresholds that flip an option when varied alone"
    )
    alike: list[list[str]] = Field(
        default_factory=list, description="pairs of options that flipped, always together"
    )
    basis: str = Field(
        default="", description="hash of the evidence, rule and thresholds that were varied"
    )


class FigureCheck(Strict):
    """The ways of drawing a question's maps again, and those that change its answer."""

    pixels: int = Field(ge=1, description="pixels a side of the coarsest figure")
    ways: int = Field(ge=1, description="ways in which the maps were drawn and read again")
    changed_by: list[str] = Field(default_factory=list, description="ways that change the answer")
    turned: dict[str, int] = Field(
        default_factory=dict,
        description="by option, how many of the ways give it another verdict",
    )


class OtherDraws(Strict):
    """The other random draws that a question was decided on, and the other answers they give."""

    draws: int = Field(ge=1, description="how many: other seeds, or other people's runs")
    sets: list[OtherSet] = Field(default_factory=list, description="the commonest first")

    @property
    def others(self) -> int:
        """How many of them give another answer."""
        return round(sum(one.share for one in self.sets) * self.draws)


class CloseClaims(Strict):
    """The options that are too near their line for the samples taken.

    They stopped where no look before the course's count would have decided them.
    """

    chances: dict[str, float] = Field(
        description="by option, the probability that all samples give it the other verdict"
    )
    samples: dict[str, tuple[int, int]] = Field(
        description="by record, the samples it has and those of the course"
    )

    @property
    def contested(self) -> bool:
        """True if all samples may well give another verdict."""
        return max(self.chances.values(), default=0.0) >= DOUBTED


class SaturationCheck(Strict):
    """The pictures of whose label the network is too sure for single precision."""

    lost: list[int] = Field(
        default_factory=list, description="whose saliency map leaves out the label's own part"
    )
    rounded: list[int] = Field(
        default_factory=list, description="whose saliency map depends on one rounding"
    )
    changed: bool = Field(description="maps that lose no part give another answer")
