"""Large exports read in stretches: every byte as from the reader of single rows."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from grader.csv_files.records import RecordBlock, lines_of
from grader.csv_files.regular import regular_stretch
from grader.exports import analysis_cells, analysis_frames
from grader.runs.grade_run import run_job
from grader.runs.job import Job
from grader.table.cells import Cells
from solver.banks.bank import load_bank
from solver.key import load_key
from tests.fuzz.inputs.csv_formats import Exports
from tests.grader.campaigns.both_ways import one_file, stretches
from tests.grader.made.bank_files import as_quiz, write_bank_and_key
from tests.grader.made.large_export import write_large
from tests.grader.runs.test_stopped_runs import snapshot

FILES = int(os.environ.get("HW9_FILES", "40"))


def test_every_way_gives_the_same_bytes(tmp_path):
    met: Counter[str] = Counter()
    fuzzed = Exports(tmp_path)
    for number in range(FILES):
        met += one_file(number, 0, tmp_path, fuzzed)
    # It is worth something only if both ways were gone, and gone often.
    assert met["files"] > 2 * FILES / 3
    assert met["as columns"] > 2 * FILES and met["row by row"] > FILES / 2


CSV = st.text(st.sampled_from('a,,""\n\n\r \ufeff王0\x00;é'), max_size=40)


def read_by_polars(stretch, width: int, before: bytes) -> list[list[str]] | None:
    """Read a stretch after another, whose texts of two columns are known then."""
    columns = [SimpleNamespace(at=0, question="q")] if width > 1 else []
    layout = SimpleNamespace(width=width, score=width - 1)
    export = SimpleNamespace(delimiter=",", columns=columns, attempt_at=None, layout=layout)
    reader = analysis_frames.AnalysisFrames(export, Cells(["q"]))
    known = regular_stretch(before, ",", last=True)
    if known is not None:
        reader._table(known)
    read = reader._table(stretch)
    if read is None:
        return None
    table, codes = read
    texts = reader._texts_of(table)
    assert codes.keys() == {width - 1} | ({0, 1} if width > 1 else set())
    for at, of in codes.items():
        assert [reader._texts[at].texts[code] for code in of] == texts[f"{at}"].to_list()
    return [list(row) for row in texts.rows()]


@given(CSV.map(str.encode), st.integers(1, 3), st.booleans(), CSV.map(str.encode))
@example(b'a,"b\n",c\n"a""",",",""\n', 3, True, b'"a""",",",\na,"b\n",x\n')
@example(b"a,\xe4,c\nd,\xb8\x80,e\n", 3, True, b"")
@example(b"a,b,c\nd,e\n", 3, False, b"a,b,c\nd,e,\n")
@example(b",b,c\nd,,e\n", 3, True, b"a,b,c\nd,b,\n")
@example(b",b,c\nd,,e\n", 3, True, b",,c\nd,b,\n")
@settings(max_examples=1500, deadline=None)
def test_a_stretch_is_what_the_csv_module_reads(data, width, last, before):
    stretch = regular_stretch(data, ",", last=last)
    found = None if stretch is None else read_by_polars(stretch, width, before)
    if found is None:
        return
    block = RecordBlock(lines_of(data[: stretch.size]), ",", width, last=last)
    records = list(block.records())
    assert block.taken == stretch.lines + (not stretch.data.endswith(b"\n"))
    starts = range(len(found)) if stretch.starts is None else stretch.starts
    filled = [(n + 1, row) for n, row in zip(starts, found, strict=True) if any(row)]
    assert [(record.line, record.cells) for record in records] == filled


def job(folder: Path, out: str, **more) -> Job:
    return Job(
        [folder / "export.csv"],
        load_key(folder / "key.yaml"),
        folder / "key.yaml",
        load_bank(folder / "questions"),
        folder / out,
        pages=False,
        **more,
    )


@pytest.fixture
def large(tmp_path):
    bank, key = write_bank_and_key(tmp_path, 6)
    write_large(tmp_path / "export.csv", as_quiz(bank, key), 1500, 2)
    run_job(job(tmp_path, "rows"))
    return tmp_path


def as_columns(folder: Path, **more) -> Counter[str]:
    """Grade the export in stretches; its folder must be that of single rows."""
    with stretches(1 << 16) as met:
        run_job(job(folder, "columns", **more))
    assert snapshot(folder / "columns") == snapshot(folder / "rows")
    return met


def test_a_whole_run(large):
    met = as_columns(large, jobs=2)
    assert met["as columns"] > 5 and not met["row by row"]


def test_more_texts_than_are_remembered(large, monkeypatch):
    monkeypatch.setattr(analysis_cells, "MEMORY", 3)
    as_columns(large)


def test_a_row_that_polars_loses_is_read_all_the_same(large, monkeypatch):
    read = pl.read_csv
    losing = SimpleNamespace(**vars(pl) | {"read_csv": lambda *g, **n: read(*g, **n)[1:]})
    monkeypatch.setattr(analysis_frames, "pl", losing)
    met = as_columns(large)
    assert met["row by row"] and not met["as columns"]
