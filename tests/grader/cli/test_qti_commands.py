"""`hw9 bank export-qti` and `import-qti`."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from grader.cli.banks.qti import export_qti, import_qti
from grader.quizzes.texts import load_quiz
from solver.errors import Hw9Error
from tests.grader.made.bank_files import write_bank_and_key


def run(command, *arguments: str, ok: bool = True) -> str:
    result = CliRunner().invoke(command, [str(each) for each in arguments])
    if isinstance(result.exception, Hw9Error):
        assert not ok, result.exception
        return str(result.exception)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert (result.exit_code == 0) == ok
    return result.output


def test_the_commands(tmp_path: Path):
    write_bank_and_key(tmp_path, 10)
    questions, key = tmp_path / "questions", tmp_path / "key.yaml"
    said = run(export_qti, tmp_path / "out.zip", "--bank", questions, "--key", key)
    assert "10 questions, 3.4 points, 10 with their answers" in said
    assert (tmp_path / "out.zip").stat().st_mode & 0o077 == 0
    refused = run(import_qti, tmp_path / "out.zip", "--bank", questions, ok=False)
    assert "the match must be confirmed" in refused
    said = run(import_qti, tmp_path / "out.zip", "--bank", questions, "--yes")
    assert "10 questions matched by text; 10 in the bank's words" in said
    (kept,) = (questions / "quizzes").glob("*.yaml")
    assert len(load_quiz(kept).questions) == 10
    assert not [name for name in kept.read_text().split() if name in ("right:", "correct:")]
    unknown = run(import_qti, tmp_path / "out.zip", "--title", "no", "--bank", questions, ok=False)
    assert "has no quiz 'no'" in unknown


def test_the_commands_write_over_no_file_of_somebody_else(tmp_path: Path):
    write_bank_and_key(tmp_path, 10)
    questions, key = tmp_path / "questions", tmp_path / "key.yaml"
    theirs = tmp_path / "export.csv"
    theirs.write_text("name,id\n")
    export = [export_qti, theirs, "--bank", questions, "--key", key]
    assert "is there already" in run(*export, ok=False)
    assert theirs.read_text() == "name,id\n"
    run(*export, "--force")
    before = key.read_bytes()
    taken = [import_qti, theirs, "--bank", questions, "--yes", "--out"]
    assert "is no quiz that import-qti wrote" in run(*taken, key, ok=False)
    assert key.read_bytes() == before
    for _ in range(2):
        run(*taken, tmp_path / "quiz.yaml")
