"""Verdicts of the usual shapes: the strongest of several, and a value against a threshold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from solver.rules.registry import Verdict

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
) -> list[Verdict]:
    """Return a verdict for each option, compared with its best rival: the largest value holds.

    Args:
        values: one for each option, two or more.
        names: the options' names in both languages.
        unit: of the values.
        what: the measurement in both languages, with ``{0}`` in place of the option's name.
        rank: "least": the smallest value holds.

    Example:
        >>> names = [("A", "甲"), ("B", "乙")]
        >>> found = strongest([0.7, 0.2], names, unit="share", what=("share of {0}", "{0}的比例"))
        >>> [verdict.holds for verdict in found], found[0].sentence[0]
        ([True, False], 'Share of A: 0.7 > 0.2 (B).')
    """
    least = rank == "least"
    verdicts = []
    for index, name in enumerate(names):
        rivals = [at for at in range(len(values)) if at != index]
        rival = (min if least else max)(rivals, key=lambda at: values[at])
        value, threshold = float(values[index]), float(values[rival])
        lead = threshold - value if least else value - threshold
        sign = "=" if abs(lead) <= TIE else ">" if value > threshold else "<"
        english, chinese = (text.format(own) for text, own in zip(what, name, strict=True))
        english += f": {shown(value)} {sign} {shown(threshold)} ({names[rival][0]})."
        chinese += f"：{shown(value)} {sign} {shown(threshold)}（{names[rival][1]}）。"
        verdicts.append(
            Verdict(
                holds=lead > TIE,
                value=value,
                unit=unit,
                against=names[rival][0],
                threshold=threshold,
                margin=abs(value - threshold),
                sentence=(english[:1].upper() + english[1:], chinese),
            )
        )
    return verdicts


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
