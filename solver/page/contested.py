"""The contested questions that open the page, worst first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from solver.decide.doubt.estimate import doubt_of, is_rare
from solver.key import Key, OptionVerdict, SecondVerdict
from solver.page.answers import answer_text
from solver.page.views import OptionRow, QuestionView
from solver.text.bilingual import Pair, as_pair, words
from solver.text.numbers import about, percent

MOST_SQUARES = 120
"""More repeats than this are drawn as a hundred squares, one for each percent."""

_A_ROW, _STEP = 40, 10  # squares a row: 40 repeats, the usual number, are one row


@dataclass(frozen=True)
class Reading:
    """A contested option: the rule's verdict, the cross-check's, how often it flips, its doubt."""

    name: str
    text: Pair
    holds: bool | None
    sentence: Pair
    second: SecondVerdict | None
    flips: str
    doubt: str  # in whole percent


@dataclass(frozen=True)
class ContestedView:
    """A contested question.

    Attributes:
        view: the question as the page shows it below.
        doubt: the estimated chance that its derived answer is wrong, by which it is listed.
        changed: the share of repeats that gave another set, or "–".
        answers: each set of correct options that came out, with its share; ours first.
        bar: the repeats, a square each in the colour of its answer.
        causes: causes that changed the set, with the share of their own repeats, and how many.
        hinges_on: thresholds that do so alone.
        readings: the contested options.
    """

    view: QuestionView
    doubt: float
    changed: str
    answers: tuple[tuple[str, str], ...]
    bar: Markup
    causes: tuple[tuple[str, str, int], ...]
    hinges_on: tuple[str, ...]
    readings: tuple[Reading, ...]

    @property
    def has_second(self) -> bool:
        """True if any of its contested options has a cross-check."""
        return any(reading.second for reading in self.readings)

    @property
    def has_flips(self) -> bool:
        """True if any of its contested options was repeated."""
        return any(reading.flips for reading in self.readings)

    @property
    def has_doubts(self) -> bool:
        """True if the doubt of any of its contested options was estimated."""
        return any(reading.doubt for reading in self.readings)

    @property
    def no_margin(self) -> bool:
        """True if one of its options holds by no margin."""
        return any(option.no_margin for option in self.view.entry.options)

    @property
    def rare(self) -> bool:
        """True if one line is enough for it."""
        return is_rare(self.view.entry)


def contested_of(views: Iterable[QuestionView]) -> list[ContestedView]:
    """Return the contested questions, worst first."""
    found = [_contested(view) for view in views if view.entry.contested]
    return sorted(found, key=lambda one: (-one.doubt, one.view.entry.id))


def _contested(view: QuestionView) -> ContestedView:
    entry, stability = view.entry, view.entry.stability
    shares: list[tuple[str, float]] = []
    if stability and stability.repeats:
        none = words().pair("no_option_holds")[0]
        others = [
            (answer_text(one.correct, view.asked) or none, one.share) for one in stability.sets
        ]
        # Shares in a key are rounded: their sum can be a little above 1.
        same = max(1 - sum(share for _, share in others) - stability.undecided, 0.0)
        # Ours first, whatever its share: the page compares the others with it.
        shares = [(view.derived or none, same), *others]
        if stability.undecided:
            shares.append(("?", stability.undecided))
    causes = () if stability is None else stability.by_cause.items()
    return ContestedView(
        view=view,
        doubt=doubt_of(entry),
        changed=percent(stability.changed) if stability else "–",
        answers=tuple((answer, percent(share)) for answer, share in shares),
        bar=_squares([s for _, s in shares], stability.repeats if stability else 0),
        causes=tuple((c, percent(one.changed), one.repeats) for c, one in causes if one.changed),
        hinges_on=tuple(stability.hinges_on) if stability else (),
        readings=tuple(
            _reading(row, row.verdict)
            for row in view.rows
            if row.verdict is not None and row.verdict.contested
        ),
    )


def _reading(row: OptionRow, verdict: OptionVerdict) -> Reading:
    flips = verdict.flips
    return Reading(
        name=verdict.name,
        text=row.text,
        holds=verdict.holds,
        sentence=as_pair(verdict.sentence),
        second=verdict.second,
        flips=(percent(flips.share) if flips.share else "0%") if flips else "",
        doubt=about(row.doubt) if row.doubt is not None else "",
    )


def _squares(shares: list[float], repeats: int) -> Markup:
    """A square a repeat, ours first."""
    # No bar: bars on this page are margins.
    if not shares:
        return Markup()
    count = repeats if repeats <= MOST_SQUARES else 100
    # By running sums: rounded one by one, the squares might not add up to the number of repeats.
    ends = [round(count * sum(shares[: at + 1])) for at in range(len(shares))]
    # There are colours for three others; further ones share the last.
    kinds = [
        "ours" if at == 0 else f"other{min(at, 3)}"
        for at, (first, end) in enumerate(zip([0, *ends], ends, strict=False))
        for _ in range(first, end)
    ]
    parts = [
        Markup('<rect class="{}" x="{}" y="{}" width="8" height="8"/>').format(
            kind, at % _A_ROW * _STEP, at // _A_ROW * _STEP
        )
        for at, kind in enumerate(kinds)
    ]
    wide, high = min(count, _A_ROW) * _STEP, -(-count // _A_ROW) * _STEP
    return Markup(
        '<svg class="sets" viewBox="0 0 {0} {1}" width="{0}" aria-hidden="true">{2}</svg>'
    ).format(wide, high, Markup("").join(parts))


def stability_line(key: Key) -> tuple[str, dict[str, object]]:
    """Return the name and values of the sentence that says how stability was measured."""
    run = key.stability
    if run is None:
        return "stability_none", {}
    values: dict[str, object] = {
        "n": run.repeats,
        "factor": percent(run.factor),
        "pixels": f"{run.pixels:g}",
    }
    if run.reseeded:
        return "stability_how_reseeded", {**values, "reseeded": run.reseeded}
    return "stability_how", values
