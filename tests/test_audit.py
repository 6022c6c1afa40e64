"""The audit fails on a known vulnerability, and on nothing else; what it could not do it says."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CLEAN = {"name": "numpy", "version": "2.0", "vulns": []}
FAULTY = {"name": "pillow", "version": "1.0", "vulns": [{"id": "CVE-1", "fix_versions": ["1.1"]}]}
UNKNOWN = {"name": "click", "skip_reason": "Dependency not found on PyPI"}


@pytest.mark.parametrize(
    ("packages", "code", "said"),
    [
        ([CLEAN, FAULTY], 1, "pillow 1.0: CVE-1 (mended in 1.1)"),
        ([CLEAN, UNKNOWN], 0, "1 of 2 packages held against advisories, 0 known"),
        ([UNKNOWN], 0, "skipped, there are no advisories here"),
        (None, 0, "skipped, the advisories cannot be reached"),
    ],
    ids=["vulnerable", "clean", "not listed", "unreachable"],
)
def test_what_the_audit_says(
    tmp_path: Path, packages: list[dict] | None, code: int, said: str
) -> None:
    fake = tmp_path / "pip_audit"
    fake.mkdir()
    (fake / "__init__.py").touch()
    answer = "" if packages is None else json.dumps({"dependencies": packages})
    (fake / "__main__.py").write_text(f"print({answer!r})")
    done = subprocess.run(
        [ROOT / "scripts" / "audit"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert done.returncode == code, done.stderr
    assert said in done.stdout
