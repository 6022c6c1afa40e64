"""Calls dealt among processes: each is made once, and an ended process costs no result."""

from __future__ import annotations

import os
import time
from functools import partial

import pytest

from solver.decide.decide import decide_question
from solver.pipeline.deal import Dealing
from solver.pipeline.repeats import Repeats, with_repeats
from tests.solver.decide.test_stability import PLACE_SETTINGS, PLACES, on_map, registered
from tests.solver.rules.made_maps import box, smooth_noise


def squared(number: int) -> int:
    return number * number


def ended_elsewhere(here: int) -> str:
    """Ends the process that calls it, unless that is this one."""
    if os.getpid() != here:
        os._exit(1)
    return "made here"


def made_by(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def fails(_: int) -> None:
    raise ValueError("a fault of the call itself")


def test_every_call_is_made_once_whoever_makes_it() -> None:
    for jobs in (1, 2):
        with Dealing(jobs) as dealing:
            found = list(dealing.results([partial(squared, number) for number in range(9)]))
            assert sorted(found) == [(number, number**2) for number in range(9)]
            assert jobs > 1 or found == sorted(found)
            assert list(dealing.results([])) == []


def test_another_process_goes_on_while_this_one_is_at_a_long_call() -> None:
    with Dealing(2) as dealing:
        makers: set[int] = set()
        while not makers - {os.getpid()}:  # until the other has started
            makers |= {maker for _, maker in dealing.results([partial(made_by, 0.01)] * 3)}
        found = dict(dealing.results([*[partial(made_by, 0.0)] * 8, partial(made_by, 0.5)]))
    others = [found[at] for at in range(8)]
    assert found[8] == os.getpid() and os.getpid() not in others


def test_what_an_ended_process_left_is_made_here() -> None:
    with Dealing(2) as dealing:
        found = dict(dealing.results([partial(ended_elsewhere, os.getpid())] * 4))
    assert found == dict.fromkeys(range(4), "made here")


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_fault_of_a_call_is_raised(jobs: int) -> None:
    with Dealing(jobs) as dealing, pytest.raises(ValueError, match="itself"):
        list(dealing.results([partial(fails, 0)] * 3))


def test_repeats_are_the_same_whatever_the_processes() -> None:
    question = registered("maps.brightest_region", PLACE_SETTINGS, PLACES)
    evidence = on_map(smooth_noise(1), box(30, 20, 60, 40), box(30, 60, 60, 40))
    decided = decide_question(question, evidence)
    found = []
    for jobs in (1, 2):
        with Dealing(jobs) as dealing:
            found.append(with_repeats([question], [decided], evidence, Repeats(24), (), dealing))
    assert found[0] == found[1]
    assert found[0][0].stability is not None
    assert found[0][0].stability.repeats == 24
