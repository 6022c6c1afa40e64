"""One grading job and one regrade from fixed inputs, and the hash of every byte they write.

    python -m tests.grader.table.equal_everywhere

The same lines must come out under every Python, locale, time zone, hash seed and number of
threads; ``scripts/equal-everywhere`` runs it under every Python there is.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import random
import sys
import tempfile
from pathlib import Path

import grader.exports.blocks as blocks
from grader.cli.grade import grade
from grader.cli.regrade import regrade
from tests.grader.made import canvas_generator as canvas
from tests.grader.made.bank_files import as_quiz, write_bank_and_key

NAMES = ["王小明", 'Zoë, "Z"', "=1+1", "İpek\nÖz", "ﬁ K", "ß"]
GRADE = """export.csv --key key.yaml --bank questions --out out --deadline 2026-04-09T03:05:00Z
--attempts highest --jobs {jobs}"""
REGRADE = "out --how everybody --question q02 --bank questions --write --by TA --why 看錯"


def prepare() -> None:
    """Write bank, key and export into the current folder."""
    bank, key = write_bank_and_key(Path(), 10)
    rng = random.Random(7)
    quiz = as_quiz(bank, key)
    rows = [
        canvas.Row(student, attempt, 3 * student + attempt, ticks)
        for student in range(len(NAMES))
        for attempt in (1, 2, 3)
        if (ticks := {q.id: canvas.random_ticks(rng, q) for q in quiz})
    ]
    data = canvas.export(rng, quiz, rows, canvas.Style(sis=True), NAMES)
    Path("export.csv").write_bytes(data + "壞,row\n".encode())


def run(jobs: int) -> None:
    """Grade and regrade in the current folder."""
    blocks.LEAST, blocks.STRETCH = 0, 2000
    for command, arguments in (
        (grade, GRADE.format(jobs=jobs).split()),
        (regrade, REGRADE.split()),
    ):
        with contextlib.redirect_stdout(io.StringIO()):
            command(arguments, standalone_mode=False)


def hashes() -> list[str]:
    """Return a line for every file: its hash and its name."""
    paths = sorted(path for path in Path().rglob("*") if path.is_file())
    return [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.as_posix()}" for path in paths]


def main() -> None:
    """Run the job in a temporary folder and print the hashes."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        prepare()
        run(int(os.environ.get("HW9_JOBS", "1")))
        sys.stdout.write("\n".join(hashes()) + "\n")


if __name__ == "__main__":
    main()
