"""One export graded in more than one way, for the bytes of every file that comes out.

    python -m tests.grader.both_ways --files 5000 --seed 1

Stretches of columns (`grader.block_reading`) are held against the reader of single rows, attempts
chosen for all at once against `choose`, and tables of columns against tables of single students.
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
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

import numpy as np

import grader.block_reading as block_reading
import grader.chosen_rows as chosen_rows
from grader.exports.student_analysis import StudentAnalysis
from grader.grading import Rules, grade, grade_blocks
from grader.item_tables import write_items_and_summary
from grader.row_cells import Columns
from grader.score_tables import write_score_tables
from grader.submissions import ScoredQuestion
from grader.table.graded import GradedClass
from solver.errors import ExportError
from tests.fuzz.csv_formats import Exports
from tests.grader import canvas_generator as canvas
from tests.grader.generated import scored, wordings

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
    way = block_reading._Stretches._at_once

    def counted(self, data, *, last):
        block = way(self, data, last=last)
        met["as columns" if block else "row by row"] += 1
        return block

    with (
        mock.patch.object(block_reading, "LEAST", 0),
        mock.patch.object(block_reading, "BLOCK", size),
        mock.patch.object(block_reading._Stretches, "_at_once", counted),
    ):
        yield met


@contextmanager
def one_by_one() -> Iterator[None]:
    """Have the attempts of every student weighed by `choose`."""
    plain = chosen_rows.plain_choices

    def none(rows, ranks, rule):
        found = plain(rows, ranks, rule)
        return replace(found, plain=np.zeros_like(found.plain))

    with mock.patch.object(chosen_rows, "plain_choices", none):
        yield


def written(graded: GradedClass, folder: Path) -> dict[str, bytes]:
    """Write the tables of a class whose record lies in `folder`; return every file."""
    write_score_tables(graded, folder)
    write_items_and_summary(graded, folder)
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
    columns = Columns([question.id for question in questions])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows, columned, objects = folder / "rows", folder / "columns", folder / "objects"
        for each in (rows, columned, objects):
            each.mkdir()
        with one_by_one():
            by_row = grade(export.rows(), questions, rules, record=rows / "rows.jsonl")
            expected = written(by_row, rows)
        with stretches(size) as met:
            blocks = block_reading.read_blocks([export], columns)
            graded = grade_blocks(blocks, questions, rules, record=columned / "rows.jsonl")
            found = written(graded, columned)
        (objects / "rows.jsonl").write_bytes(found["rows.jsonl"])
        single = written(replace(by_row, used=tuple(graded.used)), objects)
    for each in expected:
        assert found[each] == expected[each], f"{each} of columns"
        assert single[each] == expected[each], f"{each} of single students"
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
