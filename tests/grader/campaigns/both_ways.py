"""One export graded in more than one way, for the bytes of every file that comes out.

    python -m tests.grader.campaigns.both_ways --files 5000 --seed 1

Stretches read at once (`grader.exports.blocks`) are held against the reader of single rows, and
attempts chosen for all at once against `choose`.
Files are those of the generator, larger and damaged ones among them, and mutants of the fuzzer's.
"""

from __future__ import annotations

import argparse
import random
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

import polars as pl

import grader.exports.blocks as blocks
import grader.table.choice as choice
from grader.exports.student_analysis import StudentAnalysis
from grader.items.tables import write_items_and_summary
from grader.runs.grading import Rules, grade_table
from grader.runs.score_tables import write_score_tables
from grader.submissions import ScoredQuestion
from grader.table.answers import table_of
from grader.table.cells import Cells
from grader.table.graded import GradedClass
from grader.table.record import read_rows, write_rows
from solver.errors import ExportError
from tests.fuzz.inputs.csv_formats import Exports
from tests.grader.made import canvas_generator as canvas
from tests.grader.made.generated import scored, wordings
from tests.grader.made.made_classes import grade

HOSTILE = [
    '"', "\n", '"\n', "\r", "\r\n", ",", "\x00", '""', "sep=;\n", ',"a\nb",', "\ufeff", "王\n",
    '"""', " ", '","', ",,,,,,,,,,\n", "\n\n", "\u3000", "\x1f", '\\',
]  # fmt: skip
NAMES = ['Anna "A"', "B,\nb", "王小明", "C\r\nc", "D", " E ", "F\\", "Ｇ"]
RULES = ("highest", "latest", "first", "average")
POLICIES = ("all-or-nothing", "canvas-partial")
DEADLINE = datetime(2026, 4, 9, 10, 30, tzinfo=UTC)


def damaged(data: bytes, rng: random.Random) -> bytes:
    """Return a file with up to five places behind its header made hostile."""
    for _ in range(rng.randrange(6)):
        at = rng.randrange(len(data) // 3, len(data))
        what = rng.choice([*(text.encode() for text in HOSTILE), b"\xa4\xfd", b"\xed\xa0\x80", b""])
        data = data[:at] + what + data[at + rng.choice([0, 0, 1, 30]) :]
    return data


def generated(rng: random.Random) -> tuple[list[canvas.Q], bytes]:
    """Return a quiz and an export of it, one in two damaged."""
    quiz = canvas.random_quiz(rng, empties=rng.random() < 0.2)
    style = canvas.random_style(rng)
    if rng.random() < 0.4:
        rows = canvas.random_class(rng, quiz)
        data = canvas.export(rng, quiz, rows, style)
    else:
        few = [{q.id: canvas.random_ticks(rng, q) for q in quiz} for _ in range(6)]
        again = rng.choice([2, 3, 3, 3])  # of two, a student hands one attempt in twice
        rows = [
            canvas.Row(n // 3, 1 + n % again, n, rng.choice(few), rng.choice([0, -0.15]))
            for n in range(rng.choice([10, 60, 200]))
        ]
        names = NAMES * 10 if rng.random() < 0.5 else [f"N{n}" for n in range(80)]
        data = canvas.export(rng, quiz, rows, style, names)
        if rng.random() < 0.3:  # several students under one id
            data = re.sub(rb"\b900[1-4]\b", b"9000", data, count=rng.randrange(1, 5))
    return quiz, damaged(data, rng) if rng.random() < 0.5 else data


@contextmanager
def stretches(size: int) -> Iterator[Counter[str]]:
    """Read every Student Analysis CSV in stretches of `size` bytes; count how they were read."""
    met: Counter[str] = Counter()
    way = blocks._Stretches._at_once

    def counted(self, stretch):
        block = way(self, stretch)
        met["as columns" if block else "row by row"] += 1
        return block

    with (
        mock.patch.object(blocks, "LEAST", 0),
        mock.patch.object(blocks, "STRETCH", size),
        mock.patch.object(blocks._Stretches, "_at_once", counted),
    ):
        yield met


@contextmanager
def one_by_one() -> Iterator[None]:
    """Have the attempts of every student weighed by `choose`."""
    with mock.patch.object(choice, "_apart", lambda: pl.lit(value=False)):
        yield


def written(graded: GradedClass, folder: Path) -> dict[str, bytes]:
    """Write the tables of a class whose record lies in `folder`; return every file."""
    write_rows(graded.used.table, folder / "rows.parquet", "")
    write_score_tables(graded, folder)
    write_items_and_summary(graded, folder)
    again = read_rows(folder / "rows.parquet", graded.used.table.cells.names, "")
    assert list(again.submissions(again.frame)) == list(
        graded.used.table.submissions(graded.used.table.frame)
    )
    files = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    superseded = [(each.student, each.line) for each in graded.superseded]
    told = (graded.counts, graded.alike, graded.many_names, superseded)
    files["in memory"] = repr(told).encode()
    return files


def compared(
    export: StudentAnalysis, questions: tuple[ScoredQuestion, ...], rules: Rules, size: int
) -> Counter[str]:
    """Grade an export in every way, and hold the files against each other.

    Raises:
        AssertionError: a file differs.
    """
    cells = Cells([question.id for question in questions])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows, columned = folder / "rows", folder / "columns"
        for each in (rows, columned):
            each.mkdir()
        with one_by_one():
            by_row = grade(export.rows(), questions, rules)
            expected = written(by_row, rows)
        with stretches(size) as met:
            table = table_of(blocks.read_blocks([export], cells), cells)
            found = written(grade_table(table, questions, rules), columned)
    for each in expected:
        assert found[each] == expected[each], f"{each} of columns"
    return met


def one_file(number: int, seed: int, folder: Path, fuzzed: Exports) -> Counter[str]:
    """Make a file by its number, and grade it in every way."""
    rng = random.Random(f"{seed} {number}")
    path = folder / "export.csv"
    try:
        if number % 3 == 0:
            path.write_bytes(fuzzed.mutant(rng).data)
            questions = fuzzed.questions
            export = StudentAnalysis(path, fuzzed.context.wordings, [q.id for q in questions])
        else:
            quiz, data = generated(rng)
            path.write_bytes(data)
            questions = scored(quiz)
            export = StudentAnalysis(path, wordings(quiz), [q.id for q in quiz])
    except ExportError:
        return Counter(refused=1)  # the damage was in the header
    deadline = rng.choice([None, DEADLINE])
    rules = Rules(rng.choice(POLICIES), rng.choice(RULES), deadline)
    size = rng.choice([300, 1500, 5000, 1 << 20])
    try:
        return Counter(files=1) + compared(export, questions, rules, size)
    except Exception as problem:
        problem.add_note(f"file {number} of seed {seed}, stretches of {size} bytes, {rules}")
        raise


def main() -> None:
    """Compare many files, and print how they were read."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    met: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        fuzzed = Exports(Path(name))
        for number in range(given.files):
            met += one_file(number, given.seed, Path(name), fuzzed)
    print(dict(met))


if __name__ == "__main__":
    main()
