"""A run's record that was damaged or changed by hand names the place, and is never graded from."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.grade_job import Job, run_job
from grader.run_record import read_run
from solver.bank import load_bank
from solver.errors import ExportError
from solver.key import load_key
from tests.grader.bank_files import write_bank_and_key


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
    path = run / "rows.jsonl"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new.replace("\\\\", "\\"), 1), "utf-8")
    with pytest.raises(ExportError, match=r"rows.jsonl, line \d: is not a row as a run records it"):
        list(read_run(run).rows())


def test_a_run_that_names_other_questions_than_its_key_is_refused(tmp_path):
    run = _recorded_run(tmp_path)
    path = run / "run.json"
    path.write_text(path.read_text("utf-8").replace('"q02"', '"q01"'), "utf-8")
    with pytest.raises(ExportError, match="other questions than the key beside it"):
        read_run(run)
