"""Remarks on evidence that was made with other settings than the bank's edition has.

With a bundle such evidence is made again. Without one (``hw9 key --evidence``) it is used as it is,
and the question's note gives the differences.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from solver.banks.course_settings import Methods, plain
from solver.decide.decide import Decided
from solver.evidence import Evidence, Record

Pair = tuple[str, str]


def with_edition_remarks(decided: Decided, evidence: Evidence, methods: Methods) -> Decided:
    """Return a decided question with the `edition_remarks` added to its note."""
    said = edition_remarks(evidence, decided.entry.evidence, methods)
    if not said:
        return decided
    note = decided.entry.note_with(
        " ".join(english for english, _ in said), "".join(chinese for _, chinese in said)
    )
    return replace(decided, entry=decided.entry.model_copy(update={"note": note}))


def edition_remarks(evidence: Evidence, names: Sequence[str], methods: Methods) -> list[Pair]:
    """Return a sentence in both languages for each difference, with the records that have it.

    A record without any settings was read off a figure or made by hand, and is not remarked on.
    """
    wanted = {name: plain(value) for name, value in methods.run_settings().items()}
    having: dict[Pair, list[str]] = {}
    for name, record in evidence.among(names).items():
        for said in _differences(record, wanted):
            having.setdefault(said, []).append(name)
    return [
        (f"{', '.join(records)} {said[0]}", f"{'、'.join(records)} {said[1]}")
        for said, records in having.items()
    ]


def _differences(record: Record, wanted: Mapping[str, Any]) -> Iterator[Pair]:
    if record.kind == "lime" and record.settings and "lime_superpixels" not in record.settings:
        version = wanted["lime_superpixels"]["scikit_image"]
        yield (
            "was made by an earlier version of this program on superpixels that are not the "
            f"edition's (scikit-image {version}'s): make it again from the bundle.",
            f"由本程式的較早版本製成，所用的超像素不是本屆的（scikit-image {version}）："
            "請以 bundle 重新製作。",
        )
    for setting, value in wanted.items():
        # A record without the setting was read off a figure or made by hand: nothing is known of
        # it.
        if setting in record.settings:
            for name, there, here in _leaves(setting, record.settings[setting], value):
                yield (
                    f"was made with {name} = {there}, where this edition has {here}.",
                    f"製作時 {name} = {there}，本屆則為 {here}。",
                )


def _leaves(name: str, there: Any, here: Any) -> Iterator[tuple[str, Any, Any]]:
    """Names and both values of the differences, inside mappings too."""
    if isinstance(there, Mapping) and isinstance(here, Mapping):
        for key, value in here.items():
            yield from _leaves(f"{name}.{key}", there.get(key), value)
    elif there != here:
        yield name, there, here
