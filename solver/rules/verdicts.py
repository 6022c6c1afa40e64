"""Verdicts of the usual shapes: the strongest of several, and a value against a threshold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from solver.rules.registry import Verdict

Pair = tuple[str, str]
"""A text in English and in Traditional Chinese."""

TIE = 1e-9
"""Values that differ by less are taken as equal: no option then holds on a rounding error."""


def strongest(
    values: Sequence[float],
    names: Sequence[Pair],
    *,
    unit: str,
    what: Pair,
    rank: Literal["most", "least"] = "most",
) -> list[Verdict]:
    """Return verdicts where the option with the largest value holds (or, by `rank`, the smallest),
    each against its best rival.

    `what` says in both languages what was measured, ``{0}`` standing for the option's name.
    """
    return [
        _against_rival(index, values, names, unit=unit, what=what, least=rank == "least")
        for index in range(len(values))
    ]


def _against_rival(
    index: int,
    values: Sequence[float],
    names: Sequence[Pair],
    *,
    unit: str,
    what: Pair,
    least: bool,
) -> Verdict:
    rivals = [at for at in range(len(values)) if at != index]
    rival = (min if least else max)(rivals, key=lambda at: values[at])
    value, threshold = float(values[index]), float(values[rival])
    lead = threshold - value if least else value - threshold
    holds = lead > TIE
    sign = "=" if abs(lead) <= TIE else ">" if value > threshold else "<"
    measured = [text.format(name) for text, name in zip(what, names[index], strict=True)]
    english = f"{measured[0]}: {shown(value)} {sign} {shown(threshold)} ({names[rival][0]})"
    chinese = f"{measured[1]}：{shown(value)} {sign} {shown(threshold)}（{names[rival][1]}）"
    return Verdict(
        holds=holds,
        value=value,
        unit=unit,
        against=names[rival][0],
        threshold=threshold,
        margin=abs(value - threshold),
        sentence=(english[:1].upper() + english[1:] + ".", chinese + "。"),
    )


def above(
    value: float, threshold: float, *, unit: str, what: Pair, against: Pair, inclusive: bool = False
) -> Verdict:
    """Return a verdict that holds when the value is above the threshold (or equal, `inclusive`)."""
    holds = value >= threshold if inclusive else value > threshold
    sign = (">=" if inclusive else ">") if holds else ("<" if inclusive else "<=")
    numbers = f"{shown(value)} {sign} {shown(threshold)}"
    return Verdict(
        holds=bool(holds),
        value=float(value),
        unit=unit,
        against=against[0],
        threshold=float(threshold),
        margin=abs(float(value) - float(threshold)),
        sentence=(
            f"{what[0][:1].upper()}{what[0][1:]}: {numbers} ({against[0]}).",
            f"{what[1]}：{numbers}（{against[1]}）。",
        ),
    )


def below(value: float, threshold: float, *, unit: str, what: Pair, against: Pair) -> Verdict:
    """Return a verdict that holds when the value is below the threshold."""
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


def shown(value: float) -> str:
    """Return a number for a sentence: three digits, and thousands in full.

    >>> shown(0.12345), shown(3601.4), shown(9.6e-05)
    ('0.123', '3601', '9.6e-05')
    """
    return f"{value:.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.3g}"


def one_note(sentences: Sequence[Pair]) -> Pair | None:
    """Return sentences as the one note of a decision; None where there are none."""
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
