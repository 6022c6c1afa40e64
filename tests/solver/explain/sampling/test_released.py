"""A test of claims is freed when it is done with: it holds every sample and all its parts."""

from __future__ import annotations

import gc
import weakref

import numpy as np

from solver.explain.sampling.sequential_test import SequentialTest
from tests.solver.explain.sampling.test_sequential_test import (
    job,
    made_claims,
    numbers_are_sampled,
    so_far,
)

__all__ = ["numbers_are_sampled"]


def test_a_test_is_freed_before_cycles_are_looked_for() -> None:
    """The program looks for cycles seldom: a run kept half a GB of tests that were over."""
    gc.collect()
    gc.disable()
    try:
        samples = np.random.default_rng(0).normal(0.05, 1, 100)
        test = SequentialTest(made_claims(), so_far(samples), [job(0.999)])
        open_claims = test.undecided([0], number=1, claims_in_all=1)
        assert open_claims == [0]
        test.hopeless(open_claims, number=1, claims_in_all=1)
        test.decisive_records(open_claims)
        held = weakref.ref(test)
        del test
        assert held() is None
    finally:
        gc.enable()
