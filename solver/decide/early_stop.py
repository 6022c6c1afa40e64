"""Options left near their line by sampling that stopped where more of it could not decide them.

The probability that all of the course's samples would give another verdict was found when the run
stopped (`solver.explain.sampling.sequential_test`) and is kept in the records.
"""

from __future__ import annotations

from collections.abc import Mapping

from solver.decide.margins import identity_of
from solver.evidence import Evidence
from solver.explain.sampling.claims import CLOSE
from solver.key import CloseClaims, KeyQuestion, Sentence
from solver.rules.registry import PlannedQuestion
from solver.text.record_names import records_named

TOLD = 0.001
"""Probability from which it is told: what the test of early stopping lets pass of all claims."""


def with_close_claims(
    question: PlannedQuestion, entry: KeyQuestion, evidence: Evidence
) -> KeyQuestion:
    """Return a question's entry with its options that were left near their line, in its note too.

    An entry that is open, or without such an option, is returned as it is.
    """
    identity = identity_of(question)
    chances: dict[str, float] = {}
    samples: dict[str, tuple[int, int]] = {}
    for record in evidence.among(question.needs).values():
        try:
            told = record.values[CLOSE][identity]
            counts = (int(record.values["samples"]), int(told["of"]))
            found = _by_option(question, entry, told["chances"])
        except (LookupError, TypeError, ValueError, AttributeError):
            continue  # nothing of these claims; evidence written by hand may hold anything there
        for name, chance in found.items():
            if chance >= TOLD:
                chances[name] = max(chance, chances.get(name, 0.0))
        samples[record.id] = counts
    if entry.state == "open" or not chances:
        return entry
    close_claims = CloseClaims(chances=chances, samples=samples)
    return entry.model_copy(update={"close": close_claims, "note": _note(entry, close_claims)})


def _by_option(
    question: PlannedQuestion, entry: KeyQuestion, chances: Mapping[str, float]
) -> dict[str, float]:
    """The chances of claims, by number, as those of the options' names."""
    found = {}
    for number, chance in chances.items():
        blank, asked = question.options[int(number)]
        for option in entry.options:
            # The choices around a measured value rest on one claim.
            if option.blank == blank and (asked is None or option.id == asked.id):
                found[option.name] = float(chance)
    return found


def _note(entry: KeyQuestion, close: CloseClaims) -> Sentence:
    names, named = records_named(close.samples)
    taken = ", ".join(f"{some} of {of}" for some, of in close.samples.values())
    chinese_taken = "、".join(f"{of} 個中的 {some} 個" for some, of in close.samples.values())
    listed = ", ".join(f"{name} {chance:.1%}" for name, chance in close.chances.items())
    english = (
        f"Near its line, so that more samples would not settle it ({names}: {taken}): probability "
        f"that all of them give another verdict: {listed}."
    )
    chinese = f"數值接近門檻，增加樣本也無法定論（{named}：{chinese_taken}）；"
    chinese += f"取完全部樣本後改判的機率：{listed}。"
    return entry.note_with(english, chinese)
