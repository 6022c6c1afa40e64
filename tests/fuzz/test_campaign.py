"""2,000 mutated inputs over all formats: each ends right, or in a refusal that names the place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.campaign import Figures, report, shares
from tests.fuzz.formats import WHERE, made_format
from tests.fuzz.trial import mutant_of, tried

INPUTS = 2000
SEED = 0
"""Another than the long campaign's, so that the two do not try the same inputs."""
SLOW = {
    "key folder": 32, "BERT folder": 12, "plain CSV": 40,
    "evidence arrays": 24, "evidence manifest": 24,
    "regrade record": 15, "standing key": 12, "command words": 12, "override": 25,
    "evidence zip": 30,
}  # fmt: skip
"""What costs most an input gets no more than this; pictures, which cost least, get the rest."""
ONLY_IN_CAMPAIGNS = ("figures of panels", "figures of plots")
"""Half a second an input: the campaign alone reads figures."""


def numbers() -> dict[str, int]:
    """How many inputs of each format are tried here."""
    names = [name for name in WHERE if name not in ONLY_IN_CAMPAIGNS]
    found = {**shares(INPUTS, names), **SLOW}
    found["picture"] += INPUTS - sum(found.values())
    return found


NUMBERS = numbers()


@pytest.mark.parametrize("name", NUMBERS)
def test_each_input_ends_right_or_refused(name: str, tmp_path: Path) -> None:
    figures = Figures(name)
    format_ = made_format(name, tmp_path)
    for number in range(NUMBERS[name]):
        figures.add(tried(format_, SEED, number))
    assert figures.inputs == NUMBERS[name]
    assert not figures.finds, report([figures], 0)
    # A format whose inputs all come to the same end is not being tried.
    assert figures.accepted and figures.refused


def test_the_inputs_are_two_thousand_and_the_same_each_time(tmp_path: Path) -> None:
    assert sum(NUMBERS.values()) == INPUTS and min(NUMBERS.values()) > 10
    format_ = made_format("plain CSV", tmp_path)
    assert mutant_of(format_, 1, 7) == mutant_of(format_, 1, 7)
    assert mutant_of(format_, 1, 7) != mutant_of(format_, 1, 8)
