"""A run's record of the former format is read; one changed by hand is never graded from."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from grader.runs.grade_run import run_job
from grader.runs.job import Job
from grader.runs.record import read_run
from grader.runs.regrade_run import Regrade, Signature, plan_regrade, write_regrade
from solver.banks.bank import load_bank
from solver.errors import ExportError
from solver.files.atomic_write import sha256_of
from solver.key import load_key
from tests.grader.campaigns.former_run import write_former_run
from tests.grader.made.bank_files import write_bank_and_key


def _recorded_run(tmp_path: Path) -> Path:
    write_bank_and_key(tmp_path, 6)
    plain = tmp_path / "plain.csv"
    plain.write_text("student,q01,q02,q03,q04,q05,q06\ns1,a,a,a,a,x=a;y=a,a\nbad\n")
    key = load_key(tmp_path / "key.yaml")
    bank = load_bank(tmp_path / "questions")
    run_job(Job([plain], key, tmp_path / "key.yaml", bank, tmp_path / "run", pages=False))
    return tmp_path / "run"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"s1"', '["s1"]'),
        ('"s1"', '"\\\\ud800"'),
        ('{"s":', '[{"s":'),
        ('{"s":[["s1"', '"x"\n{"s":[["s1"'),
        ('"x":[[', '"y":[['),
        (",null,null,[", ",99999999999999999999,null,["),
        (",null,null,[", ',1,"2026-04-09T10:00:00",['),
        (",null,null,[", ",[],null,["),
        ("[null,null,", '["1e308",null,'),
    ],
)
def test_a_record_that_was_changed_by_hand_names_its_line(tmp_path, old, new):
    run = _recorded_run(tmp_path)
    write_former_run(run, read_run(run).table())
    path = run / "rows.jsonl"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new.replace("\\\\", "\\"), 1), "utf-8")
    with pytest.raises(ExportError, match=r"rows.jsonl, line \d: is not a row as a run records it"):
        read_run(run).table()


def test_a_run_that_names_other_questions_than_its_key_is_refused(tmp_path):
    run = _recorded_run(tmp_path)
    path = run / "run.json"
    path.write_text(path.read_text("utf-8").replace('"q02"', '"q01"'), "utf-8")
    with pytest.raises(ExportError, match="other questions than the key beside it"):
        read_run(run)


def test_a_run_of_the_former_format_is_graded_again_and_kept_in_the_new_one(tmp_path):
    run = _recorded_run(tmp_path)
    table = read_run(run).table()
    rows = (run / "rows.parquet").read_bytes()
    write_former_run(run, table)
    bank = load_bank(tmp_path / "questions")
    plan = plan_regrade(Regrade(run, None, bank, "everybody", ["q02"]))
    (moved,) = plan.moves()
    assert moved.student.id == "s1" or not moved.change
    write_regrade(plan, Signature("TA", "seen"))
    assert not (run / "rows.jsonl").exists()
    assert read_run(run).data["format"] == "hw9-run/2"
    assert (run / "rows.parquet").read_bytes() == rows


def changed(run: Path, change: Callable[[pl.DataFrame], pl.DataFrame], **metadata: str) -> Path:
    """Change the rows of a run by hand, and have its hash say so."""
    path = run / "rows.parquet"
    told = pl.read_parquet_metadata(path)
    told = {name: told[name] for name in ("format", "made_from")} | metadata
    change(pl.read_parquet(path)).write_parquet(path, metadata=told)
    data = json.loads((run / "run.json").read_text("utf-8"))
    data["rows_sha256"] = sha256_of(path)
    (run / "run.json").write_text(json.dumps(data), "utf-8")
    return run


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda frame: frame.drop("answer:q02"), "lacks the column 'answer:q02'"),
        (lambda frame: frame.cast({"line": pl.String}), "has String in the column 'line'"),
        (lambda frame: frame.with_columns(line=pl.lit(-1, pl.Int64)), "row 1: has content that no"),
        (
            lambda frame: frame.with_columns(name=pl.lit(None, pl.String)),
            "row 1: has content that no",
        ),
        (
            lambda frame: frame.with_columns(canvas_score=pl.lit("nan")),
            "has content that no run writes",
        ),
        (lambda frame: frame.with_columns(refused=pl.lit(None, frame.schema["refused"])), "row 2"),
        (
            lambda frame: frame.with_columns(
                pl.lit("[1").cast(pl.Enum(["[1"])).alias("answer:q01")
            ),
            "has content that no run writes",
        ),
    ],
)
def test_rows_that_no_run_writes_are_refused(tmp_path, change, says):
    run = changed(_recorded_run(tmp_path), change)
    with pytest.raises(ExportError, match=says):
        read_run(run).table()


def test_rows_of_another_run_are_refused(tmp_path):
    run = changed(_recorded_run(tmp_path), lambda frame: frame, made_from="0" * 64)
    with pytest.raises(ExportError, match="was not written by this run"):
        read_run(run).table()


def test_what_is_no_parquet_is_refused(tmp_path):
    run = _recorded_run(tmp_path)
    rng = random.Random(1)
    whole = (run / "rows.parquet").read_bytes()
    data = json.loads((run / "run.json").read_text("utf-8"))
    for _ in range(60):
        at = rng.randrange(len(whole))
        damaged = whole[:at] + rng.randbytes(rng.randrange(1, 9)) + whole[at + 3 :]
        (run / "rows.parquet").write_bytes(damaged)
        data["rows_sha256"] = sha256_of(run / "rows.parquet")
        (run / "run.json").write_text(json.dumps(data), "utf-8")
        with contextlib.suppress(ExportError):
            read_run(run).table()
