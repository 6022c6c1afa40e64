"""Large exports read in stretches of columns: every byte as from the reader of single rows."""

from __future__ import annotations

import os
from collections import Counter
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import grader.row_index as row_index
import grader.row_store as row_store
from grader.cell_table import CellTable
from grader.coded_columns import coded, together
from grader.exact_sums import ExactSums
from grader.exports import analysis_columns
from grader.exports.csv_blocks import regular_stretch
from grader.exports.csv_records import RecordBlock, lines_of
from grader.grade_job import Job, run_job
from solver.bank import load_bank
from solver.key import load_key
from tests.fuzz.csv_formats import Exports
from tests.grader.bank_files import as_quiz, write_bank_and_key
from tests.grader.both_ways import one_file, stretches
from tests.grader.large_export import write_large
from tests.grader.test_stopped_runs import snapshot

FILES = int(os.environ.get("HW9_FILES", "80"))


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
    columns = [SimpleNamespace(at=0)] if width > 1 else []
    export = SimpleNamespace(delimiter=",", columns=columns, layout=SimpleNamespace(width=width))
    reader = analysis_columns.AnalysisColumns(export)
    known = regular_stretch(before, ",", last=True)
    learned = None if known is None else reader._table(known)
    if learned is not None:
        reader._texts.coded(learned)
        reader._texts.coded(learned)  # nothing new: what comes is read as numbers of these
        assert not width > 1 or reader._texts.schema
    table = reader._table(stretch)
    if table is None:
        return None
    for name, column in reader._texts.coded(table).items():
        assert column.spread(str) == table[name].to_list()
    return [list(row) for row in table.rows()]


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


DECIMALS = st.one_of(
    st.decimals(-9, 9, places=2), st.decimals(0, 9, places=17), st.sampled_from(
        [Decimal(text) for text in ("0", "0.0", "0.30", "1E+2", "1E-30", "-0", "999999.9", "1E-19")]
    )
)  # fmt: skip


@given(st.lists(st.lists(DECIMALS, min_size=1, max_size=4), min_size=1, max_size=5), st.randoms())
@settings(deadline=None)
def test_sums_are_those_of_decimals_to_the_last_digit(terms, rng):
    codes = [np.array([rng.randrange(len(column)) for _ in range(20)]) for column in terms]
    sums = ExactSums(terms).of(codes, 20)
    for row in range(20):
        chosen = [column[code[row]] for column, code in zip(terms, codes, strict=True)]
        assert str(sums.values[sums.codes[row]]) == str(sum(chosen, Decimal(0)))


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from("ab")), max_size=30), st.booleans())
def test_pairs_come_as_they_are_first_met(rows, many):
    one, two = coded([a for a, _ in rows]), coded([b for _, b in rows])
    if many:  # more places than are counted one by one
        one = type(one)([*one.values, *range(1 << 17)], one.codes)
    pairs = together(one, two)
    assert [pairs.values[code] for code in pairs.codes] == rows
    assert list(pairs.values) == list(dict.fromkeys(rows))


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


def test_more_students_than_are_sorted_at_once(large, monkeypatch):
    monkeypatch.setattr(row_index, "MOST_SORTED", 300)
    monkeypatch.setattr(row_store, "PIECE", 77)
    as_columns(large)


def test_more_cells_and_longer_scores_than_are_numbered(large, monkeypatch):
    number = CellTable._number
    monkeypatch.setattr("grader.cell_table.MOST_KNOWN", 3)
    monkeypatch.setattr(analysis_columns, "MEMORY", 3)
    other = []
    monkeypatch.setattr(
        CellTable, "_number", lambda *given: other.append(number(*given)) or other[-1]
    )
    as_columns(large)
    assert 65535 in other
    monkeypatch.setattr(row_index, "SCORE_SIZE", 3)
    as_columns(large, replace=True)


def test_a_row_that_polars_loses_is_read_all_the_same(large, monkeypatch):
    read = pl.read_csv
    losing = SimpleNamespace(**vars(pl) | {"read_csv": lambda *g, **n: read(*g, **n)[1:]})
    monkeypatch.setattr(analysis_columns, "pl", losing)
    met = as_columns(large)
    assert met["row by row"] and not met["as columns"]
