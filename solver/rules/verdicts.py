"""Verdicts of the usual shapes: the strongest of several, and a value against a threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from solver.rules.registry import Verdict
from solver.text.numbers import MINUS, chance_of, number

Pair = tuple[str, str]
"""A text in English and in Traditional Chinese."""

TIE = 1e-9
"""Difference below which values are equal, so that no option holds by a rounding error."""


def strongest(
    values: Sequence[float],
    names: Sequence[Pair],
    *,
    unit: str,
    what: Pair,
    rank: Literal["most", "least"] = "most",
    says: Sequence[Pair] = (),
) -> list[Verdict]:
    """Return a verdict for each option, compared with its best rival: the largest value holds.

    Args:
        values: one for each option, two or more.
        names: the options' names in both languages.
        unit: of the values.
        what: the measurement in both languages, with ``{0}`` in place of the option's name.
        rank: "least": the smallest value holds.
        says: a clause of its own for each option instead, with ``{0}`` in place of its value.

    Example:
        >>> names = [("A", "甲"), ("B", "乙")]
        >>> found = strongest([0.7, 0.2], names, unit="share", what=("share of {0}", "{0}的比例"))
        >>> [verdict.holds for verdict in found], found[0].sentence[0]
        ([True, False], 'Share of A: 70%, more than B (20%).')
    """
    least = rank == "least"
    verdicts = []
    for index, name in enumerate(names):
        rivals = [at for at in range(len(values)) if at != index]
        rival = (min if least else max)(rivals, key=lambda at: values[at])
        value, threshold = float(values[index]), float(values[rival])
        lead = threshold - value if least else value - threshold
        own, other = amounts(value, threshold, unit)
        if says:
            english = _together(says[index][0], says[rival][0], (own[0], other[0]), (" and ", "; "))
            chinese = _together(says[index][1], says[rival][1], (own[1], other[1]), ("、", "；"))
        else:
            over, ahead = _COMPARED["=" if abs(lead) <= TIE else ">" if value > threshold else "<"]
            english, chinese = (text.format(own) for text, own in zip(what, name, strict=True))
            english += f": {own[0]}, {over} {names[rival][0]} ({other[0]})"
            chinese += f"：{own[1]}，{ahead}{names[rival][1]}（{other[1]}）"
        verdicts.append(
            Verdict(
                # Of two equal options none holds: there is no one answer.
                holds=lead > TIE,
                value=value,
                unit=unit,
                against=names[rival][0],
                threshold=threshold,
                margin=abs(value - threshold),
                sentence=(english[:1].upper() + english[1:] + ".", chinese + "。"),
            )
        )
    return verdicts


def _together(mine: str, its: str, values: Sequence[str], joins: tuple[str, str]) -> str:
    """Two clauses, ``{0}`` standing for their values; the same beginning is said once."""
    beginning = mine.partition("{0}")[0]
    same = its.partition("{0}")[0] == beginning
    rest = its.removeprefix(beginning) if same else its
    return mine.replace("{0}", values[0]) + joins[not same] + rest.replace("{0}", values[1])


_COMPARED = {">": ("more than", "高於"), "<": ("less than", "低於"), "=": ("as much as", "等於")}
_LIMITED = {">": ("above", "高於"), "<": ("below", "低於"), "=": ("at", "等於")}


def above(
    value: float, threshold: float, *, unit: str, what: Pair, against: Pair, inclusive: bool = False
) -> Verdict:
    """Return a verdict that holds when the value is above the threshold (or equal, `inclusive`)."""
    holds = value >= threshold if inclusive else value > threshold
    own, other = amounts(float(value), float(threshold), unit)
    over, ahead = _LIMITED[">" if value > threshold else "<" if value < threshold else "="]
    return Verdict(
        holds=bool(holds),
        value=float(value),
        unit=unit,
        against=against[0],
        threshold=float(threshold),
        margin=abs(float(value) - float(threshold)),
        sentence=(
            f"{what[0][:1].upper()}{what[0][1:]}: {own[0]}, {over} the limit of {other[0]} "
            f"({against[0]}).",
            f"{what[1]}：{own[1]}，{ahead}門檻 {other[1]}（{against[1]}）。",
        ),
    )


def below(value: float, threshold: float, *, unit: str, what: Pair, against: Pair) -> Verdict:
    """Return a verdict that holds when the value is below the threshold."""
    # The opposite of "at or above": a value at the limit is not below it.
    opposite = above(value, threshold, unit=unit, what=what, against=against, inclusive=True)
    return Verdict(
        holds=not opposite.holds,
        value=opposite.value,
        unit=unit,
        against=opposite.against,
        threshold=opposite.threshold,
        margin=opposite.margin,
        sentence=opposite.sentence,
    )


def by_chance(chance: float, level: float, said: Pair) -> Verdict:
    """Return a verdict that holds when fewer placements than `level` do as well as is `said`."""
    verdict = below(chance, level, unit=PLACEMENTS, what=said, against=("beyond chance", "非偶然"))
    own, limit = amount(chance, PLACEMENTS), amount(level, PLACEMENTS)
    return replace(
        verdict,
        sentence=(
            f"{said[0][:1].upper()}{said[0][1:]}; {own[0]} do as well, and only fewer than "
            f"{limit[0].removesuffix(_THINGS[0]).strip()} are beyond chance.",
            f"{said[1]}；{own[1]}也達此程度，少於{limit[1]}才排除偶然。",
        ),
    )


PLACEMENTS = "share of placements"
"""The unit of a chance: the share of the ways to lay a map over a picture that do as well."""

_THINGS = ("random placements", "種隨機擺放")
_TIMES = {
    "times the picture's mean": ("{} times the picture's mean", "全圖平均的 {} 倍"),
    "times the rest": ("{} times the rest", "其餘部分的 {} 倍"),
    "times an even spread": ("{} times an even spread", "均勻分布的 {} 倍"),
}


def amounts(value: float, other: float, unit: str) -> tuple[Pair, Pair]:
    """Return two values of a unit as a sentence says them, told apart where they differ.

    >>> amounts(0.469, 0.074, "share of the region")
    (('47%', '47%'), ('7.4%', '7.4%'))
    >>> amounts(1.2304, 1.2301, "correlation")[0][0], amounts(1 / 217, 0.01, PLACEMENTS)[0][0]
    ('1.2304', '1 in 217 random placements')
    """
    # More digits until the two look different: "47%, more than 47%" says nothing.
    for more in range(4):
        own, rival = amount(value, unit, more), amount(other, unit, more)
        if own != rival or value == other:
            break
    if unit.startswith("times"):
        # "3.1 times the picture's mean (2.9 times)": the unit is said once.
        rival = _counted(_figure(other, more), "times")
    return own, rival


def amount(value: float, unit: str, more: int = 0) -> Pair:
    """Return a value as a sentence says it: shares in percent, chances as one in so many.

    Args:
        value: measured.
        unit: of the verdict.
        more: further digits.
    """
    if unit == PLACEMENTS:
        return chance_of(value, _THINGS)
    if unit.startswith("share") or unit == "probability":
        # 9.95% would be rounded to "10.0%".
        digits = more + (abs(value) < 0.0995)
        text = f"{100 * value:.{digits}f}%".replace("-", MINUS) if value else "0%"
        return text, text
    return _counted(_figure(value, more), unit)


def _figure(value: float, more: int) -> str:
    return f"{value:.{3 + more}g}".replace("-", MINUS) if more else number(value)


def _counted(figure: str, unit: str) -> Pair:
    english, chinese = _TIMES.get(unit, ("{} times", "{} 倍"))
    if not unit.startswith("times"):
        return figure, figure
    return english.format(figure), chinese.format(figure)


def shown(value: float) -> str:
    """Return a number for a sentence: three digits, and thousands in full.

    >>> shown(0.12345), shown(3601.4), shown(9.6e-05)
    ('0.123', '3601', '9.6e-05')
    """
    return f"{value:.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.3g}"


def one_note(sentences: Sequence[Pair]) -> Pair | None:
    """Return sentences joined to the note of a decision; None for no sentence."""
    if not sentences:
        return None
    return " ".join(english for english, _ in sentences), "".join(own for _, own in sentences)


def undecided(sentence: Pair) -> Verdict:
    """Return a verdict without a measurement; the sentence names the missing fact."""
    return Verdict(
        holds=None,
        value=None,
        unit="",
        against="",
        threshold=None,
        margin=None,
        sentence=sentence,
    )
