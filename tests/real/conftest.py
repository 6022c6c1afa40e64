"""What several tests of the real outputs share."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from solver.evidence import MANIFEST, Evidence, load_evidence, save_evidence
from tests.real.convert import converted

REAL = Path(__file__).resolve().parents[3] / "shared" / "real"


@pytest.fixture(scope="session")
def real_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of evidence converted from the real outputs: once, whatever the workers."""
    if not (REAL / "figures_70px.npz").is_file():
        pytest.skip("the real outputs are not beside this checkout")
    base = tmp_path_factory.getbasetemp()
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = root / "real-evidence"
    with (root / "real-evidence.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / MANIFEST).is_file():
            save_evidence(converted(REAL), folder)
    return folder


@pytest.fixture(scope="session")
def real_evidence(real_folder: Path) -> Evidence:
    """The evidence in that folder."""
    return load_evidence(real_folder)
