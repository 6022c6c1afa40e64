"""Kills runs at any moment and looks at what is on disk: the whole old state or the whole new one.

    python -m tests.grader.campaigns.kill_campaign --kills 300 --json

Three scenes: a first run, a run that replaces another, a regrade. Half of the runs are killed
(SIGKILL) after a random time, half at a random one of the file operations they announce to
Python's audit hooks, which meets the moments around the exchange of folders far more often than
any clock. After each kill the run is started again and must end in the new state with nothing left
beside it. Every run is a fork of this one process, so that a kill costs milliseconds. This one
grades nothing itself: a fork of a process in which polars has threads would wait for them forever.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import solver.files.atomic_swap as folder_swap
from grader.cli.grade import grade
from grader.cli.regrade import regrade
from solver.key import save_key
from tests.grader.made import canvas_generator as canvas
from tests.grader.made.bank_files import as_quiz, write_bank_and_key
from tests.grader.made.made_classes import overridden

WATCHED = ("open", "os.", "shutil.", "tempfile.", "sqlite3.")
PLAIN = ["--key", "key.yaml", "--bank", "questions", "--out", "out"]
AGAIN = ["regrade", "out", "--key", "new.yaml", "--bank", "questions", "--how", "current"]
SCENES = {
    "first": ["grade", "export.csv", *PLAIN],
    "replace": ["grade", "export.csv", *PLAIN, "--replace", "--attempts", "first"],
    "regrade": [*AGAIN, "--write", "--by", "TA", "--why", "seen"],
}


def prepare(folder: Path) -> None:
    """Write a bank, two keys, an export and a run into `folder`."""
    bank, key = write_bank_and_key(folder, 6)
    other = next(q for q in key.questions if q.kind == "single")
    wrong = next(option.id for option in other.options if option.id not in other.correct)
    save_key(overridden(key, other.id, [wrong]), folder / "new.yaml")
    rng = random.Random(0)
    quiz = as_quiz(bank, key)
    rows = [
        canvas.Row(student, attempt, 3 * student + attempt, ticks)
        for student in range(4)
        for attempt in (1, 2)
        if (ticks := {q.id: canvas.random_ticks(rng, q) for q in quiz})
    ]
    (folder / "export.csv").write_bytes(canvas.export(rng, quiz, rows, canvas.Style()))


def command(arguments: list[str]) -> None:
    """Run a command in this process; a SystemExit of 0 is its end."""
    commands = {"grade": grade, "regrade": regrade}
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            commands[arguments[0]](arguments[1:])
        except SystemExit as end:
            if end.code:
                raise


def forked(arguments: list[str], before: Callable[[], None] = lambda: None) -> int:
    """Start a command in a fork; return its process id."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        before()
        command(arguments)
        code = 0
    except BaseException as problem:
        print(f"{type(problem).__name__}: {problem}", file=sys.stderr, flush=True)
    finally:
        os._exit(code)


def finished(arguments: list[str]) -> None:
    """Run a command to its end; it must end well."""
    _, status = os.waitpid(forked(arguments), 0)
    assert os.waitstatus_to_exitcode(status) == 0, arguments


def state(folder: Path) -> str:
    """Return a hash of a folder's names, modes and bytes; "" if there is none."""
    if not folder.exists():
        return ""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        content = path.read_bytes() if path.is_file() else b""
        digest.update(f"{path.relative_to(folder)}\0{path.stat().st_mode}\0".encode() + content)
    return digest.hexdigest()


def beside() -> list[str]:
    """Return what lies hidden in this folder."""
    return sorted(path.name for path in Path().iterdir() if path.name.startswith("."))


def dies_at(event: int) -> Callable[[], None]:
    """Return what makes a process kill itself at the `event`-th file operation."""

    def begin() -> None:
        left = [event]

        def hook(name: str, _: object) -> None:
            if name.startswith(WATCHED):
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)

    return begin


