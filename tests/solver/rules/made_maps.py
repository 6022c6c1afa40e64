"""Made evidence for the rules' tests: maps and regions whose truth is known."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from scipy import ndimage

from solver.evidence import Evidence, Record
from solver.rules.registry import Decide, Decision, Verdict, all_rules

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
    decision = way(evidence, rule.settings.model_validate(settings), read)
    assert len(decision.verdicts) == len(claims)
    for verdict in decision.verdicts:
        _check_beside(verdict)
    shown = {one for figure in decision.figures for one in _records(figure.parameters)}
    for figure in decision.figures:
        if figure.kind == "table":
            _check_heads(figure.parameters)
    lacking = {one for one in shown if one not in evidence}
    assert all(one.startswith("picture/") for one in lacking), lacking
    return decision


_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e-?\d+)?")


def _check_beside(verdict: Verdict) -> None:
    """Hold margin and sentences against the verdict they stand beside."""
    value, limit, margin = verdict.value, verdict.threshold, verdict.margin
    assert margin is None or margin >= 0
    if margin and verdict.holds is not None and isinstance(value, float):
        assert isinstance(limit, float)  # 0 says that chance would do as well
        assert abs(margin + verdict.spread - abs(value - limit)) < 1e-9, verdict
    english, chinese = verdict.sentence
    assert english and sorted(_NUMBER.findall(english)) == sorted(_NUMBER.findall(chinese)), verdict


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
