"""The page made anew is the page that a whole run writes."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from grader.cli import hw9
from solver.errors import Hw9Error
from solver.evidence import Evidence, Record, save_evidence
from solver.key import load_key


def run(*arguments: object) -> str:
    done = CliRunner().invoke(hw9, [str(each) for each in arguments])
    if isinstance(done.exception, Hw9Error):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture
def out(tmp_path: Path) -> Path:
    evidence = Evidence({"module/6": Record("module/6", values={"class": "ReLU"})})
    save_evidence(evidence, tmp_path / "given")
    run("key", "--evidence", tmp_path / "given", "--only", "q14", "--out", tmp_path / "out")
    return tmp_path / "out"


def test_an_override_makes_the_page_anew_to_the_byte(out: Path, tmp_path: Path) -> None:
    before = (out / "key.html").read_bytes()
    derived = load_key(out / "key.yaml").questions[0].correct
    other = next(name for name in "abcde" if [name] != derived)
    given = ("--correct", other, "--why", "an erratum", "--key", out / "key.yaml")
    said = run("key", "override", "q14", *given)
    page = (out / "key.html").read_bytes()
    assert b"an erratum" in page and page != before
    assert f"{out / 'key.yaml'} and {out / 'key.html'} written" in said
    run("key", "--evidence", tmp_path / "given", "--only", "q14", "--out", out)
    assert (out / "key.html").read_bytes() == page
    run("key", "override", "q14", "--undo", "--key", out / "key.yaml")
    assert (out / "key.html").read_bytes() == before


def test_a_page_that_cannot_be_made_anew_is_told(out: Path) -> None:
    (out / "evidence" / "manifest.json").unlink()
    before = (out / "key.html").read_bytes()
    said = run("key", "override", "q14", "--void", "--key", out / "key.yaml")
    assert "still shows the former answer" in said
    assert (out / "key.html").read_bytes() == before
    assert load_key(out / "key.yaml").questions[0].void


def test_the_page_of_another_key_stays(out: Path) -> None:
    before = (out / "key.html").read_bytes()
    (out / "key.yaml").rename(out / "other.yaml")
    said = run("key", "override", "q14", "--void", "--key", out / "other.yaml")
    assert (out / "key.html").read_bytes() == before and "key.html" not in said
