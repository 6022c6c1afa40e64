"""A key is made in its folder once, by one run, and what a TA set by hand stays."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from grader.cli import hw9
from solver.errors import BankError, Hw9Error, KeyFileError, OutputError
from solver.evidence import Evidence, Record, load_evidence, save_evidence
from solver.files.lock import one_at_a_time
from solver.files.resources import data_folder
from solver.key import Key, load_key, save_key
from solver.pipeline.key_folder import Workspace, make_once
from solver.pipeline.make_key import make_key


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
    def never(_: Workspace) -> Key:
        raise AssertionError("the folder was not this run's")

    with one_at_a_time(tmp_path / "out"), pytest.raises(OutputError, match="another run"):
        make_once(tmp_path / "out", never, {}, evidence=evidence)


def test_a_run_that_fails_leaves_the_folder_as_it_was(evidence: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run("key", "--evidence", evidence, "--only", "q14", "--out", out)
    before = state_of(out)

    def fails(desk: Workspace) -> Key:
        (desk.folder / "key.yaml").unlink()
        raise OutputError(f"{desk.folder}: no room")

    with pytest.raises(OutputError, match="no room") as found:
        make_once(out, fails, {"other": 1}, evidence=evidence)
    assert str(found.value) == f"{out}: no room"  # and not the place it was made in
    assert state_of(out) == before
    assert sorted(tmp_path.iterdir()) == [evidence, out]


def test_what_a_stopped_run_had_measured_is_gone_on_from(evidence: Path, tmp_path: Path) -> None:
    out, seen = tmp_path / "out", []

    def stops(desk: Workspace) -> Key:
        seen.append(desk)
        shutil.copytree(evidence, desk.folder / "evidence", dirs_exist_ok=True)
        raise KeyboardInterrupt

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            make_once(out, stops, {}, bundle=data_folder("demo"))
    assert not out.exists()
    first, second = seen
    assert second.stopped == (first.folder / "evidence",) and first.stopped == ()
    made = make_key(evidence=evidence, only=["q14"]).key

    def ends(desk: Workspace) -> Key:
        assert set(desk.stopped) == {each.folder / "evidence" for each in seen}
        save_key(made, desk.folder / "key.yaml")
        return made

    make_once(out, ends, {}, bundle=data_folder("demo"))
    assert sorted(tmp_path.iterdir()) == [evidence, out]


def test_nothing_is_written_over_what_changed_meanwhile(evidence: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run("key", "--evidence", evidence, "--only", "q14", "--out", out)
    made = load_key(out / "key.yaml")

    def slow(desk: Workspace) -> Key:
        run("key", "override", "q14", "--void", "--key", out / "key.yaml")
        save_key(made, desk.folder / "key.yaml")
        return made

    with pytest.raises(OutputError, match="changed by somebody else"):
        make_once(out, slow, {"other": 1}, evidence=evidence)
    assert load_key(out / "key.yaml").questions[0].void


@pytest.mark.parametrize("case", ["the working folder", "others' folders"])
def test_where_no_folder_can_be_swapped_files_are_put_in_place(
    evidence: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    out = tmp_path / "out"
    (out / "scores" if case == "others' folders" else out).mkdir(parents=True)
    if case == "the working folder":
        monkeypatch.chdir(out)
    number = out.stat().st_ino
    run("key", "--evidence", evidence, "--only", "q14", "--out", out)
    assert out.stat().st_ino == number
    assert load_key(out / "key.yaml") and (out / "evidence" / "made.json").is_file()
    assert sorted(tmp_path.iterdir()) == [evidence, out]


def test_a_note_beside_a_key_stays_and_so_do_the_modes(evidence: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run("key", "--evidence", evidence, "--only", "q14", "--out", out)
    (out / "note.txt").write_text("mine", "utf-8")
    out.chmod(0o750)
    run("key", "--evidence", evidence, "--only", "q14", "--stability", "2", "--out", out)
    assert (out / "note.txt").read_text("utf-8") == "mine"
    assert out.stat().st_mode & 0o777 == 0o750


def test_its_own_evidence_decided_again_stays_whole(evidence: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    record = Record("module/13", values={"class": "ReLU"})
    both = Evidence({name: Record(name, values={"class": "ReLU"}) for name in ("module/6",)})
    both.add(record)
    save_evidence(both, evidence)
    run("key", "--evidence", evidence, "--only", "q14", "--out", out)
    shutil.copytree(evidence, out / "evidence", dirs_exist_ok=True)
    run("key", "--evidence", out / "evidence", "--only", "q14", "--stability", "2", "--out", out)
    assert {each.id for each in load_evidence(out / "evidence")} == {"module/6", "module/13"}


def key_of_two(evidence: Path, out: Path) -> tuple[object, ...]:
    """A folder with a key of q14 and q15; return the words that made it, but for `--only`."""
    asked = ("key", "--evidence", evidence, "--out", out)
    run(*asked, "--only", "q14,q15")
    return asked


def test_a_key_is_not_replaced_by_one_of_fewer_questions(evidence: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    asked = key_of_two(evidence, out)
    before = state_of(out)
    with pytest.raises(KeyFileError) as found:
        run(*asked, "--only", "q14")
    said = str(found.value)
    assert "a key of 1 of the bank's 30 questions, and the folder holds a key of 2" in said
    assert "q15 would be lost" in said and "--out" in said and "--force" in said
    with pytest.raises(KeyFileError, match="q14, q15 would be lost"):
        run(*asked, "--only", "q07")
    assert state_of(out) == before
    replaced = run(*asked, "--only", "q14", "--force")
    assert "This key has 1 of the bank's 30 questions. It replaced a key of 2." in replaced
    assert [each.id for each in load_key(out / "key.yaml").questions] == ["q14"]


def test_the_same_or_more_questions_need_no_flag(evidence: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    asked = key_of_two(evidence, out)
    again = run(*asked, "--only", "q14,q15")
    assert "This key has 2 of the bank's 30 questions.\n" in again and "nothing was run" in again
    run(*asked, "--only", "q15,q14", "--stability", "2")
    whole = run(*asked)
    assert "This key has" not in whole and "30 questions answered" in whole
    assert len(load_key(out / "key.yaml").questions) == 30


def test_a_refusal_comes_before_anything_is_run(evidence: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    key_of_two(evidence, out)

    def never(_: Workspace) -> Key:
        raise AssertionError("it was run")

    with pytest.raises(KeyFileError, match="would be lost"):
        make_once(out, never, {"only": ["q14"]}, evidence=evidence)
    with pytest.raises(BankError, match="no question 'q99'"):
        make_once(out, never, {"only": ["q99"]}, evidence=evidence)
    (out / "key.yaml").write_text("no key", "utf-8")
    with pytest.raises(KeyFileError, match="cannot be read"):
        make_once(out, never, {"only": ["q14"]}, evidence=evidence)


def test_an_answer_set_by_hand_is_not_lost_by_force(evidence: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    asked = key_of_two(evidence, out)
    run("key", "override", "q15", "--void", "--key", out / "key.yaml")
    with pytest.raises(KeyFileError, match="set by hand for q15"):
        run(*asked, "--only", "q14", "--force")
    assert [each.id for each in load_key(out / "key.yaml").questions] == ["q14", "q15"]
