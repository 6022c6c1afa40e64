"""How fast exports are graded, against a bare read of the same file in the same run.

    python -m tests.benchmarks.grading --rows 10000,100000 --attempts 4 [--json]
    python -m tests.benchmarks.grading --targets --rows 1000000 --before ../before

The second prints what is aimed at and what is reached, in turns with a checkout of the program
before the one table (2b9ccf1).

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
import shutil
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import yaml

from tests.grader.made.bank_files import as_quiz, write_bank_and_key
from tests.grader.made.large_export import write_large

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


WITH_PAGES = GRADE.removesuffix(" --no-pages")
CHANGED = "regrade out --key key.yaml --bank questions --how current"
MODULES = """
import sys
ours, met = sys.argv.pop(1), set()

def called(frame, event, arg):
    if frame.f_code.co_flags & 1:  # a function, neither a module's body nor a class's
        met.add(frame.f_code.co_filename)

from grader.cli import main
sys.setprofile(called)
try:
    main()
finally:
    sys.setprofile(None)
    inside = [each for each in met if each.startswith((ours + "/grader/", ours + "/solver/"))]
    print("modules", len(inside), file=sys.stderr)
"""
"""Runs hw9 and says how many of our modules have a function that was called."""


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
    return cost_of(arguments, folder, threads=2 if "2 threads" in name else 1)


def cost_of(
    arguments: list[str], folder: Path, *, threads: int = 2, program: Path = REPOSITORY
) -> Cost:
    """Run Python with some arguments once, with the modules of a checkout of the program.

    Raises:
        RuntimeError: it failed.
    """
    environment = {**os.environ, "PYTHONPATH": str(program), "OMP_NUM_THREADS": "1"}
    environment["POLARS_MAX_THREADS"] = str(threads)
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments], cwd=folder, env=environment, stdout=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"failed: {' '.join(arguments)[:200]}")
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


def for_former(folder: Path) -> None:
    """Write the bank as the program before the one table reads it, into ``former``."""
    shutil.copytree(folder / "questions", folder / "former")
    header = yaml.safe_load((folder / "former" / "bank.yaml").read_text("utf-8"))
    told = {"title": header["title"], "edition": header["edition"], "lime_start_label": 0}
    (folder / "former" / "bank.yaml").write_text(yaml.safe_dump(told, allow_unicode=True), "utf-8")


def hw9(line: str, **places: str) -> list[str]:
    """Return the arguments with which Python runs a line of hw9."""
    return ["-m", "grader.cli", *line.format(**places).split()]


def in_turns(folder: Path, runs: dict[str, tuple[list[str], Path]], turns: int) -> dict[str, Cost]:
    """Return the least that each run took; they take turns."""
    taken: dict[str, list[Cost]] = {name: [] for name in runs}
    for _ in range(turns):
        for name, (arguments, program) in runs.items():
            taken[name].append(cost_of(arguments, folder, program=program))
    return {name: least(costs) for name, costs in taken.items()}


def targets(rows: int, turns: int, before: Path) -> str:
    """Return what is aimed at and what is reached, as a table."""
    with tempfile.TemporaryDirectory() as name:
        large = _class_in(Path(name), rows)
        former = [each.replace("questions", "former") for each in hw9(GRADE, file="export.csv")]
        cost = in_turns(
            large,
            {
                "bare": (["-c", POLARS, "export.csv"], REPOSITORY),
                "before": (former, before),
                "now": (hw9(GRADE, file="export.csv"), REPOSITORY),
            },
            turns,
        )
        record = (large / "out" / "rows.parquet").stat().st_size / 1e6
    with tempfile.TemporaryDirectory() as name:
        small = _class_in(Path(name), 4000)
        pages = {"pages": (hw9(WITH_PAGES, file="export.csv"), REPOSITORY)}
        again = {"again": (hw9(CHANGED), REPOSITORY)}
        cost |= in_turns(small, pages, turns) | in_turns(small, again, turns)
        with (small / "export.csv").open(encoding="utf-8") as file:
            (small / "few.csv").write_text("".join(islice(file, 9)), "utf-8")
        asked = [sys.executable, "-c", MODULES, str(REPOSITORY)]
        asked += WITH_PAGES.format(file="few.csv").split()
        told = subprocess.run(
            asked, cwd=small, env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    lines = sum(
        len(path.read_text("utf-8").splitlines()) for path in (REPOSITORY / "grader").rglob("*.py")
    )
    now, bare, then = cost["now"], cost["bare"], cost["before"]
    listed = [
        (f"{rows:,} rows: wall s ({now.wall:.1f}), x a bare read", now.wall / bare.wall, "2.5"),
        ("the same, of the program before", now.wall / then.wall, "0.7, aim 0.5"),
        ("the same by the processor", now.cpu / then.cpu, ""),
        ("peak, GB", now.peak_mb / 1e3, "0.65"),
        ("record, GB", record / 1e3, "0.03"),
        ("1,000 students x 4 with all pages, wall s", cost["pages"].wall, "2"),
        ("the same, cpu s", cost["pages"].cpu, ""),
        ("dry run of a regrade of it, wall s", cost["again"].wall, "1"),
        ("modules with a function called, eight rows", float(told.stderr.split()[-1]), "30"),
        ("lines of grader/", float(lines), "11200"),
    ]
    return "\n".join(f"{what:<48}{found:>10.2f}   {aim}" for what, found, aim in listed)


def _class_in(folder: Path, rows: int) -> Path:
    """Write a bank, as the program reads it now and as it did before, a key and an export."""
    bank, key = write_bank_and_key(folder)
    for_former(folder)
    write_large(folder / "export.csv", as_quiz(bank, key), rows // 4, 4)
    return folder


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", default="10000,100000", help="of exports, with commas between")
    parser.add_argument("--attempts", type=int, default=4, help="of each student")
    parser.add_argument("--turns", type=int, default=3, help="of which the best counts")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--targets", action="store_true", help="what is aimed at, and reached")
    parser.add_argument("--before", type=Path, help="a checkout of 2b9ccf1, for --targets")
    given = parser.parse_args()
    if given.targets:
        if given.before is None:
            parser.error("--targets needs --before: git worktree add --detach ../before 2b9ccf1")
        print(targets(int(given.rows.split(",")[-1]), given.turns, given.before.resolve()))
        return
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
