"""All families of simulated evidence, by name."""

from __future__ import annotations

from tests.benchmarks.calibration import language, maps, overlays, pairs, solids
from tests.benchmarks.calibration.simulated import Family

FAMILIES: dict[str, Family] = {
    family.name: family
    for module in (maps, pairs, overlays, language, solids)
    for family in module.FAMILIES
}
