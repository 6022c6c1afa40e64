"""Every decision of a rule on BERT that a test here asks for is held against what is beside it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from solver.rules.registry import all_rules
from tests.solver.rules.made_maps import checked


@pytest.fixture(scope="module", autouse=True)
def decisions_are_checked(request: pytest.FixtureRequest) -> Iterator[None]:
    """Put `checked` around each rule and cross-check that the tests' module has by name."""
    with pytest.MonkeyPatch.context() as patch:
        for rule in all_rules().values():
            for way in (rule, rule.cross_check):
                if way and getattr(request.module, way.decide.__name__, None) is way.decide:
                    patch.setattr(request.module, way.decide.__name__, checked(way.decide))
        yield