def events_of(arguments: list[str]) -> tuple[int, float]:
    """Return how many file operations a whole run of a command announces, and its seconds."""
    reading, writing = os.pipe()

    def count() -> None:
        sys.addaudithook(lambda name, _: os.write(writing, b".") and None
                         if name.startswith(WATCHED) else None)  # fmt: skip

    began = time.monotonic()
    child = forked(arguments, count)
    os.close(writing)
    number = 0
    while block := os.read(reading, 65536):
        number += len(block)
    os.waitpid(child, 0)
    os.close(reading)
    return number, time.monotonic() - began


def killed(arguments: list[str], rng: random.Random, events: int, seconds: float) -> bool:
    """Run a command and kill it; return whether it was killed before it ended."""
    if rng.random() < 0.5:
        # Half of the operations are reading at the beginning; what is at stake is at the end.
        at = events - int(events * rng.random() ** 2)
        child = forked(arguments, dies_at(max(1, at)))
    else:
        child = forked(arguments)
        time.sleep(rng.random() * seconds)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == -signal.SIGKILL


def campaign(kills: int, seed: int, *, exchange: bool = True) -> dict[str, dict[str, int]]:
    """Kill so many runs in the current folder, which must be empty; return what was met.

    Args:
        kills: how many, over the three scenes.
        seed: of the moments.
        exchange: False: as where folders cannot be exchanged. Then a kill between the two steps
            may leave no folder at all, which the next run must bring back.

    Raises:
        AssertionError: a state that is neither the old nor the new one.
    """
    if not exchange:
        folder_swap._exchange = lambda one, other: False
    prepare(Path())
    finished(SCENES["first"])
    run = Path("old")
    Path("out").rename(run)
    rng = random.Random(seed)
    met = {}
    for number, (scene, arguments) in enumerate(SCENES.items()):
        share = kills // 3 + (number < kills % 3)
        met[scene] = _scene(arguments, None if scene == "first" else run, rng, share, exchange)
    return met


def _scene(
    arguments: list[str], run: Path | None, rng: random.Random, kills: int, exchange: bool
) -> dict[str, int]:
    out = Path("out")
    begin_with(run)
    old = state(out)
    finished(arguments)
    new = state(out)
    assert new != old
    begin_with(run)
    events, seconds = events_of(arguments)
    met: Counter[str] = Counter()
    while met["killed"] < kills:
        begin_with(run)
        if not killed(arguments, rng, events, seconds):
            assert state(out) == new and not beside()
            met["ended before the kill"] += 1
            continue
        met["killed"] += 1
        found = state(out)
        between = not exchange and run is not None and found == ""
        assert found in (old, new) or between, f"neither old nor new: {sorted(out.rglob('*'))}"
        met["old" if found == old else "new" if found == new else "moved aside"] += 1
        met["something left beside it"] += bool(beside())
        if found == new and run is None:
            continue  # a first run into a folder that is there is refused, as it should be
        finished(arguments)
        assert state(out) == new, "the run that was started again did not end in the new state"
        # A regrade that was done already changes nothing, and may find the dead run's lock.
        assert not beside() or (found == new and beside() == [".out.lock"]), beside()
    begin_with(None)
    return dict(met)


def begin_with(run: Path | None) -> None:
    """Put the scene back: `run` in ``out``, or nothing, and nothing beside it."""
    for name in ["out", *beside()]:
        path = Path(name)
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    if run is not None:
        shutil.copytree(run, "out")


def print_met(kill: Callable[[], Mapping[str, Mapping[str, int]]], *, as_json: bool) -> None:
    """Run a campaign in a temporary folder and print what it met, scene by scene."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        met = kill()
    if as_json:
        print(json.dumps(met))
        return
    for scene, counts in met.items():
        print(scene, ", ".join(f"{what}: {number}" for what, number in counts.items()))


def main() -> None:
    """Run the campaign that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--two-steps", action="store_true", help="as without renameat2")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    print_met(
        lambda: campaign(given.kills, given.seed, exchange=not given.two_steps), as_json=given.json
    )


if __name__ == "__main__":
    main()
