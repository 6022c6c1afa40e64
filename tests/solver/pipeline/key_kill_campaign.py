"""Kills `hw9 key` at any moment: whatever is on disk is whole, and the next run ends as if alone.

    python -m tests.solver.pipeline.key_kill_campaign --kills 150 --json

Three scenes: a first key from evidence, a key over one made from other evidence, and a key from a
bundle whose explanations are run. After a kill the folder is, file by file and byte by byte, the
whole old one or the whole new one; what a run had measured lies beside it, and no record of that
mixes two states. The next run must end in the very bytes of an undisturbed one, with nothing left
beside the folder.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import shutil
from collections import Counter
from pathlib import Path

import torch

import tests.grader.campaigns.kill_campaign as kills
from grader.cli.key import key as key_command
from solver.errors import EvidenceError
from solver.evidence import (
    MANIFEST,
    Evidence,
    Record,
    evidence_left_in,
    load_evidence,
    save_evidence,
)
from solver.files.resources import data_folder
from tests.fuzz.made_evidence import made_record

OUT = Path("out")
FEW = ["q05", "q14", "q16", "q23", "q30"]
NEEDED = ["saliency_derivative", "module/6", "activation/15/1", "regions/1", "picture/1",
          "corpus_search", "embedding_trials"]  # fmt: skip
DECIDE = ["key", "--only", ",".join(FEW), "--out", "out", "--device", "cpu"]
SCENES = {
    "first": [*DECIDE, "--evidence", "new"],
    "over another": [*DECIDE, "--evidence", "new"],
    "from a bundle": [
        "key",
        "--only",
        "q14,q16",
        "--out",
        "out",
        "--device",
        "cpu",
        "--bundle",
        "bundle",
        "--force",  # the key that lies there has more questions
    ],
}
State = dict[str, bytes]


def command(arguments: list[str]) -> None:
    """Run `hw9 key` in this process; a SystemExit of 0 is its end."""
    with contextlib.redirect_stdout(None):
        try:
            key_command(arguments[1:])
        except SystemExit as end:
            if end.code:
                raise


def prepare() -> None:
    """Write two states of evidence, and a bundle with ten pictures and a network."""
    for name, shift in (("old", 0.0), ("new", 0.25)):
        records = []
        for each in map(made_record, NEEDED):
            arrays = {
                key: array + shift if array.dtype.kind == "f" else array
                for key, array in each.arrays.items()
            }
            records.append(Record(each.id, arrays, dict(each.values, of=name)))
        save_evidence(Evidence({record.id: record for record in records}), Path(name))
    demo = data_folder("demo")
    Path("bundle").mkdir()
    for name in ("food", "masks"):
        shutil.copytree(demo / name, Path("bundle") / name)
    for name in ("checkpoint.pth", "regions.yaml"):
        shutil.copy(demo / name, Path("bundle") / name)


def state() -> State:
    """Return every file of the folder."""
    paths = (path for path in sorted(OUT.rglob("*")) if path.is_file())
    return {path.relative_to(OUT).as_posix(): path.read_bytes() for path in paths}


def check(found: State, old: State, new: State) -> str:
    """Hold what a killed run left against both states; return which it is."""
    differing = sorted(name for name in {*found, *old, *new} if found.get(name) != old.get(name))
    assert found in (old, new), f"neither the old state nor the new one: {differing}"
    for folder in Path().glob(f".{OUT}.*.partial/evidence"):
        if (folder / MANIFEST).is_file():
            _check_records(folder)
    return "old" if found == old else "new"


def _check_records(folder: Path) -> None:
    """No record may have the arrays of one state and the values of the other."""
    whole = {name: load_evidence(Path(name)) for name in ("old", "new")}
    with contextlib.suppress(EvidenceError):  # refused, or left out one by one
        load_evidence(folder)
    for record in (each for evidence in evidence_left_in([folder]) for each in evidence):
        if "of" in record.values:
            known = whole[record.values["of"]].get(*record.id.split("/"))
            for name, array in known.arrays.items():
                assert (record.arrays[name] == array).all(), f"{record.id} mixes two states"


def campaign(count: int, seed: int) -> dict[str, dict[str, int]]:
    """Kill so many runs in the current folder, which must be empty; return what was met.

    Raises:
        AssertionError: something on disk is not whole, or a run started again ends otherwise.
    """
    torch.set_num_threads(1)  # a fork has no other threads
    kills.command = command
    prepare()
    command([*DECIDE, "--evidence", "old"])
    OUT.rename("key-of-old")
    for arguments in SCENES.values():  # here, so that every fork has its modules loaded
        command(arguments)
        shutil.rmtree(OUT)
    rng = random.Random(seed)
    met = {}
    for number, (scene, arguments) in enumerate(SCENES.items()):
        share = count // 3 + (number < count % 3)
        met[scene] = _scene(arguments, None if scene == "first" else "key-of-old", rng, share)
    return met


def _begin_with(before: str | None) -> None:
    kills.begin_with(Path(before) if before else None)


def _scene(
    arguments: list[str], before: str | None, rng: random.Random, count: int
) -> dict[str, int]:
    _begin_with(before)
    old = state()
    kills.finished(arguments)
    new = state()
    assert new != old
    _begin_with(before)
    events, seconds = kills.events_of(arguments)
    met: Counter[str] = Counter()
    while met["killed"] < count:
        _begin_with(before)
        if not kills.killed(arguments, rng, events, seconds):
            met["ended before the kill"] += 1
            continue
        met["killed"] += 1
        met[check(state(), old, new)] += 1
        met["something left beside it"] += bool(
            [each for each in kills.beside() if "lock" not in each]
        )
        kills.finished(arguments)
        again = state()
        other = sorted(name for name in {*again, *new} if again.get(name) != new.get(name))
        assert not other, f"the run that was started again left other files: {other}"
        assert kills.beside() in ([], [".out.lock"]), kills.beside()
    return dict(met)


def main() -> None:
    """Run the campaign that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=150)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    kills.print_met(lambda: campaign(given.kills, given.seed), as_json=given.json)


if __name__ == "__main__":
    main()
