"""How fast exports are graded, against a bare read of the same file in the same run.

    python -m tests.benchmarks.grading --rows 10000,100000 --attempts 4 [--json]

Each contender is a process of its own, and they take turns, so that a loaded machine is loaded for
all of them; the least of several turns counts. "bare" reads the file, every cell as text, and does
nothing with it: polars with one thread and with two, and Python's csv module. Rows a second and
ratios are of the time beyond start-up, which is that of the same command on the export's first
rows; wall time and the processor's time of all processes are given both.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from tests.grader.bank_files import as_quiz, write_bank_and_key
from tests.grader.large_export import write_large

REPOSITORY = Path(__file__).parents[2]
FEW = 40
GRADE = "grade {file} --key key.yaml --bank questions --out out --replace --no-pages"
POLARS = "import polars, sys; polars.read_csv(sys.argv[1], infer_schema=False)"
CSV = "import csv, sys; [None for _ in csv.reader(open(sys.argv[1], newline=''))]"
CONTENDERS = {
    "polars, 1 thread": ["-c", POLARS, "{file}"],
    "polars, 2 threads": ["-c", POLARS, "{file}"],
    "csv module": ["-c", CSV, "{file}"],
    "hw9 grade --jobs 1": ["-m", "grader.cli", *GRADE.split(), "--jobs", "1"],
    "hw9 grade": ["-m", "grader.cli", *GRADE.split()],
}
"""What runs; the file's name is put in."""


class Cost(NamedTuple):
    """Of one process and its children: seconds of wall and of processors, and megabytes.

    `peak_mb` is of the process itself.
    """

    wall: float
    cpu: float
    peak_mb: float


def cost(name: str, file: str, folder: Path) -> Cost:
    """Run a contender once on a file of `folder`.

    Raises:
        RuntimeError: it failed.
    """
    arguments = [each.format(file=file) for each in CONTENDERS[name]]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    environment["POLARS_MAX_THREADS"] = "2" if "2 threads" in name else "1"
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments], cwd=folder, env=environment, stdout=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{name} failed on {file}")
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def least(costs: list[Cost]) -> Cost:
    """Return the least of each figure, and the greatest peak."""
    return Cost(
        min(each.wall for each in costs),
        min(each.cpu for each in costs),
        max(each.peak_mb for each in costs),
    )


def measured(folder: Path, rows: int, attempts: int, turns: int) -> dict[str, dict[str, float]]:
    """Write an export of so many rows into `folder`; return what each contender took."""
    bank, key = write_bank_and_key(folder)
    export = folder / "export.csv"
    write_large(export, as_quiz(bank, key), rows // attempts, attempts)
    with export.open(encoding="utf-8") as file:
        (folder / "few.csv").write_text("".join(islice(file, FEW + 1)), "utf-8")
    taken: dict[str, list[Cost]] = {name: [] for name in CONTENDERS}
    starting: dict[str, list[Cost]] = {name: [] for name in CONTENDERS}
    for _ in range(turns):
        for name in CONTENDERS:
            starting[name].append(cost(name, "few.csv", folder))
            taken[name].append(cost(name, "export.csv", folder))
    found = {}
    for name in CONTENDERS:
        whole, start = least(taken[name]), least(starting[name])
        beyond = max(whole.wall - start.wall, 1e-9)
        found[name] = {
            "wall_s": whole.wall,
            "cpu_s": whole.cpu,
            "start_wall_s": start.wall,
            "start_cpu_s": start.cpu,
            "rows_per_s": rows / beyond,
            "peak_mb": whole.peak_mb,
            "beyond_wall_s": beyond,
            "beyond_cpu_s": max(whole.cpu - start.cpu, 1e-9),
        }
    for bare in ("polars, 1 thread", "polars, 2 threads", "csv module"):
        for name in CONTENDERS:
            for what in ("wall", "cpu"):
                ratio = found[name][f"beyond_{what}_s"] / found[bare][f"beyond_{what}_s"]
                found[name][f"{what}_ratio_to_{bare}"] = ratio
    found["file"] = {"megabytes": export.stat().st_size / 1e6}
    return found


def shown(rows: int, found: dict[str, dict[str, float]]) -> str:
    """Return a table for people."""
    lines = [f"{rows:,} rows, {found['file']['megabytes']:.1f} MB"]
    head = (
        "",
        "wall s",
        "cpu s",
        "start s",
        "rows/s",
        "peak MB",
        "x polars 1",
        "x polars 2",
        "x csv",
    )
    lines.append("{:<20}{:>9}{:>9}{:>9}{:>10}{:>9}{:>16}{:>16}{:>16}".format(*head))
    for name in CONTENDERS:
        of = found[name]
        ratios = [
            f"{of[f'wall_ratio_to_{bare}']:.1f} ({of[f'cpu_ratio_to_{bare}']:.1f} cpu)"
            for bare in ("polars, 1 thread", "polars, 2 threads", "csv module")
        ]
        lines.append(
            f"{name:<20}{of['wall_s']:>9.2f}{of['cpu_s']:>9.2f}{of['start_wall_s']:>9.2f}"
            f"{of['rows_per_s']:>10,.0f}{of['peak_mb']:>9.0f}"
            + "".join(f"{ratio:>16}" for ratio in ratios)
        )
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", default="10000,100000", help="of exports, with commas between")
    parser.add_argument("--attempts", type=int, default=4, help="of each student")
    parser.add_argument("--turns", type=int, default=3, help="of which the best counts")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    results = {}
    for rows in map(int, given.rows.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            results[rows] = measured(Path(folder), rows, given.attempts, given.turns)
        if not given.json:
            print(shown(rows, results[rows]), flush=True)
    if given.json:
        print(json.dumps({"cores": os.cpu_count(), "attempts": given.attempts, "rows": results}))


if __name__ == "__main__":
    main()
