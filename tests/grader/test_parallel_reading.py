"""Many processes read what one would have read, row for row, whatever the file holds."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from concurrent.futures import Future
from pathlib import Path

import pytest

import grader.parallel_reading as parallel
from grader.exports.student_analysis import StudentAnalysis
from grader.grade_job import Job, run_job
from grader.scored_rows import RowScorer, ScoringRules
from solver.bank import load_bank
from solver.errors import ExportError, OutputError
from solver.key import load_key
from tests.grader import canvas_generator as canvas
from tests.grader.bank_files import as_quiz, write_bank_and_key
from tests.grader.generated import scored, wordings
from tests.grader.large_export import write_large
from tests.grader.test_stopped_runs import ENVIRONMENT, snapshot


class Here:
    """A pool without processes: what is sent to it is done at once."""

    def submit(self, function, *arguments):
        done: Future = Future()
        done.set_result(function(*arguments))
        return done


@pytest.fixture
def small_pieces(monkeypatch):
    monkeypatch.setattr(parallel, "PIECE", 1500)
    monkeypatch.setattr(parallel, "_end_with_parent", lambda: None)
    monkeypatch.setattr(parallel.signal, "signal", lambda *_: None)


HOSTILE = [
    '"',
    "\n",
    '"\n',
    "\r",
    "\r\n",
    ",",
    "\x00",
    '""',
    "sep=;\n",
    ',"a\nb",',
    "\ufeff",
    "王\n",
]


def damaged(data: bytes, rng: random.Random) -> bytes:
    for _ in range(rng.randrange(6)):
        at = rng.randrange(len(data) // 3, len(data))
        what = rng.choice([*(text.encode() for text in HOSTILE), b"\xa4\xfd", b""])
        data = data[:at] + what + data[at + rng.choice([0, 0, 1, 30]) :]
    return data


def test_pieces_give_the_rows_of_the_whole(tmp_path, monkeypatch, small_pieces):
    again = cut = 0
    for seed in range(120):
        rng = random.Random(seed)
        quiz = canvas.random_quiz(rng)
        style = canvas.random_style(rng)
        names = ['Anna "A"', "B,\nb", "王小明", "C\r\nc"] * 15
        rows = [canvas.Row(n, 1, n, {q.id: canvas.random_ticks(rng, q) for q in quiz})
                for n in range(60)]  # fmt: skip
        path = tmp_path / "export.csv"
        data = canvas.export(rng, quiz, rows, style, names)
        path.write_bytes(damaged(data, rng) if seed % 3 else data)
        rules = ScoringRules(scored(quiz), "all-or-nothing")
        try:
            export = StudentAnalysis(path, wordings(quiz), [q.id for q in quiz])
        except ExportError:
            continue  # the damage was in the header
        whole = list(RowScorer(rules).scored(export.rows()))
        cuts = parallel._cuts(path, 0)
        if len(cuts) < 3:
            continue
        cut += 1
        parallel._begin(export, rules)
        sent = []
        read = parallel._read
        monkeypatch.setattr(
            parallel, "_read", lambda *given, r=read, s=sent: s.append(1) or r(*given)
        )
        pieces = parallel._in_order(Here(), cuts, 2)
        found = [
            row._replace(
                line=row.line + batch.before,
                rejects=tuple(_shifted(each, batch.before) for each in row.rejects),
            )
            for batch in pieces
            for row in batch.rows
        ]
        monkeypatch.setattr(parallel, "_read", read)
        again += len(sent) > len(cuts) - 1
        assert found == whole, seed
    assert cut > 60 and again > 10


def _shifted(reject, before):
    return type(reject)(reject.source, reject.line + before, *(
        getattr(reject, name) for name in ("student", "question", "text", "reason")))  # fmt: skip


def job(folder: Path, out: str, jobs: int) -> Job:
    return Job(
        [folder / "export.csv"],
        load_key(folder / "key.yaml"),
        folder / "key.yaml",
        load_bank(folder / "questions"),
        folder / out,
        pages=False,
        jobs=jobs,
    )


@pytest.fixture
def large(tmp_path, monkeypatch):
    monkeypatch.setattr(parallel, "LEAST", 0)
    monkeypatch.setattr(parallel, "PIECE", 1 << 17)
    bank, key = write_bank_and_key(tmp_path, 6)
    write_large(tmp_path / "export.csv", as_quiz(bank, key), 1500, 2)
    return tmp_path


def test_processes_change_no_byte(large, monkeypatch):
    used = []
    many = parallel._read_by_many
    monkeypatch.setattr(parallel, "_read_by_many", lambda *g: used.append(g) or many(*g))
    run_job(job(large, "one", 1))
    assert not used
    run_job(job(large, "two", 2))
    assert len(used) == 1
    one, two = snapshot(large / "one"), snapshot(large / "two")
    assert one == two and one["scores.csv"].count(b"\n") == 1501


def test_a_process_that_is_stopped_stops_the_run(large, monkeypatch):
    def stopped(*_):
        raise parallel.BrokenProcessPool

    monkeypatch.setattr(parallel, "_in_order", stopped)
    with pytest.raises(OutputError, match=r"was stopped from outside.*--jobs 1"):
        run_job(job(large, "out", 2))
    assert not (large / "out").exists()


def test_files_that_are_not_cut(tmp_path):
    path = tmp_path / "file.csv"
    path.write_bytes(b"a,b\r" * parallel.PIECE)
    assert parallel._cuts(path, 0) == []  # no line feed within a megabyte
    assert parallel._cuts(path, 1 << 30) == []
    assert parallel._cuts(tmp_path / "none", 0) == []
    path.write_bytes(b"a,b\n" * parallel.PIECE)
    cuts = parallel._cuts(path, 0)
    assert cuts[0] == 0 and cuts[-1] == 4 * parallel.PIECE and len(cuts) == 5
    assert all(at % 4 == 0 for at in cuts)


SLOW = """
import sys, time
import grader.parallel_reading as parallel
from grader.cli import main
parallel.LEAST, parallel.PIECE = 0, 1 << 14
in_order = parallel._in_order
def slowly(*given):
    for batch in in_order(*given):
        yield batch
        print("read", flush=True)
        time.sleep(60)
parallel._in_order = slowly
if __name__ == "__main__":
    main()
"""


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc to see processes")
def test_processes_end_with_the_one_that_started_them(large):
    (large / "slow.py").write_text(SLOW)
    arguments = ["export.csv", "--key", "key.yaml", "--bank", "questions", "--out", "out"]
    run = subprocess.Popen(
        [sys.executable, "slow.py", "grade", *arguments, "--jobs", "2"],
        cwd=large, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert run.stdout.readline() == "read\n"
    children = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
    assert len(children) >= 2
    run.kill()
    run.communicate()
    deadline = time.monotonic() + 30
    while any(map(alive, children)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(alive, children))
    assert not (large / "out").exists()


def alive(process: str) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
