"""A key is made in its folder once, by one run, and what a TA set by hand stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from grader.cli import hw9
from solver.errors import Hw9Error, OutputError
from solver.evidence import Evidence, Record, save_evidence
from solver.key import Key, load_key
from solver.key_folder import make_once
from solver.one_at_a_time import one_at_a_time


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    folder = tmp_path / "given"
    save_evidence(Evidence({"module/6": Record("module/6", values={"class": "ReLU"})}), folder)
    return folder


def run(*arguments: object) -> str:
    done = CliRunner().invoke(hw9, [str(each) for each in arguments])
    if isinstance(done.exception, Hw9Error):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def state_of(folder: Path) -> dict[str, tuple[bytes, int]]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def test_a_second_run_does_nothing_and_says_so(evidence: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    asked = ("key", "--evidence", evidence, "--only", "q14", "--out", out)
    first = run(*asked)
    before = state_of(out)
    second = run(*asked)
    assert "nothing was run again" in second and "nothing was run again" not in first
    assert second.splitlines()[0] == first.splitlines()[0]
    assert state_of(out) == before
    third = run(*asked, "--stability", "3")
    assert "nothing was run again" not in third


def test_an_answer_set_by_hand_stays_when_the_key_is_made_again(
    evidence: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    asked = ("key", "--evidence", evidence, "--only", "q14", "--out", out)
    run(*asked)
    derived = load_key(out / "key.yaml").questions[0].correct
    other = next(name for name in "abcde" if [name] != derived)
    override = ("key", "override", "q14", "--correct", other, "--why", "an erratum")
    run(*override, "--key", out / "key.yaml")
    again = run(*asked)
    assert "Set by hand before, and kept: q14" in again
    question = load_key(out / "key.yaml").questions[0]
    assert (question.correct, question.effective) == (derived, [other])
    assert "an erratum" in (out / "key.html").read_text("utf-8")
    assert "nothing was run again" in run(*asked)


def test_a_run_beside_another_is_refused(evidence: Path, tmp_path: Path) -> None:
    def never() -> Key:
        raise AssertionError("the folder was not this run's")

    with one_at_a_time(tmp_path / "out"), pytest.raises(OutputError, match="another run"):
        make_once(tmp_path / "out", never, {}, evidence=evidence)


def test_a_run_that_fails_is_not_taken_for_one_that_was_made(
    evidence: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    asked = ("key", "--evidence", evidence, "--only", "q14", "--out", out)
    run(*asked)

    def fails() -> Key:
        raise OutputError("no room")

    with pytest.raises(OutputError, match="no room"):
        make_once(out, fails, {"other": 1}, evidence=evidence)
    assert "nothing was run again" not in run(*asked)
