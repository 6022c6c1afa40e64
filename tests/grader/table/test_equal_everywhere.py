"""The same bytes of scores, records and pages wherever they are made."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
PLACES = {
    "plain": {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8", "OMP_NUM_THREADS": "1"},
    "Taipei": {
        "PYTHONHASHSEED": "1", "TZ": "Asia/Taipei", "LC_ALL": "zh_TW.UTF-8", "HW9_JOBS": "2",
    },
    # An ASCII locale: whatever is opened without saying its encoding fails here.
    "ASCII": {
        "PYTHONHASHSEED": "31337", "TZ": "America/St_Johns", "LC_ALL": "C", "LANG": "C",
        "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "OMP_NUM_THREADS": "2",
    },
    "Turkish": {"PYTHONHASHSEED": "2", "TZ": "Pacific/Kiritimati", "LC_ALL": "tr_TR.UTF-8"},
}  # fmt: skip


def hashes(place: dict[str, str]) -> list[str]:
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-m", "tests.grader.table.equal_everywhere"],
        cwd=REPOSITORY, env={**environment, **place, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_hash_seed_time_zone_locale_and_threads_change_no_byte():
    found = {name: hashes(place) for name, place in PLACES.items()}
    names = [line.split("  ")[1] for line in found["plain"]]
    assert {
        "out/scores.csv",
        "out/class.html",
        "out/rows.parquet",
        "out/former/1/moves.csv",
    } <= set(names)
    for name, lines in found.items():
        assert lines == found["plain"], name
