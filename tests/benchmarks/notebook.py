"""Reading a notebook and deciding on it, in turns with the same conversion before notebooks.

    git worktree add --detach ../before 2b9ccf1
    python -m tests.benchmarks.notebook ../shared/notebooks/n00*.ipynb --before ../before \\
        --real ../shared/real --plots model1_q2

Before, tests/real put a folder of outputs cut out by hand into evidence. It is given once whole
(five sets of plots, three numbers of steps, three layers), and once with the notebook's own set of
plots alone. Seconds of the processor, of the system and of children too; the least of the rounds.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def seconds(checkout: Path, *words: str | Path) -> float:
    """Return the processor's time of a Python command in a checkout."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "PYTHONPATH": str(checkout), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, *map(str, words)]
    subprocess.run(command, cwd=checkout, env=environment, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def converted_before(checkout: Path, real: Path, out: Path) -> tuple[float, float]:
    """Return the time of converting a folder of outputs, and of deciding on it."""
    read = seconds(checkout, "tests/real/convert.py", real, out / "evidence")
    return read, decided(checkout, out)


def converted_now(notebook: Path, out: Path) -> tuple[float, float]:
    """Return the time of reading a notebook, and of deciding on it."""
    words = ("-m", "grader.cli", "evidence", "from-notebook", notebook, "--out", out / "evidence")
    read = seconds(ROOT, *words)
    return read, decided(ROOT, out)


def made_at_once(notebook: Path, out: Path) -> tuple[float, float]:
    """Return 0, and the time of reading a notebook and deciding on it in one step."""
    words = ("-m", "grader.cli", "key", "--notebook", notebook, "--out", out / "key")
    return 0.0, seconds(ROOT, *words)


def decided(checkout: Path, out: Path) -> float:
    """Return the time of a key from evidence."""
    return seconds(checkout, "-m", "grader.cli", "key", "--evidence", out / "evidence",
                   "--out", out / "key")  # fmt: skip


def with_plots(real: Path, plots: str, folder: Path) -> Path:
    """Return a folder of the same outputs with one set of plots."""
    (folder / "hidden_state_plots").mkdir(parents=True)
    for path in (*real.glob("*.*"), *real.glob(f"hidden_state_plots/{plots}_*")):
        (folder / path.relative_to(real)).symlink_to(path.resolve())
    return folder


def main() -> None:
    """Print the least times and the ratios."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--before", type=Path, required=True)
    parser.add_argument("--real", type=Path, required=True)
    parser.add_argument("--plots", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    times: dict[str, list[tuple[float, float]]] = {
        "whole folder": [], "its plots": [], "now, two steps": [], "now": [],
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        part = with_plots(given.real.resolve(), given.plots, folder / "real")
        for turn in range(given.rounds):
            for kind, taken in times.items():
                out = folder / f"{kind}-{turn}"
                out.mkdir()
                if kind == "now":
                    taken.append(made_at_once(given.notebook.resolve(), out))
                elif kind == "now, two steps":
                    taken.append(converted_now(given.notebook.resolve(), out))
                else:
                    real = part if kind == "its plots" else given.real.resolve()
                    taken.append(converted_before(given.before.resolve(), real, out))
    least = {kind: min(taken, key=sum) for kind, taken in times.items()}
    now = sum(least["now"])
    for kind, (read, key) in least.items():
        print(f"{kind}: {read:.1f} + {key:.1f} = {read + key:.1f} s; now / this: "
              f"{now / (read + key):.2f}")  # fmt: skip


if __name__ == "__main__":
    main()
