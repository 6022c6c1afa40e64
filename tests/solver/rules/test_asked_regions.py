"""The regions that questions read, out of their settings and claims alone."""

from __future__ import annotations

import pytest

from solver.banks.bank import load_bank
from solver.bundle.regions import load_regions
from solver.files.resources import shipped_bank
from solver.rules.asked_regions import asked_regions
from solver.rules.registry import plan_questions


@pytest.mark.parametrize("edition", ["2021", "2022"])
def test_every_region_that_a_shipped_bank_asks_for_ships(edition: str) -> None:
    asked = asked_regions(plan_questions(load_bank(shipped_bank(edition))))
    assert list(asked) == list(range(10))
    drawn = load_regions(shipped_bank(edition) / "regions" / f"{edition}.yaml")
    known = {name for entry in drawn.pictures for name in entry.regions}
    assert {name for names in asked.values() for name in names} <= known


def test_names_in_lists_in_settings_and_by_default_are_found() -> None:
    asked = asked_regions(plan_questions(load_bank(shipped_bank())))
    assert set(asked[9]) == {"food", "outline", "soup", "spring_onion", "bowl"}
    assert "contour" in asked[1] and "milk" in asked[1]
