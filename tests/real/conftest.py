"""What several tests of the real outputs share."""

from __future__ import annotations

from pathlib import Path

import pytest

from solver.evidence import Evidence
from tests.real.convert import converted

REAL = Path(__file__).resolve().parents[3] / "shared" / "real"


@pytest.fixture(scope="session")
def real_evidence() -> Evidence:
    """All of the real outputs as evidence, converted once (about half a minute)."""
    if not (REAL / "figures_70px.npz").is_file():
        pytest.skip("the real outputs are not beside this checkout")
    return converted(REAL)
