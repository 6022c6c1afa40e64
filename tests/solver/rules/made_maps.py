"""Made evidence for the rules' tests: maps and regions whose truth is known."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from scipy import ndimage

from solver.evidence import Evidence, Record
from solver.rules.registry import Decide, Decision, Verdict, all_rules
from solver.rules.verdicts import TIE

SIDE = 128


def box(top: int, left: int, height: int, width: int) -> np.ndarray:
    """A region (128, 128) that is a rectangle."""
    mask = np.zeros((SIDE, SIDE), bool)
    mask[top : top + height, left : left + width] = True
    return mask


def smooth_noise(seed: int, sigma: float = 3.0) -> np.ndarray:
    """A map (128, 128) in 0..1 of clumps without meaning."""
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(SIDE, SIDE)), sigma)
    return (noise - noise.min()) / (noise.max() - noise.min())


def evidence_of(*records: Record) -> Evidence:
    """Evidence that holds these records."""
    return Evidence({record.id: record for record in records})


def regions(picture: int, **masks: np.ndarray) -> Record:
    """The record of a picture's regions, of which two have words in regions.yaml."""
    words = {"cake": ["the cake", "蛋糕"], "sashimi": ["the sashimi", "生魚片"]}
    return Record(f"regions/{picture}", masks, {"words": words})


def decide(
    name: str, evidence: Evidence, settings: Mapping[str, Any], claims: Sequence[Mapping[str, Any]]
) -> Decision:
    """Decide as a bank would: settings and claims are plain data."""
    return _checked(all_rules()[name].decide, name, evidence, settings, claims)


def decide_again(
    name: str, evidence: Evidence, settings: Mapping[str, Any], claims: Sequence[Mapping[str, Any]]
) -> Decision:
    """Decide by the rule's cross-check."""
    second = all_rules()[name].cross_check
    assert second is not None, name
    return _checked(second.decide, name, evidence, settings, claims)


def _checked(
    way: Decide,
    name: str,
    evidence: Evidence,
    settings: Mapping[str, Any],
    claims: Sequence[Mapping[str, Any]],
) -> Decision:
    rule = all_rules()[name]
    read = [rule.claim.model_validate(claim) for claim in claims]
    return checked(way)(evidence, rule.settings.model_validate(settings), read)


def checked(way: Decide) -> Decide:
    """A rule or cross-check each of whose decisions is held against what stands beside it."""

    def decides(evidence: Evidence, settings: Any, claims: Sequence[Any]) -> Decision:
        decision = way(evidence, settings, claims)
        assert len(decision.verdicts) == len(claims)
        for verdict in decision.verdicts:
            _check_beside(verdict)
        _check_languages(decision.note or ("", ""))
        shown = {one for figure in decision.figures for one in _records(figure.parameters)}
        for figure in decision.figures:
            _check_languages(figure.caption)
            if figure.kind == "table":
                _check_heads(figure.parameters)
        lacking = {one for one in shown if one not in evidence}
        assert all(one.startswith("picture/") for one in lacking), lacking
        return decision

    return decides


_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e-?\d+)?")
_COMPARED: dict[str, tuple[str, Callable[[float], bool]]] = {
    "no more than": ("不高於", lambda lead: lead <= 0),
    "no less than": ("不低於", lambda lead: lead >= 0),
    "more than": ("高於", lambda lead: lead > 0),
    "less than": ("低於", lambda lead: lead < 0),
    "as much as": ("等於", lambda lead: lead == 0),
    "above the limit": ("高於", lambda lead: lead > 0),
    "below the limit": ("低於", lambda lead: lead < 0),
    "at the limit": ("等於", lambda lead: lead == 0),
    "which is not rare": ("並不罕見", lambda lead: True),
}
"""Comparisons as sentences say them, and the leads of value over threshold that they fit."""

_ENGLISH = re.compile(f", ({'|'.join(_COMPARED)})")
_CHINESE = re.compile("，(不高於|不低於|高於|低於|等於|並不罕見)")


def _check_languages(said: tuple[str, str]) -> None:
    """The same numbers and the same comparisons, in another order maybe; one capital letter."""
    english, chinese = said
    assert english[:1].upper() == english[:1] and not re.match(r"(?i)([a-z])\1", english), said
    assert sorted(_NUMBER.findall(english)) == sorted(_NUMBER.findall(chinese)), said
    compared = [_COMPARED[one][0] for one in _ENGLISH.findall(english)]
    assert sorted(compared) == sorted(_CHINESE.findall(chinese.replace("小於", "低於"))), said


def _check_beside(verdict: Verdict) -> None:
    """Hold margin and sentences against the verdict they stand beside."""
    value, limit, margin = verdict.value, verdict.threshold, verdict.margin
    english = verdict.sentence[0]
    assert margin is None or margin >= 0
    assert all(verdict.sentence)
    _check_languages(verdict.sentence)
    if not isinstance(value, float) or verdict.holds is None:
        return
    if margin:
        assert isinstance(limit, float)  # 0 says that chance would do as well
        over = abs(value - limit) - margin - verdict.spread
        # Of leads in words the one of another layer may turn the verdict.
        assert verdict.unit == "words" or abs(over) < 1e-9, verdict
    for measured in (value, limit):
        # A limit of 0 goes without saying: "leads by", "is behind".
        assert (
            not isinstance(measured, float) or not measured or (_is_said(abs(measured), english))
        ), verdict
    if isinstance(limit, float):
        lead = value - limit if abs(value - limit) > TIE else 0.0
        for said in _ENGLISH.findall(verdict.sentence[0]):
            assert _COMPARED[said][1](lead), verdict


_MEASURED = re.compile(r"(\d[\d,]*(?:\.\d+)?)(?:×10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)|e(-?\d+))?(%?)( in \d+)?")
_RAISED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


def _is_said(value: float, sentence: str) -> bool:
    """Whether a sentence says a value: rounded, in percent, or as so many in so many."""
    for figure, raised, power, percent, among in _MEASURED.findall(sentence):
        said = float(figure.replace(",", ""))
        digit = 10.0 ** -len(figure.partition(".")[2])
        unit = 10.0 ** int(raised.translate(_RAISED) or power or 0) / (100 if percent else 1)
        if among:
            unit = 1 / float(among.removeprefix(" in "))
            # "1 in 217" is the chance of 1 to three digits of the other number.
            digit = digit if said > 1 else value
        if abs(said * unit - value) <= 0.501 * digit * unit:
            return True
    return False


def _check_heads(table: Mapping[str, Any]) -> None:
    """A row begins with words in both languages, or with what is the same in each."""
    for head in (row[0] for row in table["rows"]):
        assert not isinstance(head, str) or not re.search(r"[a-z]/\d|[a-z] [a-z]", head), head


def _records(parameters: Mapping[str, Any]) -> Iterator[str]:
    """Ids of the records that a figure draws, in its rows too."""
    for name, value in parameters.items():
        if name == "record":
            yield value
        elif name == "records":
            yield from value
        elif name == "rows":
            for row in value:
                yield from _records(row) if isinstance(row, Mapping) else ()


def held(decision: Decision) -> list[bool | None]:
    """Which of the claims hold."""
    return [verdict.holds for verdict in decision.verdicts]
