"""A campaign: so many mutated inputs over all formats, each under limits, and the figures.

    python -m tests.fuzz.campaign --inputs 100000 --seed 1
    python -m tests.fuzz.campaign --format "QTI zip" --seed 1 --only 4711     one input again

Every format runs in a process of its own, so that a crash or a loop inside a library costs one
input; it is a find, and the campaign goes on behind it. Exit code 1 if there were finds.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

from tests.fuzz.formats import WHERE, format_class, made_format
from tests.fuzz.trial import BYTES, SECONDS, Trial, tried

STUCK_SECONDS = 120
"""After so long without a sign a process is taken to hang where no signal reaches it."""


@dataclass
class Figures:
    """What became of a format's inputs."""

    format: str
    inputs: int = 0
    accepted: int = 0
    refused: int = 0
    slowest: float = 0.0
    peak: int = 0
    finds: list[Trial] = field(default_factory=list)

    def add(self, trial: Trial) -> None:
        """Count one input."""
        self.inputs += 1
        self.accepted += trial.ended == "accepted"
        self.refused += trial.ended == "refused"
        self.slowest = max(self.slowest, trial.seconds)
        self.peak = max(self.peak, trial.peak)
        if trial.ended == "find":
            self.finds.append(trial)

    def kinds(self) -> dict[str, list[Trial]]:
        """Return the finds, those of one place and kind together."""
        kinds: dict[str, list[Trial]] = {}
        for trial in self.finds:
            kind = trial.said.split(":")[0] if trial.where else trial.said
            kinds.setdefault(f"{kind} at {trial.where}", []).append(trial)
        return kinds

    def as_data(self) -> dict[str, object]:
        """Return them as JSON takes them."""
        return {
            "format": self.format, "inputs": self.inputs, "accepted": self.accepted,
            "refused": self.refused, "slowest_seconds": round(self.slowest, 3),
            "peak_mib": self.peak >> 20, "finds": [trial.as_data() for trial in self.finds],
        }  # fmt: skip


def shares(inputs: int, names: list[str]) -> dict[str, int]:
    """Split a number of inputs over formats by their shares; the sum is exactly `inputs`."""
    weights = [format_class(name).share for name in names]
    whole = sum(weights)
    ends = [inputs * sum(weights[: at + 1]) // whole for at in range(len(names))]
    return {name: end - begin for name, begin, end in zip(names, [0, *ends], ends, strict=False)}


def trials(name: str, seed: int, numbers: range) -> Iterator[Trial]:
    """Try some inputs of a format in this process."""
    with tempfile.TemporaryDirectory() as folder:
        format_ = made_format(name, Path(folder))
        for number in numbers:
            yield tried(format_, seed, number)


def _work(
    name: str, seed: int, numbers: range, at: Synchronized[int], out: multiprocessing.SimpleQueue
) -> None:
    for trial in trials(name, seed, numbers):
        out.put(trial)
        at.value = trial.number + 1
    out.put(None)


def campaign_of(name: str, seed: int, inputs: int) -> Figures:
    """Try `inputs` inputs of a format in processes that may die."""
    figures = Figures(name)
    begin = 0
    while begin < inputs:
        begin = _one_process(figures, seed, range(begin, inputs))
    return figures


def _one_process(figures: Figures, seed: int, numbers: range) -> int:
    """Return the number to go on from."""
    context = multiprocessing.get_context("spawn")
    at, out = context.Value("q", numbers.start), context.SimpleQueue()
    worker = context.Process(target=_work, args=(figures.format, seed, numbers, at, out))
    worker.start()
    moved, last = time.monotonic(), at.value
    while True:
        if not out.empty():
            trial = out.get()
            if trial is None:
                worker.join()
                return numbers.stop
            figures.add(trial)
            continue
        if at.value != last:
            moved, last = time.monotonic(), at.value
        stuck = time.monotonic() - moved > STUCK_SECONDS
        if stuck or not worker.is_alive():
            if not out.empty():
                continue
            worker.kill()
            worker.join()
            if worker.exitcode == 1 and at.value == numbers.start:  # no crash: its own traceback
                raise RuntimeError(f"{figures.format}: cannot be tried")
            said = f"no sign for {STUCK_SECONDS} s" if stuck else f"died ({worker.exitcode})"
            number = at.value
            figures.add(Trial(figures.format, seed, number, "?", "find", said, "", 0.0, 0))
            return number + 1
        time.sleep(0.05)


def report(all_figures: list[Figures], seconds: float) -> str:
    """Return the figures as a table, then each kind of find with an input that shows it."""
    lines = ["| format | inputs | accepted | refused | finds | slowest, s | peak, MiB |"]
    lines.append("|---|---|---|---|---|---|---|")
    for one in all_figures:
        lines.append(
            f"| {one.format} | {one.inputs:,} | {one.accepted:,} | {one.refused:,} | "
            f"{len(one.finds)} | {one.slowest:.2f} | {one.peak >> 20} |"
        )
    sums = [
        sum(getattr(one, name) for one in all_figures) for name in ("inputs", "accepted", "refused")
    ]
    finds = sum(len(one.finds) for one in all_figures)
    slowest = max((one.slowest for one in all_figures), default=0.0)
    peak = max((one.peak for one in all_figures), default=0)
    counts = " | ".join(f"{one:,}" for one in sums)
    lines.append(f"| all | {counts} | {finds} | {slowest:.2f} | {peak >> 20} |")
    lines.append(f"\n{seconds:.0f} s; limits an input: {SECONDS} s, {BYTES >> 20} MiB.")
    for one in all_figures:
        for kind, found in one.kinds().items():
            first = found[0]
            lines.append(
                f"- {one.format}: {kind} ({len(found)} times), first in input {first.number} "
                f"({first.how}): {first.said}"
            )
    return "\n".join(lines)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=2000, help="in all, over all formats")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--format", action="append", choices=sorted(WHERE), help="only these")
    parser.add_argument("--only", type=int, help="one input of one format, in this process")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def main() -> None:
    """Run a campaign from the command line."""
    arguments = _arguments()
    names = arguments.format or list(WHERE)
    if arguments.only is not None:
        numbers = range(arguments.only, arguments.only + 1)
        for trial in trials(names[0], arguments.seed, numbers):
            print(json.dumps(trial.as_data(), ensure_ascii=False, indent=1))
        return
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    began, found = time.monotonic(), []
    for name, number in shares(arguments.inputs, names).items():
        found.append(campaign_of(name, arguments.seed, number))
        print(f"{name}: {number} inputs, {len(found[-1].finds)} finds", file=sys.stderr, flush=True)
    if arguments.json:
        print(json.dumps([one.as_data() for one in found], ensure_ascii=False, indent=1))
    else:
        print(report(found, time.monotonic() - began))
    sys.exit(any(one.finds for one in found))


if __name__ == "__main__":
    main()
