"""View models of the key's page: the key's entries beside the bank's words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from solver.banks.bank import Bank, Blank, Option, Question
from solver.decide.doubt.estimate import doubt_of
from solver.evidence import Evidence
from solver.key import Key, KeyQuestion, OptionVerdict, SecondVerdict
from solver.page.answers import answer_text as answer_text
from solver.page.decisions import Said, decision_on
from solver.page.figures.registry import figure_html, thumbnail_of
from solver.page.measures import measure_html
from solver.page.review_flags import STATES, Reason, closest, reasons_to_look, relative_margin
from solver.page.verdict_bars import margin_bar
from solver.rules.former_names import current_name
from solver.rules.registry import Figure, Rule
from solver.text.bilingual import Pair, as_pair, words
from solver.text.numbers import number, percent, roughly
from solver.text.record_names import record_name


@dataclass(frozen=True)
class OptionRow:
    """One option with its verdict.

    Attributes:
        name: its id.
        text: its wording.
        holds: by the evidence; None where undecided.
        keyed: whether it belongs to the answer that counts.
        verdict: None where the key says nothing of it.
    """

    name: str
    text: Pair
    holds: bool | None
    keyed: bool
    verdict: OptionVerdict | None

    @property
    def bar(self) -> Markup:
        """How clear its verdict is, drawn; empty where no number says so."""
        return margin_bar(self.verdict) if self.verdict else Markup()

    @property
    def measured(self) -> Markup:
        """Value, threshold and margin, as far as they are there."""
        if self.verdict is None or self.verdict.value is None:
            return Markup()
        return measured_line(self.verdict)

    @property
    def second_measured(self) -> Markup:
        """The same of its cross-check."""
        second = self.verdict.second if self.verdict else None
        return measured_line(second) if second and second.value is not None else Markup()

    @property
    def flips(self) -> str:
        """The share of repeats in which its verdict flips; empty where it never does."""
        flips = self.verdict.flips if self.verdict else None
        return percent(flips.share) if flips and flips.share else ""

    @property
    def doubt(self) -> float | None:
        """The estimated chance that its other verdict is right; None where there is none."""
        return self.verdict.doubt if self.verdict else None

    @property
    def doubt_said(self) -> Pair | None:
        """The same for a sentence."""
        return None if self.doubt is None else roughly(self.doubt)


@dataclass(frozen=True)
class OptionGroup:
    """The options of a question, or of one of its drop-downs."""

    label: Pair | None
    rows: tuple[OptionRow, ...]

    @property
    def shared(self) -> Pair | None:
        """The sentence that all of its verdicts have, said once; None where they differ."""
        said = [as_pair(row.verdict.sentence) for row in self.rows if row.verdict]
        return said[0] if len(said) > 1 and len(set(said)) == 1 else None

    @property
    def has_bars(self) -> bool:
        """True if any of its options has a bar."""
        return any(row.bar for row in self.rows)


@dataclass(frozen=True)
class RecordLine:
    """A record an answer rests on: whether it is there, and how it was made."""

    id: str
    name: Pair
    there: bool
    settings: str


@dataclass(frozen=True)
class QuestionView:
    """One question of the page."""

    entry: KeyQuestion
    stem: Pair
    asked: Question | None
    answer: Markup
    derived: Markup
    groups: tuple[OptionGroup, ...]
    reasons: tuple[Reason, ...]
    margin: str
    figures: tuple[Markup, ...]
    rule_words: Markup
    cross_check_words: Markup
    rule_settings: str
    records: tuple[RecordLine, ...]
    next_look: str | None = None

    @property
    def kept(self) -> str:
        """The share of repeats that gave the same set, or a dash where none were made."""
        stability = self.entry.stability
        return percent(1 - stability.changed) if stability and stability.repeats else "–"

    @property
    def doubt(self) -> Pair | None:
        """The estimated chance that its derived answer is wrong; None where there is none."""
        measured = self.entry.state == "decided" and bool(self.entry.options)
        return roughly(doubt_of(self.entry)) if measured else None

    @property
    def varied(self) -> Pair:
        """The causes varied in the repeats, listed."""
        causes = self.entry.stability.by_cause if self.entry.stability else {}
        names = [words().pair(f"cause_{cause}") for cause in causes]
        return ", ".join(name[0] for name in names), "、".join(name[1] for name in names)

    @property
    def has_second(self) -> bool:
        """True if the cross-check decided."""
        return any(option.second for option in self.entry.options)

    @property
    def rows(self) -> list[OptionRow]:
        """Its options, those of all drop-downs together."""
        return [row for group in self.groups for row in group.rows]

    @property
    def decision(self) -> Said | None:
        """The decision a person took on it, None where nobody did."""
        return decision_on(self.entry, self.asked)

    @property
    def thumbnail(self) -> tuple[str, Markup]:
        """(place, picture) of the decisive figure; empty texts where none can be shown small."""
        # Lazily: the first figure has a small picture in nearly all questions.
        small = ((at, thumbnail_of(one)) for at, one in enumerate(self.figures, 1))
        found = next(((f"{self.entry.id}-{at}", one) for at, one in small if one), None)
        return found or ("", Markup())

    @property
    def second_answer(self) -> Markup:
        """The answer by the cross-check; empty where there is none."""
        return answer_text(self.entry.second_correct or [], self.asked)

    @property
    def states(self) -> list[str]:
        """Names of its states, for tags."""
        urgent = [STATES[reason.rank] for reason in self.reasons]
        if self.entry.void:
            # First: it is graded by nothing that was measured.
            urgent.insert(0, "void")
        return list(dict.fromkeys(urgent)) or ["decided"]

    @property
    def urgency(self) -> tuple[int, float]:
        """Sort key of the review list: smaller is sooner."""
        found = closest(self.entry)
        return min(reason.rank for reason in self.reasons), found[0] if found else 0.0


@dataclass(frozen=True)
class TopicView:
    """A topic with its questions."""

    id: str
    title: Pair
    questions: tuple[QuestionView, ...]


def measured_line(verdict: OptionVerdict | SecondVerdict) -> Markup:
    """Return the numbers of a verdict in one line, in both languages."""
    if isinstance(verdict.value, str):
        return _named_line(verdict)
    say = words()
    unit = _unit(verdict.unit)
    parts = [Markup('<b class="value">{}</b>{}').format(number(verdict.value), unit)]
    if verdict.threshold is not None:
        parts.append(say.say("versus", threshold=number(verdict.threshold)))
    if verdict.margin is not None:
        share = relative_margin(verdict)
        tail = f" ({percent(share)})" if share is not None else ""
        parts.append(say.say("margin", margin=number(verdict.margin) + tail))
    return Markup(" ").join(Markup("<span>{}</span>").format(part) for part in parts)


def _named_line(verdict: OptionVerdict | SecondVerdict) -> Markup:
    """The name found and the name claimed, where no number is measured."""
    say = words()
    values = {
        name: (number(text), number(text).replace(", ", "、"))
        for name, text in (("found", verdict.value), ("claimed", verdict.threshold))
    }
    unit = f"named:{verdict.unit}"
    parts = [say.say(unit if unit in say else "named:", **values)]
    if verdict.margin is not None:
        parts.append(say.say("margin", margin=number(verdict.margin)))
    return Markup(" ").join(Markup("<span>{}</span>").format(part) for part in parts)


def _unit(unit: str) -> Markup:
    if not unit:
        return Markup()
    name = f"unit:{unit}"
    return Markup(" ") + (words().say(name) if name in words() else escape(unit))


def topics_of(
    key: Key,
    bank: Bank,
    evidence: Evidence,
    figures: Mapping[str, Sequence[Figure]],
    rules: Mapping[str, Rule],
) -> list[TopicView]:
    """Return the key's questions by the bank's topics; those the bank lacks come last."""
    entries = {entry.id: entry for entry in key.questions}
    topics = []
    for topic in bank.topics:
        views = [
            _view(entries.pop(question.id), question, evidence, figures, rules)
            for question in topic.questions
            if question.id in entries
        ]
        if views:
            topics.append(TopicView(topic.id, as_pair(topic.title), tuple(views)))
    # A key of another edition, or a question taken out of the bank: shown all the same.
    if entries:
        others = [_view(entry, None, evidence, figures, rules) for entry in entries.values()]
        title = words().pair("other_questions")
        topics.append(TopicView("others", title, tuple(others)))
    return topics


def _view(
    entry: KeyQuestion,
    asked: Question | None,
    evidence: Evidence,
    figures: Mapping[str, Sequence[Figure]],
    rules: Mapping[str, Rule],
) -> QuestionView:
    found = closest(entry)
    rule = rules.get(current_name(entry.rule))  # a key may be of an earlier version
    settings = asked.settings if asked else {}
    return QuestionView(
        entry=entry,
        stem=as_pair(asked.stem) if asked else (entry.id, entry.id),
        asked=asked,
        answer=answer_text(entry.effective, asked),
        derived=answer_text(entry.correct, asked),
        groups=tuple(_groups(entry, asked)),
        reasons=tuple(reasons_to_look(entry, asked)),
        margin=percent(found[0]) if found else "–",
        figures=tuple(
            figure_html(figure, evidence, f"{entry.id}-{at}", entry.id)
            for at, figure in enumerate(figures.get(entry.id, ()), 1)
        ),
        rule_words=measure_html(rule.name, "rule", rule.what) if rule else Markup(),
        cross_check_words=measure_html(rule.name, "cross_check", rule.cross_check.what)
        if rule and rule.cross_check
        else Markup(),
        rule_settings=settings_text(settings),
        records=tuple(_records(entry.evidence, evidence)),
    )


def _groups(entry: KeyQuestion, asked: Question | None) -> list[OptionGroup]:
    blanks: list[Blank | str | None]
    if entry.kind == "pair":
        named = {v.blank: None for v in entry.options if v.blank}
        blanks = list(asked.blanks) if asked else list(named)
    else:
        blanks = [None]
    return [_group(entry, asked, blank) for blank in blanks]


def _group(entry: KeyQuestion, asked: Question | None, blank: Blank | str | None) -> OptionGroup:
    name = blank.id if isinstance(blank, Blank) else blank
    if isinstance(blank, Blank):
        label, options = as_pair(blank.label), list(blank.options or [])
    else:
        label, options = as_pair(name or ""), list(asked.options) if asked else []
    verdicts = {v.id: v for v in entry.options if v.blank == name}
    known: dict[str, Option | None] = {option.id: option for option in options}
    # Options that the bank has lost are shown by their ids.
    known |= {each: None for each in verdicts if each not in known}
    rows = [_row(entry, name, each, option, verdicts.get(each)) for each, option in known.items()]
    return OptionGroup(label if name else None, tuple(rows))


def _row(
    entry: KeyQuestion,
    blank: str | None,
    name: str,
    option: Option | None,
    verdict: OptionVerdict | None,
) -> OptionRow:
    # A measured choice has its text in its verdict, and no option in the bank.
    text = as_pair(option.text) if option else as_pair((verdict and verdict.text) or name)
    answer = entry.effective
    chosen = [answer.get(blank or "")] if isinstance(answer, dict) else answer
    # A key may name a choice by its id or by its text.
    keyed = any(choice in (name, *text) for choice in chosen)
    return OptionRow(name, text, verdict.holds if verdict else None, keyed, verdict)


def _records(identifiers: Iterable[str], evidence: Evidence) -> Iterable[RecordLine]:
    for identifier in identifiers:
        there = not evidence.missing([identifier])
        settings = evidence.get(*identifier.split("/")).settings if there else {}
        yield RecordLine(identifier, record_name(identifier), there, settings_text(settings))


def settings_text(settings: Mapping[str, Any]) -> str:
    """Return settings in one line, by name: "picture 6, samples 1000"."""
    return ", ".join(f"{name} = {_plain(value)}" for name, value in sorted(settings.items()))


def _plain(value: Any) -> str:
    # `default=str`: a key made by hand may hold a date.
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def facts_of(key: Key) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the key's provenance: facts by name for bank, bundle, code and settings."""
    parts = {"bank": key.bank, "bundle": key.bundle, "code": key.code, "settings": key.settings}
    return [(name, _flat(values)) for name, values in parts.items() if values]


def _flat(values: Mapping[str, Any], before: str = "") -> list[tuple[str, str]]:
    lines = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            lines += _flat(value, f"{before}{name} / ")
        else:
            lines.append((f"{before}{name}", _plain(value)))
    return lines


def short_hashes(facts: list[tuple[str, list[tuple[str, str]]]]) -> list[tuple[str, str, str]]:
    """Return the hash of each part, not of a file in it: (part, the first 12 digits, all of it)."""
    found = []
    for name, lines in facts:
        # A part's own hash stands for it, wherever those of its files are listed.
        own_first = sorted(lines, key=lambda line: line[0] != "sha256")
        hashes = (text for _, text in own_first if re.fullmatch(r"[0-9a-f]{32,64}", text))
        whole = next(hashes, None)
        if whole:
            found.append((name, whole[:12], whole))
    return found
