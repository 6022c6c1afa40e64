"""The contested questions that open the page, worst first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from solver.decide.severity import RARE, severity_of
from solver.key import Key, OptionVerdict, SecondVerdict
from solver.page.views import OptionRow, QuestionView, answer_text, measured_line
from solver.text.bilingual import Pair, as_pair, words
from solver.text.numbers import percent

_WIDTH, _HEIGHT = 600, 14


@dataclass(frozen=True)
class Reading:
    """A contested option: the rule's verdict, the cross-check's, and the causes that flip it."""

    name: str
    text: Pair
    holds: bool | None
    measured: Markup
    sentence: Pair
    second: SecondVerdict | None
    second_measured: Markup
    flips: str


@dataclass(frozen=True)
class ContestedView:
    """A contested question.

    Attributes:
        view: the question as the page shows it below.
        changed: the share of repeats that gave another set, or "–".
        answers: each set of correct options that came out, with its share; ours first.
        bar: these shares, drawn.
        causes: what changed the set: its name, and in how much of its own repeats.
        hinges_on: thresholds that do so alone.
        readings: the contested options.
    """

    view: QuestionView
    severity: float
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
    def no_margin(self) -> bool:
        """True if one of its options holds by no margin."""
        return any(option.no_margin for option in self.view.entry.options)

    @property
    def rare(self) -> bool:
        """True if one line is enough for it."""
        return self.severity < RARE


def contested_of(views: Iterable[QuestionView]) -> list[ContestedView]:
    """Return the contested questions, worst first."""
    found = [_contested(view) for view in views if view.entry.contested]
    return sorted(found, key=lambda one: (-one.severity, one.view.entry.id))


def _contested(view: QuestionView) -> ContestedView:
    entry, stability = view.entry, view.entry.stability
    shares: list[tuple[str, float]] = []
    if stability and stability.repeats:
        none = words().pair("no_option_holds")[0]
        others = [
            (answer_text(one.correct, view.asked) or none, one.share) for one in stability.sets
        ]
        same = max(1 - sum(share for _, share in others) - stability.undecided, 0.0)
        shares = [(view.derived or none, same), *others]
        if stability.undecided:
            shares.append(("?", stability.undecided))
    causes = () if stability is None else stability.by_cause.items()
    return ContestedView(
        view=view,
        severity=severity_of(entry),
        changed=percent(stability.changed) if stability else "–",
        answers=tuple((answer, percent(share)) for answer, share in shares),
        bar=_bar([share for _, share in shares]),
        causes=tuple((c, percent(one.changed), one.repeats) for c, one in causes if one.changed),
        hinges_on=tuple(stability.hinges_on) if stability else (),
        readings=tuple(_readings(view)),
    )


def _readings(view: QuestionView) -> Iterable[Reading]:
    for group in view.groups:
        for row in group.rows:
            if row.verdict is not None and row.verdict.contested:
                yield _reading(row, row.verdict)


def _reading(row: OptionRow, verdict: OptionVerdict) -> Reading:
    flips, second = verdict.flips, verdict.second
    return Reading(
        name=verdict.name,
        text=row.text,
        holds=verdict.holds,
        measured=row.measured,
        sentence=as_pair(verdict.sentence),
        second=second,
        second_measured=measured_line(second) if second and second.value is not None else Markup(),
        flips=(percent(flips.share) if flips.share else "0%") if flips else "–",
    )


def _bar(shares: list[float]) -> Markup:
    """The shares side by side, ours first: a strip that a glance can read."""
    if not shares:
        return Markup()
    parts, left = [], 0.0
    for at, share in enumerate(shares):
        wide = share * _WIDTH
        name = "ours" if at == 0 else f"other{min(at, 3)}"
        parts.append(
            Markup('<rect class="{}" x="{:.1f}" y="0" width="{:.1f}" height="{}"/>').format(
                name, left, wide, _HEIGHT
            )
        )
        left += wide
    return Markup(
        '<svg class="sets" viewBox="0 0 {} {}" preserveAspectRatio="none" aria-hidden="true">{}'
        "</svg>"
    ).format(_WIDTH, _HEIGHT, Markup("").join(parts))


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
